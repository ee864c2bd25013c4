//! One slice of a device's log: read, chained and checked against its signature before it
//! waits for the writer, so that the writer only decides and stores.

use std::ops::Range;

use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::entry::{Entry, EntryError};
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, Seq};
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::wire::{BROKEN_CHAIN, PREVIOUS_UNKNOWN, SaidSliceLine, SliceLine, erased_hash, lines};

use super::unfinished::Beginning;
use crate::signing;

/// Most entries of one slice; 512 KiB of the smallest entries there can be are fewer.
pub const MAX_SLICE_ENTRIES: usize = 4_096;

/// Why a slice is not taken. The device still has its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The signature does not fit the device's key.
    #[error("bad_signature")]
    BadSignature,
    /// It does not continue what the home has of this device.
    #[error("{BROKEN_CHAIN}")]
    BrokenChain,
    /// It leaves out the chain before it, and what the home has there does not lead to it.
    #[error("{PREVIOUS_UNKNOWN}")]
    PreviousUnknown,
    /// Not lines as the protocol says.
    #[error("unreadable_slice")]
    Unreadable,
    /// More bytes or entries than a slice may have.
    #[error("slice_too_large")]
    TooLarge,
    /// More slices than a request may have.
    #[error("too_many_slices")]
    TooMany,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> String {
        self.to_string()
    }
}

/// A slice that was read; nothing about it is believed yet.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Its first line, as it was said.
    pub line: SaidSliceLine,
    /// What its device's clock was moved by, as the request says.
    jumps: ClockJumps,
    /// Not made after this, by the home's clock; `None`: its arrival.
    made_by_ms: Option<i64>,
    last: Seq,
    body: Vec<u8>,
    entries: Vec<Range<usize>>,
}

/// A slice whose signature fits its device, with its entries parsed.
#[derive(Debug)]
pub struct CheckedSlice {
    /// Whose log.
    pub device: DeviceId,
    /// Its first line.
    pub line: SliceLine,
    /// What its device's clock was moved by.
    pub jumps: ClockJumps,
    /// Not made after this, by the home's clock; `None`: its arrival.
    pub made_by_ms: Option<i64>,
    /// The entries, in order.
    pub entries: Vec<CheckedEntry>,
    /// The chain before the first entry and after each one.
    pub chain: Vec<Hash>,
}

/// One entry of a slice.
#[derive(Debug)]
pub struct CheckedEntry {
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub hash: Hash,
    /// What they say.
    pub parsed: Result<Entry, EntryError>,
}

impl Slice {
    /// Reads an inflated slice.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`] or [`Refusal::TooLarge`].
    pub fn read(body: Vec<u8>) -> Result<Slice, Refusal> {
        let mut offsets = lines(&body).ok_or(Refusal::Unreadable)?.scan(0, |start, line| {
            let range = *start..*start + line.len();
            *start = range.end + 1;
            Some(range)
        });
        let first = offsets.next().ok_or(Refusal::Unreadable)?;
        let line: SaidSliceLine = serde_json::from_slice(&body[first]).map_err(|_| Refusal::Unreadable)?;
        let entries: Vec<Range<usize>> = offsets.take(MAX_SLICE_ENTRIES + 1).collect();
        if entries.len() > MAX_SLICE_ENTRIES {
            return Err(Refusal::TooLarge);
        }
        let last = line.last(entries.len()).ok_or(Refusal::Unreadable)?;
        let count = last.checked_sub(line.first).and_then(|less| less.checked_add(1));
        // SQLite numbers end at 2^63.
        let in_range = line.first >= 1 && last <= i64::MAX as u64;
        if !in_range || entries.is_empty() || count != Some(entries.len() as u64) {
            return Err(Refusal::Unreadable);
        }
        Ok(Slice {
            line,
            jumps: ClockJumps::default(),
            made_by_ms: None,
            last,
            body,
            entries,
        })
    }

