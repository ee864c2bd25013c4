//! One edit while it is being planned: its fields in order, and the ids of what it makes,
//! which follow from its own. An edit that sets nothing is none. It states no base: a roster
//! knows nothing of what others have changed, and must not replace it unseen.

use menpai_sync_core::entry::{Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::part::Part;

use super::plan::{Plan, PlannedEntry, Says};

/// Collects the fields of one edit; entities made by it are numbered in order of appearance.
pub(super) struct Draft {
    id: EntryId,
    made: u64,
    set: Vec<SetItem>,
}

impl Draft {
    pub(super) fn new(id: EntryId) -> Draft {
        Draft {
            id,
            made: 0,
            set: Vec::new(),
        }
    }

    pub(super) fn new_entity(&mut self) -> EntityId {
        let id = EntityId::made_by(self.id, self.made);
        self.made += 1;
        id
    }

    pub(super) fn set(&mut self, entity_type: &str, id: EntityId, field: impl Into<String>, value: Scalar) {
        self.set.push(SetItem {
            entity_type: entity_type.to_owned(),
            id,
            field: field.into(),
            value,
        });
    }

    pub(super) fn text(&mut self, entity_type: &str, id: EntityId, field: &str, value: impl Into<String>) {
        self.set(entity_type, id, field, Scalar::Text(value.into()));
    }

    pub(super) fn finish(self, part: Part, plan: &mut Plan) {
        if !self.set.is_empty() {
            plan.entries.push(PlannedEntry {
                id: self.id,
                part,
                says: Says::Edit(Edit {
                    base: Vec::new(),
                    set: self.set,
                }),
            });
        }
    }
}
