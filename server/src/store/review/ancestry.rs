//! Which edit of a field all of its later authors had seen. An author had seen what the home
//! says he stated as his base, his own edits before, and whatever those were made upon.

use std::collections::{HashMap, HashSet};

use menpai_sync_core::ids::{DeviceId, Hash};

/// One change of a document: who made it and what it was derived from.
#[derive(Debug, Clone)]
pub struct Made {
    /// Whose.
    pub device: DeviceId,
    /// What the home derived it from.
    pub deps: Vec<Hash>,
}

/// The changes of one document by hash.
#[derive(Debug, Default)]
pub struct Ancestry {
    changes: HashMap<Hash, Made>,
}

impl Ancestry {
    /// Adds a change.
    pub fn add(&mut self, hash: Hash, made: Made) {
        self.changes.insert(hash, made);
    }

    /// Every change that the author of `hash` had seen, given the base he stated. The home
    /// may have added deps that he had not seen, so that a map is visible: those do not count.
    #[must_use]
    pub fn seen_by(&self, hash: Hash, base: &[Hash]) -> HashSet<Hash> {
        let Some(own) = self.changes.get(&hash) else {
            return HashSet::new();
        };
        let previous = |dep: &Hash| self.changes.get(dep).is_some_and(|made| made.device == own.device);
        let mut open: Vec<Hash> = own
            .deps
            .iter()
            .filter(|dep| base.contains(dep) || previous(dep))
            .copied()
            .collect();
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next)
                && let Some(made) = self.changes.get(&next)
            {
                open.extend(&made.deps);
            }
        }
        seen
    }

    /// The one among `candidates` that is in every set and that no other such one had seen.
    /// `None` where there is none, or more than one.
    #[must_use]
    pub fn last_common(&self, candidates: &[Hash], sets: &[HashSet<Hash>]) -> Option<Hash> {
        let common: Vec<Hash> = candidates
            .iter()
            .filter(|hash| sets.iter().all(|set| set.contains(hash)))
            .copied()
            .collect();
        let later = |hash: &Hash, than: &Hash| {
            let deps = self.changes.get(hash).map_or(&[][..], |made| &made.deps);
            hash != than && self.seen_by(*hash, deps).contains(than)
        };
        let mut last = common
            .iter()
            .filter(|hash| !common.iter().any(|other| later(other, hash)));
        match (last.next(), last.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPORT: Hash = Hash([1; 32]);
    const FIRST: Hash = Hash([2; 32]);
    const LEFT: Hash = Hash([3; 32]);
    const RIGHT: Hash = Hash([4; 32]);

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 16])
    }

    fn made(number: u8, deps: &[Hash]) -> Made {
        Made {
            device: device(number),
            deps: deps.to_vec(),
        }
    }

    /// An import, a first change, and two changes of it that did not see each other.
    fn fork() -> Ancestry {
        let mut ancestry = Ancestry::default();
        ancestry.add(IMPORT, made(9, &[]));
        ancestry.add(FIRST, made(9, &[IMPORT]));
        ancestry.add(LEFT, made(1, &[FIRST]));
        ancestry.add(RIGHT, made(2, &[FIRST]));
        ancestry
    }

    #[test]
    fn the_latest_change_both_had_seen_is_found() {
        let ancestry = fork();
        let sets = [ancestry.seen_by(LEFT, &[FIRST]), ancestry.seen_by(RIGHT, &[FIRST])];
        assert_eq!(ancestry.last_common(&[IMPORT, FIRST, LEFT, RIGHT], &sets), Some(FIRST));
    }

    #[test]
    fn what_only_one_had_seen_is_not_common() {
        let mut ancestry = fork();
        ancestry.add(RIGHT, made(2, &[IMPORT]));
        let sets = [ancestry.seen_by(LEFT, &[FIRST]), ancestry.seen_by(RIGHT, &[IMPORT])];
        assert_eq!(ancestry.last_common(&[IMPORT, FIRST], &sets), Some(IMPORT));
    }

    #[test]
    fn a_dep_that_the_home_added_was_not_seen() {
        let ancestry = fork();
        // The author stated nothing that the home knows; the home added the map's maker.
        let sets = [ancestry.seen_by(LEFT, &[FIRST]), ancestry.seen_by(RIGHT, &[])];
        assert_eq!(ancestry.last_common(&[IMPORT, FIRST], &sets), None);
    }

    #[test]
    fn an_own_earlier_change_was_seen_without_being_stated() {
        let mut ancestry = fork();
        let second = Hash([5; 32]);
        ancestry.add(second, made(1, &[LEFT]));
        assert!(ancestry.seen_by(second, &[]).contains(&FIRST));
    }

    #[test]
    fn two_equally_late_common_changes_are_no_answer() {
        let mut ancestry = fork();
        let (a, b) = (Hash([6; 32]), Hash([7; 32]));
        ancestry.add(a, made(3, &[LEFT, RIGHT]));
        ancestry.add(b, made(4, &[LEFT, RIGHT]));
        let sets = [ancestry.seen_by(a, &[LEFT, RIGHT]), ancestry.seen_by(b, &[LEFT, RIGHT])];
        assert_eq!(ancestry.last_common(&[LEFT, RIGHT], &sets), None);
    }
}
