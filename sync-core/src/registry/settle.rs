//! A long replay takes many changes up at once: automerge takes a thousand together for a
//! fraction of what each alone costs. Until they settle, the document shows none of them, and no
//! edit is derived that would have to see one.

use std::collections::BTreeSet;

use automerge::{Change, ReadDoc};

use super::{DeriveError, Document, Plan};
use crate::entry::Entry;
use crate::ids::EntityId;

/// What is derived and not in the document yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsettled {
    changes: Vec<Change>,
    /// Entities that only they make.
    made: BTreeSet<EntityId>,
}

impl Document {
    /// Whether an edit can only be derived once everything has settled: it is about something
    /// that has a map already.
    #[must_use]
    pub fn must_settle_for(&self, entry: &Entry) -> bool {
        let about = |id: &EntityId| self.maps.contains_key(id) || self.unsettled.made.contains(id);
        !self.unsettled.changes.is_empty() && entry.entities().iter().any(|named| about(&named.id))
    }

    /// Takes up a plan made from this very state; it shows after [`Document::settle`].
    pub fn apply_unsettled(&mut self, plan: &Plan) {
        let change = &plan.change;
        self.remember(
            change.actor_id(),
            change.seq(),
            change.start_op().get(),
            change.max_op(),
            change.timestamp(),
            change.hash(),
        );
        let made = plan.touched.iter().map(|(id, _)| *id);
        self.unsettled
            .made
            .extend(made.filter(|id| !self.maps.contains_key(id)));
        self.unsettled.changes.push(change.clone());
    }

    /// Shows what was taken up.
    ///
    /// # Errors
    /// [`DeriveError::Automerge`]; then this document must be dropped.
    pub fn settle(&mut self) -> Result<(), DeriveError> {
        let Unsettled { changes, made } = std::mem::take(&mut self.unsettled);
        if changes.is_empty() {
            return Ok(());
        }
        let count = self.automerge.stats().num_changes + changes.len() as u64;
        self.automerge
            .apply_changes(changes)
            .map_err(|error| DeriveError::Automerge(error.to_string()))?;
        if self.automerge.stats().num_changes != count {
            return Err(DeriveError::Automerge("a change was queued, not applied".to_owned()));
        }
        made.into_iter()
            .try_for_each(|id| self.index_map(id))
            .map_err(|error| DeriveError::Automerge(error.to_string()))
    }
}
