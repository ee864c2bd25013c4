//! What the screens read: plain values that become JSON (web-client/src/core/types.ts).
//! A view claims nothing that is not in it: every value carries how far it has come.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::entry::Scalar;
use crate::ids::{DeviceId, EntityId, EntryId, GridId};
use crate::kinds::Labels;
use crate::wire::SliceRefusal;

use super::enrolment::{NamedCommunity, NamedWorker};

/// How far an entry has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Only here.
    OnPhone,
    /// On the server, not judged.
    Waiting,
    /// On the server, does not count.
    Held,
    /// It counts.
    Merged,
}

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
    /// The stairwells.
    pub units: Vec<Unit>,
}

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
    /// The running plan.
    pub care_plan: Option<CarePlanCard>,
}

/// One record or edit in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRow {
    /// The entry.
    pub entry: EntryId,
    /// Its kind.
    pub kind: String,
    /// In words.
    pub kind_labels: Labels,
    /// The phone's clock, as written.
    pub made_at: String,
    /// Who.
    pub worker_name: Option<String>,
    /// Made on this phone.
    pub own: bool,
    /// How far it has come.
    pub rung: Rung,
    /// Why it does not count.
    pub reason: Option<&'static str>,
    /// The same in words.
    pub reason_text: Option<Labels>,
    /// The number on the plate.
    pub room: Option<String>,
    /// The rest of the address.
    pub address: Option<String>,
    /// The dwelling it is about.
    pub dwelling: Option<EntityId>,
    /// The outcome, or the fields changed, in words.
    pub summary: Labels,
    /// The kind's fields.
    pub body: Map<String, Value>,
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
    /// The household living there.
    pub household: Option<EntityId>,
    /// Its last check.
    pub state: DoorState,
    /// The dwelling's and household's own fields.
    pub fields: Vec<Field>,
    /// Who lives there, the head first.
    pub persons: Vec<PersonCard>,
    /// About this door, newest first.
    pub records: Vec<RecordRow>,
}

/// A grid of this phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GridCount {
    /// The grid.
    pub id: GridId,
    /// Its name.
    pub name: String,
    /// How many doors.
    pub doors: usize,
    /// How many are closed.
    pub closed: usize,
}

/// How the phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneStatus {
    /// It has a token.
    pub signed_in: bool,
    /// Who.
    pub worker: Option<NamedWorker>,
    /// For whom.
    pub community: Option<NamedCommunity>,
    /// The installation.
    pub device: Option<DeviceId>,
    /// Entries that only this phone has.
    pub only_here: usize,
    /// Waiting on the server.
    pub on_server: usize,
    /// Merged.
    pub merged: usize,
    /// Held.
    pub held: usize,
    /// The grids it may see.
    pub grids: Vec<GridCount>,
    /// The home's clock at its last answer.
    pub last_answer: Option<String>,
    /// Home's clock minus this phone's.
    pub offset_ms: Option<i64>,
    /// Why the home did not take a slice.
    pub refused: Option<SliceRefusal>,
}
