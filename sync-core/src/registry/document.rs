//! One registry document with the indexes that derivation needs: which change made an
//! entity's map, how far each device has come, which change an operation is from.
//! Invariant: every change in it was derived here or loaded from the caller's own bytes.

use std::collections::{BTreeMap, HashMap};

use automerge::{ActorId, Automerge, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};

use super::genesis::{self, ENTITIES, TYPE};
use super::settle::Unsettled;
use crate::entry::Scalar;
use crate::ids::{CommunityCode, DeviceId, EntityId, Hash, Seq};
use crate::part::Part;

/// What an operation, a change and an entity cost in memory, measured on a grid's document.
const BYTES_OF_OP: usize = 40;
const BYTES_OF_CHANGE: usize = 400;
const BYTES_OF_ENTITY: usize = 200;

/// Why stored bytes are not this document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// automerge cannot load it.
    #[error("automerge: {0}")]
    Automerge(#[from] automerge::AutomergeError),
    /// It loads, but is not a registry document of this community, part and epoch.
    #[error("not the registry document asked for: {0}")]
    Other(&'static str),
    /// It was stored, and is not what was stored.
    #[error("what was stored cannot be read")]
    Damaged,
}

#[derive(Debug, Clone)]
pub(super) struct EntityMap {
    pub(super) object: ObjId,
    pub(super) maker: Hash,
    pub(super) entity_type: String,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ChangeFacts {
    pub(super) hash: Hash,
    /// Whose; `None`: genesis.
    pub(super) device: Option<DeviceId>,
    pub(super) max_op: u64,
    pub(super) unix_seconds: i64,
}

/// A registry document. Cloning it is how a transaction keeps the old one.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) automerge: Automerge,
    pub(super) community: CommunityCode,
    pub(super) part: Part,
    pub(super) epoch: u64,
    pub(super) genesis: [Hash; 2],
    pub(super) genesis_actor: ActorId,
    pub(super) entities: ObjId,
    pub(super) maps: BTreeMap<EntityId, EntityMap>,
    pub(super) changes: HashMap<Hash, ChangeFacts>,
    /// The highest operation of any change.
    pub(super) max_op: u64,
    /// (actor, first op) → change; finds the change of an op.
    by_op: BTreeMap<(ActorId, u64), Hash>,
    /// Last merged edit of each device.
    pub(super) last_edit: HashMap<DeviceId, (Seq, Hash)>,
    pub(super) unsettled: Unsettled,
}

impl Document {
    /// The empty document of epoch 1.
    ///
    /// # Errors
    /// Only if automerge does not take the two genesis changes.
    pub fn genesis(community: CommunityCode, part: Part) -> Result<Document, DocumentError> {
        let mut automerge = Automerge::new();
        automerge.apply_changes(genesis::first_epoch(community, part))?;
        Document::index(automerge, community, part, 1)
    }

    /// Loads bytes that [`Document::save`] made.
    ///
    /// # Errors
    /// [`DocumentError`] if they are damaged or of another document. automerge may panic on
    /// hostile bytes: feed only what the caller itself or its home stored.
    pub fn load(bytes: &[u8], community: CommunityCode, part: Part, epoch: u64) -> Result<Document, DocumentError> {
        Document::index(Automerge::load(bytes)?, community, part, epoch)
    }

    /// The whole document in automerge's format.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.automerge.save()
    }

    /// The same without compression: for bytes that are compressed as a whole.
    #[must_use]
    pub fn save_plain(&self) -> Vec<u8> {
        self.automerge.save_nocompress()
    }

    pub(super) fn index(
        automerge: Automerge,
        community: CommunityCode,
        part: Part,
        epoch: u64,
    ) -> Result<Document, DocumentError> {
        let Some((Value::Object(ObjType::Map), entities)) = automerge.get(ROOT, ENTITIES)? else {
            return Err(DocumentError::Other("no entities"));
        };
        let about = |key| -> Result<Option<Scalar>, DocumentError> {
            Ok(automerge
                .get(ROOT, key)?
                .and_then(|(value, _)| value.as_scalar().and_then(genesis::from_automerge)))
        };
        let is = |found: Option<Scalar>, expected: &str| found.is_some_and(|value| value.as_text() == Some(expected));
        if !is(about("community")?, community.as_str())
            || !is(about("part")?, &part.to_string())
            || about("epoch")? != Some(Scalar::Integer(i64::try_from(epoch).unwrap_or(i64::MAX)))
        {
            return Err(DocumentError::Other("another community, part or epoch"));
        }
        let genesis_actor = genesis::genesis_actor(community, part, epoch);
        let mut document = Document {
            entities,
            community,
            part,
            epoch,
            genesis: [Hash([0; 32]); 2],
            genesis_actor,
            maps: BTreeMap::new(),
            changes: HashMap::new(),
            max_op: 0,
            by_op: BTreeMap::new(),
            last_edit: HashMap::new(),
            unsettled: Unsettled::default(),
            automerge,
        };
        document.index_changes()?;
        document.index_maps()?;
        Ok(document)
    }

    fn index_changes(&mut self) -> Result<(), DocumentError> {
        let mut genesis = [None; 2];
        let metas: Vec<_> = self
            .automerge
            .get_changes_meta(&[])
            .into_iter()
            .map(|meta| {
                (
                    meta.actor.into_owned(),
                    meta.seq,
                    meta.start_op,
                    meta.max_op,
                    meta.timestamp,
                    meta.hash,
                )
            })
            .collect();
        for (actor, seq, start_op, max_op, unix_seconds, hash) in metas {
            if actor == self.genesis_actor && (1..=2).contains(&seq) {
                genesis[usize::from(seq == 2)] = Some(Hash(hash.0));
            }
            self.remember(&actor, seq, start_op, max_op, unix_seconds, hash);
        }
        match genesis {
            [Some(maps), Some(values)] => self.genesis = [maps, values],
            _ => return Err(DocumentError::Other("no genesis")),
        }
        Ok(())
    }

    fn index_maps(&mut self) -> Result<(), DocumentError> {
        let entities = self.automerge.map_range(&self.entities, ..);
        let entities: Vec<(String, Value<'static>, ObjId)> = entities
            .map(|item| (item.key.to_string(), item.value.clone().into_value(), item.id()))
            .collect();
        for (key, value, object) in entities {
            let id = key
                .parse()
                .map_err(|_| DocumentError::Other("an entity without an id"))?;
            self.index_object(id, &value, object)?;
        }
        Ok(())
    }

    pub(super) fn index_map(&mut self, id: EntityId) -> Result<(), DocumentError> {
        let found = self.automerge.get(&self.entities, id.to_string())?;
        let (value, object) = found.ok_or(DocumentError::Other("an entity without a map"))?;
        let value = value.into_owned();
        self.index_object(id, &value, object)
    }

    fn index_object(&mut self, id: EntityId, value: &Value<'_>, object: ObjId) -> Result<(), DocumentError> {
        let Value::Object(ObjType::Map) = value else {
            return Err(DocumentError::Other("an entity that is not a map"));
        };
        let entity_type = match self.automerge.get(&object, TYPE)? {
            Some((Value::Scalar(value), _)) => match value.as_ref() {
                ScalarValue::Str(text) => text.to_string(),
                _ => return Err(DocumentError::Other("an entity without a type")),
            },
            _ => return Err(DocumentError::Other("an entity without a type")),
        };
        let maker = self
            .change_of(&object)
            .ok_or(DocumentError::Other("an entity made by no change"))?
            .hash;
        self.maps.insert(
            id,
            EntityMap {
                object,
                maker,
                entity_type,
            },
        );
        Ok(())
    }

    pub(super) fn remember(
        &mut self,
        actor: &ActorId,
        seq: u64,
        start_op: u64,
        max_op: u64,
        unix_seconds: i64,
        hash: ChangeHash,
    ) {
        let hash = Hash(hash.0);
        let device = device_of(actor).filter(|_| *actor != self.genesis_actor);
        self.changes.insert(
            hash,
            ChangeFacts {
                hash,
                device,
                max_op,
                unix_seconds,
            },
        );
        self.max_op = self.max_op.max(max_op);
        self.by_op.insert((actor.clone(), start_op), hash);
        if let Some(device) = device {
            let last = self.last_edit.entry(device).or_insert((seq, hash));
            if seq >= last.0 {
                *last = (seq, hash);
            }
        }
    }

    pub(super) fn change_of(&self, op: &ObjId) -> Option<&ChangeFacts> {
        let ObjId::Id(counter, actor, _) = op else {
            return None;
        };
        let (_, hash) = self
            .by_op
            .range((actor.clone(), 0)..=(actor.clone(), *counter))
            .next_back()?;
        self.changes.get(hash)
    }

    /// About how much memory it takes, this index included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let stats = self.automerge.stats();
        let of = |count: u64, bytes| usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(bytes);
        of(stats.num_ops, BYTES_OF_OP) + of(stats.num_changes, BYTES_OF_CHANGE) + self.maps.len() * BYTES_OF_ENTITY
    }

    /// Which part this is.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// Which epoch this is.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The heads, sorted: what an edit made now states as its base.
    #[must_use]
    pub fn heads(&self) -> Vec<Hash> {
        let mut heads: Vec<Hash> = self
            .automerge
            .get_heads()
            .into_iter()
            .map(|head| Hash(head.0))
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Whether a change is here.
    #[must_use]
    pub fn contains(&self, change: Hash) -> bool {
        self.changes.contains_key(&change)
    }

    /// Every entity with its type, in order of id.
    pub fn entities(&self) -> impl Iterator<Item = (EntityId, &str)> {
        self.maps.iter().map(|(id, map)| (*id, map.entity_type.as_str()))
    }

    /// The registry type of an entity that has a map here.
    #[must_use]
    pub fn entity_type(&self, entity: EntityId) -> Option<&str> {
        self.maps.get(&entity).map(|map| map.entity_type.as_str())
    }

    /// The fields of an entity that were ever set, sorted.
    #[must_use]
    pub fn fields(&self, entity: EntityId) -> Vec<String> {
        self.maps
            .get(&entity)
            .map(|map| self.automerge.keys(&map.object).filter(|key| key != TYPE).collect())
            .unwrap_or_default()
    }
}

pub(super) fn device_of(actor: &ActorId) -> Option<DeviceId> {
    <[u8; 16]>::try_from(actor.to_bytes()).ok().map(DeviceId::from_bytes)
}
