//! From entry and verdict to one change. The home decides deps and seq, everybody derives
//! from them; decide first, apply second: a plan is a value, and dropping it costs nothing.

use automerge::legacy::{ObjectId, OpId};
use automerge::{ActorId, Change, ChangeHash, ObjId, ROOT, ReadDoc, ScalarValue};

use super::genesis::{ChangeBuilder, TYPE, from_automerge, to_automerge};
use super::{DeriveError, Document};
use crate::entry::{Edit, Entry};
use crate::ids::{DeviceId, EntityId, Hash, Seq};
use crate::verdict::Derived;

/// A change that would be applied, and the facts for its verdict line.
#[derive(Debug, Clone)]
pub struct Plan {
    derived: Derived,
    pub(super) change: Change,
    pub(super) touched: Vec<(EntityId, String)>,
    /// automerge would write the very same change where its author had seen all that it stands on.
    pub(super) is_plain: bool,
}

impl Plan {
    /// What goes into the verdict line.
    #[must_use]
    pub fn derived(&self) -> &Derived {
        &self.derived
    }

    /// The fields it sets, each once.
    #[must_use]
    pub fn touched(&self) -> &[(EntityId, String)] {
        &self.touched
    }
}

impl Document {
    /// The home's side: chooses deps and seq for a merged edit of `device`. Where its author
    /// knew an older epoch only ([`Document::is_late`]), `unseen` says whether anybody else wrote
    /// one of its fields since: then both values stay.
    ///
    /// # Errors
    /// [`DeriveError`] if no change can come of it; the document is untouched either way.
    pub fn decide(&self, entry: &Entry, device: DeviceId, unseen: bool) -> Result<Plan, DeriveError> {
        let edit = entry.edit.as_ref().ok_or(DeriveError::NotAnEdit)?;
        let previous = self.last_edit.get(&device).copied();
        let stated = self.stated_by_author(edit, previous.map(|(_, hash)| hash), unseen);
        let mut deps = stated.clone();
        deps.extend(previous.map(|(_, hash)| hash));
        for named in entry.entities() {
            if let Some(map) = self.maps.get(&named.id)
                && !self.sees_map(named.id, &stated)
            {
                deps.push(map.maker);
            }
        }
        deps.sort_unstable();
        deps.dedup();
        let seq = previous.map_or(0, |(seq, _)| seq) + 1;
        let (change, is_plain) = self.build(entry, edit, device, seq, &deps, &stated)?;
        let derived = Derived {
            epoch: self.epoch,
            deps,
            seq,
            hash: Hash(change.hash().0),
        };
        Ok(Plan {
            derived,
            change,
            touched: touched(edit),
            is_plain,
        })
    }

    /// Everybody's side: derives the change from the verdict alone.
    ///
    /// # Errors
    /// [`DeriveError`] if a dep is missing, the count does not continue, or another hash
    /// comes out than the home's.
    pub fn derive(&self, entry: &Entry, device: DeviceId, derived: &Derived) -> Result<Plan, DeriveError> {
        let edit = entry.edit.as_ref().ok_or(DeriveError::NotAnEdit)?;
        if derived.epoch != self.epoch {
            return Err(DeriveError::Epoch {
                document: self.epoch,
                verdict: derived.epoch,
            });
        }
        let previous = self.last_edit.get(&device).copied();
        let expected = previous.map_or(0, |(seq, _)| seq) + 1;
        if derived.seq != expected {
            return Err(DeriveError::Seq {
                given: derived.seq,
                expected,
            });
        }
        let stated = self.stated_in_verdict(edit, previous.map(|(_, hash)| hash), &derived.deps);
        let (change, is_plain) = self.build(entry, edit, device, derived.seq, &derived.deps, &stated)?;
        let hash = Hash(change.hash().0);
        if hash != derived.hash {
            return Err(DeriveError::OtherHash {
                derived: hash,
                expected: derived.hash,
            });
        }
        Ok(Plan {
            derived: derived.clone(),
            change,
            touched: touched(edit),
            is_plain,
        })
    }

    /// Applies a plan made from this very state.
    ///
    /// # Errors
    /// [`DeriveError`] if automerge does not take it or takes it without showing it; then
    /// this document must be dropped.
    pub fn apply(&mut self, plan: &Plan) -> Result<(), DeriveError> {
        self.apply_unsettled(plan);
        self.settle()
    }

    /// Whether an edit's author knew nothing of this epoch, which is not the first.
    #[must_use]
    pub fn is_late(&self, edit: &Edit) -> bool {
        self.epoch > 1 && !edit.base.iter().any(|hash| self.contains(*hash))
    }

    /// What the author had seen, as far as this document knows it.
    fn stated_by_author(&self, edit: &Edit, previous: Option<Hash>, unseen: bool) -> Vec<Hash> {
        if self.is_late(edit) {
            let [maps, values] = self.genesis;
            return self.stated_late(if unseen { maps } else { values }, previous);
        }
        let known = edit.base.iter().copied().filter(|hash| self.contains(*hash));
        let stated: Vec<Hash> = known.chain(previous).collect();
        if stated.is_empty() {
            vec![self.genesis[1]]
        } else {
            stated
        }
    }

