//! The doors to be closed: of each campaign that runs, or of the grids where none does. What
//! a campaign counts is `folds::coverage`'s business; here doors are put into buildings.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::list::{door_row, is_door};
use super::place::{Homes, compound_of, natural};
use super::seen::{DoorStates, Records};
use super::view::{Building, DoorRow, NextDoors, Sweep, Unit};
use super::{Phone, Replica};
use crate::folds::coverage::{Campaign, CoverageWindow};
use crate::ids::{EntityId, GridId};
use crate::replica::Row;
use crate::time::Instant;

/// As many open doors as a screen shows to go on with.
const NEXT_DOORS: usize = 3;

impl Phone {
    /// The running campaigns with their doors here; without one, all doors here.
    pub(super) fn sweeps(&self, records: &Records<'_>, now: Instant, from: Option<EntityId>) -> Vec<Sweep> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let walk = Walk::new(self, replica, now);
        let mut sweeps: Vec<Sweep> = self
            .running_campaigns(now)
            .iter()
            .filter_map(|campaign| {
                let states = self.campaign_states(records, campaign, now);
                let buildings = walk.buildings(|id, row| covers(replica, campaign, id, row), |id| states.get(&id));
                (!buildings.is_empty()).then(|| sweep(Some(campaign), buildings, from))
            })
            .collect();
        if sweeps.is_empty() {
            let states = self.door_states(records);
            sweeps.push(sweep(None, walk.buildings(|_, _| true, |id| states.get(&id)), from));
        }
        sweeps
    }

    /// The buildings of a grid, in the order people count, each with its doors by unit, floor
    /// and door. A door shows what was found in the campaign that runs over it, if one does.
    #[must_use]
    pub fn buildings(&self, grid: GridId, now: Instant) -> Vec<Building> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let now = self.own_clock().by_home(now);
        let records = self.records();
        let campaigns = self.running_campaigns(now);
        let in_campaigns: Vec<(&Campaign, DoorStates)> = campaigns
            .iter()
            .map(|campaign| (campaign, self.campaign_states(&records, campaign, now)))
            .collect();
        let ever = self.door_states(&records);
        let state = |id| {
            let row = replica.row(id)?;
            let over = in_campaigns
                .iter()
                .find(|(campaign, _)| covers(replica, campaign, id, row));
            over.map_or(&ever, |(_, states)| states).get(&id)
        };
        Walk::new(self, replica, now).buildings(|_, row| row.part.grid == Some(grid), state)
    }

    fn campaign_states(&self, records: &Records<'_>, campaign: &Campaign, now: Instant) -> DoorStates {
        let window = CoverageWindow::Campaign {
            campaign,
            offset_minutes: now.offset_minutes,
        };
        self.states_of(records, &self.doors_in(records, window))
    }
}

/// What walking over all doors needs, gathered once.
struct Walk<'a> {
    replica: &'a Replica,
    homes: Homes<'a>,
    on_plan: HashSet<EntityId>,
}

impl<'a> Walk<'a> {
    fn new(phone: &Phone, replica: &'a Replica, now: Instant) -> Walk<'a> {
        Walk {
            replica,
            homes: Homes::gather(replica),
            on_plan: phone.on_care_plan(now.local_date()),
        }
    }

    fn buildings<'s>(
        &self,
        belongs: impl Fn(EntityId, &Row) -> bool,
        state: impl Fn(EntityId) -> Option<&'s super::view::DoorState>,
    ) -> Vec<Building> {
        let mut doors: HashMap<(GridId, EntityId), Vec<DoorRow>> = HashMap::new();
        for (id, row) in self
            .replica
            .standing()
            .filter(|(id, row)| is_door(row) && belongs(*id, row))
        {
            if let (Some(grid), Some(building)) = (row.part.grid, row.reference("building_id")) {
                let door = door_row(self.replica, &self.homes, id, row, state(id), &self.on_plan);
                doors.entry((grid, building)).or_default().push(door);
            }
        }
        let mut listed: Vec<Building> = doors
            .into_iter()
            .map(|((grid, id), doors)| building(self.replica, grid, id, doors))
            .collect();
        listed.sort_by(|a, b| {
            let compound = |building: &Building| building.compound.clone().unwrap_or_default();
            natural(&compound(a), &compound(b))
                .then_with(|| natural(&a.name, &b.name))
                .then_with(|| (a.id, a.grid).cmp(&(b.id, b.grid)))
        });
        listed
    }
}

