//! Edits whose author knew only an older epoch of the document. What he had seen is read from
//! the log, so that nothing somebody else wrote meanwhile is replaced silently; where the log
//! cannot say, both values stay.

use std::collections::{HashMap, HashSet};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntityId, Hash};
use menpai_sync_core::part::Part;

use super::state::Work;
use crate::store::community::{StoreError, entries, lines};

/// Whether anybody else wrote a field of this edit that its author had not seen; `false` for
/// edits that are not late.
pub(super) fn wrote_unseen(
    work: &mut Work<'_>,
    part: Part,
    entry: &Entry,
    device: DeviceId,
) -> Result<bool, StoreError> {
    let state = &mut *work.state;
    let (Some(edit), Some(document), Some(number)) = (&entry.edit, state.documents.get(part), state.parts.find(part))
    else {
        return Ok(false);
    };
    if !document.is_late(edit) {
        return Ok(false);
    }
    let document = state.documents.settled(part)?;
    // Fields without a value have nothing that could be replaced.
    let fields: HashSet<(EntityId, &str)> = edit
        .set
        .iter()
        .filter(|item| !document.values(item.id, &item.field).is_empty())
        .map(|item| (item.id, item.field.as_str()))
        .collect();
    if fields.is_empty() {
        return Ok(false);
    }
    let edits = lines::merged_edits_after(work.transaction, number, 0)?;
    let made: HashMap<Hash, &[Hash]> = edits
        .iter()
        .filter_map(|line| line.envelope.derived.as_ref())
        .map(|derived| (derived.hash, derived.deps.as_slice()))
        .collect();
    let mut open: Vec<Hash> = edit.base.clone();
    let mut seen = HashSet::new();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(made.get(&next).into_iter().copied().flatten());
        }
    }
    for line in &edits {
        let is_seen = line
            .envelope
            .derived
            .as_ref()
            .is_some_and(|derived| seen.contains(&derived.hash));
        if is_seen || line.envelope.device == device {
            continue;
        }
        let stored = entries::get(work.transaction, &mut state.codec, line.entry)?;
        let Some(other) = stored.bytes.as_deref().and_then(|bytes| Entry::parse(bytes).ok()) else {
            // Erased: nobody can say any more what it wrote.
            return Ok(true);
        };
        let mut items = other.edit.iter().flat_map(|edit| &edit.set);
        if items.any(|item| fields.contains(&(item.id, item.field.as_str()))) {
            return Ok(true);
        }
    }
    Ok(false)
}
