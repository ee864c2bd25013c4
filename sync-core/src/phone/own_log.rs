//! What somebody recorded on this phone, in the order of *places* 1, 2, 3 …, which are the keys
//! of the stored rows. Never rewritten, never shortened. The places after `former` are the log
//! of the device that this phone is now; those up to it were acknowledged to devices that it was.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::device_log::LogHead;
use crate::entry::{Draft, Entry, EntryError};
use crate::ids::{CommunityCode, DeviceId, EntryId, Hash, Seq};
use crate::json::{FromJson, JsonError, json_object};
use crate::judge::part_of;
use crate::kinds::Kinds;
use crate::part::Part;
use crate::replica::MergedRecord;
use crate::verdict::{Reason, Verdict};
use crate::wire;

/// Kind of an own entry of which nothing remains; no kind file has it.
const ERASED: &str = "erased";

/// How far one own entry has come, as far as the home has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// Was held; what it says counts through an entry of the office.
    Released(Option<Reason>),
    /// Was held; the office decided that it does not count.
    SetAside(Option<Reason>),
}

impl FromJson for OwnState {
    fn from_json(value: Value) -> Result<OwnState, JsonError> {
        let (word, reason) = match value {
            Value::Object(members) => members.into_iter().next().ok_or_else(|| JsonError::new("no state"))?,
            word => (String::from_json(word)?, Value::Null),
        };
        let reason = Option::from_json(reason)?;
        Ok(match word.as_str() {
            "on_phone" => OwnState::OnPhone,
            "merged" => OwnState::Merged,
            "held" => OwnState::Held(reason),
            "waiting" => OwnState::Waiting(reason),
            "released" => OwnState::Released(reason),
            "set_aside" => OwnState::SetAside(reason),
            _ => return Err(JsonError::new("not a state")),
        })
    }
}

impl OwnState {
    /// What a verdict says about it.
    pub(super) fn of(verdict: Verdict, reason: Option<Reason>) -> OwnState {
        match verdict {
            Verdict::Merged => OwnState::Merged,
            Verdict::Held => OwnState::Held(reason),
            Verdict::Waiting => OwnState::Waiting(reason),
            Verdict::Released => OwnState::Released(reason),
            Verdict::SetAside => OwnState::SetAside(reason),
        }
    }

    /// Why it does not count, or did not.
    pub(super) fn reason(self) -> Option<Reason> {
        match self {
            OwnState::OnPhone | OwnState::Merged => None,
            OwnState::Held(reason)
            | OwnState::Waiting(reason)
            | OwnState::Released(reason)
            | OwnState::SetAside(reason) => reason,
        }
    }
}

/// One own entry.
#[derive(Debug, Clone)]
pub struct OwnEntry {
    /// Its number in its device's log.
    pub seq: Seq,
    /// As made.
    pub entry: Entry,
    /// Exactly as made.
    pub bytes: Vec<u8>,
    /// Hash of the bytes.
    pub hash: Hash,
    /// The hash by which it counts as a record: that of what remains, where its body was erased.
    /// `None`: nothing remains.
    pub counts_as: Option<Hash>,
    /// How far it has come.
    pub state: OwnState,
    /// When the home got it, by its clock: of records that count, where that is known here.
    pub(super) arrived_ms: Option<i64>,
    /// The log's head after it.
    pub head: LogHead,
}

impl OwnEntry {
    /// The record that it counts as, made by this device then.
    pub(super) fn record(&self, kinds: &Kinds, device: DeviceId, made_ms: i64) -> Option<MergedRecord> {
        Some(MergedRecord {
            hash: self.counts_as?,
            entry: self.entry.clone(),
            part: part_of(&self.entry, kinds),
            device,
            made_ms,
            lsn: None,
        })
    }
}

/// Whether it is a record that counts, of this part.
pub(super) fn is_record_of(part: Part, own: &OwnEntry, kinds: &Kinds) -> bool {
    own.state == OwnState::Merged && own.entry.edit.is_none() && part_of(&own.entry, kinds) == part
}

