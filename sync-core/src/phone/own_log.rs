//! The phone's own log: what somebody recorded here. Never rewritten, never shortened
//! before the home has said, signed, that it has everything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device_log::LogHead;
use crate::entry::Entry;
use crate::ids::{CommunityCode, DeviceId, EntryId, Hash, Seq};
use crate::verdict::Reason;

/// How far one own entry has come, as far as the home has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnState {
    /// Only here.
    OnPhone,
    /// It counts.
    Merged,
    /// On the server, does not count.
    Held(Option<Reason>),
    /// On the server, not judged yet.
    Waiting(Option<Reason>),
}

/// One own entry.
#[derive(Debug, Clone)]
pub struct OwnEntry {
    /// Its place in the log.
    pub seq: Seq,
    /// As made.
    pub entry: Entry,
    /// Exactly as made.
    pub bytes: Vec<u8>,
    /// Hash of the bytes.
    pub hash: Hash,
    /// How far it has come.
    pub state: OwnState,
    /// The log's head after it.
    pub head: LogHead,
}

#[derive(Debug)]
pub(super) struct OwnLog {
    empty: LogHead,
    entries: Vec<OwnEntry>,
}

/// How far the home has come with this log: stored in one small value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnStates {
    /// Durable at the home up to here, without gaps.
    pub(super) durable: Seq,
    /// Of those, the ones that are not simply merged.
    pub(super) exceptions: BTreeMap<Seq, OwnState>,
}

impl OwnLog {
    pub(super) fn empty(community: CommunityCode, device: DeviceId) -> OwnLog {
        OwnLog {
            empty: LogHead::empty(community, device),
            entries: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, entry: Entry, bytes: Vec<u8>) -> &OwnEntry {
        let hash = Hash::of(&bytes);
        let head = self.head().after(hash);
        self.entries.push(OwnEntry {
            seq: head.seq,
            entry,
            bytes,
            hash,
            state: OwnState::OnPhone,
            head,
        });
        // Just pushed.
        &self.entries[self.entries.len() - 1]
    }

    pub(super) fn head(&self) -> LogHead {
        self.entries.last().map_or(self.empty, |last| last.head)
    }

    /// The head after `seq` entries, if there are as many.
    pub(super) fn head_at(&self, seq: Seq) -> Option<LogHead> {
        if seq == 0 {
            Some(self.empty)
        } else {
            self.get(seq).map(|entry| entry.head)
        }
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&OwnEntry> {
        self.entries.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(super) fn set_state(&mut self, seq: Seq, state: OwnState) {
        if let Some(index) = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1))
            && let Some(entry) = self.entries.get_mut(index)
        {
            entry.state = state;
        }
    }

    /// What the home decided about an entry, if the one at that place is it.
    pub(super) fn set_state_of(&mut self, seq: Seq, entry: Option<EntryId>, state: OwnState) {
        if self
            .get(seq)
            .is_some_and(|own| Some(own.entry.id) == entry && own.state != OwnState::OnPhone)
        {
            self.set_state(seq, state);
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &OwnEntry> {
        self.entries.iter()
    }

    /// Entries after `seq`.
    pub(super) fn after(&self, seq: Seq) -> &[OwnEntry] {
        usize::try_from(seq)
            .ok()
            .and_then(|seq| self.entries.get(seq..))
            .unwrap_or(&[])
    }

    pub(super) fn states(&self) -> OwnStates {
        let durable = self
            .entries
            .iter()
            .take_while(|entry| entry.state != OwnState::OnPhone)
            .count() as Seq;
        let exceptions = self
            .entries
            .iter()
            .filter(|entry| !matches!(entry.state, OwnState::OnPhone | OwnState::Merged))
            .map(|entry| (entry.seq, entry.state))
            .collect();
        OwnStates { durable, exceptions }
    }

    pub(super) fn restore(&mut self, states: &OwnStates) {
        for entry in &mut self.entries {
            entry.state = match states.exceptions.get(&entry.seq) {
                Some(state) => *state,
                None if entry.seq <= states.durable => OwnState::Merged,
                None => OwnState::OnPhone,
            };
        }
    }

    /// The home has everything up to `seq` and no more (a restored server may have less).
    pub(super) fn confirm(&mut self, seq: Seq) {
        for entry in &mut self.entries {
            if entry.seq > seq {
                entry.state = OwnState::OnPhone;
            } else if entry.state == OwnState::OnPhone {
                entry.state = OwnState::Merged;
            }
        }
    }
}