    /// Seq of its last entry.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The same with what came of it before, if that leads up to it.
    #[must_use]
    pub(super) fn after(mut self, beginning: &Beginning) -> Slice {
        let from = self.line.begins();
        let here = beginning.before(from).zip(beginning.before(self.line.first));
        if let Some(lines) = here.and_then(|(had, all)| all.get(had.len()..)) {
            let mut start = 0;
            let earlier: Vec<Range<usize>> = (lines.split_inclusive(|byte| *byte == b'\n'))
                .map(|line| {
                    let range = start..start + line.len() - 1;
                    start += line.len();
                    range
                })
                .collect();
            let moved = |range: &Range<usize>| range.start + lines.len()..range.end + lines.len();
            self.entries = earlier.into_iter().chain(self.entries.iter().map(moved)).collect();
            self.body.splice(..0, lines.iter().copied());
            self.line.first = from;
        }
        self
    }

    /// The same, with what its device's clock was moved by.
    #[must_use]
    pub fn with_jumps(self, jumps: &ClockJumps) -> Slice {
        Slice {
            jumps: jumps.clone(),
            ..self
        }
    }

    /// The same, handed to a courier at `made_by_ms` by the home's clock.
    #[must_use]
    pub fn made_by(self, made_by_ms: i64) -> Slice {
        Slice {
            made_by_ms: Some(made_by_ms),
            ..self
        }
    }

    /// Chains the entries and checks the device's signature over the end. `known` is the chain
    /// before them where the slice does not say it.
    ///
    /// # Errors
    /// [`Refusal::BadSignature`]; [`Refusal::PreviousUnknown`] where the slice may still fit if
    /// it says what is before it.
    pub fn check(
        self,
        community: CommunityCode,
        device: DeviceId,
        key: &PublicKey,
        known: Hash,
    ) -> Result<CheckedSlice, Refusal> {
        let refusal = match self.line.previous {
            Some(_) => Refusal::BadSignature,
            None => Refusal::PreviousUnknown,
        };
        let bytes: Vec<Vec<u8>> = self
            .entries
            .iter()
            .map(|range| self.body[range.clone()].to_vec())
            .collect();
        let mut slice = CheckedSlice::chain(device, self.line.or(self.last, known), bytes);
        slice.jumps = self.jumps;
        slice.made_by_ms = self.made_by_ms;
        let head = LogHead {
            seq: slice.line.last,
            h: slice.last_h(),
        };
        if signing::fits(key, &slice_message(community, device, head), &slice.line.signature) {
            Ok(slice)
        } else {
            Err(refusal)
        }
    }
}

impl CheckedSlice {
    /// A slice of a device whose key this server holds, continuing its log at `head`.
    #[must_use]
    pub fn of_office(
        community: CommunityCode,
        device: DeviceId,
        key: &Signer,
        head: LogHead,
        entries: Vec<Vec<u8>>,
    ) -> CheckedSlice {
        let last = head.seq + entries.len() as u64;
        let line = SliceLine {
            first: head.seq + 1,
            last,
            previous: head.h,
            // Replaced below, once the chain is known.
            signature: menpai_sync_core::signature::Signature([0; 64]),
        };
        let mut slice = CheckedSlice::chain(device, line, entries);
        let end = LogHead {
            seq: last,
            h: slice.last_h(),
        };
        slice.line.signature = key.sign(&slice_message(community, device, end));
        slice
    }

    fn chain(device: DeviceId, line: SliceLine, entries: Vec<Vec<u8>>) -> CheckedSlice {
        let entries: Vec<CheckedEntry> = entries
            .into_iter()
            .map(|bytes| CheckedEntry {
                // Its device erased it: the hash alone still travels.
                hash: erased_hash(&bytes).unwrap_or_else(|| Hash::of(&bytes)),
                parsed: Entry::parse(&bytes),
                bytes,
            })
            .collect();
        let mut head = LogHead {
            seq: line.first - 1,
            h: line.previous,
        };
        let mut chain = Vec::with_capacity(entries.len() + 1);
        chain.push(head.h);
        for entry in &entries {
            head = head.after(entry.hash);
            chain.push(head.h);
        }
        CheckedSlice {
            device,
            line,
            jumps: ClockJumps::default(),
            made_by_ms: None,
            entries,
            chain,
        }
    }

    /// The chain at a point within the slice, its beginning and end included.
    #[must_use]
    pub fn h_at(&self, seq: Seq) -> Option<Hash> {
        let index = (seq + 1).checked_sub(self.line.first)?;
        self.chain.get(usize::try_from(index).ok()?).copied()
    }

    /// The chain at its end.
    #[must_use]
    pub fn last_h(&self) -> Hash {
        self.chain.last().copied().unwrap_or(self.line.previous)
    }
}
