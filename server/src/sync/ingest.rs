//! One slice becomes part of the community's file, inside the caller's savepoint: entries
//! stored as they came, judged, derived, projected, and a line for each verdict. Refuses
//! only what does not continue the device's log; everything else is kept, if need be held.

use std::cell::Cell;
use std::sync::Arc;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::entry::{Entry, EntryError};
use menpai_sync_core::ids::{DeviceId, EntityId, Hash, Seq};
use menpai_sync_core::judge::{EntityFacts, Facts, Judgement, judge, part_of};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::time::{Instant, made_time};
use menpai_sync_core::verdict::{Derived, Reason, Verdict};

use super::slice::{CheckedEntry, CheckedSlice, Refusal};
use super::state::Work;
use crate::store::community::device_logs::{self, DeviceLog, Island};
use crate::store::community::entries::{self, NewEntry};
use crate::store::community::projection::{MergedEntry, NewEntity};
use crate::store::community::{StoreError, lines};

/// When a contact was, by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Contact {
    /// Home's clock.
    pub received_ms: i64,
    /// Home's clock minus device's clock.
    pub offset_ms: i64,
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
    },
    /// None of it is stored.
    Refused(Refusal),
}

/// An entry that is stored and has no verdict yet.
struct Pending<'a> {
    number: i64,
    device: DeviceId,
    seq: Seq,
    hash: Hash,
    parsed: Result<&'a Entry, &'a EntryError>,
    id_taken: bool,
    after_gap: bool,
    received_ms: i64,
    offset_ms: i64,
    made_ms: i64,
}

/// Takes up one slice.
///
/// # Errors
/// [`StoreError`]; the caller takes back what was written.
pub(super) fn ingest(
    work: &mut Work<'_>,
    slice: &CheckedSlice,
    contact: Contact,
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
    let end = LogHead { seq: slice.line.last, h: slice.last_h() };
    let contacts = device_logs::contacts(work.transaction, log.number)?;
    for (seq, entry) in fresh {
        let (number, same_as, id_taken) = store(work, log, seq, entry)?;
        if same_as {
            continue;
        }
        let after_ms = contacts.iter().filter(|(last, _)| *last < seq).map(|(_, at_ms)| *at_ms).max();
        let made_ms = entry.parsed.as_ref().map_or(contact.received_ms, |parsed| {
            made_time(parsed.made_at, contact.offset_ms, after_ms, contact.received_ms)
        });
        decide(
            work,
            &Pending {
                number,
                device: slice.device,
                seq,
                hash: entry.hash,
                parsed: entry.parsed.as_ref(),
                id_taken,
                after_gap: seq > received.seq,
                received_ms: contact.received_ms,
                offset_ms: contact.offset_ms,
                made_ms,
            },
        )?;
    }
    if received.seq > end.seq {
        release_waiting(work, log, end.seq + 1, received.seq)?;
    }
    let state = &mut *work.state;
    state.documents.store(work.transaction, &mut state.codec, &state.projection, &state.parts, false)?;
    Ok(SliceOutcome::Taken { end, received })
}

/// Whether the slice agrees with every point of the chain that the home knows.
fn continues(slice: &CheckedSlice, head: LogHead, islands: &[Island]) -> bool {
    let agrees = |seq: Seq, h: Hash| slice.h_at(seq).is_none_or(|own| own == h);
    agrees(head.seq, head.h)
        && islands.iter().all(|island| agrees(island.first - 1, island.previous) && agrees(island.last, island.h))
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
        let mut head = LogHead { seq: slice.line.last, h: slice.last_h() };
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
    let mut head = LogHead { seq: line.last, h: slice.last_h() };
    let mut signature = line.signature;
    for island in islands {
        if island.first <= head.seq + 1 && island.last > head.seq {
            head = LogHead { seq: island.last, h: island.h };
            signature = island.signature;
        }
    }
    device_logs::advance(work.transaction, log.number, head, &signature)?;
    device_logs::remove_reached_islands(work.transaction, log.number, head.seq)?;
    Ok(head)
}

/// Stores one entry as it came. Says its row, whether it is another device's very entry, and
/// whether its id belongs to other bytes.
fn store(
    work: &mut Work<'_>,
    log: DeviceLog,
    seq: Seq,
    entry: &CheckedEntry,
) -> Result<(i64, bool, bool), StoreError> {
    let id = entry.parsed.as_ref().ok().map(|parsed| parsed.id);
    let owner = id.map(|id| entries::owner_of_id(work.transaction, id)).transpose()?.flatten();
    let same_as = match owner {
        Some(owner) if entries::get(work.transaction, &mut work.state.codec, owner)?.hash == entry.hash => Some(owner),
        _ => None,
    };
    let new = NewEntry { device: log.number, seq, id, bytes: &entry.bytes, hash: entry.hash, same_as };
    let number = entries::insert(work.transaction, &mut work.state.codec, &new)?;
    Ok((number, same_as.is_some(), owner.is_some() && same_as.is_none()))
}

