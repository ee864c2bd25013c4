//! One slice becomes part of the community's file, inside the caller's savepoint: it joins
//! its device's log, its entries are stored as they came and decided one after the other.
//! Refuses only what does not continue the log; everything else is kept, if need be held.

use menpai_sync_core::clock::{Made, made_time};
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, Seq};
use menpai_sync_core::verdict::{Reason, Verdict};

use super::community::Reader;
use super::decide::{Pending, decide, show};
use super::refill::Stated;
use super::slice::{CheckedEntry, CheckedSlice, Refusal};
use super::state::Work;
use crate::fail_points;
use crate::store::community::StoreError;
use crate::store::community::device_logs::{self, DeviceLog, Island};
use crate::store::community::entries::{self, NewEntry};
use crate::store::community::lines::{self, StoredLine};

/// At most so many edits of a slice are few.
const FEW_EDITS: usize = 16;

/// When a contact was, by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Contact {
    /// Home's clock.
    pub received_ms: i64,
    /// Home's clock minus device's clock.
    pub offset_ms: i64,
    /// Where the device says that its log ends; `None` if it is not to be noted as heard from.
    pub last: Option<Seq>,
}

/// What became of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SliceOutcome {
    /// Every entry of it is stored.
    Taken {
        /// The device's chain at the slice's end.
        end: LogHead,
        /// How far the device's log is here without gaps.
        received: LogHead,
        /// What the contact says of when it was made.
        dating: Dating,
    },
    /// None of it is stored.
    Refused(Refusal),
}

/// What a contact's arrival and offset say of when entries were made; the later, the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dating {
    /// They arrived with it, and were made when their device's clock and that offset say.
    Plain,
    /// They arrived with it; some cannot have been made at that time.
    Bounded,
    /// Some had arrived before.
    Earlier,
}

/// The slices of one request that were taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// First entry of the first, those included that it left out.
    pub first: Seq,
    /// The device's chain at the end of the last.
    pub end: LogHead,
    /// What the contact says of when they were made.
    pub dating: Dating,
}

impl Taken {
    /// One more slice, after those before.
    #[must_use]
    pub fn after(before: Option<Taken>, first: Seq, end: LogHead, dating: Dating) -> Taken {
        Taken {
            first: before.map_or(first, |before| before.first),
            end,
            dating: before.map_or(dating, |before| before.dating.max(dating)),
        }
    }
}

