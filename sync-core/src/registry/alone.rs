//! A change that follows on all there is, taken up by itself. automerge walks over every entity to
//! find the place of a new one in changes that come to it; what is written where it is, it seeks.
//! So it writes the change again, and out must come the very same one.

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutomergeError, ChangeHash, ObjId, PatchLog, ROOT};

use super::{DeriveError, Document, Plan};

impl Document {
    /// Takes up a plan made from this very state, and shows it. `false`: something stands beside
    /// it, or automerge would write it otherwise; then nothing has happened.
    ///
    /// # Errors
    /// [`DeriveError::Automerge`] where another change came out; then this document must be dropped.
    pub fn apply_alone(&mut self, plan: &Plan) -> Result<bool, DeriveError> {
        let follows_on_all = plan.change.start_op().get() == self.max_op + 1;
        if !plan.is_plain || !follows_on_all || self.has_unsettled() {
            return Ok(false);
        }
        let written = self
            .write_again(plan)
            .map_err(|error| DeriveError::Automerge(error.to_string()))?;
        if written != Some(plan.change.hash()) {
            return Err(DeriveError::Automerge("another change was written".to_owned()));
        }
        self.remember_change(&plan.change);
        for (id, _) in &plan.touched {
            self.index_if_new(*id)?;
        }
        Ok(true)
    }

    fn write_again(&mut self, plan: &Plan) -> Result<Option<ChangeHash>, AutomergeError> {
        let change = plan.change.decode();
        self.automerge.set_actor(change.actor_id);
        let log = PatchLog::inactive();
        let mut transaction = self.automerge.transaction_at(log, &change.deps)?;
        for operation in change.operations {
            let object = match operation.obj {
                ObjectId::Root => ROOT,
                ObjectId::Id(OpId(counter, actor)) => ObjId::Id(counter, actor, 0),
            };
            match (operation.action, operation.key) {
                (OpType::Make(made), Key::Map(key)) => transaction.put_object(object, key.as_str(), made).map(drop)?,
                (OpType::Put(value), Key::Map(key)) => transaction.put(object, key.as_str(), value)?,
                _ => return Ok(None),
            }
        }
        let (written, _) = transaction.commit_with(CommitOptions::default().with_time(change.time));
        Ok(written)
    }
}