#[derive(Debug)]
pub(super) struct OwnLog {
    empty: LogHead,
    /// How many entries belong to devices that this phone was.
    former: usize,
    entries: Vec<OwnEntry>,
}

/// How far the home has come, by place: stored in one small value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct OwnStates {
    /// Up to here of devices that this phone was.
    pub(super) former: Seq,
    /// Durable at the home up to here, without gaps.
    pub(super) durable: Seq,
    /// Of those, the ones that are not simply merged.
    pub(super) exceptions: BTreeMap<Seq, OwnState>,
}

json_object! { OwnStates { durable, exceptions; former, .. } }

impl OwnLog {
    pub(super) fn empty(community: CommunityCode, device: DeviceId) -> OwnLog {
        OwnLog {
            empty: LogHead::empty(community, device),
            former: 0,
            entries: Vec::new(),
        }
    }

    /// The device that this phone is from now on: what the home has not acknowledged is its log.
    pub(super) fn succeed(&mut self, community: CommunityCode, device: DeviceId) {
        let unsent = |own: &OwnEntry| own.state == OwnState::OnPhone;
        self.former = self.entries.iter().position(unsent).unwrap_or(self.entries.len());
        let rest = self.entries.split_off(self.former);
        self.empty = LogHead::empty(community, device);
        for own in rest {
            self.push_as(own.entry, own.bytes, own.hash, own.counts_as);
        }
    }

    /// Puts the stored rows of a log back, before their states are known.
    pub(super) fn begin(&mut self, former: Seq) {
        self.former = usize::try_from(former).unwrap_or(usize::MAX);
    }

    /// Whether something was acknowledged to a device that this phone was.
    pub(super) fn has_former(&self) -> bool {
        self.former > 0
    }

    /// Nothing of it counts as sent: it is all sent again, by the next device.
    pub(super) fn unsend(&mut self) {
        for own in &mut self.entries {
            own.state = OwnState::OnPhone;
        }
    }

    /// The place of a seq of this device.
    pub(super) fn place(&self, seq: Seq) -> Seq {
        self.former as Seq + seq
    }

    /// How many places are taken.
    pub(super) fn places(&self) -> Seq {
        self.entries.len() as Seq
    }

    fn index(&self, seq: Seq) -> Option<usize> {
        usize::try_from(seq).ok()?.checked_sub(1)?.checked_add(self.former)
    }

    /// The entries of this device's log.
    fn current(&self) -> &[OwnEntry] {
        self.entries.get(self.former..).unwrap_or_default()
    }

    pub(super) fn push(&mut self, entry: Entry, bytes: Vec<u8>) -> &OwnEntry {
        let hash = Hash::of(&bytes);
        self.push_as(entry, bytes, hash, Some(hash))
    }

    /// Reads a stored row: an entry, or what an erased one left.
    pub(super) fn push_row(&mut self, row: Vec<u8>) -> Result<(), EntryError> {
        let Some(end) = row.iter().position(|byte| *byte == b'\n') else {
            self.push(Entry::parse(&row)?, row);
            return Ok(());
        };
        let (line, left) = (&row[..end], &row[end + 1..]);
        let hash = wire::erased_hash(line).ok_or(EntryError::LineBreak)?;
        let entry = Entry::parse(left)?;
        let counts_as = (entry.kind != ERASED).then(|| Hash::of(left));
        self.push_as(entry, line.to_vec(), hash, counts_as);
        Ok(())
    }

    /// Lets go of an entry's body but for what remains of it; gives its new row.
    pub(super) fn erase(&mut self, index: usize, remains: Option<Vec<u8>>) -> Option<(&OwnEntry, String)> {
        let own = self.entries.get_mut(index)?;
        let entry = &own.entry;
        let counts_as = remains.as_deref().map(Hash::of);
        let left = match remains {
            Some(remains) => remains,
            None => {
                let (id, grid, worker) = (entry.id, entry.grid, entry.worker);
                let draft = Draft::record(id, ERASED, 1, grid, worker, entry.made_at, Map::new());
                draft.make().ok()?.bytes
            }
        };
        own.entry = Entry::parse(&left).ok()?;
        own.bytes = wire::erased_line(own.hash);
        own.counts_as = counts_as;
        let row = String::from_utf8([&own.bytes, &b"\n"[..], &left].concat()).ok()?;
        Some((own, row))
    }

