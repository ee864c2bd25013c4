//! What a grid is told of records that merged in another one, about doors and people that are its
//! own now (docs/protocol.md section 17): not the records, which stay where they are, but what
//! counts of them, so that nobody is sent twice to a door. Written by the office, by choice and
//! instant only; never a word that somebody typed.

use std::collections::BTreeMap;
use std::sync::Arc;

use menpai_sync_core::entry::{Draft, Entry};
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId};
use menpai_sync_core::kinds::{HandsOver, Kind, Kinds, Members, Name, Shape};
use serde_json::{Map, Value, json};

use super::decide::Pending;
use super::scribe::Scribe;
use super::state::Work;
use crate::store::community::{StoreError, entries, erased};
use crate::store::review::statements::fields_of;

/// Rows of one record, and characters of what counts of another, as the kind file allows.
const PAGE_ROWS: usize = 5;
const LONGEST: usize = 900;
/// A withdrawal of a step of a matter: further does nothing lead.
const STEPS: usize = 3;

/// A record and what its line says of it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// What it is about.
    pub(super) subject: EntityId,
    /// Whose log it is in.
    pub(super) device: DeviceId,
    /// Made-time.
    pub(super) made_ms: i64,
    /// The record, or what counts of it.
    pub(super) entry: Entry,
}

/// A record that the grid `to` has not been told of.
#[derive(Debug, Clone)]
pub(super) struct Untold {
    from: GridId,
    to: GridId,
    said: Said,
}

/// Notes a record that has just merged, if what it is about is in another grid.
pub(super) fn note(work: &mut Work<'_>, pending: &Pending<'_>, entry: &Entry) -> Result<(), StoreError> {
    let Some(from) = entry.grid.filter(|_| work.state.has_moved && entry.edit.is_none()) else {
        return Ok(());
    };
    let Some(subject) = subject(work, entry.clone())? else {
        return Ok(());
    };
    let known = work.state.projection.entity(work.transaction, subject)?;
    let grid = known
        .filter(|known| known.held_in.is_none())
        .and_then(|known| known.grid);
    if let Some(to) = grid.filter(|to| *to != from) {
        let said = Said {
            subject,
            device: pending.device,
            made_ms: pending.made_ms,
            entry: entry.clone(),
        };
        work.state.untold.push(Untold { from, to, said });
    }
    Ok(())
}

/// Tells what was noted.
pub(super) fn tell(work: &mut Work<'_>, scribe: &Scribe) -> Result<(), StoreError> {
    let mut told: BTreeMap<(GridId, GridId), Vec<Said>> = BTreeMap::new();
    for Untold { from, to, said } in std::mem::take(&mut work.state.untold) {
        told.entry((from, to)).or_default().push(said);
    }
    for ((from, to), said) in told {
        write(work, scribe, (from, to), None, &said)?;
    }
    Ok(())
}

/// Writes what counts of these records of the grid `from` into `to`; `doors`: so many moved.
pub(super) fn write(
    work: &mut Work<'_>,
    scribe: &Scribe,
    (from, to): (GridId, GridId),
    doors: Option<usize>,
    said: &[Said],
) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let kind = kinds
        .iter()
        .find_map(|kind| Some((kind, kind.effects.hands_over.as_ref()?)));
    let (kind, hands) = kind.ok_or_else(|| StoreError::damaged("no kind hands records over"))?;
    let mut rows: Vec<Value> = Vec::new();
    for said in said {
        rows.extend(row(&kinds, hands, said)?);
    }
    let mut pages: Vec<Vec<Value>> = rows.chunks(PAGE_ROWS).map(<[Value]>::to_vec).collect();
    if pages.is_empty() && doors.is_some() {
        pages.push(Vec::new());
    }
    let mut written = Vec::new();
    for (index, page) in pages.into_iter().enumerate() {
        let mut body = Map::new();
        body.insert(hands.from.to_string(), json!(from));
        if let Some(doors) = doors.filter(|_| index == 0) {
            body.insert(hands.doors.to_string(), json!(doors));
        }
        if !page.is_empty() {
            body.insert(hands.said.to_string(), Value::Array(page));
        }
        written.push(scribe.record(kind, Some(to), body)?);
    }
    scribe.write(work, written)
}