/// Whether a door is in a campaign's scope, by itself or by a place around it.
fn covers(replica: &Replica, campaign: &Campaign, door: EntityId, row: &Row) -> bool {
    let mut places = BTreeSet::from([door]);
    places.extend(row.part.grid.map(|grid| EntityId::from_bytes(*grid.as_bytes())));
    let mut place = row.reference("building_id");
    // Places around each other may have been written into a ring.
    while let Some(around) = place.filter(|around| places.insert(*around)) {
        place = replica.row(around).and_then(|row| row.reference("parent_id"));
    }
    campaign.covers(places)
}

fn sweep(campaign: Option<&Campaign>, buildings: Vec<Building>, from: Option<EntityId>) -> Sweep {
    Sweep {
        campaign: campaign.map(|campaign| campaign.id),
        name: campaign.map(|campaign| campaign.name.clone()),
        until: campaign.map(|campaign| campaign.ends_on.to_string()),
        doors: buildings.iter().map(|building| building.doors).sum(),
        closed: buildings.iter().map(|building| building.closed).sum(),
        next: next_doors(&buildings, from),
        buildings: buildings
            .into_iter()
            .map(|building| Building {
                units: Vec::new(),
                ..building
            })
            .collect(),
    }
}

/// The first unit with open doors, counted on from the building last opened.
fn next_doors(buildings: &[Building], from: Option<EntityId>) -> Option<NextDoors> {
    let start = buildings
        .iter()
        .position(|building| Some(building.id) == from)
        .unwrap_or(0);
    buildings[start..]
        .iter()
        .chain(&buildings[..start])
        .flat_map(|building| building.units.iter().map(move |unit| (building, unit)))
        .find_map(|(building, unit)| {
            let open: Vec<&DoorRow> = unit.doors.iter().filter(|door| !door.state.closed).collect();
            (!open.is_empty()).then(|| NextDoors {
                building: building.id,
                name: building.name.clone(),
                unit: unit.unit.clone(),
                grid: building.grid,
                open: open.len(),
                // Where nobody opened, others come first.
                doors: untried_first(open).take(NEXT_DOORS).cloned().collect(),
            })
        })
}

fn untried_first(open: Vec<&DoorRow>) -> impl Iterator<Item = &DoorRow> {
    let (untried, tried): (Vec<&DoorRow>, Vec<&DoorRow>) = open.into_iter().partition(|door| door.state.mark.is_none());
    untried.into_iter().chain(tried)
}

fn building(replica: &Replica, grid: GridId, id: EntityId, mut doors: Vec<DoorRow>) -> Building {
    doors.sort_by(|a, b| {
        natural(&a.unit, &b.unit)
            .then_with(|| a.floor.cmp(&b.floor))
            .then_with(|| natural(&a.room, &b.room))
            .then_with(|| a.dwelling.cmp(&b.dwelling))
    });
    let row = replica.row(id);
    let mut building = Building {
        id,
        name: row.and_then(|row| row.text("name")).unwrap_or_default().to_owned(),
        compound: row.and_then(|row| compound_of(replica, row)),
        grid,
        doors: doors.len(),
        closed: doors.iter().filter(|door| door.state.closed).count(),
        units: Vec::new(),
    };
    for door in doors {
        match building.units.last_mut() {
            Some(unit) if unit.unit == door.unit => unit.doors.push(door),
            _ => building.units.push(Unit {
                unit: door.unit.clone(),
                doors: vec![door],
            }),
        }
    }
    building
}
