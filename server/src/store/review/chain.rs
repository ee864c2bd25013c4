//! The responsibility chain: who answers for a door on five levels, from the street down to the contact of
//! the household, out of the roles that the office gave; and where nobody does. Reads only.

use std::collections::BTreeMap;

use menpai_sync_core::ids::{EntityId, GridId};

use super::places::{Door, Places};
use crate::sync::{Directory, Granted};

/// One level of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 街道
    Street,
    /// 社区
    Community,
    /// 网格、楼院
    Grid,
    /// 楼栋、单元
    Building,
    /// 联户
    Household,
}

/// All of them, from the top.
pub const LEVELS: [Level; 5] = [
    Level::Street,
    Level::Community,
    Level::Grid,
    Level::Building,
    Level::Household,
];

impl Level {
    /// As the API and the node's file call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Street => "street",
            Level::Community => "community",
            Level::Grid => "grid",
            Level::Building => "building",
            Level::Household => "household",
        }
    }

    /// The roles that answer on it.
    fn roles(self) -> &'static [&'static str] {
        match self {
            Level::Street => &["street_leader", "street_staff"],
            Level::Community => &["community_secretary"],
            Level::Grid => &["grid_chief", "compound_head"],
            Level::Building => &["building_head"],
            Level::Household => &["household_contact"],
        }
    }
}

/// Types of places for which a role is given; none: for its grid, or the community, as a whole.
#[must_use]
pub fn answers_for(role: &str) -> &'static [&'static str] {
    match role {
        "compound_head" => &["compound", "estate"],
        "building_head" => &["building"],
        "household_contact" => &["building", "dwelling"],
        _ => &[],
    }
}

/// Doors of one building, or one grid, for which nobody answers on a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// On which level.
    pub level: Level,
    /// Where; `None`: in the whole community.
    pub grid: Option<GridId>,
    /// Which building, below the level of grids.
    pub building: Option<EntityId>,
    /// How many doors.
    pub doors: usize,
}

/// The chains of all doors of a community.
pub struct Chains<'d> {
    places: &'d Places,
    /// Those that count now.
    roles: Vec<Granted<'d>>,
}

impl<'d> Chains<'d> {
    /// With the roles that count at an instant.
    #[must_use]
    pub fn at(places: &'d Places, directory: &'d Directory, now_ms: i64) -> Chains<'d> {
        let mut roles: Vec<Granted<'d>> = directory.granted().collect();
        roles.retain(|granted| granted.assignment.is_current(now_ms));
        Chains { places, roles }
    }

    /// Who answers for a door on a level: of each role those whose place is the nearest around it.
    #[must_use]
    pub fn of(&self, door: &Door, level: Level) -> Vec<Granted<'d>> {
        let of_role = |role: &&str| {
            let with_role = self.roles.iter().filter(|granted| granted.assignment.role == **role);
            let near: Vec<(Nearness, Granted<'d>)> = with_role
                .filter_map(|granted| Some((self.nearness(granted, door)?, *granted)))
                .collect();
            let nearest = near.iter().map(|(nearness, _)| *nearness).max();
            near.into_iter()
                .filter(move |(nearness, _)| Some(*nearness) == nearest)
                .map(|(_, granted)| granted)
        };
        level.roles().iter().flat_map(of_role).collect()
    }

    /// Who is to answer for a place below the grid and has none named: for whom they answer is not known.
    pub fn placeless(&self) -> impl Iterator<Item = (Level, Granted<'d>)> {
        let level = |role: &str| LEVELS.into_iter().find(|level| level.roles().contains(&role));
        let without = self.roles.iter().filter(|granted| granted.place.is_none());
        without
            .filter(|granted| !answers_for(&granted.assignment.role).is_empty())
            .filter_map(move |granted| Some((level(&granted.assignment.role)?, *granted)))
    }

    /// Where nobody answers, from the top, buildings in order; and for how many doors somebody does.
    #[must_use]
    pub fn survey(&self) -> (Vec<Gap>, BTreeMap<Level, usize>) {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut named = BTreeMap::new();
        for level in LEVELS {
            let mut missing: Vec<Gap> = Vec::new();
            for door in &self.places.doors {
                if !self.of(door, level).is_empty() {
                    *named.entry(level).or_default() += 1;
                    continue;
                }
                let grid = door.grid.filter(|_| level >= Level::Grid);
                let building = door.building.filter(|_| level > Level::Grid);
                match missing
                    .iter_mut()
                    .find(|gap| (gap.grid, gap.building) == (grid, building))
                {
                    Some(gap) => gap.doors += 1,
                    None => missing.push(Gap {
                        level,
                        grid,
                        building,
                        doors: 1,
                    }),
                }
            }
            gaps.extend(missing);
        }
        (gaps, named)
    }

    fn nearness(&self, granted: &Granted<'_>, door: &Door) -> Option<Nearness> {
        let Some(place) = granted.place else {
            // Who is to answer for a building and has none named answers for none: see `placeless`.
            let anywhere = answers_for(&granted.assignment.role).is_empty();
            let grid = granted.assignment.grid;
            return (anywhere && (grid.is_none() || grid == door.grid)).then_some(Nearness::Grid);
        };
        if place == door.id {
            return Some(Nearness::Door);
        }
        if Some(place) == door.building {
            return match granted.unit {
                None => Some(Nearness::Building),
                Some(unit) => (unit == door.unit).then_some(Nearness::Unit),
            };
        }
        self.places
            .around(door)
            .any(|around| around == place)
            .then_some(Nearness::Compound)
    }
}

/// How near the place of a role is around a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Grid,
    Compound,
    Building,
    Unit,
    Door,
}
