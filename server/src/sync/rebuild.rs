//! Makes everything derived again from the log: verdicts and derivations are repeated as
//! the lines say, never judged. The derived tables must be empty.

use std::collections::HashSet;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::verdict::Verdict;

use super::decide::{note_entities, note_held, show};
use super::epoch;
use super::state::Work;
use crate::store::community::lines::Replayed;
use crate::store::community::projection::{MergedEntry, NewEntity};
use crate::store::community::{StoreError, epochs, erased, lines};

/// Lines that are read at a time.
const LINES_AT_A_TIME: usize = 1_000;
/// At most so many edits among them are few; of more some would meet in one entity.
const FEW_EDITS: usize = 64;

/// Replays every line.
///
/// # Errors
/// [`StoreError::Registry`] where an edit does not give the change that its line names.
pub(super) fn rebuild(work: &mut Work<'_>) -> Result<(), StoreError> {
    work.state.documents.clear();
    let rotated: Vec<Part> = epochs::bases(work.transaction)?
        .into_iter()
        .map(|(part, _)| part)
        .collect();
    for part in &rotated {
        let state = &mut *work.state;
        state.documents.begin(work.transaction, &state.parts, *part)?;
    }
    let mut held: HashSet<i64> = HashSet::new();
    let mut after = 0;
    loop {
        // Lines are read in pieces: the statements that replay them need the connection.
        let piece = lines::to_replay(work.transaction, &mut work.state.codec, after, LINES_AT_A_TIME)?;
        let Some(last) = piece.last() else { break };
        let edits = piece.iter().filter(|line| line.envelope.derived.is_some()).count();
        work.state.documents.expect_few(edits <= FEW_EDITS);
        after = last.envelope.lsn;
        for Replayed { envelope, entry, bytes } in piece {
            if envelope.verdict != Verdict::Merged || held.contains(&entry) {
                held.insert(entry);
                note_held(work, entry, &envelope)?;
            }
            replay(work, &envelope, entry, bytes)?;
        }
    }
    for part in rotated {
        work.state.documents.settled(part)?;
        epoch::show(work, part)?;
    }
    // Fields are shown once, as they are in the end.
    show(work, true)?;
    let state = &mut *work.state;
    state.reload_directory(work.transaction)?;
    for (worker, name) in state.directory.names() {
        state.projection.name_worker(work.transaction, worker, name)?;
    }
    Ok(())
}

fn replay(work: &mut Work<'_>, envelope: &Envelope, number: i64, bytes: Option<Vec<u8>>) -> Result<(), StoreError> {
    let remains = match &bytes {
        Some(_) => None,
        None => erased::remains(work.transaction, number)?,
    };
    if let Some(remains) = remains.as_ref().filter(|_| envelope.verdict == Verdict::Merged) {
        for (entity_type, id) in &remains.makes {
            let entity = NewEntity {
                id: *id,
                entity_type,
                grid: envelope.part.grid,
                maker: number,
                held: false,
            };
            work.state.projection.add_entity(work.transaction, &entity)?;
        }
    }
    // What is over the limit or erased says nothing any more, but for what remains of it.
    let bytes = bytes.or_else(|| remains.and_then(|remains| remains.entry));
    let Some(entry) = bytes.as_deref().and_then(|bytes| Entry::parse(bytes).ok()) else {
        return Ok(());
    };
    match envelope.verdict {
        Verdict::Waiting | Verdict::Released => Ok(()),
        Verdict::Held | Verdict::SetAside => note_entities(work, number, &entry, true),
        Verdict::Merged => {
            if let Some(derived) = &envelope.derived {
                let state = &mut *work.state;
                state.documents.begin(work.transaction, &state.parts, envelope.part)?;
                // One of an older epoch is in the document that a later one began with.
                if state.documents.get(envelope.part).map(Document::epoch) <= Some(derived.epoch) {
                    state
                        .documents
                        .replay(envelope.part, &entry, envelope.device, derived, envelope.lsn)?;
                }
            }
            note_entities(work, number, &entry, false)?;
            let merged = MergedEntry {
                number,
                lsn: envelope.lsn,
                made_ms: envelope.made_ms,
                entry: &entry,
            };
            work.add_merged(&merged)
        }
    }
}
