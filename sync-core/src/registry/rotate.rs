//! The next epoch of a document: its current values without its history. Open conflicts
//! are carried over with both values, who and when.

use automerge::legacy::ObjectId;
use automerge::{Automerge, ScalarValue};

use super::genesis::{CARRIED, ChangeBuilder, ENTITIES, TYPE, genesis_actor, put_about, to_automerge};
use super::{Document, DocumentError};

impl Document {
    /// Builds epoch n+1 from the values visible now. Everyone who holds the same document
    /// builds the same bytes.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn rotate(&self) -> Result<Document, DocumentError> {
        let epoch = self.epoch + 1;
        let actor = genesis_actor(self.community, self.part, epoch);
        let mut maps = ChangeBuilder::new(actor.clone(), 1, 1, 0, Vec::new());
        let entities = ObjectId::Id(maps.make_map(ObjectId::Root, ENTITIES));
        let objects: Vec<ObjectId> = self
            .maps
            .iter()
            .map(|(id, map)| {
                let object = ObjectId::Id(maps.make_map(entities.clone(), &id.to_string()));
                maps.put(
                    object.clone(),
                    TYPE,
                    ScalarValue::Str(map.entity_type.as_str().into()),
                    Vec::new(),
                );
                object
            })
            .collect();
        let carried = ObjectId::Id(maps.make_map(ObjectId::Root, CARRIED));
        let maps = maps.build();

        let mut values = ChangeBuilder::new(actor, 2, maps.max_op() + 1, 0, vec![maps.hash()]);
        put_about(&mut values, self.community, self.part, epoch);
        for (id, object) in self.maps.keys().zip(objects) {
            for field in self.fields(*id) {
                let mut visible = self.distinct_values(*id, &field);
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
