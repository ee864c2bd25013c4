//! What a held entry counts through once the office releases it: a record by a line of its own,
//! an amended one by a record of the office at its made-time, an edit by an edit of the office
//! on the office's heads. What only waited for an edit is released with it.

use std::collections::HashMap;
use std::sync::Arc;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::{Draft, Edit, Entry, Made, MakeError, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, Hash, Seq};
use menpai_sync_core::judge::{grid_now, keeps_rules, part_of};
use menpai_sync_core::kinds::{Family, Kinds, Labels};
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::{Reason, Verdict};
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::super::decide::{Pending, Real, looking_up, merge, note_held, number_problem};
use super::super::state::Work;
use super::{Further, Held, HeldRefusal, Plan, Ruling, Wish, first_problem, read};
use crate::id_numbers::carried;
use crate::store::community::StoreError;
use crate::store::community::projection::{heads, held};

/// Why an entry would still be held, and what that is about.
type Broken = (Reason, Option<String>);

pub(super) fn plan(work: &mut Work<'_>, ruling: &Ruling, held: Held) -> Result<Result<Plan, HeldRefusal>, StoreError> {
    let Some(entry) = held.entry.clone() else {
        return Ok(Err(HeldRefusal::Unreadable));
    };
    match (&ruling.wish, &entry.edit) {
        (Wish::AmendRecord(body), None) => Ok(amend_record(work, ruling, held, &entry, body)),
        (Wish::Release, None) => release_record(work, held, &entry),
        (Wish::Release, Some(edit)) if !held.id_taken && held.envelope.reason != Some(Reason::DeriveFailed) => {
            let set = edit.set.clone();
            release_edit(work, ruling, held, &entry, set)
        }
        (Wish::AmendEdit(set), Some(_)) => release_edit(work, ruling, held, &entry, set.clone()),
        (Wish::Release, Some(_)) => Ok(Err(still_held(&held))),
        _ => Ok(Err(HeldRefusal::NothingToAmend)),
    }
}

/// The refusal that says again why it was held.
fn still_held(held: &Held) -> HeldRefusal {
    HeldRefusal::StillHeld(held.envelope.reason.unwrap_or(Reason::Unreadable), None)
}

fn release_record(work: &Work<'_>, held: Held, entry: &Entry) -> Result<Result<Plan, HeldRefusal>, StoreError> {
    if held.id_taken {
        return Ok(Err(still_held(&held)));
    }
    if let Err((reason, detail)) = check(work, entry, &Real::new())? {
        return Ok(Err(HeldRefusal::StillHeld(reason, detail)));
    }
    if let Some(problem) = number_problem(work, entry, held.envelope.received.unix_ms) {
        return Ok(Err(HeldRefusal::StillHeld(Reason::FailedRule, Some(problem))));
    }
    let line = Further {
        held,
        verdict: Verdict::Merged,
        reason: None,
        detail: None,
    };
    Ok(Ok(Plan {
        further: vec![line],
        ..Plan::default()
    }))
}

fn amend_record(
    work: &Work<'_>,
    ruling: &Ruling,
    held: Held,
    entry: &Entry,
    body: &Map<String, Value>,
) -> Result<Plan, HeldRefusal> {
    let kinds = work.state.projection.kinds();
    // What is sealed nobody can write anew but who has the document before him.
    if entry.is_withdrawal() || carried(kinds, entry).is_some() {
        return Err(HeldRefusal::NothingToAmend);
    }
    let Some(kind) = kinds.get(&entry.kind) else {
        return Err(still_held(&held));
    };
    let body = kinds.tidy(&entry.kind, body).unwrap_or_else(|| body.clone());
    if let Err(error) = kinds.check_body(&entry.kind, kind.schema, &body) {
        let label = |path: &str| {
            let name = path.split('/').next().unwrap_or_default();
            kind.field(name)
                .map_or_else(|| same(name), |field| field.labels.clone())
        };
        return Err(first_problem(error, label).unwrap_or_else(|| still_held(&held)));
    }
    let made_at = Instant {
        unix_ms: held.envelope.made_ms,
        offset_minutes: entry.made_at.offset_minutes,
    };
    let id = own_id(ruling, held.envelope.entry, held.envelope.seq);
    let mut draft = Draft::record(id, &entry.kind, kind.schema, entry.grid, ruling.worker, made_at, body);
    // What the held one was to correct is corrected by this one; it cannot name both.
    draft.supersedes = entry.supersedes.or_else(|| (!held.id_taken).then_some(entry.id));
    let made = draft.make().map_err(|_| HeldRefusal::TooLong)?;
    Ok(Plan {
        entries: vec![made.bytes],
        further: vec![Further::through(held, Verdict::Released, id)],
    })
}

