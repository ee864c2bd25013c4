//! Parts taken whole from a snapshot. Read beside the phone and compared with the home's
//! digest first: what does not fit changes nothing, and the phone goes on with lines.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::own_log::OwnState;
use super::sync::forget_part;
use super::{Phone, Stored, Write, store};
use crate::community_log::Envelope;
use crate::part::Part;
use crate::replica::{Applied, ApplyError, Replica};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::verdict::Verdict;

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

/// Why a snapshot was not taken. Nothing changed; the phone asks for lines from now on.
#[derive(Debug, thiserror::Error)]
pub enum TakeSnapshotError {
    /// Nobody has signed in.
    #[error("nobody has signed in on this phone")]
    NotSignedIn,
    /// The bytes.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It is of another community, or of another life of the home's log.
    #[error("a snapshot of another community or log")]
    Another,
    /// A line of it cannot be read.
    #[error("a line of a snapshot cannot be read")]
    Line,
    /// Its document or one of its records.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The document made the reader panic.
    #[error("the document of a snapshot panics")]
    Panic,
    /// It shows something else than the home does.
    #[error("the digest of a snapshot differs")]
    Digest,
}

impl Phone {
    /// Says whether the caller fetches snapshots. A new or reopened phone asks for lines.
    pub fn use_snapshots(&mut self, use_them: bool) {
        self.snapshots = use_them;
    }

    /// The parts to fetch as snapshots before the next sync; none listed: all there are.
    /// `None`: nothing is to be fetched.
    #[must_use]
    pub fn snapshots_wanted(&self) -> Option<Vec<Part>> {
        let cursor = self.replica.as_ref()?.cursor();
        if !self.snapshots {
            return None;
        }
        if self.contact.log.is_none() && cursor.is_empty() {
            return Some(Vec::new());
        }
        let missing: Vec<Part> = cursor
            .iter()
            .filter(|(_, lsn)| **lsn == 0)
            .map(|(part, _)| *part)
            .collect();
        Some(missing).filter(|missing| !missing.is_empty())
    }

    /// Takes the snapshot that `bytes` begin with; `None`: it is not whole yet.
    ///
    /// # Errors
    /// [`TakeSnapshotError`]; nothing changed, and the next sync asks for lines.
    pub fn take_snapshot(&mut self, bytes: &[u8]) -> Result<Option<SnapshotTaken>, TakeSnapshotError> {
        let taken = self.read_and_take(bytes);
        if taken.is_err() {
            self.snapshots = false;
        }
        taken
    }

    fn read_and_take(&mut self, bytes: &[u8]) -> Result<Option<SnapshotTaken>, TakeSnapshotError> {
        let Some((snapshot, used)) = Snapshot::read(bytes)? else {
            return Ok(None);
        };
        let (Some(enrolment), Some(own), Some(replica)) = (&self.enrolment, &mut self.own, &mut self.replica) else {
            return Err(TakeSnapshotError::NotSignedIn);
        };
        let facts = &snapshot.facts;
        let part = facts.part;
        if facts.community != enrolment.community.code || self.contact.log.is_some_and(|log| log != facts.log) {
            return Err(TakeSnapshotError::Another);
        }
        let mut taken = SnapshotTaken {
            used,
            part,
            writes: Vec::new(),
            received: 0,
        };
        if replica.cursor().get(&part).is_some_and(|lsn| *lsn > 0) {
            // Lines of this part have come meanwhile; what is here is newer.
            return Ok(Some(taken));
        }
        let mut fresh = Replica::empty(facts.community, self.kinds.clone());
        let read = catch_unwind(AssertUnwindSafe(|| read_whole(&mut fresh, &snapshot)));
        let lines = read.map_err(|_| TakeSnapshotError::Panic)??;

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
        replica.adopt(part, fresh);
        replica.see(part, facts.lsn);
        for behind in replica.begin_epochs(part) {
            forget_part(replica, behind, &mut taken.writes);
            replica.see(behind, 0);
        }
        if let Some(document) = replica.document(part) {
            taken.writes.extend(store::document_writes(part, document));
        }
        taken
            .writes
            .push(Write::json(Stored::Meta, store::CURSOR, replica.cursor()));
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

/// Reads all of a snapshot into an empty replica and compares; gives its lines, as stored.
fn read_whole<'a>(
    replica: &mut Replica,
    snapshot: &'a Snapshot,
) -> Result<Vec<(Envelope, &'a [u8])>, TakeSnapshotError> {
    let facts = &snapshot.facts;
    let mut lines = Vec::new();
    let mut rest = snapshot.lines.as_slice();
    while !rest.is_empty() {
        let newline = |from: usize| {
            let found = rest[from..].iter().position(|byte| *byte == b'\n');
            found.map(|at| from + at).ok_or(TakeSnapshotError::Line)
        };
        let envelope_end = newline(0)?;
        let entry_end = newline(envelope_end + 1)?;
        let envelope: Envelope = serde_json::from_slice(&rest[..envelope_end]).map_err(|_| TakeSnapshotError::Line)?;
        let fits = envelope.part == facts.part && envelope.lsn <= facts.lsn && envelope.verdict == Verdict::Merged;
        if !fits || replica.apply(&envelope, &rest[envelope_end + 1..entry_end])? != Applied::Record {
            return Err(TakeSnapshotError::Line);
        }
        lines.push((envelope, &rest[..entry_end]));
        rest = &rest[entry_end + 1..];
    }
    if !snapshot.document.is_empty() {
        replica.load_document(facts.part, facts.epoch, &snapshot.document)?;
    }
    if replica.digest(facts.part) == facts.digest {
        Ok(lines)
    } else {
        Err(TakeSnapshotError::Digest)
    }
}