/// Takes up one slice. What is `stated` about an entry was decided once and is repeated.
///
/// # Errors
/// [`StoreError`]; the caller takes back what was written.
pub(super) fn ingest(
    work: &mut Work<'_>,
    slice: &CheckedSlice,
    contact: Contact,
    stated: &[Stated],
) -> Result<SliceOutcome, StoreError> {
    let community = work.state.identity.code;
    let known = device_logs::find(work.transaction, slice.device)?;
    let head = known.map_or_else(|| LogHead::empty(community, slice.device), |log| log.head);
    let islands = match known {
        Some(log) => device_logs::islands(work.transaction, log.number)?,
        None => Vec::new(),
    };
    if !continues(slice, head, &islands) {
        return Ok(SliceOutcome::Refused(Refusal::BrokenChain));
    }
    let log = device_logs::find_or_begin(work.transaction, community, slice.device)?;
    let Some(fresh) = fresh_entries(work, slice, log, &islands)? else {
        return Ok(SliceOutcome::Refused(Refusal::BrokenChain));
    };
    let received = advance(work, slice, log, &islands)?;
    let end = LogHead {
        seq: slice.line.last,
        h: slice.last_h(),
    };
    let is_edit = |entry: &&CheckedEntry| entry.parsed.as_ref().is_ok_and(|parsed| parsed.edit.is_some());
    let edits = slice.entries.iter().filter(is_edit).count();
    work.state.documents.expect_few(edits <= FEW_EDITS);
    let contacts = device_logs::contacts(work.transaction, log.number)?;
    let mut dating = if fresh.len() == slice.entries.len() && stated.is_empty() {
        Dating::Plain
    } else {
        Dating::Earlier
    };
    let mut kept_outside = work.kept_outside(&slice.entries)?;
    // A filled gap frees the edits behind it; a device's edits are judged in log order.
    let mut freed = lines::waiting(work.transaction, log.number, head.seq + 1..=received.seq)?
        .into_iter()
        .peekable();
    for (seq, entry) in fresh {
        // What the ledger says of it merged once.
        let remembered = kept_outside.remove(&entry.hash).map(|kept| CheckedEntry {
            bytes: entry.bytes.clone(),
            hash: entry.hash,
            parsed: Ok(kept),
        });
        // Its phone may not have heard of the erasure, and send it whole.
        let names = remembered.is_some() || work.names_erased(entry);
        let came = entry;
        let entry = remembered.as_ref().unwrap_or(entry);
        while let Some(line) = freed.next_if(|line| line.envelope.seq < seq) {
            judge_waiting(work, &line)?;
        }
        let stored = store(work, log, seq, entry, names)?;
        fail_points::at("raw entry stored")?;
        if stored.same_as {
            // It came before, from the device that its phone was.
            dating = Dating::Earlier;
            continue;
        }
        // Of what names something erased, that may still count which says nothing of it.
        let remains = match &entry.parsed {
            Ok(parsed) if names => work.note_remains(stored.number, parsed)?,
            _ => None,
        };
        let said = stated.iter().find(|stated| stated.covers(seq));
        let (received_ms, measured_ms) = said
            .and_then(Stated::arrived)
            .unwrap_or((contact.received_ms, contact.offset_ms));
        // What the clock jumped by after an earlier arrival was not in the offset measured then.
        let later_ms = said.map_or(0, |said| slice.jumps.after(said.last()));
        let since_ms = slice.jumps.after(seq).saturating_sub(later_ms);
        let offset_ms = measured_ms.saturating_add(since_ms);
        let noted = contacts
            .iter()
            .filter(|(last, contact)| *last < seq && (said.is_none() || contact.at_ms <= received_ms))
            .map(|(_, contact)| *contact);
        let before = stated
            .iter()
            .filter_map(|stated| stated.contact_before(seq))
            .chain(noted)
            .max_by_key(|contact| contact.at_ms);
        // What a courier brings was made before it was handed over.
        let made_by_ms = slice.made_by_ms.map_or(received_ms, |by_ms| by_ms.min(received_ms));
        let made = match &entry.parsed {
            Ok(parsed) => {
                let made = made_time(parsed.made_at, offset_ms, before, made_by_ms);
                if made.made_ms != parsed.made_at.unix_ms.saturating_add(offset_ms) {
                    dating = dating.max(Dating::Bounded);
                }
                made
            }
            Err(_) => Made {
                made_ms: made_by_ms,
                offset_ms,
            },
        };
        let merged = Some((Verdict::Merged, None)).filter(|_| remembered.is_some());
        let verdict = decide(
            work,
            &Pending {
                number: stored.number,
                device: slice.device,
                seq,
                hash: entry.hash,
                parsed: entry.parsed.as_ref(),
                id_taken: stored.id_taken,
                names_erased: names,
                remains: remains.as_ref().map(|left| &left.entry),
                after_gap: seq > received.seq,
                again: false,
                said: merged.or_else(|| said.and_then(|said| said.verdict(seq))),
                received_ms,
                offset_ms: made.offset_ms,
                made_ms: made.made_ms,
            },
        )?;
        if let (true, Verdict::Merged, Ok(parsed)) = (names, verdict, &came.parsed) {
            work.note_unsaid(parsed);
        }
        if let (Some(left), Verdict::Merged, None) = (&remains, verdict, &remembered) {
            work.keep_outside(entry.hash, left)?;
        }
    }
    for line in freed {
        judge_waiting(work, &line)?;
    }
    show(work, false)?;
    Ok(SliceOutcome::Taken { end, received, dating })
}

/// The chain of a device's log at `seq`; `None` unless every entry up to there is stored.
///
/// # Errors
/// [`StoreError`].
pub(super) fn chain_at(
    reader: &mut Reader,
    community: CommunityCode,
    device: DeviceId,
    seq: Seq,
) -> Result<Option<Hash>, StoreError> {
    let empty = LogHead::empty(community, device);
    let log = device_logs::find(&reader.connection, device)?;
    let head = log.map_or(empty, |log| log.head);
    let mut at = if seq == head.seq { head } else { empty };
    if let Some(log) = log.filter(|_| at.seq < seq && seq < head.seq) {
        // An answer was lost: the phone does not know yet how far its log is here.
        entries::for_each(&reader.connection, &mut reader.codec, log.number, 1..=seq, |entry| {
            at = at.after(entry.hash);
            Ok(())
        })?;
    }
    Ok((at.seq == seq).then_some(at.h))
}

/// Whether the slice agrees with every point of the chain that the home knows.
fn continues(slice: &CheckedSlice, head: LogHead, islands: &[Island]) -> bool {
    let agrees = |seq: Seq, h: Hash| slice.h_at(seq).is_none_or(|own| own == h);
    agrees(head.seq, head.h)
        && islands
            .iter()
            .all(|island| agrees(island.first - 1, island.previous) && agrees(island.last, island.h))
}