fn release_edit(
    work: &mut Work<'_>,
    ruling: &Ruling,
    held: Held,
    entry: &Entry,
    set: Vec<SetItem>,
) -> Result<Result<Plan, HeldRefusal>, StoreError> {
    let mut real = Real::new();
    let entry = &as_it_is_now(work, entry.clone(), &real)?;
    let seen_part = part_of(entry, work.state.projection.kinds());
    let mut plan = Plan::default();
    let made = match in_its_place(ruling, &held, entry, set, ruling.seen.clone()) {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Err((reason, detail)) = check(work, &made.entry, &real)? {
        return Ok(Err(HeldRefusal::StillHeld(reason, detail)));
    }
    plan.take(&mut real, held, made);
    // Whoever needs what is released, and whoever needs those, in the order in which they came.
    let mut done = 0;
    while let Some(released) = plan.further.get(done) {
        done += 1;
        let Some(id) = released
            .held
            .envelope
            .entry
            .filter(|_| released.verdict == Verdict::Released)
        else {
            continue;
        };
        for number in held::needing(work.transaction, id)? {
            let Some(needing) = read(work, number)? else { continue };
            let Some(entry) = needing.entry.clone() else { continue };
            let entry = as_it_is_now(work, entry, &real)?;
            let Some(edit) = &entry.edit else { continue };
            if let Err((reason, detail)) = check(work, &entry, &real)? {
                plan.further.push(Further {
                    held: needing,
                    verdict: Verdict::Held,
                    reason: Some(reason),
                    detail,
                });
                continue;
            }
            let part = part_of(&entry, work.state.projection.kinds());
            let base = if part == seen_part {
                ruling.seen.clone()
            } else {
                let number = work.state.parts.find(part);
                number
                    .map(|number| heads(work.transaction, number))
                    .transpose()?
                    .unwrap_or_default()
            };
            match in_its_place(ruling, &needing, &entry, edit.set.clone(), base) {
                Ok(made) => plan.take(&mut real, needing, made),
                // Too long with what a release adds: it is decided about by itself.
                Err(_) => continue,
            }
        }
    }
    Ok(Ok(plan))
}

impl Plan {
    /// Takes up an edit that stands in a held one's place.
    fn take(&mut self, real: &mut Real, held: Held, made: Made) {
        let creates = made.entry.entities().into_iter().filter(|named| named.creates);
        real.extend(creates.map(|named| (named.id, made.entry.grid)));
        self.further
            .push(Further::through(held, Verdict::Released, made.entry.id));
        self.entries.push(made.bytes);
    }
}

/// The edit of the office that says what a held one said.
fn in_its_place(
    ruling: &Ruling,
    held: &Held,
    entry: &Entry,
    mut set: Vec<SetItem>,
    base: Vec<Hash>,
) -> Result<Made, HeldRefusal> {
    let id = own_id(ruling, held.envelope.entry, held.envelope.seq);
    if held.id_taken {
        // What it makes would have the ids of what the other entry made.
        let mut made: HashMap<EntityId, EntityId> = HashMap::new();
        for item in &mut set {
            let next = made.len() as u64;
            let makes = [EntityId::made_by, EntityId::made_by_in_version_1].map(|made_by| made_by(entry.id, next));
            if makes.contains(&item.id) {
                made.insert(item.id, EntityId::made_by(id, next));
            }
            item.id = made.get(&item.id).copied().unwrap_or(item.id);
        }
    }
    let draft = |base| {
        let edit = Edit { base, set: set.clone() };
        let mut draft = Draft::edit(
            id,
            ruling.edit_schema,
            entry.grid,
            ruling.worker,
            ruling.at,
            edit,
            ruling.edit_body.clone(),
        );
        draft.releases = (!held.id_taken).then_some(entry.id);
        draft
    };
    match draft(base).make() {
        // Without a base every value there is stays beside those it sets: none is lost.
        Err(MakeError::Entry(_)) => draft(Vec::new()).make().map_err(|_| HeldRefusal::TooLong),
        made => made.map_err(|_| HeldRefusal::TooLong),
    }
}

/// The id of what the office writes in a held entry's place: it follows from the ruling, so
/// that the same ruling is the same entries.
fn own_id(ruling: &Ruling, held: Option<EntryId>, seq: Seq) -> EntryId {
    let mut name = b"menpai-release-1\0".to_vec();
    name.extend_from_slice(Hash::of(&ruling.record).0.as_slice());
    name.extend(held.iter().flat_map(EntryId::as_bytes));
    name.extend_from_slice(&seq.to_be_bytes());
    let digest = Hash::of(&name).0;
    let random = digest.first_chunk().copied().unwrap_or_default();
    EntryId::from_clock(ruling.at.unix_ms, random)
}

/// Whether an entry keeps every rule now, where the entities in `real` exist.
fn check(work: &Work<'_>, entry: &Entry, real: &Real) -> Result<Result<(), Broken>, StoreError> {
    check_in(work.transaction, work.state.projection.kinds(), entry, real)
}

/// Why an entry could not be released as it was made, as far as can be seen beforehand.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn release_refused(
    connection: &Connection,
    kinds: &Kinds,
    entry: Option<&Entry>,
    reason: Option<Reason>,
) -> Result<Option<HeldRefusal>, StoreError> {
    let Some(entry) = entry else {
        return Ok(Some(HeldRefusal::Unreadable));
    };
    if kinds.get(&entry.kind).is_some_and(|kind| kind.family == Family::Office) {
        return Ok(Some(HeldRefusal::OfficeOnly));
    }
    if let Some(reason @ (Reason::SameIdOtherBytes | Reason::DeriveFailed)) = reason {
        return Ok(Some(HeldRefusal::StillHeld(reason, None)));
    }
    if reason == Some(Reason::FailedRule) && carried(kinds, entry).is_some() {
        return Ok(Some(HeldRefusal::StillHeld(Reason::FailedRule, None)));
    }
    let entry = in_grid_now(connection, kinds, entry.clone())?;
    let broken = check_in(connection, kinds, &entry, &Real::new())?.err();
    Ok(broken.map(|(reason, detail)| HeldRefusal::StillHeld(reason, detail)))
}