/// Judges one entry and writes its line and what follows from it.
fn decide(work: &mut Work<'_>, pending: &Pending<'_>) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let (part, judgement) = match pending.parsed {
        Err(error) => {
            // Nobody can say whose it is, so nobody but the office sees it.
            let reason = if matches!(error, EntryError::Oversize(_)) { Reason::Oversize } else { Reason::Unreadable };
            (Part { grid: None, class: Class::Care }, Judgement::Hold(reason, Some(error.to_string())))
        }
        Ok(entry) => (part_of(entry, &kinds), judge_entry(work, pending, entry)?),
    };
    let lsn = work.state.head.lsn + 1;
    let (verdict, reason, detail, change) = match judgement {
        Judgement::Wait => (Verdict::Waiting, Some(Reason::AfterGap), None, None),
        Judgement::Hold(reason, detail) => (Verdict::Held, Some(reason), detail, None),
        Judgement::Merge => match pending.parsed {
            Ok(entry) if entry.edit.is_some() => {
                let state = &mut *work.state;
                state.documents.load(work.transaction, &mut state.codec, &state.parts, part)?;
                match state.documents.apply(part, entry, pending.device, None, lsn) {
                    Ok(change) => (Verdict::Merged, None, None, Some(change)),
                    Err(error) => (Verdict::Held, Some(Reason::DeriveFailed), Some(error.to_string()), None),
                }
            }
            _ => (Verdict::Merged, None, None, None),
        },
    };
    let (derived, touched) = change.map_or((None, Vec::new()), |change| (Some(change.derived), change.touched));
    write_line(work, pending, part, (verdict, reason, detail), derived)?;
    if let Ok(entry) = pending.parsed {
        match verdict {
            Verdict::Merged => merge(work, pending, part, entry, &touched)?,
            Verdict::Held => note_entities(work, pending.number, entry, true)?,
            Verdict::Waiting => {}
        }
    }
    Ok(())
}

fn judge_entry(work: &Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<Judgement, StoreError> {
    let state = &*work.state;
    let Some(device) = state.directory.device(pending.device) else {
        return Err(StoreError::damaged(format!("{} sends and is not registered", pending.device)));
    };
    // The core's lookup cannot fail; SQLite can, and then nothing of this request stands.
    let failure: Cell<Option<StoreError>> = Cell::new(None);
    let entity = |id: EntityId| match state.projection.entity(work.transaction, id) {
        Ok(known) => known.map(|known| EntityFacts {
            entity_type: known.entity_type,
            grid: known.grid,
            held_in: known.held_in,
        }),
        Err(error) => {
            failure.set(Some(error));
            None
        }
    };
    let judgement = judge(
        entry,
        &Facts {
            kinds: state.projection.kinds(),
            device: &device.facts,
            assignments: state.directory.assignments(device.facts.worker),
            made_ms: pending.made_ms,
            received_ms: pending.received_ms,
            id_taken: pending.id_taken,
            after_gap: pending.after_gap,
            entity: &entity,
        },
    );
    match failure.take() {
        Some(error) => Err(error),
        None => Ok(judgement),
    }
}

fn write_line(
    work: &mut Work<'_>,
    pending: &Pending<'_>,
    part: Part,
    (verdict, reason, detail): (Verdict, Option<Reason>, Option<String>),
    derived: Option<Derived>,
) -> Result<(), StoreError> {
    let envelope = Envelope {
        lsn: work.state.head.lsn + 1,
        part,
        device: pending.device,
        seq: pending.seq,
        entry: pending.parsed.ok().map(|entry| entry.id),
        verdict,
        reason,
        detail,
        derived,
        received: Instant::utc(pending.received_ms),
        offset_ms: pending.offset_ms,
        made_ms: pending.made_ms,
    };
    work.append(&envelope, pending.number, pending.hash)
}

fn merge(
    work: &mut Work<'_>,
    pending: &Pending<'_>,
    part: Part,
    entry: &Entry,
    touched: &[(EntityId, String)],
) -> Result<(), StoreError> {
    note_entities(work, pending.number, entry, false)?;
    let lsn = work.state.head.lsn;
    let merged = MergedEntry { number: pending.number, lsn, made_ms: pending.made_ms, entry };
    work.state.projection.add_merged(work.transaction, &merged)?;
    project_fields(work, part, touched)?;
    work.fold(entry, pending.made_ms)
}

/// Writes the registry fields that an edit touched.
pub(super) fn project_fields(
    work: &mut Work<'_>,
    part: Part,
    touched: &[(EntityId, String)],
) -> Result<(), StoreError> {
    let state = &mut *work.state;
    if let (Some(document), Some(number), false) =
        (state.documents.get(part), state.parts.find(part), touched.is_empty())
    {
        state.projection.write_fields(work.transaction, number, document, touched)?;
    }
    Ok(())
}

/// Notes the entities that an edit makes.
pub(super) fn note_entities(
    work: &mut Work<'_>,
    number: i64,
    entry: &Entry,
    held: bool,
) -> Result<(), StoreError> {
    let Some(edit) = &entry.edit else { return Ok(()) };
    for named in edit.entities(entry.id).into_iter().filter(|named| named.creates) {
        let entity =
            NewEntity { id: named.id, entity_type: named.entity_type, grid: entry.grid, maker: number, held };
        work.state.projection.add_entity(work.transaction, &entity)?;
    }
    Ok(())
}

/// Judges the edits that waited for the gap that is now filled, in the order of the log.
fn release_waiting(work: &mut Work<'_>, log: DeviceLog, first: Seq, last: Seq) -> Result<(), StoreError> {
    for line in lines::waiting(work.transaction, log.number, first..=last)? {
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
                after_gap: false,
                received_ms: line.envelope.received.unix_ms,
                offset_ms: line.envelope.offset_ms,
                made_ms: line.envelope.made_ms,
            },
        )?;
    }
    Ok(())
}
