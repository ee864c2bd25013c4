//! Which records no longer speak: those that a correction supersedes or a withdrawal
//! retracts. Only its own author and the office may take a statement back; a withdrawal that
//! is itself withdrawn takes nothing back.

use std::collections::{HashMap, HashSet};

use crate::entry::Entry;
use crate::ids::{EntryId, WorkerId};

/// One record as far as withdrawing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speaker {
    /// The record.
    pub entry: EntryId,
    /// Who says it.
    pub worker: WorkerId,
    /// Written on a device of the office.
    pub office: bool,
    /// The record that it supersedes or retracts.
    pub withdraws: Option<EntryId>,
}

impl Speaker {
    /// What an entry says about others.
    #[must_use]
    pub fn of(entry: &Entry, office: bool) -> Speaker {
        Speaker {
            entry: entry.id,
            worker: entry.worker,
            office,
            withdraws: entry.retracts.or(entry.supersedes),
        }
    }
}

/// The records that no longer speak. A withdrawal (`retracts`) never speaks itself, which is
/// for the caller to see: it has no body.
#[must_use]
pub fn withdrawn(speakers: impl IntoIterator<Item = Speaker>) -> HashSet<EntryId> {
    let mut workers: HashMap<EntryId, WorkerId> = HashMap::new();
    let mut against: HashMap<EntryId, Vec<Speaker>> = HashMap::new();
    for speaker in speakers {
        workers.insert(speaker.entry, speaker.worker);
        if let Some(target) = speaker.withdraws {
            against.entry(target).or_default().push(speaker);
        }
    }
    // Sorted, so that even a ring ends the same way on every replica.
    let mut targets: Vec<EntryId> = against.keys().copied().collect();
    targets.sort_unstable();
    for by in against.values_mut() {
        by.sort_unstable_by_key(|by| by.entry);
    }
    let mut judged: HashMap<EntryId, bool> = HashMap::new();
    for target in targets {
        judge(target, &workers, &against, &mut judged);
    }
    judged
        .into_iter()
        .filter_map(|(entry, gone)| gone.then_some(entry))
        .collect()
}

/// Walks the chain of withdrawals without recursion: hostile chains are as long as a log.
fn judge(
    start: EntryId,
    workers: &HashMap<EntryId, WorkerId>,
    against: &HashMap<EntryId, Vec<Speaker>>,
    judged: &mut HashMap<EntryId, bool>,
) {
    let mut open = vec![start];
    let mut entered: HashSet<EntryId> = HashSet::new();
    while let Some(&entry) = open.last() {
        if judged.contains_key(&entry) {
            open.pop();
            continue;
        }
        let allowed = |by: &&Speaker| by.office || workers.get(&entry) == Some(&by.worker);
        let withdrawals = || against.get(&entry).into_iter().flatten().filter(allowed);
        if entered.insert(entry) {
            // A ring of withdrawals cannot be made in good faith: whichever is entered twice counts as speaking.
            open.extend(
                withdrawals()
                    .map(|by| by.entry)
                    .filter(|by| !judged.contains_key(by) && !entered.contains(by)),
            );
        } else {
            let gone = withdrawals().any(|by| !judged.get(&by.entry).copied().unwrap_or(false));
            judged.insert(entry, gone);
            open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> EntryId {
        EntryId::from_bytes([n; 16])
    }

    fn says(entry: u8, worker: u8, withdraws: Option<u8>) -> Speaker {
        Speaker {
            entry: id(entry),
            worker: WorkerId::from_bytes([worker; 16]),
            office: false,
            withdraws: withdraws.map(id),
        }
    }

    #[test]
    fn an_author_takes_back_what_he_said_and_nobody_else_does() {
        let gone = withdrawn([
            says(1, 7, None),
            says(2, 7, Some(1)),
            says(3, 7, None),
            says(4, 8, Some(3)),
        ]);
        assert_eq!(gone, HashSet::from([id(1)]));
    }

    #[test]
    fn the_office_may_take_back_what_a_worker_said() {
        let office = Speaker {
            office: true,
            ..says(2, 9, Some(1))
        };
        assert_eq!(withdrawn([says(1, 7, None), office]), HashSet::from([id(1)]));
    }

    #[test]
    fn a_withdrawal_that_is_withdrawn_takes_nothing_back() {
        let chain = [says(3, 7, Some(2)), says(1, 7, None), says(2, 7, Some(1))];
        assert_eq!(withdrawn(chain), HashSet::from([id(2)]));
    }

    #[test]
    fn a_withdrawal_of_something_not_here_yet_waits_for_it() {
        assert_eq!(withdrawn([says(2, 7, Some(1))]), HashSet::new());
    }

    #[test]
    fn a_ring_and_a_long_chain_end() {
        let ring = withdrawn([says(1, 7, Some(2)), says(2, 7, Some(1))]);
        assert_eq!(ring.len(), 1);
        let entry = |n: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            EntryId::from_bytes(bytes)
        };
        let chain = (0..50_000).map(|n| Speaker {
            entry: entry(n),
            withdraws: n.checked_sub(1).map(entry),
            ..says(0, 7, None)
        });
        assert_eq!(withdrawn(chain).len(), 25_000);
    }
}
