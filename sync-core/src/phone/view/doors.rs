//! Doors as lists and matrices show them, and the sweeps they are counted in.

use serde::Serialize;

use super::Rung;
use crate::ids::{EntityId, GridId};
use crate::kinds::Labels;

/// What a door shows. `mark` is the outcome's mark; nothing: nobody has checked it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DoorState {
    /// One of the marks of the kind file.
    pub mark: Option<&'static str>,
    /// The outcome in words.
    pub label: Option<Labels>,
    /// Whether it closes the door for coverage.
    pub closed: bool,
    /// Made-time, or the phone's clock while it is only here; RFC 3339.
    pub at: Option<String>,
    /// Who.
    pub worker_name: Option<String>,
    /// How far the record has come.
    pub rung: Option<Rung>,
}

/// Somebody who lives behind a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resident {
    /// The person.
    pub id: EntityId,
    /// The name shown.
    pub name: String,
}

/// One door in a list or a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoorRow {
    /// The dwelling.
    pub dwelling: EntityId,
    /// 单元, or 无.
    pub unit: String,
    /// Where known.
    pub floor: Option<i64>,
    /// 室.
    pub room: String,
    /// Who lives there.
    pub residents: Vec<Resident>,
    /// Somebody there is on a care plan.
    pub on_care_plan: bool,
    /// Some field has two values.
    pub conflict: bool,
    /// Its last check.
    pub state: DoorState,
}

/// The doors of one stairwell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Its name.
    pub unit: String,
    /// By floor, then door.
    pub doors: Vec<DoorRow>,
}

/// A building with its doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Building {
    /// The place.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// The compound it stands in.
    pub compound: Option<String>,
    /// The grid.
    pub grid: GridId,
    /// How many doors.
    pub doors: usize,
    /// How many of them are closed.
    pub closed: usize,
    /// The stairwells; left out where it is only counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Unit>,
}

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextDoors {
    /// The building.
    pub building: EntityId,
    /// Its name.
    pub name: String,
    /// The stairwell.
    pub unit: String,
    /// The grid.
    pub grid: GridId,
    /// How many doors of that stairwell are open.
    pub open: usize,
    /// The first of them.
    pub doors: Vec<DoorRow>,
}

/// Doors to be closed: of a campaign, or without one of everything here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// The campaign.
    pub campaign: Option<EntityId>,
    /// What people call it.
    pub name: Option<String>,
    /// Its last day, `2026-11-24`.
    pub until: Option<String>,
    /// How many doors are in scope here.
    pub doors: usize,
    /// How many of them are closed.
    pub closed: usize,
    /// Where to go on; nothing: all are closed.
    pub next: Option<NextDoors>,
    /// In the order people count, without their doors.
    pub buildings: Vec<Building>,
}
