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
    /// Its author or the office took it back.
    pub withdrawn: bool,
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

/// A building in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildingCount {
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
    /// In the order people count.
    pub buildings: Vec<BuildingCount>,
}

/// What is left today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Visits that are late: this worker's first, the latest first.
    pub overdue: Vec<DueVisit>,
    /// Visits wanted today.
    pub due: Vec<DueVisit>,
    /// At least one, once the phone has a grid.
    pub sweeps: Vec<Sweep>,
    /// What this phone recorded today, newest first.
    pub done: Vec<RecordRow>,
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
