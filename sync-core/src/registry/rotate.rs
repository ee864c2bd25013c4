//! The next epoch of a document: its current values without its history. Open conflicts
//! are carried over with both values, who and when. What was erased is left out, and so is
//! every reference to it. What moves between two parts is left out of one and put into the other.

use std::collections::BTreeMap;

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

/// What of a document goes into a new epoch: those of its entities that the function names.
type Share<'a> = (&'a Document, &'a dyn Fn(EntityId) -> bool);

impl Document {
    /// Builds epoch n+1 from the values visible now, without the entities that do not stay and
    /// without any reference to them. Everyone who holds the same document builds the same bytes.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn rotate(&self, stays: &dyn Fn(EntityId) -> bool) -> Result<Document, DocumentError> {
        self.begin_next(&[(self, stays)], stays)
    }

    /// Builds epoch n+1 without the entities that move to another part; what refers to them stays.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn without(&self, moves: &dyn Fn(EntityId) -> bool) -> Result<Document, DocumentError> {
        self.begin_next(&[(self, &|id| !moves(id))], &|_| true)
    }

    /// Builds epoch n+1 with the entities that move here from another part's document.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn with(&self, from: &Document, moves: &dyn Fn(EntityId) -> bool) -> Result<Document, DocumentError> {
        self.begin_next(&[(self, &|_| true), (from, moves)], &|_| true)
    }

    fn begin_next(
        &self,
        shares: &[Share<'_>],
        may_refer_to: &dyn Fn(EntityId) -> bool,
    ) -> Result<Document, DocumentError> {
        let epoch = self.epoch + 1;
        let actor = genesis_actor(self.community, self.part, epoch);
        let mut shown: BTreeMap<EntityId, (&Document, &str)> = BTreeMap::new();
        for (document, goes) in shares {
            let entities = document.entities().filter(|(id, _)| goes(*id));
            shown.extend(entities.map(|(id, entity_type)| (id, (*document, entity_type))));
        }
        let mut maps = ChangeBuilder::new(actor.clone(), 1, 1, 0, Vec::new());
        let entities = ObjectId::Id(maps.make_map(ObjectId::Root, ENTITIES));
        let objects: Vec<(EntityId, &Document, ObjectId)> = shown
            .into_iter()
            .map(|(id, (document, entity_type))| {
                let object = ObjectId::Id(maps.make_map(entities.clone(), &id.to_string()));
                maps.put(object.clone(), TYPE, ScalarValue::Str(entity_type.into()), Vec::new());
                (id, document, object)
            })
            .collect();
        let carried = ObjectId::Id(maps.make_map(ObjectId::Root, CARRIED));
        let maps = maps.build();

        let mut values = ChangeBuilder::new(actor, 2, maps.max_op() + 1, 0, vec![maps.hash()]);
        put_about(&mut values, self.community, self.part, epoch);
        let refers_to_gone = |value: &Scalar| {
            let id = value.as_text().and_then(|text| text.parse().ok());
            id.is_some_and(|id| !may_refer_to(id))
        };
        for (id, document, object) in objects {
            for field in document.fields(id) {
                // A set of references has one field for each member.
                let member = field.split_once(':').and_then(|(_, member)| member.parse().ok());
                if member.is_some_and(|member| !may_refer_to(member)) {
                    continue;
                }
                let mut visible = document.distinct_values(id, &field);
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

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::entry::{Draft, Edit, SetItem};
    use crate::ids::{DeviceId, EntryId, GridId, WorkerId};
    use crate::kinds::Class;
    use crate::time::Instant;

    fn part(number: u8) -> Part {
        Part {
            grid: Some(GridId::from_bytes([number; 16])),
            class: Class::Open,
        }
    }

    fn item(id: EntityId, field: &str, value: &str) -> SetItem {
        SetItem {
            entity_type: "person".to_owned(),
            id,
            field: field.to_owned(),
            value: Scalar::Text(value.to_owned()),
        }
    }

    /// An edit that has seen `base`, by a device of its own.
    fn edit(document: &mut Document, number: u8, base: Vec<Hash>, set: Vec<SetItem>) {
        let (id, worker) = (EntryId::from_clock(1, [number; 10]), WorkerId::from_bytes([1; 16]));
        let made = Draft::edit(
            id,
            1,
            part(1).grid,
            worker,
            Instant::utc(0),
            Edit { base, set },
            Map::new(),
        )
        .make()
        .unwrap();
        let plan = document
            .decide(&made.entry, DeviceId::from_bytes([number; 16]), false)
            .unwrap();
        document.apply(&plan).unwrap();
    }

    /// The values of a field, and who wrote each where it has several.
    type Shown = Vec<(Scalar, Option<DeviceId>)>;

    /// What a document shows of an entity.
    fn shown(document: &Document, id: EntityId) -> Vec<(String, Shown)> {
        let values = |field: &str| {
            let values = document.distinct_values(id, field);
            let conflict = values.len() > 1;
            let one = |value: super::super::FieldValue| (value.value, value.by.device.filter(|_| conflict));
            values.into_iter().map(one).collect()
        };
        document
            .fields(id)
            .into_iter()
            .map(|field| (field.clone(), values(&field)))
            .collect()
    }

    #[test]
    fn what_moves_is_in_one_document_only_and_shows_the_same() {
        let community: crate::ids::CommunityCode = "410102002005".parse().unwrap();
        let mut old = Document::genesis(community, part(1)).unwrap();
        let (stays, goes) = (
            EntityId::made_by(EntryId::from_clock(1, [1; 10]), 0),
            EntityId::made_by(EntryId::from_clock(1, [1; 10]), 1),
        );
        let friend = item(stays, "contact", &goes.to_string());
        edit(&mut old, 1, Vec::new(), vec![friend, item(goes, "name", "a")]);
        let seen = old.heads();
        edit(&mut old, 2, seen.clone(), vec![item(goes, "phone", "1")]);
        edit(&mut old, 3, seen, vec![item(goes, "phone", "2")]);
        let before = shown(&old, goes);
        assert_eq!(before[1].1.len(), 2, "a conflict");

        let moves = |id| id == goes;
        let new = Document::genesis(community, part(2))
            .unwrap()
            .with(&old, &moves)
            .unwrap();
        let left = old.without(&moves).unwrap();
        assert_eq!((new.epoch(), left.epoch()), (2, 2));
        assert_eq!(shown(&new, goes), before);
        assert_eq!(left.entities().map(|(id, _)| id).collect::<Vec<_>>(), [stays]);
        assert_eq!(shown(&left, stays), shown(&old, stays), "what refers to it stays");
        assert!(
            !String::from_utf8_lossy(&left.save_plain()).contains("phone"),
            "nor is its history there"
        );

        // And back.
        let again = left.with(&new, &moves).unwrap();
        assert_eq!(shown(&again, goes), before);
        assert_eq!(new.without(&moves).unwrap().entities().count(), 0);
        let read = Document::load(&again.save(), community, part(1), 3).unwrap();
        assert_eq!(read.heads(), again.heads());
    }
}
