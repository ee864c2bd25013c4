//! What other phones of this phone's worker sent and the home did not simply merge: a worker
//! who changes phones goes on seeing what became of it. One row for each entry, its last line;
//! an entry that merged is shown where its part is.

use super::own_log::{OwnLog, OwnState};
use super::{Stored, Write, store};
use crate::community_log::Envelope;
use crate::entry::Entry;
use crate::ids::Lsn;
use crate::verdict::Verdict;

/// One such entry.
#[derive(Debug, Clone)]
pub(super) struct Elsewhere {
    pub(super) lsn: Lsn,
    pub(super) entry: Entry,
    pub(super) made_ms: i64,
    pub(super) state: OwnState,
}

impl Elsewhere {
    /// `None`: nobody can read it.
    pub(super) fn read(envelope: &Envelope, entry: &[u8]) -> Option<Elsewhere> {
        Some(Elsewhere {
            lsn: envelope.lsn,
            entry: Entry::parse(entry).ok()?,
            made_ms: envelope.made_ms,
            state: OwnState::of(envelope.verdict, envelope.reason),
        })
    }
}

/// Takes up a line of another device: what it says about an entry takes the place of what was
/// told about it before. One that is in the own log as well is shown there.
pub(super) fn take(
    told: &mut Vec<Elsewhere>,
    own: &OwnLog,
    envelope: &Envelope,
    bytes: &[u8],
    entry: &[u8],
    writes: &mut Vec<Write>,
) {
    if let Some(index) = told.iter().position(|known| Some(known.entry.id) == envelope.entry) {
        if told[index].lsn >= envelope.lsn {
            return;
        }
        let before = told.remove(index);
        writes.push(Write::delete(Stored::Line, store::lsn_key(before.lsn)));
    }
    if envelope.verdict == Verdict::Merged || own.has(envelope.entry) {
        return;
    }
    if let Some(now) = Elsewhere::read(envelope, entry) {
        let value = [bytes, b"\n", entry].concat();
        let value = String::from_utf8_lossy(&value).into_owned();
        writes.push(Write::text(Stored::Line, store::lsn_key(now.lsn), value));
        told.push(now);
    }
}
