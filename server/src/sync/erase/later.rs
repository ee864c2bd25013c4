//! What arrives after an erasure and names what was erased: kept by hash, but for what of it still counts,
//! of which the ledger has what no phone could bring again; and said where it was not said yet.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::erase::{names_erased, remains, subject_hash};
use menpai_sync_core::ids::Hash;
use menpai_sync_core::wire::erased_hash;
use serde_json::json;

use super::super::scribe::Scribe;
use super::super::slice::CheckedEntry;
use super::super::state::Work;
use super::{erasing, unreadable_names};
use crate::erasures::Remaining;
use crate::store::community::StoreError;
use crate::store::community::erased::{self, Remains};
use crate::store::community::projection::merged_of_kinds;

/// What still counts of a record whose body is gone: an entry with fewer fields.
pub(in crate::sync) struct Left {
    pub(in crate::sync) entry: Entry,
    pub(super) bytes: Vec<u8>,
}

impl Work<'_> {
    /// Whether an entry that arrives names something that was erased.
    pub(in crate::sync) fn names_erased(&self, entry: &CheckedEntry) -> bool {
        let is_erased = |id| self.state.is_erased(id);
        match &entry.parsed {
            _ if erased_hash(&entry.bytes).is_some() => true,
            _ if self.state.erased.is_empty() => false,
            Ok(entry) => names_erased(entry, &is_erased),
            Err(_) => unreadable_names(&entry.bytes, &is_erased),
        }
    }

    /// What of such an entry may still count, noted beside its hash.
    pub(in crate::sync) fn note_remains(&self, number: i64, entry: &Entry) -> Result<Option<Left>, StoreError> {
        let is_erased = |id| self.state.is_erased(id);
        let rest = Remains {
            entry: remains(entry, self.state.projection.kinds(), &is_erased),
            makes: Vec::new(),
        };
        erased::note(self.transaction, number, self.state.head.lsn, &rest)?;
        Ok(rest.entry.and_then(|bytes| {
            Some(Left {
                entry: Entry::parse(&bytes).ok()?,
                bytes,
            })
        }))
    }

    /// Notes that a record of a grid has merged that names something erased, for [`tell`].
    pub(in crate::sync) fn note_unsaid(&mut self, entry: &Entry) {
        let Some(grid) = entry.grid else { return };
        let (code, erased) = (self.state.identity.code, Arc::clone(&self.state.erased));
        let unsaid = RefCell::new(&mut self.state.unsaid);
        // It asks of every id that it names, for none of them is the one it looks for.
        let _ = names_erased(entry, &|id| {
            let subject = subject_hash(code, id);
            if erased.contains(&subject) {
                unsaid.borrow_mut().insert((grid, subject));
            }
            false
        });
    }

    /// What the ledger is to have of what remains of a record: of one that closes a door, since its
    /// phone keeps the hash alone. Lists and handovers no phone could bring again.
    pub(super) fn remaining(&self, hash: Hash, left: &Left) -> Option<Remaining> {
        let kind = self.state.projection.kinds().get(&left.entry.kind)?;
        kind.effects.closes.as_ref()?;
        Some(Remaining {
            community: self.state.identity.code,
            hash,
            entry: String::from_utf8(left.bytes.clone()).ok()?,
        })
    }

    /// Notes in the ledger what remains of a record that merged after what it names was erased.
    pub(in crate::sync) fn keep_outside(&self, hash: Hash, left: &Left) -> Result<(), StoreError> {
        let Some(ledger) = &self.state.ledger else {
            return Ok(());
        };
        let remaining = self.remaining(hash, left).into_iter().collect();
        ledger
            .keep(self.state.identity.code, remaining)
            .map_err(StoreError::Ledger)
    }

    /// For entries of which their device has the hash alone, by that: what the ledger says still counts.
    pub(in crate::sync) fn kept_outside(&self, entries: &[CheckedEntry]) -> Result<HashMap<Hash, Entry>, StoreError> {
        let mut by_hash = entries.iter().filter(|entry| erased_hash(&entry.bytes).is_some());
        let (Some(ledger), Some(_)) = (&self.state.ledger, by_hash.next()) else {
            return Ok(HashMap::new());
        };
        let kept = ledger.remaining(self.state.identity.code).map_err(StoreError::Ledger)?;
        let parsed = kept
            .into_iter()
            .filter_map(|(hash, text)| Some((hash, Entry::parse(text.as_bytes()).ok()?)));
        Ok(parsed.collect())
    }
}

/// Says again what was erased where records have just merged that named it, unless their grid was told:
/// it may have been of another one then.
pub(in crate::sync) fn tell(work: &mut Work<'_>, scribe: &Scribe) -> Result<(), StoreError> {
    let unsaid = std::mem::take(&mut work.state.unsaid);
    if unsaid.is_empty() {
        return Ok(());
    }
    let kinds = Arc::clone(work.state.projection.kinds());
    let (kind, erases) = erasing(&kinds)?;
    let merged = merged_of_kinds(work.transaction, &mut work.state.codec, &[kind.name.as_str()])?;
    let said: Vec<Entry> = merged
        .iter()
        .filter_map(|(_, bytes)| match Entry::parse(bytes) {
            Ok(entry) => Some(entry),
            Err(error) => {
                // No field work is refused for it; `verify` finds it too.
                tracing::error!(%error, "a record of an erasure cannot be read: a grid may not be told");
                None
            }
        })
        .collect();
    let mut entries = Vec::new();
    for (grid, subject) in unsaid {
        let subject = json!(subject);
        let of_it = |entry: &&Entry| entry.body.get(erases.subject.as_str()) == Some(&subject);
        let is_told = |entry: &Entry| entry.grid.is_none_or(|told| told == grid);
        if let Some(first) = said.iter().find(of_it)
            && !said.iter().filter(of_it).any(is_told)
        {
            entries.push(scribe.record(kind, Some(grid), first.body.clone())?);
        }
    }
    scribe.write(work, entries)
}
