//! Duplicates merged by alias: an entity says what it was merged into, and everything about it
//! counts there. Nothing is moved or lost: cleared, the alias stands for itself again.

use crate::ids::EntityId;

/// What an entity stands for. `into` says what one was merged into, if that is known here; of
/// entities merged into each other the smallest id stands for all.
#[must_use]
pub fn canonical(id: EntityId, into: impl Fn(EntityId) -> Option<EntityId>) -> EntityId {
    let mut path = Vec::new();
    let mut at = id;
    while let Some(next) = into(at) {
        path.push(at);
        if let Some(ring) = path.iter().position(|passed| *passed == next) {
            return path[ring..].iter().copied().min().unwrap_or(next);
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn entity(n: u8) -> EntityId {
        EntityId::from_bytes([n; 16])
    }

    fn resolved(aliases: &[(u8, u8)]) -> impl Fn(u8) -> u8 {
        let into: HashMap<EntityId, EntityId> = aliases.iter().map(|(from, to)| (entity(*from), entity(*to))).collect();
        move |id| canonical(entity(id), |id| into.get(&id).copied()).as_bytes()[0]
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let stands_for = resolved(&[(1, 2), (2, 3)]);
        assert_eq!([1, 2, 3, 4].map(stands_for), [3, 3, 3, 4]);
    }

    #[test]
    fn a_ring_and_whatever_leads_into_it_stand_for_its_smallest_id() {
        let stands_for = resolved(&[(9, 7), (7, 5), (5, 6), (6, 7), (4, 4)]);
        assert_eq!([9, 7, 5, 6, 4].map(stands_for), [5, 5, 5, 5, 4]);
    }
}
