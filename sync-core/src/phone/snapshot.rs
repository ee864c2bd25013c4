//! Parts taken whole from a snapshot. Read beside the phone and compared with the home's
//! digest first: what does not fit changes nothing, and the phone goes on with lines.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::own_log::{OwnEntry, OwnState, is_record_of};
use super::sync::forget_part;
use super::{Phone, Stored, Write, store};
use crate::part::Part;
use crate::replica::Replica;
use crate::snapshot::{Snapshot, SnapshotError, UnfoldError};

/// What one snapshot brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotTaken {
    /// How many of the bytes it was; what follows is the next snapshot.
    pub used: usize,
    /// Which part is here now.
    pub part: Part,
    /// What must be durable before the screens change.
    pub writes: Vec<Write>,
    /// Records and entities that are new here.
    pub received: usize,
}

/// Why a snapshot was not taken. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum TakeSnapshotError {
    /// Nobody has signed in.
    #[error("nobody has signed in on this phone")]
    NotSignedIn,
    /// The bytes.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It is of another community.
    #[error("a snapshot of another community")]
    Another,
    /// It is of another life of the home's log than this phone knows.
    #[error("a snapshot of another life of the log")]
    AnotherLife,
    /// It is not what it says.
    #[error(transparent)]
    Unfold(#[from] UnfoldError),
    /// The document made the reader panic.
    #[error("the document of a snapshot panics")]
    Panic,
}

impl Phone {
    /// Says whether the caller fetches snapshots. A new or reopened phone asks for lines.
    pub fn use_snapshots(&mut self, use_them: bool) {
        self.snapshots = use_them;
    }

    /// The parts to fetch as snapshots before the next sync, those that have outgrown theirs among
    /// them; none listed: all there are. `None`: nothing is to be fetched.
    #[must_use]
    pub fn snapshots_wanted(&self) -> Option<Vec<Part>> {
        let cursor = self.replica.as_ref()?.cursor();
        if !self.snapshots {
            return None;
        }
        if self.contact.log.is_none() && cursor.is_empty() {
            return Some(Vec::new());
        }
        let mut missing = self.outgrown();
        missing.extend(cursor.iter().filter(|(_, lsn)| **lsn == 0).map(|(part, _)| *part));
        Some(missing).filter(|missing| !missing.is_empty())
    }

    /// Takes the snapshot that `bytes` begin with; `None`: it is not whole yet.
    ///
    /// # Errors
    /// [`TakeSnapshotError`]; nothing changed, and the next sync asks for lines, or, after one of
    /// another life of the home's log, where that stands.
    pub fn take_snapshot(&mut self, bytes: &[u8]) -> Result<Option<SnapshotTaken>, TakeSnapshotError> {
        let taken = self.read_and_take(bytes);
        // The next answer tells of that life, and lines may not lead to the part as it is there.
        if !matches!(taken, Ok(_) | Err(TakeSnapshotError::AnotherLife)) {
            self.snapshots = false;
        }
        taken
    }

    fn read_and_take(&mut self, bytes: &[u8]) -> Result<Option<SnapshotTaken>, TakeSnapshotError> {
        let Some((snapshot, used)) = Snapshot::read(bytes)? else {
            return Ok(None);
        };
        let outgrown = self.outgrown();
        let (Some(enrolment), Some(own), Some(replica)) = (&self.enrolment, &mut self.own, &mut self.replica) else {
            return Err(TakeSnapshotError::NotSignedIn);
        };
        let facts = &snapshot.facts;
        let part = facts.part;
        if facts.community != enrolment.community.code {
            return Err(TakeSnapshotError::Another);
        }
        if self.contact.log.is_some_and(|log| log != facts.log) {
            return Err(TakeSnapshotError::AnotherLife);
        }
        let mut taken = SnapshotTaken {
            used,
            part,
            writes: Vec::new(),
            received: 0,
        };
        let is_here = replica.cursor().get(&part).is_some_and(|lsn| *lsn > 0);
        if is_here && !outgrown.contains(&part) {
            // Lines of this part have come meanwhile; what is here is newer.
            return Ok(Some(taken));
        }
        let mut fresh = Replica::empty(facts.community, self.kinds.clone());
        let read = catch_unwind(AssertUnwindSafe(|| snapshot.unfold(&mut fresh)));
        let lines = read.map_err(|_| TakeSnapshotError::Panic)??;
        if is_here {
            // What came since comes once more, as lines.
            forget_part(replica, part, &mut taken.writes);
        }

        let states_before = own.states();
        for (envelope, line) in lines {
            if envelope.device == enrolment.device.id {
                let state = OwnState::of(envelope.verdict, envelope.reason);
                own.set_state_of(envelope.seq, envelope.entry, state);
            }
            let line = String::from_utf8_lossy(line).into_owned();
            taken
                .writes
                .push(Write::text(Stored::Line, store::lsn_key(envelope.lsn), line));
        }
        if own.states() != states_before {
            taken
                .writes
                .push(Write::json(Stored::Meta, store::OWN_STATES, &own.states()));
        }
        taken.received = fresh.records().count() + fresh.rows().count();
        let left_out = |own: &&OwnEntry| is_record_of(part, own, &self.kinds) && fresh.record(own.entry.id).is_none();
        for (place, _) in (1..)
            .zip(own.entries())
            .filter(|(_, own)| facts.left_out.is_some() && left_out(own))
        {
            // When it was made would bring it back at the next start.
            taken.writes.push(Write::delete(Stored::Meta, store::made_key(place)));
        }
        replica.adopt(part, fresh);
        replica.see(part, facts.lsn);
        replica.begin_with(facts.clone());
        for behind in replica.begin_epochs(part) {
            forget_part(replica, behind, &mut taken.writes);
            replica.see(behind, 0);
        }
        if let Some(document) = replica.document(part) {
            taken.writes.extend(store::document_writes(part, document));
        }
        taken.writes.extend(store::standing(replica));
        self.contact.log = Some(facts.log);
        self.forget_erased(&mut taken.writes);
        // An answer asked for before knows nothing of this.
        self.in_flight = None;
        self.contact.asks_verdicts = true;
        taken
            .writes
            .push(Write::json(Stored::Meta, store::CONTACT, &self.contact));
        Ok(Some(taken))
    }
}