fn row(kinds: &Kinds, hands: &HandsOver, said: &Said) -> Result<Option<Value>, StoreError> {
    let Some(kind) = kinds.get(&said.entry.kind) else {
        return Ok(None);
    };
    let bytes = match what_counts(kind, &said.entry, true)? {
        all if all.len() <= LONGEST => all,
        _ => what_counts(kind, &said.entry, false)?,
    };
    let mut row = Map::new();
    row.insert(hands.subject.to_string(), json!(said.subject));
    row.insert(hands.device.to_string(), json!(said.device));
    row.insert(hands.made.to_string(), json!(said.made_ms));
    row.insert(hands.record.to_string(), json!(String::from_utf8_lossy(&bytes)));
    Ok(Some(Value::Object(row)))
}

/// The record with what its effects go by and, with `chosen`, whatever was chosen, counted or
/// dated; without words, lists and references to anybody else.
fn what_counts(kind: &Kind, entry: &Entry, chosen: bool) -> Result<Vec<u8>, StoreError> {
    let named = named_by_effects(kind);
    let counts = |name: &str| {
        let shape = kind.field(name).map(|field| &field.shape);
        named.contains(&name)
            || chosen
                && matches!(
                    shape,
                    Some(
                        Shape::Choice { .. }
                            | Shape::Bool
                            | Shape::Integer { .. }
                            | Shape::Date { .. }
                            | Shape::Instant
                            | Shape::Set(Members::Choices(_))
                    )
                )
    };
    let body = entry.body.iter().filter(|(name, _)| counts(name));
    let body = body.map(|(name, value)| (name.clone(), value.clone())).collect();
    let (id, kind) = (entry.id, &entry.kind);
    let mut draft = Draft::record(id, kind, entry.schema, entry.grid, entry.worker, entry.made_at, body);
    draft.supersedes = entry.supersedes;
    draft.retracts = entry.retracts;
    let made = draft.make().map_err(|error| StoreError::damaged(error.to_string()))?;
    Ok(made.bytes)
}

/// The fields that the effects of a record go by.
fn named_by_effects(kind: &Kind) -> Vec<&str> {
    let effects = &kind.effects;
    let mut named: Vec<Option<&Name>> = Vec::new();
    let mut conditions: Vec<&str> = Vec::new();
    if let Some(closes) = &effects.closes {
        named.extend([
            Some(&closes.subject),
            Some(&closes.by),
            closes.campaign.as_ref(),
            closes.at.as_ref(),
        ]);
    }
    if let Some(resets) = &effects.resets {
        named.extend([Some(&resets.subject), resets.at.as_ref()]);
        fields_of(&resets.when, &mut conditions);
        fields_of(&resets.in_person, &mut conditions);
    }
    if let Some(opens) = &effects.opens {
        named.extend([
            Some(&opens.subject),
            opens.severity.as_ref(),
            opens.due.as_ref(),
            opens.at.as_ref(),
        ]);
    }
    if let Some(moves) = &effects.moves {
        named.extend([
            Some(&moves.opened_by),
            Some(&moves.by),
            moves.due.as_ref(),
            moves.at.as_ref(),
        ]);
    }
    conditions.extend(named.into_iter().flatten().map(Name::as_str));
    conditions
}

/// What a record is about: its own subject, or that of the record which it moves on or withdraws.
fn subject(work: &mut Work<'_>, mut entry: Entry) -> Result<Option<EntityId>, StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    for _ in 0..STEPS {
        let Some(kind) = kinds.get(&entry.kind) else {
            return Ok(None);
        };
        let named = |name: &Name| entry.body.get(name.as_str())?.as_str();
        if let Some(subject) = kind.subject().and_then(|name| named(name)?.parse().ok()) {
            return Ok(Some(subject));
        }
        let opened_by = kind
            .effects
            .moves
            .as_ref()
            .and_then(|moves| named(&moves.opened_by)?.parse().ok());
        let Some(before) = opened_by.or(entry.retracts) else {
            return Ok(None);
        };
        match read(work, before)? {
            Some(before) => entry = before,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// A record, or what remains of it.
fn read(work: &mut Work<'_>, id: EntryId) -> Result<Option<Entry>, StoreError> {
    let Some(number) = entries::owner_of_id(work.transaction, id)? else {
        return Ok(None);
    };
    let bytes = entries::get(work.transaction, &mut work.state.codec, number)?.bytes;
    let bytes = match bytes {
        Some(bytes) => Some(bytes),
        None => erased::remains(work.transaction, number)?.and_then(|remains| remains.entry),
    };
    Ok(bytes.and_then(|bytes| Entry::parse(&bytes).ok()))
}
