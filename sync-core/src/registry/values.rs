//! The values that a field shows, now or at some heads, and whose each is: of what an undo put
//! back its first author's, of what a new epoch carried over whoever it was carried for.

use automerge::{ChangeHash, ObjId, ROOT, ReadDoc, Value};

use super::Document;
use super::document::{ChangeFacts, EntityMap, device_of};
use super::genesis::{self, CARRIED, TYPE};
use crate::entry::Scalar;
use crate::ids::{DeviceId, EntityId, Hash};

/// Who wrote a value, and when by his clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provenance {
    /// `None`: carried into the epoch without a conflict.
    pub device: Option<DeviceId>,
    /// Seconds since 1970.
    pub unix_seconds: i64,
    /// The change it came in.
    pub change: Hash,
}

/// One visible value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue {
    /// The value.
    pub value: Scalar,
    /// Who and when.
    pub by: Provenance,
}

impl Document {
    /// Every visible value of a field, the one automerge shows first.
    #[must_use]
    pub fn values(&self, entity: EntityId, field: &str) -> Vec<FieldValue> {
        let Some(map) = self.maps.get(&entity) else {
            return Vec::new();
        };
        let visible = self.automerge.get_all(&map.object, field).unwrap_or_default();
        self.describe(entity, map, field, visible)
    }

    /// Every value of a field that was visible at `heads`, in the order of [`Document::values`].
    /// Heads that are not here show nothing.
    #[must_use]
    pub fn values_at(&self, entity: EntityId, field: &str, heads: &[Hash]) -> Vec<FieldValue> {
        let Some(map) = self.maps.get(&entity) else {
            return Vec::new();
        };
        self.describe(entity, map, field, self.visible_at(map, field, heads))
    }

    fn describe(
        &self,
        entity: EntityId,
        map: &EntityMap,
        field: &str,
        visible: Vec<(Value<'_>, ObjId)>,
    ) -> Vec<FieldValue> {
        let conflict = visible.len() > 1;
        visible
            .into_iter()
            .enumerate()
            .rev()
            .filter_map(|(index, (value, op))| {
                let value = genesis::from_automerge(value.as_scalar()?)?;
                let mut by = self.provenance(entity, field, &op, conflict.then_some(index));
                if conflict && let Some(author) = self.put_back_for(map, field, &value, by.change) {
                    by.device = Some(author);
                }
                Some(FieldValue { value, by })
            })
            .collect()
    }

    /// Whose value a change has put back. Undoing a decision writes each value again as of the
    /// second in which its author had; that author's own change stays in the history.
    fn put_back_for(&self, map: &EntityMap, field: &str, value: &Scalar, change: Hash) -> Option<DeviceId> {
        let again = self.changes.get(&change)?;
        let wrote = |facts: &ChangeFacts| {
            self.visible_at(map, field, &[facts.hash]).iter().any(|(written, op)| {
                self.change_of(op).is_some_and(|by| by.hash == facts.hash)
                    && written.as_scalar().and_then(genesis::from_automerge).as_ref() == Some(value)
            })
        };
        self.changes
            .values()
            .filter(|facts| facts.unix_seconds == again.unix_seconds && facts.max_op < again.max_op)
            .filter(|facts| facts.device.is_some() && facts.device != again.device && wrote(facts))
            .min_by_key(|facts| (facts.max_op, facts.hash))?
            .device
    }

    /// The distinct visible values of a field, the shown one first; more than one is a conflict.
    #[must_use]
    pub fn distinct_values(&self, entity: EntityId, field: &str) -> Vec<FieldValue> {
        let mut distinct: Vec<FieldValue> = Vec::new();
        for value in self.values(entity, field) {
            if !distinct.iter().any(|known| known.value == value.value) {
                distinct.push(value);
            }
        }
        distinct
    }

    /// Every field of an entity that was ever set, sorted, with its distinct visible values: in
    /// one walk, where [`Document::distinct_values`] seeks each field.
    #[must_use]
    pub fn all_values(&self, entity: EntityId) -> Vec<(String, Vec<FieldValue>)> {
        let Some(map) = self.maps.get(&entity) else {
            return Vec::new();
        };
        let fields = self.automerge.map_range(&map.object, ..);
        fields
            .filter(|item| item.key != TYPE)
            .map(|item| {
                let field = item.key.to_string();
                let values = if item.conflict {
                    self.distinct_values(entity, &field)
                } else {
                    let shown = vec![(item.value.clone().into_value(), item.id())];
                    self.describe(entity, map, &field, shown)
                };
                (field, values)
            })
            .collect()
    }

    /// Whether a value that `change` wrote was visible at `heads`. Heads that are not here
    /// show nothing.
    #[must_use]
    pub fn is_visible_at(&self, entity: EntityId, field: &str, change: Hash, heads: &[Hash]) -> bool {
        let Some(map) = self.maps.get(&entity) else {
            return false;
        };
        self.visible_at(map, field, heads)
            .iter()
            .any(|(_, op)| self.change_of(op).is_some_and(|facts| facts.hash == change))
    }

    fn visible_at(&self, map: &EntityMap, field: &str, heads: &[Hash]) -> Vec<(Value<'_>, ObjId)> {
        let known: Vec<ChangeHash> = heads
            .iter()
            .filter(|head| self.contains(**head))
            .map(|head| ChangeHash(head.0))
            .collect();
        self.automerge
            .get_all_at(&map.object, field, &known)
            .unwrap_or_default()
    }

    fn provenance(&self, entity: EntityId, field: &str, op: &ObjId, carried: Option<usize>) -> Provenance {
        let facts = self.change_of(op);
        let change = facts.map_or(Hash([0; 32]), |facts| facts.hash);
        let unix_seconds = facts.map_or(0, |facts| facts.unix_seconds);
        let actor = match op {
            ObjId::Id(_, actor, _) if *actor != self.genesis_actor => device_of(actor),
            _ => None,
        };
        if actor.is_none()
            && let Some(index) = carried
            && let Some((device, unix_seconds)) = self.carried(entity, field, index)
        {
            return Provenance {
                device: Some(device),
                unix_seconds,
                change,
            };
        }
        Provenance {
            device: actor,
            unix_seconds,
            change,
        }
    }

    fn carried(&self, entity: EntityId, field: &str, index: usize) -> Option<(DeviceId, i64)> {
        let (_, carried) = self.automerge.get(ROOT, CARRIED).ok()??;
        let (value, _) = self
            .automerge
            .get(&carried, format!("{entity}/{field}/{index}"))
            .ok()??;
        let text = value.as_str()?;
        let (device, seconds) = text.split_once(' ')?;
        Some((device.parse().ok()?, seconds.parse().ok()?))
    }
}
