//! The next epoch of a document: its current values without its history. Open conflicts
//! are carried over with both values, who and when. What was erased is left out, and so is
//! every reference to it.

use automerge::legacy::ObjectId;
use automerge::{Automerge, ScalarValue};

use super::genesis::{CARRIED, ChangeBuilder, ENTITIES, TYPE, genesis_actor, put_about, to_automerge};
use super::{Document, DocumentError};
use crate::entry::{Entry, Scalar};
use crate::ids::{EntityId, Hash};
use crate::kinds::{Kinds, Name};
use crate::part::Part;

/// A new epoch, as the office's record of it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextEpoch {
    /// Whose document goes on.
    pub part: Part,
    /// As which epoch.
    pub epoch: u64,
    /// What it starts with: the hash of its second change.
    pub heads: Hash,
}

/// The epoch that a record begins, if it is one of those.
#[must_use]
pub fn next_epoch(entry: &Entry, kinds: &Kinds) -> Option<NextEpoch> {
    let rotates = kinds.get(&entry.kind)?.effects.rotates.as_ref()?;
    let text = |field: &Name| entry.body.get(field.as_str())?.as_str();
    Some(NextEpoch {
        part: text(&rotates.part)?.parse().ok()?,
        epoch: entry.body.get(rotates.epoch.as_str())?.as_u64()?,
        heads: text(&rotates.heads)?.parse().ok()?,
    })
}

impl Document {
    /// Builds epoch n+1 from the values visible now, without the entities that do not stay.
    /// Everyone who holds the same document builds the same bytes.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn rotate(&self, stays: &dyn Fn(EntityId) -> bool) -> Result<Document, DocumentError> {
        let epoch = self.epoch + 1;
        let actor = genesis_actor(self.community, self.part, epoch);
        let mut maps = ChangeBuilder::new(actor.clone(), 1, 1, 0, Vec::new());
        let entities = ObjectId::Id(maps.make_map(ObjectId::Root, ENTITIES));
        let objects: Vec<(EntityId, ObjectId)> = self
            .maps
            .iter()
            .filter(|(id, _)| stays(**id))
            .map(|(id, map)| {
                let object = ObjectId::Id(maps.make_map(entities.clone(), &id.to_string()));
                maps.put(
                    object.clone(),
                    TYPE,
                    ScalarValue::Str(map.entity_type.as_str().into()),
                    Vec::new(),
                );
                (*id, object)
            })
            .collect();
        let carried = ObjectId::Id(maps.make_map(ObjectId::Root, CARRIED));
        let maps = maps.build();

        let mut values = ChangeBuilder::new(actor, 2, maps.max_op() + 1, 0, vec![maps.hash()]);
        put_about(&mut values, self.community, self.part, epoch);
        let refers_to_gone = |value: &Scalar| {
            let id = value.as_text().and_then(|text| text.parse().ok());
            id.is_some_and(|id| !stays(id))
        };
        for (id, object) in objects {
            for field in self.fields(id) {
                // A set of references has one field for each member.
                let member = field.split_once(':').and_then(|(_, member)| member.parse().ok());
                if member.is_some_and(|member| !stays(member)) {
                    continue;
                }
                let mut visible = self.distinct_values(id, &field);
                visible.retain(|value| !refers_to_gone(&value.value));
                // The one shown must keep the largest op id.
                visible.reverse();
                let conflict = visible.len() > 1;
                for (index, value) in visible.into_iter().enumerate() {
                    values.put(object.clone(), &field, to_automerge(&value.value), Vec::new());
                    if let Some(device) = value.by.device.filter(|_| conflict) {
                        let who = format!("{device} {}", value.by.unix_seconds);
                        values.put(
                            carried.clone(),
                            &format!("{id}/{field}/{index}"),
                            ScalarValue::Str(who.into()),
                            Vec::new(),
                        );
                    }
                }
            }
        }
        let mut automerge = Automerge::new();
        automerge.apply_changes([maps, values.build()])?;
        Document::index(automerge, self.community, self.part, epoch)
    }
}
