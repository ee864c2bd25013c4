//! What the community has already, by the keys a roster knows things by. Filled from the
//! replica, then grown by the plan itself: the second row of a household finds the first's.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId, Hash, WorkerId};

/// The registry as an importer looks it up.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Grids by [`fold_grid`](super::address::fold_grid) of their name.
    pub(super) grids: HashMap<String, EntityId>,
    /// Grids by their 16-digit code.
    pub(super) grid_codes: HashMap<String, EntityId>,
    /// Compounds by name.
    pub(super) compounds: HashMap<String, EntityId>,
    /// Buildings by what they stand in (a compound, or a grid) and name.
    pub(super) buildings: HashMap<(EntityId, String), EntityId>,
    /// Doors by `address_key`.
    pub(super) dwellings: HashMap<String, KnownDwelling>,
    /// The household of a door.
    pub(super) households: HashMap<EntityId, KnownHousehold>,
    /// Persons.
    pub(super) persons: HashMap<EntityId, KnownPerson>,
    /// Persons by household and name, with every birth date they go by or went by in a roster.
    pub(super) by_name: HashMap<(EntityId, String), Vec<Born>>,
    /// Households at which a roster has placed somebody, by door, name and birth date: they
    /// may have moved out since, which the same roster again must not undo.
    pub(super) placed: HashMap<(EntityId, String, Option<NaiveDate>), EntityId>,
    /// Care plans by whom they are for.
    pub(super) care_plans: HashMap<EntityId, KnownCarePlan>,
    /// Who looks after a grid now; new care plans name them.
    pub(super) grid_workers: HashMap<GridId, Vec<WorkerId>>,
    /// Whose id number is known, by its keyed hash.
    pub(super) numbers: HashSet<(EntityId, Hash)>,
    /// What the importer last said of a field.
    pub(super) said: HashMap<(EntityId, String), Scalar>,
}

impl Known {
    /// Whether a roster has said this before: then it is nothing new, and where it is not
    /// what the registry shows, somebody else has changed it since.
    pub(super) fn has_said(&self, id: EntityId, field: &str, value: &Scalar) -> bool {
        self.said.get(&(id, field.to_owned())) == Some(value)
    }

    /// Remembers by what a person is found.
    pub(super) fn index_person(
        &mut self,
        id: EntityId,
        household: EntityId,
        name: &str,
        birth_date: Option<NaiveDate>,
    ) {
        let known = self.by_name.entry((household, name.to_owned())).or_default();
        if !known.contains(&(birth_date, id)) {
            known.push((birth_date, id));
        }
    }
}

/// Somebody by their birth date.
pub(super) type Born = (Option<NaiveDate>, EntityId);

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

/// A person's fields that a roster has.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownPerson {
    /// Fields by name; what is not set is not in it.
    pub(super) fields: BTreeMap<&'static str, Scalar>,
    /// Care categories.
    pub(super) care_categories: BTreeSet<String>,
}

/// A care plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownCarePlan {
    /// Its id.
    pub(super) id: EntityId,
    /// Days between visits.
    pub(super) interval_days: i64,
}