    /// The same, read back from a verdict's deps.
    fn stated_in_verdict(&self, edit: &Edit, previous: Option<Hash>, deps: &[Hash]) -> Vec<Hash> {
        let from_base: Vec<Hash> = deps.iter().copied().filter(|dep| edit.base.contains(dep)).collect();
        let of_genesis = deps.iter().copied().filter(|dep| self.genesis.contains(dep));
        if from_base.is_empty() && self.epoch > 1 {
            let unseen = !deps.contains(&self.genesis[1]);
            return self.stated_late(self.genesis[usize::from(!unseen)], previous);
        }
        from_base
            .iter()
            .copied()
            .chain(deps.iter().copied().filter(|dep| Some(*dep) == previous))
            .chain(of_genesis.filter(|_| from_base.is_empty() && previous.is_none()))
            .collect()
    }

    /// From one of the two genesis changes, and the device's own edits since; not those where
    /// they would bring back the values that the first of the two leaves out.
    fn stated_late(&self, genesis: Hash, previous: Option<Hash>) -> Vec<Hash> {
        let own = previous.filter(|hash| genesis == self.genesis[1] || !self.sees_values(*hash));
        [Some(genesis), own].into_iter().flatten().collect()
    }

    fn sees_values(&self, change: Hash) -> bool {
        matches!(
            self.automerge.get_at(ROOT, "epoch", &self.settled(&[change])),
            Ok(Some(_))
        )
    }

    fn sees_map(&self, entity: EntityId, heads: &[Hash]) -> bool {
        matches!(
            self.automerge
                .get_at(&self.entities, entity.to_string(), &self.settled(heads)),
            Ok(Some(_))
        )
    }

    fn build(
        &self,
        entry: &Entry,
        edit: &Edit,
        device: DeviceId,
        seq: Seq,
        deps: &[Hash],
        stated: &[Hash],
    ) -> Result<(Change, bool), DeriveError> {
        let mut start_op = 0;
        for dep in deps {
            let facts = self.changes.get(dep).ok_or(DeriveError::MissingDep(*dep))?;
            start_op = start_op.max(facts.max_op);
        }
        let actor = ActorId::from(device.as_bytes().as_slice());
        let mut change = ChangeBuilder::new(actor, seq, start_op + 1, entry.made_at.unix_seconds(), to_heads(deps));
        let mut objects: Vec<(EntityId, ObjectId)> = Vec::new();
        for named in entry.entities() {
            let object = match self.maps.get(&named.id) {
                Some(_) if named.creates => return Err(DeriveError::EntityExists(named.id)),
                Some(map) if map.entity_type != named.entity_type => {
                    return Err(DeriveError::WrongType(named.id));
                }
                Some(map) if !self.sees_map(named.id, deps) => {
                    return Err(DeriveError::MissingDep(map.maker));
                }
                Some(map) => to_object(&map.object),
                None => {
                    let entities = to_object(&self.entities);
                    let object = ObjectId::Id(change.make_map(entities, &named.id.to_string()));
                    change.put(
                        object.clone(),
                        TYPE,
                        ScalarValue::Str(named.entity_type.into()),
                        Vec::new(),
                    );
                    object
                }
            };
            objects.push((named.id, object));
        }
        let stated = self.settled(stated);
        let own = self.last_edit.get(&device);
        let mut is_plain = stated == self.settled(deps) && own.is_none_or(|(_, hash)| deps.contains(hash));
        let mut put_here: Vec<(EntityId, &str, OpId)> = Vec::new();
        for item in &edit.set {
            let Some((_, object)) = objects.iter().find(|(id, _)| *id == item.id) else {
                continue;
            };
            let earlier = put_here
                .iter_mut()
                .find(|(id, field, _)| *id == item.id && *field == item.field);
            let pred = match (&earlier, self.maps.get(&item.id)) {
                (Some((.., op)), _) => {
                    is_plain = false;
                    vec![op.clone()]
                }
                (None, Some(map)) => {
                    let visible = self
                        .automerge
                        .get_all_at(&map.object, item.field.as_str(), &stated)
                        .map_err(|error| DeriveError::Automerge(error.to_string()))?;
                    // What is there already, and which of several stays, it would not write.
                    is_plain &= match &visible[..] {
                        [] => true,
                        [(value, _)] => value.as_scalar().and_then(from_automerge).as_ref() != Some(&item.value),
                        _ => false,
                    };
                    visible.iter().filter_map(|(_, op)| to_op(op)).collect()
                }
                (None, None) => Vec::new(),
            };
            let op = change.put(object.clone(), &item.field, to_automerge(&item.value), pred);
            match earlier {
                Some(earlier) => earlier.2 = op,
                None => put_here.push((item.id, &item.field, op)),
            }
        }
        Ok((change.build(), is_plain))
    }
}

fn touched(edit: &Edit) -> Vec<(EntityId, String)> {
    let mut touched: Vec<(EntityId, String)> = Vec::new();
    for item in &edit.set {
        if !touched.iter().any(|(id, field)| *id == item.id && *field == item.field) {
            touched.push((item.id, item.field.clone()));
        }
    }
    touched
}

fn to_heads(hashes: &[Hash]) -> Vec<ChangeHash> {
    hashes.iter().map(|hash| ChangeHash(hash.0)).collect()
}

fn to_op(op: &ObjId) -> Option<OpId> {
    match op {
        ObjId::Id(counter, actor, _) => Some(OpId(*counter, actor.clone())),
        ObjId::Root => None,
    }
}

fn to_object(object: &ObjId) -> ObjectId {
    to_op(object).map_or(ObjectId::Root, ObjectId::Id)
}
