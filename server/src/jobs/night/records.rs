//! Bodies of what the night writes, as `schemas/kinds/daily_return.json` and
//! `due_visits.json` have them.

use menpai_sync_core::ids::{DeviceId, EntityId, Lsn, WorkerId};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Silent phones that one return names; `phones_silent` counts all of them.
pub const MOST_NAMED: usize = 45;
/// Visits of one page.
pub const PAGE_VISITS: usize = 80;

/// What a day came to in a grid or the whole community. Each door counts once, by what was
/// last found there that day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReturnFigures)]
pub struct Figures {
    /// Doors in use.
    pub doors: u64,
    /// Found somebody, or found that there is no such door.
    pub checked: u64,
    /// Nobody home.
    pub absent: u64,
    /// Refused.
    pub refused: u64,
    /// Moved away or empty.
    pub empty: u64,
    /// Done for coverage that day.
    pub closed: u64,
    /// Matters opened.
    pub incidents: u64,
    /// Contacts with people on care plans and others.
    pub visits: u64,
}

impl Figures {
    /// Adds another's.
    pub(super) fn add(&mut self, other: &Figures) {
        self.combine(other, u64::saturating_add);
    }

    /// What is left without another's.
    #[must_use]
    pub fn less(mut self, other: &Figures) -> Figures {
        self.combine(other, u64::saturating_sub);
        self
    }

    fn combine(&mut self, other: &Figures, with: impl Fn(u64, u64) -> u64) {
        for (own, other) in [
            (&mut self.doors, other.doors),
            (&mut self.checked, other.checked),
            (&mut self.absent, other.absent),
            (&mut self.refused, other.refused),
            (&mut self.empty, other.empty),
            (&mut self.closed, other.closed),
            (&mut self.incidents, other.incidents),
            (&mut self.visits, other.visits),
        ] {
            *own = with(*own, other);
        }
    }
}

/// A return: one of each grid, and the community's, which has no grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyReturn {
    /// The day, `2026-11-24`.
    pub day: String,
    /// Last line of the community log when it was counted.
    pub known_through: Lsn,
    /// A grid's: some phone of it contacted the home since the day began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<bool>,
    /// The community's: its grids …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grids: Option<u64>,
    /// … and those that returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grids_returned: Option<u64>,
    /// What was done.
    #[serde(flatten)]
    pub figures: Figures,
    /// Phones that could have recorded something.
    pub phones: u64,
    /// Those without contact since the day began.
    pub phones_silent: u64,
    /// Who holds them, the first [`MOST_NAMED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_heard_from: Vec<SilentPhone>,
}

/// A phone that was not heard from; or somebody who has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilentPhone {
    /// Whose.
    pub worker: WorkerId,
    /// By name.
    pub worker_name: String,
    /// Which; `None`: no phone is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Its last contact; `None`: there never was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
}

/// One page of the visits that are due on a day in a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueVisits {
    /// The day, `2026-11-24`.
    pub day: String,
    /// Last line of the community log when it was listed.
    pub known_through: Lsn,
    /// From 1.
    pub page: u64,
    /// How many there are.
    pub pages: u64,
    /// On the whole list: due that day.
    pub due: u64,
    /// On the whole list: late already.
    pub overdue: u64,
    /// The longest overdue first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<DueVisit>,
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueVisit {
    /// The care plan.
    pub plan_id: EntityId,
    /// Person or household.
    pub subject_id: EntityId,
    /// Which clock ran out.
    pub clock: DueClock,
    /// First day on which it was wanted.
    pub due_on: String,
}

/// The clocks of a care plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueClock {
    /// A contact of any kind.
    Any,
    /// A contact in person.
    InPerson,
}

/// As an entry's body.
#[must_use]
pub fn body(record: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(members)) => members,
        // Structs of texts and numbers always become objects.
        _ => Map::new(),
    }
}
