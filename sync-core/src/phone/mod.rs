//! The phone's side of Menpai as a state machine without IO. Calls go in with clock and
//! randomness; what must be kept comes out as [`Write`]s. The caller applies a call's
//! writes in one durable transaction before it tells anybody, and throws the whole `Phone`
//! away and opens it again from its rows if that fails: memory is never ahead of storage.

mod care;
mod clock;
mod door;
mod elsewhere;
mod enrolment;
mod erase;
mod id_number;
mod list;
mod make;
mod matters;
mod night;
mod open;
mod outgrown;
mod own_log;
mod packet;
mod place;
mod record_row;
mod retract;
mod seen;
mod snapshot;
mod store;
mod succeed;
mod sweeps;
mod sync;
mod today;
mod view;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{DeviceId, Hash, LogId, Seq};
use crate::json::json_object;
use crate::kinds::Kinds;
use crate::replica::Replica;
use crate::wire::SliceRefusal;

pub use enrolment::{EnrolError, Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker};
pub use id_number::TypedIdNumber;
pub use make::{EditDraft, NewSetItem, RecordDraft, SaveProblem, Saved};
pub use open::OpenError;
pub use own_log::{OwnEntry, OwnState};
pub use packet::PacketDraft;
pub use place::natural;
pub use snapshot::{SnapshotTaken, TakeSnapshotError};
pub use store::{Stored, Write, WriteValue};
pub use sync::{ReceiveError, Received, SyncDraft};
pub use view::{
    Building, CarePlanCard, DoorCard, DoorRow, DoorState, DueVisit, Field, FieldValueView, GridCount, Matter,
    NextDoors, Night, PersonCard, PhoneStatus, RecordRow, Resident, Rung, Sweep, Today, Unit, VisitLine,
};

use own_log::OwnLog;

/// What the last answer of the home said, kept over restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
struct Contact {
    /// The home log that the cursor is from.
    log: Option<LogId>,
    /// The one in which devices that this phone was were last answered, until this one is.
    life: Option<LogId>,
    /// The home's clock at its last answer, milliseconds UTC.
    answered_ms: Option<i64>,
    /// Home's clock minus this phone's.
    offset_ms: Option<i64>,
    /// Why the home did not take a slice.
    refused: Option<SliceRefusal>,
    /// Where the own log ended when that was asked.
    last: Seq,
    /// A part came as a snapshot, which says nothing of own entries that did not merge.
    asks_verdicts: bool,
    /// Where the log ended of which a packet was made since.
    handed: Seq,
    /// The protocol it was in.
    spoke: u32,
}

json_object! {
    Contact { log, life, answered_ms, offset_ms, refused; last, asks_verdicts, handed, spoke, .. }
}

/// One phone: its own log and what it knows of the community.
#[derive(Debug)]
pub struct Phone {
    kinds: Arc<Kinds>,
    enrolment: Option<Enrolment>,
    own: Option<OwnLog>,
    replica: Option<Replica>,
    /// Receipts of the home, by the place of their last entry: the line and its signature.
    receipts: BTreeMap<Seq, Vec<u8>>,
    /// What other phones of its worker sent and the home did not simply merge.
    elsewhere: Vec<elsewhere::Elsewhere>,
    contact: Contact,
    in_flight: Option<sync::InFlight>,
    /// A packet that waits for its signatures.
    packet: Option<sync::InFlight>,
    /// Whether this home has said since the start which key packets are sealed to.
    asked_courier_key: bool,
    /// Something may have reached the home of which no answer came; after a restart nobody knows.
    unsure: bool,
    /// Up to where the home keeps an unfinished slice, as it has just said; else 0.
    kept: Seq,
    /// Its clocks when somebody last compared them; a restart begins anew.
    reading: Option<clock::Reading>,
    /// Whether the caller fetches snapshots; without them all lines come.
    snapshots: bool,
    /// The protocol it speaks.
    protocol: u32,
}

impl Phone {
    /// Who this phone works for, once somebody has signed in.
    #[must_use]
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.enrolment.as_ref()
    }

    /// Lets it speak an older protocol, as a phone does that has not been updated yet: simulations do.
    pub fn speak(&mut self, protocol: u32) {
        self.protocol = protocol;
    }

    /// The confirmed state.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// What the documents show, to be kept beside them where it is not: then this phone opens without
    /// loading them. For when there is time; a phone that was closed before opens as well.
    pub fn keep_shown(&mut self) -> Vec<Write> {
        let shown = self.replica.iter_mut().flat_map(Replica::take_shown);
        shown
            .map(|(document, shown)| store::shown_write(document, &shown))
            .collect()
    }

    /// The phone's own entries, oldest first.
    pub fn own_entries(&self) -> impl Iterator<Item = &OwnEntry> {
        self.own.iter().flat_map(OwnLog::entries)
    }

    /// Last seq in this phone's log, and the chain there.
    #[must_use]
    pub fn log_head(&self) -> Option<(DeviceId, Seq, Hash)> {
        let own = self.own.as_ref()?;
        Some((self.enrolment.as_ref()?.device.id, own.head().seq, own.head().h))
    }

    /// Entries that only this phone has.
    #[must_use]
    pub fn only_here(&self) -> usize {
        self.own_entries()
            .filter(|entry| entry.state == OwnState::OnPhone)
            .count()
    }
}
