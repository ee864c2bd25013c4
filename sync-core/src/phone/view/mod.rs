//! What the screens read: plain values that become JSON (web-client/src/core/types.ts).
//! A view claims nothing that is not in it: every value carries how far it has come.

mod card;
mod doors;
mod today;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::{DeviceId, EntityId, EntryId, GridId};
use crate::kinds::Labels;
use crate::wire::SliceRefusal;

use super::enrolment::{NamedCommunity, NamedWorker};

pub use card::{CarePlanCard, DoorCard, Field, FieldValueView, Matter, PersonCard};
pub use doors::{Building, DoorRow, DoorState, NextDoors, Resident, Sweep, Unit};
pub use today::{DueVisit, Night, Today, VisitLine};

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
    /// Was held; what it says counts through an entry of the office.
    Released,
    /// Was held; the office decided that it does not count.
    SetAside,
    /// It counts.
    Merged,
}

impl Rung {
    /// Whether what it says counts by itself here.
    pub(super) fn counts(self) -> bool {
        matches!(self, Rung::OnPhone | Rung::Waiting | Rung::Merged)
    }
}

/// What a record said that another one corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Was {
    /// The phone's clock, as written.
    pub made_at: String,
    /// Who.
    pub worker_name: Option<String>,
    /// What it said.
    pub summary: Labels,
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
    /// What the home's clock showed then, where the phone's was clearly off.
    pub home_at: Option<String>,
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
    /// By saying it anew.
    pub corrected: bool,
    /// What it says anew, as far as this phone knows it.
    pub corrects: Option<Was>,
    /// An own one that came after its day, or its quarter, had been closed: it counts all the same.
    pub late: bool,
    /// The kind's fields.
    pub body: Map<String, Value>,
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
    /// Of these, how many are in a packet for a courier.
    pub handed: usize,
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
