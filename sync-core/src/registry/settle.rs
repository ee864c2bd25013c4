//! Several changes are taken up at once: automerge takes many together for a fraction of what
//! each alone costs (one that makes an entity walks over all there are). Until they settle the
//! document shows none of them, and no edit is derived that would have to see one: an edit of
//! other entities finds there what it would find after.

use std::collections::{BTreeSet, HashMap};

use automerge::{Change, ChangeHash, ReadDoc};

use super::{DeriveError, Document, Plan};
use crate::entry::Entry;
use crate::ids::{EntityId, Hash};

/// What is derived and not in the document yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsettled {
    changes: Vec<Change>,
    /// What automerge has of each one's ancestors: their heads.
    stand_on: HashMap<Hash, Vec<ChangeHash>>,
    /// The entities that they are about.
    about: BTreeSet<EntityId>,
}

impl Document {
    /// Whether an edit can only be derived once everything has settled.
    #[must_use]
    pub fn must_settle_for(&self, entry: &Entry) -> bool {
        let about = &self.unsettled.about;
        !about.is_empty() && entry.entities().iter().any(|named| about.contains(&named.id))
    }

    /// Takes up a plan made from this very state; it shows after [`Document::settle`].
    pub fn apply_unsettled(&mut self, plan: &Plan) {
        let change = &plan.change;
        self.remember_change(change);
        let stands_on = self.settled(&plan.derived().deps);
        let unsettled = &mut self.unsettled;
        unsettled.about.extend(plan.touched.iter().map(|(id, _)| *id));
        unsettled.stand_on.insert(Hash(change.hash().0), stands_on);
        unsettled.changes.push(change.clone());
    }

    /// Shows what was taken up.
    ///
    /// # Errors
    /// [`DeriveError::Automerge`]; then this document must be dropped.
    pub fn settle(&mut self) -> Result<(), DeriveError> {
        let Unsettled { changes, about, .. } = std::mem::take(&mut self.unsettled);
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
        about.into_iter().try_for_each(|id| self.index_if_new(id))
    }

    /// Whether anything was taken up that does not show.
    pub(super) fn has_unsettled(&self) -> bool {
        !self.unsettled.changes.is_empty()
    }

    pub(super) fn remember_change(&mut self, change: &Change) {
        self.remember(
            change.actor_id(),
            change.seq(),
            change.start_op().get(),
            change.max_op(),
            change.timestamp(),
            change.hash(),
        );
    }

    pub(super) fn index_if_new(&mut self, id: EntityId) -> Result<(), DeriveError> {
        if self.maps.contains_key(&id) {
            return Ok(());
        }
        self.index_map(id)
            .map_err(|error| DeriveError::Automerge(error.to_string()))
    }

    /// What automerge has of these heads: in the place of what is not settled, what that stands
    /// on. It shows the same of every entity that nothing unsettled is about.
    pub(super) fn settled(&self, heads: &[Hash]) -> Vec<ChangeHash> {
        let mut settled = Vec::with_capacity(heads.len());
        for head in heads {
            match self.unsettled.stand_on.get(head) {
                Some(heads) => settled.extend_from_slice(heads),
                None => settled.push(ChangeHash(head.0)),
            }
        }
        settled.sort_unstable();
        settled.dedup();
        settled
    }
}