    fn push_as(&mut self, entry: Entry, bytes: Vec<u8>, hash: Hash, counts_as: Option<Hash>) -> &OwnEntry {
        let head = self.head().after(hash);
        self.entries.push(OwnEntry {
            seq: head.seq,
            entry,
            bytes,
            hash,
            counts_as,
            state: OwnState::OnPhone,
            arrived_ms: None,
            head,
        });
        // Just pushed.
        &self.entries[self.entries.len() - 1]
    }

    pub(super) fn head(&self) -> LogHead {
        self.current().last().map_or(self.empty, |last| last.head)
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
        self.entries.get(self.index(seq)?)
    }

    pub(super) fn get_mut(&mut self, seq: Seq) -> Option<&mut OwnEntry> {
        let index = self.index(seq)?;
        self.entries.get_mut(index)
    }

    pub(super) fn set_state(&mut self, seq: Seq, state: OwnState) {
        if let Some(entry) = self.get_mut(seq) {
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

    /// The entry, if the home has it and it is not simply merged: of whichever device this phone was.
    pub(super) fn open(&mut self, entry: Option<EntryId>) -> Option<&mut OwnEntry> {
        self.entries
            .iter_mut()
            .filter(|own| !matches!(own.state, OwnState::OnPhone | OwnState::Merged))
            .find(|own| Some(own.entry.id) == entry)
    }

    /// Whether it is in this phone's log.
    pub(super) fn has(&self, entry: Option<EntryId>) -> bool {
        self.entries.iter().any(|own| Some(own.entry.id) == entry)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &OwnEntry> {
        self.entries.iter()
    }

    /// Entries after `seq`, to be changed.
    pub(super) fn after_mut(&mut self, seq: Seq) -> impl Iterator<Item = &mut OwnEntry> {
        let former = self.former;
        self.entries
            .iter_mut()
            .skip(former)
            .skip_while(move |own| own.seq <= seq)
    }

    /// Entries after `seq`.
    pub(super) fn after(&self, seq: Seq) -> &[OwnEntry] {
        let after = usize::try_from(seq).ok().and_then(|seq| self.current().get(seq..));
        after.unwrap_or_default()
    }

    /// The last seq of this device up to which the home has everything.
    pub(super) fn durable(&self) -> Seq {
        let here = |entry: &&OwnEntry| entry.state != OwnState::OnPhone;
        self.current().iter().take_while(here).count() as Seq
    }

    pub(super) fn states(&self) -> OwnStates {
        let exceptions = (1..)
            .zip(&self.entries)
            .filter(|(_, entry)| !matches!(entry.state, OwnState::OnPhone | OwnState::Merged))
            .map(|(place, entry)| (place, entry.state))
            .collect();
        OwnStates {
            former: self.former as Seq,
            durable: self
                .entries
                .iter()
                .take_while(|own| own.state != OwnState::OnPhone)
                .count() as Seq,
            exceptions,
        }
    }

    pub(super) fn restore(&mut self, states: &OwnStates) {
        for (place, entry) in (1..).zip(&mut self.entries) {
            entry.state = match states.exceptions.get(&place) {
                Some(state) => *state,
                None if place <= states.durable => OwnState::Merged,
                None => OwnState::OnPhone,
            };
        }
    }

    /// The home has everything of this device up to `seq` and no more (a restored server may
    /// have less).
    pub(super) fn confirm(&mut self, seq: Seq) {
        for entry in self.entries.iter_mut().skip(self.former) {
            if entry.seq > seq {
                entry.state = OwnState::OnPhone;
            } else if entry.state == OwnState::OnPhone {
                entry.state = OwnState::Merged;
            }
        }
    }
}
