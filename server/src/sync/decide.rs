//! One stored entry gets its verdict and a line, and what follows from it: a change of the
//! registry, rows, whose a device is. What the core cannot derive is held, never retried.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::{Entry, EntryError};
use menpai_sync_core::ids::{DeviceId, EntityId, GridId, Hash, Seq};
use menpai_sync_core::judge::{EntityFacts, EntityLookup, Facts, Judgement, fits_registry, judge, part_of};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::next_epoch;
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::{Derived, Reason, Verdict};
use rusqlite::Connection;

use super::documents::NoChange;
use super::ingest::decide_again;
use super::state::Work;
use super::{epoch, handover, late};
use crate::id_numbers::{IdNumberError, carried};
use crate::local_time::LocalTime;
use crate::store::community::projection::{MergedEntry, NewEntity, find_entity, held};
use crate::store::community::{StoreError, erased, lines};

/// Where what nobody can read belongs.
const NOBODYS: Part = Part {
    grid: None,
    class: Class::Care,
};

/// An entry that is stored and has no verdict yet.
pub(super) struct Pending<'a> {
    pub(super) number: i64,
    pub(super) device: DeviceId,
    pub(super) seq: Seq,
    pub(super) hash: Hash,
    pub(super) parsed: Result<&'a Entry, &'a EntryError>,
    pub(super) id_taken: bool,
    /// It names something that was erased.
    pub(super) names_erased: bool,
    /// Then: what of it may still count, as far as it would have merged.
    pub(super) remains: Option<&'a Entry>,
    pub(super) after_gap: bool,
    /// What this home decided once and has lost since.
    pub(super) said: Option<(Verdict, Option<Reason>)>,
    /// It has a line already, which this one follows.
    pub(super) again: bool,
    pub(super) received_ms: i64,
    pub(super) offset_ms: i64,
    pub(super) made_ms: i64,
}

/// Judges one entry and writes its line and what follows from it; gives the verdict.
pub(super) fn decide(work: &mut Work<'_>, pending: &Pending<'_>) -> Result<Verdict, StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let (part, decided) = match pending.parsed {
        parsed if pending.names_erased && pending.remains.is_none() => {
            let part = parsed.map_or(NOBODYS, |entry| part_of(entry, &kinds));
            (part, (Verdict::Held, Some(Reason::Erased), None))
        }
        Err(error) => {
            // Nobody can say whose it is, so nobody but the office sees it.
            let reason = if matches!(error, EntryError::Oversize(_)) {
                Reason::Oversize
            } else {
                Reason::Unreadable
            };
            (NOBODYS, (Verdict::Held, Some(reason), Some(error.to_string())))
        }
        Ok(entry) => {
            let decided = match decided(work, pending, entry)? {
                decided @ (Verdict::Merged, ..) => decided,
                // Its body is not here: nobody could ever release it.
                _ if pending.names_erased => (Verdict::Held, Some(Reason::Erased), None),
                decided => decided,
            };
            (part_of(entry, &kinds), decided)
        }
    };
    let lsn = work.state.head.lsn + 1;
    let (verdict, reason, detail, derived) = match decided {
        (Verdict::Merged, ..) => match pending.parsed {
            Ok(entry) if entry.edit.is_some() => {
                let state = &mut *work.state;
                state
                    .documents
                    .load_for(work.transaction, &mut state.codec, &state.parts, part, entry)?;
                let unseen = late::wrote_unseen(work, part, entry, pending.device)?;
                match work.state.documents.decide(part, entry, pending.device, unseen, lsn) {
                    Ok(derived) => (Verdict::Merged, None, None, Some(derived)),
                    Err(NoChange::NotNow(error)) => return Err(error),
                    Err(error) => (Verdict::Held, Some(Reason::DeriveFailed), Some(error.to_string()), None),
                }
            }
            Ok(entry) => match next_epoch(entry, &kinds) {
                Some(next) if !epoch::begin(work, &next, entry, lsn)? => (
                    Verdict::Held,
                    Some(Reason::DeriveFailed),
                    Some(format!("{} does not go on as epoch {}", next.part, next.epoch)),
                    None,
                ),
                _ => (Verdict::Merged, None, None, None),
            },
            Err(_) => (Verdict::Merged, None, None, None),
        },
        (verdict, reason, detail) => (verdict, reason, detail, None),
    };
    let envelope = write_line(work, pending, part, (verdict, reason, detail), derived)?;
    if verdict != Verdict::Merged || pending.again {
        note_held(work, pending.number, &envelope)?;
    }
    if let Ok(entry) = pending.parsed {
        match verdict {
            Verdict::Merged => merge(work, pending, pending.remains.unwrap_or(entry))?,
            // What was erased is not made again, not even as something held.
            Verdict::Held if pending.names_erased => {}
            Verdict::Held => note_entities(work, pending.number, entry, true)?,
            Verdict::Waiting | Verdict::Released | Verdict::SetAside => {}
        }
    }
    Ok(verdict)
}

