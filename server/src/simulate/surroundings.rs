//! What a worker finds around: the registered things of one own grid, and what the office lets
//! this worker write. Read from the phone's confirmed state, through what the kind files say.

use std::collections::{BTreeMap, BTreeSet};

use menpai_sync_core::ids::{EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::{Kind, Kinds};
use menpai_sync_core::phone::Phone;
use menpai_sync_core::replica::Replica;
use serde_json::Value;

use super::dice::Dice;

/// One grid, as its worker knows it.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// Where the worker works.
    pub(super) grid: GridId,
    /// Who the worker is.
    pub(super) worker: WorkerId,
    /// Who is on a plan that still runs.
    pub(super) on_plan: Vec<EntityId>,
    roles: BTreeSet<String>,
    by_type: BTreeMap<String, Vec<EntityId>>,
}

impl Surroundings {
    /// Looks around in one of the worker's grids; `None` if the office gave none, or nothing
    /// is known of it yet.
    pub(super) fn look(phone: &Phone, kinds: &Kinds, dice: &mut Dice) -> Option<Surroundings> {
        let worker = phone.enrolment()?.worker.id;
        let replica = phone.replica()?;
        let (roles, assigned) = roles(phone, kinds, worker);
        let visible: BTreeSet<GridId> = replica.cursor().keys().filter_map(|part| part.grid).collect();
        let own: Vec<GridId> = if assigned.contains(&None) {
            visible.into_iter().collect()
        } else {
            assigned
                .iter()
                .flatten()
                .copied()
                .filter(|grid| visible.contains(grid))
                .collect()
        };
        let grid = *dice.pick(&own)?;
        let mut by_type: BTreeMap<String, Vec<EntityId>> = BTreeMap::new();
        let mut on_plan = Vec::new();
        for (id, row) in replica.rows().filter(|(_, row)| row.part.grid == Some(grid)) {
            by_type.entry(row.entity_type.clone()).or_default().push(id);
            if let Some(plan) = kinds
                .get(&row.entity_type)
                .and_then(|kind| kind.effects.schedules.as_ref())
                && row.get(plan.ends_on.as_str()).is_none()
            {
                on_plan.extend(row.reference(plan.subject.as_str()));
            }
        }
        // Rows come in no order; throws must not depend on that.
        by_type.values_mut().for_each(|ids| ids.sort_unstable());
        on_plan.sort_unstable();
        Some(Surroundings {
            grid,
            worker,
            on_plan,
            roles,
            by_type,
        })
    }

    /// What stands around one thing that is being recorded.
    pub(super) fn of(grid: GridId, worker: WorkerId, things: Vec<(&str, Vec<EntityId>)>) -> Surroundings {
        Surroundings {
            grid,
            worker,
            on_plan: Vec::new(),
            roles: BTreeSet::new(),
            by_type: things.into_iter().map(|(name, ids)| (name.to_owned(), ids)).collect(),
        }
    }

    /// Whether the worker may write that kind.
    pub(super) fn may_write(&self, kind: &Kind) -> bool {
        self.roles.iter().any(|role| kind.may_write(role))
    }

    /// Something of one of these types.
    pub(super) fn pick<'a>(&self, types: impl Iterator<Item = &'a str>, dice: &mut Dice) -> Option<EntityId> {
        let found: Vec<&Vec<EntityId>> = types.filter_map(|name| self.by_type.get(name)).collect();
        let count = found.iter().map(|ids| ids.len()).sum();
        let mut index = dice.below(count);
        found.into_iter().find_map(|ids| {
            let id = ids.get(index).copied();
            index = index.saturating_sub(ids.len());
            id
        })
    }

    /// The registry types of which something is here, with how many.
    pub(super) fn types(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_type.iter().map(|(name, ids)| (name.as_str(), ids.len()))
    }
}

/// The worker's roles and grids (`None`: everywhere), from the office's records.
fn roles(phone: &Phone, kinds: &Kinds, worker: WorkerId) -> (BTreeSet<String>, BTreeSet<Option<GridId>>) {
    let mut roles = BTreeSet::new();
    let mut grids = BTreeSet::new();
    for record in phone.replica().into_iter().flat_map(Replica::records) {
        let entry = &record.entry;
        let Some(grants) = kinds.get(&entry.kind).and_then(|kind| kind.effects.grants.as_ref()) else {
            continue;
        };
        let text = |field: &str| entry.body.get(field).and_then(Value::as_str);
        let is_mine = text(grants.worker.as_str()).and_then(|id| id.parse().ok()) == Some(worker);
        if is_mine && text(grants.until.as_str()).is_none() {
            roles.extend(text(grants.role.as_str()).map(str::to_owned));
            grids.insert(text(grants.grid.as_str()).and_then(|id| id.parse().ok()));
        }
    }
    (roles, grids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(counts: &[(&str, u8)]) -> Surroundings {
        let ids = |count: u8, salt: u8| {
            (0..count)
                .map(|n| EntityId::from_bytes([n + salt; 16]))
                .collect::<Vec<_>>()
        };
        Surroundings {
            grid: GridId::from_bytes([1; 16]),
            worker: WorkerId::from_bytes([2; 16]),
            on_plan: Vec::new(),
            roles: BTreeSet::new(),
            by_type: counts
                .iter()
                .zip([0, 100])
                .map(|((name, n), salt)| ((*name).to_owned(), ids(*n, salt)))
                .collect(),
        }
    }

    #[test]
    fn everything_of_the_types_may_be_picked_and_nothing_else() {
        let around = around(&[("a", 3), ("b", 2)]);
        let mut dice = Dice::new(1);
        let mut picked = BTreeSet::new();
        for _ in 0..200 {
            picked.extend(around.pick(["a", "b"].into_iter(), &mut dice));
        }
        assert_eq!(picked.len(), 5);
        assert_eq!(around.pick(["c"].into_iter(), &mut dice), None);
    }
}
