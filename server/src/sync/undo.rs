//! A decision of the desk is taken back: every value that it replaced is written again, each
//! by an office device of its own and on the decision alone, so that none replaces another
//! (docs/protocol.md section 8). All of them, or nothing. Refuses where the field shows
//! anything but the decision by now.

use menpai_sync_core::entry::{Draft, EDIT_KIND, Edit, Entry, Scalar, SetItem};
use menpai_sync_core::ids::{EntryId, WorkerId};
use menpai_sync_core::registry::FieldValue;
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::Verdict;
use serde_json::{Map, Value};

use super::community::Community;
use super::office_device::{OfficeDevice, append_as_office};
use super::state::Work;
use crate::clock;
use crate::store::community::lines::{self, StoredLine};
use crate::store::community::{StoreError, entries};

/// What is to be taken back, and with what.
#[derive(Clone)]
pub struct Undo {
    /// Id of the first edit: the same again is the same undo.
    pub id: EntryId,
    /// The edit that decided.
    pub decision: EntryId,
    /// In whose name.
    pub worker: WorkerId,
    /// Body of the edits.
    pub body: Map<String, Value>,
    /// Office devices of that worker; each writes one value.
    pub devices: Vec<OfficeDevice>,
    /// Now.
    pub at: Instant,
}

/// What became of it; nothing is written but by the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// So many values stand beside each other again.
    Written(u64),
    /// It takes so many devices.
    Needs(usize),
    /// There is no such edit of one field.
    NoDecision,
    /// The field shows something else by now.
    Gone,
    /// Something else was written under that id.
    OtherEntry,
}

impl Community {
    /// Takes a decision back; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub fn undo_decision(&self, undo: Undo) -> Result<Undone, StoreError> {
        self.write(move |work| take_back(work, &undo))
    }
}

fn take_back(work: &mut Work<'_>, undo: &Undo) -> Result<Undone, StoreError> {
    let Some((line, decided)) = merged_edit(work, undo.decision)? else {
        return Ok(Undone::NoDecision);
    };
    let (Some(derived), Some(edit)) = (&line.envelope.derived, &decided.edit) else {
        return Ok(Undone::NoDecision);
    };
    let [item] = edit.set.as_slice() else {
        return Ok(Undone::NoDecision);
    };
    let state = &mut *work.state;
    let part = line.envelope.part;
    let document = state
        .documents
        .load(work.transaction, &mut state.codec, &state.parts, part)?;
    let shown = document.values(item.id, &item.field);
    if entries::owner_of_id(work.transaction, undo.id)?.is_some() {
        let distinct = document.distinct_values(item.id, &item.field).len() as u64;
        let written = merged_edit(work, undo.id)?.and_then(|(_, entry)| entry.edit);
        let same = written.is_some_and(|edit| {
            let about = |own: &SetItem| own.id == item.id && own.field == item.field;
            edit.base == [derived.hash] && edit.set.iter().all(about)
        });
        return Ok(if same {
            Undone::Written(distinct)
        } else {
            Undone::OtherEntry
        });
    }
    if shown.is_empty() || shown.iter().any(|value| value.by.change != derived.hash) {
        return Ok(Undone::Gone);
    }
    let replaced = distinct(document.values_at(item.id, &item.field, &derived.deps));
    if replaced.len() < 2 {
        return Ok(Undone::NoDecision);
    }
    if undo.devices.len() < replaced.len() {
        return Ok(Undone::Needs(replaced.len()));
    }
    let schema = state.projection.kinds().get(EDIT_KIND).map_or(0, |kind| kind.schema);
    for (index, (value, device)) in replaced.iter().zip(&undo.devices).enumerate() {
        let id = if index == 0 { undo.id } else { clock::new_entry_id() };
        let edit = Edit {
            base: vec![derived.hash],
            set: vec![SetItem {
                value: value.value.clone(),
                ..item.clone()
            }],
        };
        let draft = Draft::edit(
            id,
            schema,
            decided.grid,
            undo.worker,
            as_of(value, undo.at),
            edit,
            undo.body.clone(),
        );
        let bytes = draft
            .make()
            .map_err(|error| StoreError::damaged(error.to_string()))?
            .bytes;
        append_as_office(work, device, undo.at.unix_ms, vec![bytes])?;
        if merged_edit(work, id)?.is_none() {
            return Err(StoreError::Other("a value that was merged once does not merge again"));
        }
    }
    Ok(Undone::Written(replaced.len() as u64))
}

/// When the value was written, to the second: by this, and by the history, everybody finds
/// whose it is.
fn as_of(value: &FieldValue, now: Instant) -> Instant {
    let unix_ms = match value.by.device {
        Some(_) => value.by.unix_seconds.saturating_mul(1_000),
        None => now.unix_ms,
    };
    Instant { unix_ms, ..now }
}

fn distinct(values: Vec<FieldValue>) -> Vec<FieldValue> {
    let mut seen: Vec<Scalar> = Vec::new();
    values
        .into_iter()
        .filter(|value| {
            let new = !seen.contains(&value.value);
            if new {
                seen.push(value.value.clone());
            }
            new
        })
        .collect()
}

/// A merged entry with its line.
fn merged_edit(work: &mut Work<'_>, id: EntryId) -> Result<Option<(StoredLine, Entry)>, StoreError> {
    let Some(number) = entries::owner_of_id(work.transaction, id)? else {
        return Ok(None);
    };
    let Some(line) = lines::last_of(work.transaction, number)? else {
        return Ok(None);
    };
    let bytes = entries::get(work.transaction, &mut work.state.codec, number)?.bytes;
    let entry = bytes.and_then(|bytes| Entry::parse(&bytes).ok());
    Ok(entry
        .filter(|_| line.envelope.verdict == Verdict::Merged)
        .map(|entry| (line, entry)))
}