/// The entries that are not stored yet; `None` if a stored one has other bytes.
fn fresh_entries<'a>(
    work: &mut Work<'_>,
    slice: &'a CheckedSlice,
    log: DeviceLog,
    islands: &[Island],
) -> Result<Option<Vec<(Seq, &'a CheckedEntry)>>, StoreError> {
    let mut fresh = Vec::with_capacity(slice.entries.len());
    for (seq, entry) in (slice.line.first..).zip(&slice.entries) {
        let stored = seq <= log.head.seq || islands.iter().any(|island| (island.first..=island.last).contains(&seq));
        if !stored {
            fresh.push((seq, entry));
            continue;
        }
        let known = entries::find(work.transaction, &mut work.state.codec, log.number, seq)?;
        let known = known.ok_or_else(|| StoreError::damaged(format!("entry {seq} of {} is missing", slice.device)))?;
        if known.hash != entry.hash {
            return Ok(None);
        }
    }
    // An old slice sent again: its chain must lead to the head.
    if slice.line.last < log.head.seq && fresh.is_empty() {
        let mut head = LogHead {
            seq: slice.line.last,
            h: slice.last_h(),
        };
        entries::for_each(
            work.transaction,
            &mut work.state.codec,
            log.number,
            slice.line.last + 1..=log.head.seq,
            |entry| {
                head = head.after(entry.hash);
                Ok(())
            },
        )?;
        if head != log.head {
            return Ok(None);
        }
    }
    Ok(Some(fresh))
}

/// Moves the head over the slice and the islands it reaches, or remembers a new island.
fn advance(
    work: &mut Work<'_>,
    slice: &CheckedSlice,
    log: DeviceLog,
    islands: &[Island],
) -> Result<LogHead, StoreError> {
    let line = &slice.line;
    if line.last <= log.head.seq {
        return Ok(log.head);
    }
    if line.first > log.head.seq + 1 {
        let island = Island {
            first: line.first,
            last: line.last,
            previous: line.previous,
            h: slice.last_h(),
            signature: line.signature,
        };
        device_logs::add_island(work.transaction, log.number, &island)?;
        return Ok(log.head);
    }
    let mut head = LogHead {
        seq: line.last,
        h: slice.last_h(),
    };
    let mut signature = line.signature;
    for island in islands {
        if island.first <= head.seq + 1 && island.last > head.seq {
            head = LogHead {
                seq: island.last,
                h: island.h,
            };
            signature = island.signature;
        }
    }
    device_logs::advance(work.transaction, log.number, head, &signature)?;
    device_logs::remove_reached_islands(work.transaction, log.number, head.seq)?;
    Ok(head)
}

/// Where an entry is stored.
struct Stored {
    number: i64,
    /// It is another device's very entry.
    same_as: bool,
    /// Its id belongs to other bytes.
    id_taken: bool,
}

/// Stores one entry as it came; one that names something erased by its hash only.
fn store(
    work: &mut Work<'_>,
    log: DeviceLog,
    seq: Seq,
    entry: &CheckedEntry,
    names_erased: bool,
) -> Result<Stored, StoreError> {
    let id = entry.parsed.as_ref().ok().map(|parsed| parsed.id);
    let owner = id
        .map(|id| entries::find_owner(&mut work.kept, id))
        .transpose()?
        .flatten();
    let same_as = match owner {
        Some(owner) if entries::get(work.transaction, &mut work.state.codec, owner)?.hash == entry.hash => Some(owner),
        _ => None,
    };
    let new = NewEntry {
        device: log.number,
        seq,
        id,
        bytes: &entry.bytes,
        hash: entry.hash,
        same_as,
        names_erased,
    };
    Ok(Stored {
        number: entries::insert(&mut work.kept, &mut work.state.codec, &new)?,
        same_as: same_as.is_some(),
        id_taken: owner.is_some() && same_as.is_none(),
    })
}

/// Judges an edit that waited for a gap that is now filled.
fn judge_waiting(work: &mut Work<'_>, line: &StoredLine) -> Result<(), StoreError> {
    decide_again(work, line, None)
}

/// Decides an entry that waited, as it arrived; `said` if that was decided once.
pub(super) fn decide_again(
    work: &mut Work<'_>,
    line: &StoredLine,
    said: Option<(Verdict, Option<Reason>)>,
) -> Result<(), StoreError> {
    let stored = entries::get(work.transaction, &mut work.state.codec, line.entry)?;
    let bytes = stored.bytes.unwrap_or_default();
    let parsed = Entry::parse(&bytes);
    decide(
        work,
        &Pending {
            number: stored.number,
            device: line.envelope.device,
            seq: line.envelope.seq,
            hash: stored.hash,
            parsed: parsed.as_ref(),
            id_taken: false,
            names_erased: false,
            remains: None,
            after_gap: false,
            said,
            again: true,
            received_ms: line.envelope.received.unix_ms,
            offset_ms: line.envelope.offset_ms,
            made_ms: line.envelope.made_ms,
        },
    )
    .map(drop)
}
