//! What there is to go to: doors in the order people walk, who lives behind them, who is on a
//! care plan. Read once, from the replica.

use std::collections::HashMap;

use menpai_sync_core::ids::{EntityId, GridId};

use crate::store::community::StoreError;
use crate::store::review::places::Places;
use crate::store::review::plans;
use crate::store::roster::entities_of;
use crate::sync::Community;

/// The registry types that lead from people to their doors.
const PERSON: &str = "person";
const HOUSEHOLD: &str = "household";

/// A plan, and when its subject was last seen in this life.
#[derive(Debug, Clone)]
pub(super) struct Visited {
    pub(super) plan: EntityId,
    pub(super) plan_type: String,
    pub(super) subject: EntityId,
    pub(super) every_days: i64,
    /// Days ago, counted from today.
    pub(super) last_days_ago: i64,
}

/// One grid.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) doors: Vec<EntityId>,
    pub(super) people: Vec<EntityId>,
    pub(super) plans: Vec<Visited>,
}

/// The community.
#[derive(Debug, Default)]
pub(super) struct Town {
    pub(super) grids: HashMap<GridId, Grid>,
    pub(super) residents: HashMap<EntityId, Vec<EntityId>>,
}

impl Town {
    pub(super) fn look(community: &Community) -> Result<Town, StoreError> {
        community.query(|connection| {
            let kinds = community.kinds();
            let mut town = Town::default();
            for door in Places::load(connection, kinds)?.doors {
                if let Some(grid) = door.grid {
                    town.grids.entry(grid).or_default().doors.push(door.id);
                }
            }
            let homes: HashMap<EntityId, EntityId> = entities_of(connection, HOUSEHOLD)?
                .iter()
                .filter_map(|household| Some((household.id, household.text("dwelling_id").parse().ok()?)))
                .collect();
            for person in entities_of(connection, PERSON)? {
                let home: Option<EntityId> = person.text("household_id").parse().ok();
                if let Some(door) = home.and_then(|home| homes.get(&home)) {
                    town.residents.entry(*door).or_default().push(person.id);
                }
                if let Some(grid) = person.grid {
                    town.grids.entry(grid).or_default().people.push(person.id);
                }
            }
            for (number, plan) in (0_i64..).zip(plans::all(connection, kinds)?) {
                let every_days = i64::try_from(plan.clocks.interval_days).unwrap_or(30);
                let visited = Visited {
                    plan: plan.id,
                    plan_type: plan.registry_type,
                    subject: plan.clocks.subject,
                    every_days,
                    // Spread over the interval before the month, whose length is added.
                    last_days_ago: 1 + number % every_days,
                };
                if let Some(grid) = plan.grid {
                    town.grids.entry(grid).or_default().plans.push(visited);
                }
            }
            Ok(town)
        })
    }
}
