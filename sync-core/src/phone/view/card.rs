//! One door in full: its people, every field with all its values, what is open there.

use serde::Serialize;

use super::{DoorState, RecordRow, Rung};
use crate::entry::Scalar;
use crate::ids::{DeviceId, EntityId, EntryId, GridId};
use crate::kinds::Labels;

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldValueView {
    /// The value.
    pub value: Scalar,
    /// The choice in words.
    pub label: Option<Labels>,
    /// Who.
    pub worker_name: Option<String>,
    /// On which device.
    pub device: Option<DeviceId>,
    /// Author's clock, RFC 3339 UTC.
    pub at: String,
    /// It is the one shown.
    pub shown: bool,
    /// How far it has come.
    pub rung: Rung,
}

/// A registry field with all its visible values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Registry type.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// Entity.
    pub entity: EntityId,
    /// Field, or `set:member`.
    pub field: String,
    /// What the screen calls it.
    pub labels: Labels,
    /// The one shown first.
    pub values: Vec<FieldValueView>,
    /// More than one distinct value.
    pub conflict: bool,
}

/// A care plan in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarePlanCard {
    /// The plan.
    pub id: EntityId,
    /// Its level in words.
    pub level: Option<Labels>,
    /// Days between contacts.
    pub interval_days: Option<i64>,
    /// Days between contacts in person.
    pub in_person_every_days: Option<i64>,
    /// First day on which something is wanted, `2026-11-24`; `None` while the plan lacks what its clocks need.
    pub due_on: Option<String>,
    /// Days it is late; 0: not late.
    pub days_overdue: u64,
    /// Only a contact in person helps today.
    pub wants_in_person: bool,
}

/// One person of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonCard {
    /// The person.
    pub id: EntityId,
    /// The name shown.
    pub name: String,
    /// Every known field this phone may see, in the order of the kind file.
    pub fields: Vec<Field>,
    /// From the birth date, today.
    pub age: Option<u32>,
    /// In words.
    pub care_categories: Vec<Labels>,
    /// What to mind.
    pub warnings: Vec<Labels>,
    /// The running plan.
    pub care_plan: Option<CarePlanCard>,
}

/// Everything about one door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoorCard {
    /// The dwelling.
    pub dwelling: EntityId,
    /// Its grid.
    pub grid: Option<GridId>,
    /// 室.
    pub room: String,
    /// Name of the building.
    pub building: String,
    /// Name of the compound.
    pub compound: Option<String>,
    /// 单元, or 无.
    pub unit: String,
    /// The building.
    pub building_id: Option<EntityId>,
    /// The household living there.
    pub household: Option<EntityId>,
    /// The plan by which the household as a whole is visited.
    pub household_plan: Option<CarePlanCard>,
    /// Its last check.
    pub state: DoorState,
    /// The dwelling's and household's own fields.
    pub fields: Vec<Field>,
    /// Who lives there, the head first.
    pub persons: Vec<PersonCard>,
    /// What was found here or in the building and is not settled, the oldest first.
    pub matters: Vec<Matter>,
    /// About this door, newest first.
    pub records: Vec<RecordRow>,
    /// From which day on they are all that have come; earlier ones may be left out. `None`: none is.
    pub records_since: Option<String>,
}

/// Something found that no step has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matter {
    /// The record that opened it; steps name it.
    pub entry: EntryId,
    /// What it is.
    pub kind_labels: Labels,
    /// The door or building.
    pub place: EntityId,
    /// Its required answers in words.
    pub summary: Labels,
    /// How bad.
    pub severity: Option<Labels>,
    /// The last step; nothing: none yet.
    pub stage: Option<Labels>,
    /// Until when it should end, a day.
    pub due_on: Option<String>,
    /// When it was recorded.
    pub at: String,
    /// Who found it.
    pub worker_name: Option<String>,
    /// How far its last record has come.
    pub rung: Rung,
}
