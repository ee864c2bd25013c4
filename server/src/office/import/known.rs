//! What the community has already, by the keys a roster knows things by. Filled from the
//! replica, then grown by the plan itself: the second row of a household finds the first's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};

/// The registry as an importer looks it up.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Grids by name.
    pub(super) grids: HashMap<String, EntityId>,
    /// Compounds by name.
    pub(super) compounds: HashMap<String, EntityId>,
    /// Buildings by what they stand in (a compound, or a grid) and name.
    pub(super) buildings: HashMap<(EntityId, String), EntityId>,
    /// Doors by `address_key`.
    pub(super) dwellings: HashMap<String, KnownDwelling>,
    /// The household of a door.
    pub(super) households: HashMap<EntityId, KnownHousehold>,
    /// Persons by household, name and birth date.
    pub(super) persons: HashMap<PersonKey, KnownPerson>,
    /// Care plans by whom they are for.
    pub(super) care_plans: HashMap<EntityId, KnownCarePlan>,
    /// Who looks after a grid now; new care plans name them.
    pub(super) grid_workers: HashMap<GridId, Vec<WorkerId>>,
}

/// What a person is found by: household, name, birth date.
pub(super) type PersonKey = (EntityId, String, Option<NaiveDate>);

/// A door and the grid that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownDwelling {
    /// Its id.
    pub(super) id: EntityId,
    /// Its grid: what is known of a door stays in its grid, whatever a row says.
    pub(super) grid: GridId,
}

/// A household.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownHousehold {
    /// Its id.
    pub(super) id: EntityId,
    /// Whether somebody is its head.
    pub(super) has_head: bool,
}

/// A person and those fields that a roster has.
#[derive(Debug, Clone)]
pub(super) struct KnownPerson {
    /// Their id.
    pub(super) id: EntityId,
    /// Fields by name; what is not set is not in it.
    pub(super) fields: BTreeMap<&'static str, Scalar>,
    /// Care categories.
    pub(super) care_categories: BTreeSet<String>,
    /// They were there before this import: others may have changed them meanwhile.
    pub(super) is_old: bool,
}

/// A care plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownCarePlan {
    /// Its id.
    pub(super) id: EntityId,
    /// Days between visits.
    pub(super) interval_days: i64,
}