type Decided = (Verdict, Option<Reason>, Option<String>);

/// The verdict on a readable entry: what was said of it, as far as it still can be, else the
/// core's judgement.
fn decided(work: &Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<Decided, StoreError> {
    match pending.said.filter(|_| !pending.id_taken) {
        Some((Verdict::Merged, _)) => repeat_merge(work, pending, entry),
        // What the office decided since is lost with what it wrote then: it decides again.
        Some((Verdict::Released | Verdict::SetAside, reason)) => Ok((Verdict::Held, reason, None)),
        Some((verdict, reason)) => Ok((verdict, reason, None)),
        None => Ok(match judge_entry(work, pending, entry)? {
            Judgement::Merge => (Verdict::Merged, None, None),
            Judgement::Hold(reason, detail) => (Verdict::Held, Some(reason), detail),
            Judgement::Wait => (Verdict::Waiting, Some(Reason::AfterGap), None),
        }),
    }
}

/// It was merged. An edit of what is not here yet waits for it: another phone will bring that. One of
/// what is in another grid here came after a move that this home has lost: it is held, as one that
/// comes late against the old grid.
fn repeat_merge(work: &Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<Decided, StoreError> {
    if entry.edit.is_some() && pending.after_gap {
        return Ok((Verdict::Waiting, Some(Reason::AfterGap), None));
    }
    let kinds = work.state.projection.kinds();
    Ok(
        match looking_up(work.transaction, &Real::new(), |entity| {
            fits_registry(entry, kinds, entity)
        })? {
            Err((reason @ Reason::UnknownEntity, detail)) => (Verdict::Waiting, Some(reason), detail),
            Err((reason @ (Reason::Needs | Reason::WrongGrid), detail)) => (Verdict::Held, Some(reason), detail),
            Ok(()) | Err(_) => (Verdict::Merged, None, None),
        },
    )
}

/// Entities that are taken to exist, each in the grid that it is about to be made in.
pub(super) type Real = HashMap<EntityId, Option<GridId>>;

/// Asks the core with a lookup of entities. That cannot fail; SQLite can, and then nothing of this
/// request stands. Those in `real` are taken to exist, whatever is held.
pub(super) fn looking_up<T>(
    connection: &Connection,
    real: &Real,
    ask: impl FnOnce(EntityLookup<'_>) -> T,
) -> Result<T, StoreError> {
    let failure: Cell<Option<StoreError>> = Cell::new(None);
    let lookup = |id: EntityId| match find_entity(connection, id) {
        Ok(known) => known.map(|known| EntityFacts {
            held_in: known.held_in.filter(|_| !real.contains_key(&id)),
            entity_type: known.entity_type,
            grid: real.get(&id).copied().unwrap_or(known.grid),
        }),
        Err(error) => {
            failure.set(Some(error));
            None
        }
    };
    let answer = ask(&lookup);
    match failure.take() {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

fn judge_entry(work: &Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<Judgement, StoreError> {
    let state = &*work.state;
    let Some(device) = state.directory.device(pending.device) else {
        return Err(StoreError::damaged(format!(
            "{} sends and is not registered",
            pending.device
        )));
    };
    let releasable = |id| held::is_releasable(work.transaction, id);
    let is_releasable = entry.releases.map(releasable).transpose()?.unwrap_or(false);
    let judged = looking_up(work.transaction, &Real::new(), |entity| {
        judge(
            entry,
            &Facts {
                kinds: state.projection.kinds(),
                device: &device.facts,
                assignments: state.directory.assignments(device.facts.worker),
                made_ms: pending.made_ms,
                received_ms: pending.received_ms,
                id_taken: pending.id_taken,
                after_gap: pending.after_gap,
                releasable: is_releasable,
                entity,
            },
        )
    })?;
    Ok(match (judged, number_problem(work, entry, pending.received_ms)) {
        (Judgement::Merge, Some(problem)) => Judgement::Hold(Reason::FailedRule, Some(problem)),
        (judged, _) => judged,
    })
}

/// What is wrong with the id number that an entry carries, as a rule that it breaks: it cannot be opened
/// here, or what was sealed is none. Only who seals can have checked it before.
pub(super) fn number_problem(work: &Work<'_>, entry: &Entry, received_ms: i64) -> Option<String> {
    let state = &*work.state;
    let kinds = state.projection.kinds();
    let carried = carried(kinds, entry)?;
    let day = LocalTime::of_community().day(received_ms);
    let opened = match &state.id_numbers {
        Some(numbers) => numbers.open_on(state.identity.code, carried, day).err(),
        None => Some(IdNumberError::Closed),
    };
    let field = &kinds.get(&entry.kind)?.effects.seals.as_ref()?.number;
    Some(format!("/{field} {}", opened?.code()))
}

fn write_line(
    work: &mut Work<'_>,
    pending: &Pending<'_>,
    part: Part,
    (verdict, reason, detail): (Verdict, Option<Reason>, Option<String>),
    derived: Option<Derived>,
) -> Result<Envelope, StoreError> {
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
    work.append(&envelope, pending.number, pending.hash)?;
    Ok(envelope)
}

/// What follows from an entry that counts.
pub(super) fn merge(work: &mut Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<(), StoreError> {
    note_entities(work, pending.number, entry, false)?;
    let lsn = work.state.head.lsn;
    let merged = MergedEntry {
        number: pending.number,
        lsn,
        made_ms: pending.made_ms,
        entry,
    };
    work.add_merged(&merged)?;
    note_erased(work, entry, pending.received_ms)?;
    work.fold(entry, pending.made_ms)?;
    handover::note(work, pending, entry)?;
    for named in entry.entities().into_iter().filter(|named| named.creates) {
        for line in lines::waiting_for(work.transaction, named.id)? {
            decide_again(work, &line, Some((Verdict::Merged, None)))?;
        }
    }
    Ok(())
}

/// An erased id is known by its hash from now on.
fn note_erased(work: &mut Work<'_>, entry: &Entry, at_ms: i64) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let erases = kinds.get(&entry.kind).and_then(|kind| kind.effects.erases.as_ref());
    let subject = erases.and_then(|erases| entry.body.get(erases.subject.as_str())?.as_str()?.parse().ok());
    if let Some(subject) = subject {
        erased::add_subject(work.transaction, subject, work.state.head.lsn, at_ms)?;
        Arc::make_mut(&mut work.state.erased).insert(subject);
    }
    Ok(())
}

/// Shows the registry fields that were set, and where their documents stand; `whole`: stores
/// each of these.
pub(super) fn show(work: &mut Work<'_>, whole: bool) -> Result<(), StoreError> {
    let state = &mut *work.state;
    let (documents, parts) = (&mut state.documents, &state.parts);
    for (part, fields) in documents.take_fields() {
        let document = documents.load(work.transaction, &mut state.codec, parts, part)?;
        if let Some(number) = parts.find(part) {
            (state.projection).write_fields(work.transaction, number, document, &fields)?;
        }
    }
    documents.store(work.transaction, &mut state.codec, &state.projection, parts, whole)
}

/// Notes how an entry stands that is or was not simply merged.
pub(super) fn note_held(work: &mut Work<'_>, number: i64, envelope: &Envelope) -> Result<(), StoreError> {
    held::note(work.transaction, number, envelope)
}

/// Notes the entities that an edit makes.
pub(super) fn note_entities(work: &mut Work<'_>, number: i64, entry: &Entry, held: bool) -> Result<(), StoreError> {
    for named in entry.entities().into_iter().filter(|named| named.creates) {
        let entity = NewEntity {
            id: named.id,
            entity_type: named.entity_type,
            grid: entry.grid,
            maker: number,
            held,
        };
        work.state.projection.add_entity(work.transaction, &entity)?;
    }
    Ok(())
}