fn check_in(
    connection: &Connection,
    kinds: &Kinds,
    entry: &Entry,
    real: &Real,
) -> Result<Result<(), Broken>, StoreError> {
    looking_up(connection, real, |lookup| keeps_rules(entry, kinds, lookup))
}

/// A held edit as it belongs today: what it is about may have moved to another grid since, or be
/// about to be made there.
fn as_it_is_now(work: &Work<'_>, entry: Entry, real: &Real) -> Result<Entry, StoreError> {
    in_grid_of(work.transaction, work.state.projection.kinds(), entry, real)
}

/// The same for whoever only reads.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn in_grid_now(connection: &Connection, kinds: &Kinds, entry: Entry) -> Result<Entry, StoreError> {
    in_grid_of(connection, kinds, entry, &Real::new())
}

fn in_grid_of(connection: &Connection, kinds: &Kinds, entry: Entry, real: &Real) -> Result<Entry, StoreError> {
    if entry.edit.is_none() {
        return Ok(entry);
    }
    let grid = looking_up(connection, real, |lookup| grid_now(&entry, kinds, lookup))?;
    Ok(Entry { grid, ..entry })
}

/// The line of a record that counts after all, and what follows from it.
pub(super) fn merge_late(
    work: &mut Work<'_>,
    number: i64,
    hash: Hash,
    before: &Envelope,
    entry: &Entry,
) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    // A kind that was unknown when it came may belong elsewhere than where it was kept.
    let part: Part = part_of(entry, &kinds);
    let envelope = Envelope {
        lsn: work.state.head.lsn + 1,
        part,
        verdict: Verdict::Merged,
        reason: None,
        detail: None,
        derived: None,
        ..before.clone()
    };
    work.append(&envelope, number, hash)?;
    note_held(work, number, &envelope)?;
    let pending = Pending {
        number,
        device: before.device,
        seq: before.seq,
        hash,
        parsed: Ok(entry),
        id_taken: false,
        // What names somebody erased lost its bytes, and nobody releases it.
        names_erased: false,
        remains: None,
        after_gap: false,
        said: None,
        again: true,
        received_ms: before.received.unix_ms,
        offset_ms: before.offset_ms,
        made_ms: before.made_ms,
    };
    merge(work, &pending, entry)
}

fn same(text: &str) -> Labels {
    Labels {
        zh: text.to_owned(),
        en: text.to_owned(),
    }
}
