//! The two changes every document starts with, made by everyone alike, and the small
//! vocabulary of changes: operations on maps, nothing else.

use std::num::NonZeroU64;

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ChangeHash, ExpandedChange, ObjType, ScalarValue};

use crate::entry::Scalar;
use crate::ids::{CommunityCode, Hash};
use crate::part::Part;

/// Key of the map of entities in the root.
pub(super) const ENTITIES: &str = "entities";
/// Key of the map that keeps who and when of carried conflicts.
pub(super) const CARRIED: &str = "carried";
/// Key of an entity's registry type in its map.
pub(super) const TYPE: &str = "_type";

/// The actor of a document's first two changes.
pub(super) fn genesis_actor(community: CommunityCode, part: Part, epoch: u64) -> ActorId {
    let digest = Hash::of_parts(&[
        b"menpai-registry-1\0",
        community.as_bytes(),
        b"\0",
        part.to_string().as_bytes(),
        b"\0",
        &epoch.to_be_bytes(),
    ]);
    ActorId::from(&digest.0[..16])
}

/// A change under construction; hands out op ids as operations are added.
pub(super) struct ChangeBuilder {
    actor: ActorId,
    seq: u64,
    start_op: u64,
    time: i64,
    deps: Vec<ChangeHash>,
    operations: Vec<Op>,
}

impl ChangeBuilder {
    pub(super) fn new(actor: ActorId, seq: u64, start_op: u64, time: i64, deps: Vec<ChangeHash>) -> ChangeBuilder {
        ChangeBuilder {
            actor,
            seq,
            start_op,
            time,
            deps,
            operations: Vec::new(),
        }
    }

    /// Makes a map under `key`, without predecessors.
    pub(super) fn make_map(&mut self, object: ObjectId, key: &str) -> OpId {
        self.push(OpType::Make(ObjType::Map), object, key, Vec::new())
    }

    /// Puts a value under `key` in place of `pred`.
    pub(super) fn put(&mut self, object: ObjectId, key: &str, value: ScalarValue, pred: Vec<OpId>) -> OpId {
        self.push(OpType::Put(value), object, key, pred)
    }

    fn push(&mut self, action: OpType, obj: ObjectId, key: &str, pred: Vec<OpId>) -> OpId {
        let id = OpId(self.start_op + self.operations.len() as u64, self.actor.clone());
        self.operations.push(Op {
            action,
            obj,
            key: Key::Map(key.into()),
            pred: pred.into_iter().collect(),
            insert: false,
        });
        id
    }

    pub(super) fn build(self) -> Change {
        Change::from(ExpandedChange {
            operations: self.operations,
            actor_id: self.actor,
            hash: None,
            seq: self.seq,
            start_op: NonZeroU64::new(self.start_op).unwrap_or(NonZeroU64::MIN),
            time: self.time,
            message: None,
            deps: self.deps,
            extra_bytes: Vec::new(),
            author: None,
        })
    }
}

/// The two changes of an empty document of epoch 1.
pub(super) fn first_epoch(community: CommunityCode, part: Part) -> [Change; 2] {
    let actor = genesis_actor(community, part, 1);
    let mut maps = ChangeBuilder::new(actor.clone(), 1, 1, 0, Vec::new());
    maps.make_map(ObjectId::Root, ENTITIES);
    let maps = maps.build();
    let mut values = ChangeBuilder::new(actor, 2, maps.max_op() + 1, 0, vec![maps.hash()]);
    put_about(&mut values, community, part, 1);
    [maps, values.build()]
}

/// Says in the root what the document is.
pub(super) fn put_about(change: &mut ChangeBuilder, community: CommunityCode, part: Part, epoch: u64) {
    change.put(
        ObjectId::Root,
        "community",
        ScalarValue::Str(community.as_str().into()),
        Vec::new(),
    );
    change.put(
        ObjectId::Root,
        "part",
        ScalarValue::Str(part.to_string().into()),
        Vec::new(),
    );
    change.put(
        ObjectId::Root,
        "epoch",
        ScalarValue::Int(i64::try_from(epoch).unwrap_or(i64::MAX)),
        Vec::new(),
    );
}

/// A registry value as automerge stores it.
pub(super) fn to_automerge(value: &Scalar) -> ScalarValue {
    match value {
        Scalar::Null => ScalarValue::Null,
        Scalar::Boolean(value) => ScalarValue::Boolean(*value),
        Scalar::Integer(value) => ScalarValue::Int(*value),
        Scalar::Text(value) => ScalarValue::Str(value.as_str().into()),
    }
}

/// A stored value; `None` for what derivation never writes.
pub(super) fn from_automerge(value: &ScalarValue) -> Option<Scalar> {
    match value {
        ScalarValue::Null => Some(Scalar::Null),
        ScalarValue::Boolean(value) => Some(Scalar::Boolean(*value)),
        ScalarValue::Int(value) => Some(Scalar::Integer(*value)),
        ScalarValue::Str(value) => Some(Scalar::Text(value.to_string())),
        _ => None,
    }
}
