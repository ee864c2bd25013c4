//! What is left today.

use serde::Serialize;

use super::{CarePlanCard, RecordRow, Rung, Sweep};
use crate::ids::{EntityId, EntryId, GridId};
use crate::kinds::Labels;

/// One visit in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitLine {
    /// The record.
    pub entry: EntryId,
    /// When it was recorded.
    pub at: String,
    /// How, and whom.
    pub summary: Labels,
    /// Who went.
    pub worker_name: Option<String>,
    /// How far it has come.
    pub rung: Rung,
}

/// Somebody whose care clock has run out, or runs out today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueVisit {
    /// The person or household on the plan.
    pub subject: EntityId,
    /// The person, or the first of the household.
    pub name: String,
    /// The plan is of the household as a whole.
    pub household: bool,
    /// Whole years.
    pub age: Option<u32>,
    /// In words.
    pub care_categories: Vec<Labels>,
    /// What to mind.
    pub warnings: Vec<Labels>,
    /// Numbers to call, disputed ones included.
    pub phones: Vec<String>,
    /// The grid.
    pub grid: Option<GridId>,
    /// The door.
    pub dwelling: EntityId,
    /// 室.
    pub room: String,
    /// The rest of the address.
    pub address: String,
    /// The plan and its clocks.
    pub plan: CarePlanCard,
    /// What last restarted the clock that is due.
    pub last_contact: Option<VisitLine>,
    /// Today's last visit: it was made and did not settle it.
    pub tried: Option<VisitLine>,
    /// It is this worker's to go, or nobody's by name.
    pub mine: bool,
    /// Whose it is, by name.
    pub responsible: Vec<String>,
}

/// The home's own list for today, of this phone's grids together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Night {
    /// When the home wrote it.
    pub at: String,
    /// On it: due today.
    pub due: u64,
    /// On it: late.
    pub overdue: u64,
    /// On it: who was contacted, as this phone knows and the home did not yet.
    pub contacted: u64,
}

/// What is left today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Today {
    /// What the home listed, if that has come.
    pub night: Option<Night>,
    /// Visits that are late: this worker's first, the latest first.
    pub overdue: Vec<DueVisit>,
    /// Visits wanted today.
    pub due: Vec<DueVisit>,
    /// At least one, once the phone has a grid.
    pub sweeps: Vec<Sweep>,
    /// What this phone recorded today, newest first.
    pub done: Vec<RecordRow>,
}
