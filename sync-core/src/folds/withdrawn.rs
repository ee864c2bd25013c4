//! Which records no longer speak: those that a correction supersedes or a withdrawal
//! retracts. Only its own author and the office may take a statement back; a withdrawal or
//! correction that is itself withdrawn takes nothing back, one that is corrected again does.

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
    /// It supersedes: it says something else instead.
    pub corrects: bool,
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
            corrects: entry.retracts.is_none() && entry.supersedes.is_some(),
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
    let mut judged: HashMap<EntryId, Judged> = HashMap::new();
    for target in targets {
        judge(target, &workers, &against, &mut judged);
    }
    judged
        .into_iter()
        .filter_map(|(entry, judged)| judged.gone.then_some(entry))
        .collect()
}

/// What is known of one record.
#[derive(Clone, Copy)]
struct Judged {
    /// It speaks no longer.
    gone: bool,
    /// It, or a correction of it, speaks: what it corrects does not.
    holds: bool,
}

/// What nothing was said against.
const SPEAKS: Judged = Judged {
    gone: false,
    holds: true,
};

/// Walks the chain of withdrawals without recursion: hostile chains are as long as a log.
fn judge(
    start: EntryId,
    workers: &HashMap<EntryId, WorkerId>,
    against: &HashMap<EntryId, Vec<Speaker>>,
    judged: &mut HashMap<EntryId, Judged>,
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
            let of = |by: &Speaker| judged.get(&by.entry).copied().unwrap_or(SPEAKS);
            let retracted = withdrawals().any(|by| !by.corrects && !of(by).gone);
            let corrected = withdrawals().any(|by| by.corrects && of(by).holds);
            let is = Judged {
                gone: retracted || corrected,
                holds: corrected || !retracted,
            };
            judged.insert(entry, is);
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
            corrects: false,
        }
    }

    fn corrects(entry: u8, worker: u8, old: u8) -> Speaker {
        Speaker {
            corrects: true,
            ..says(entry, worker, Some(old))
        }
    }

    #[test]
    fn of_a_chain_of_corrections_only_the_last_speaks_in_any_order_of_arrival() {
        let mut chain = [
            says(1, 7, None),
            corrects(2, 7, 1),
            corrects(3, 7, 2),
            corrects(4, 7, 3),
        ];
        let gone = HashSet::from([id(1), id(2), id(3)]);
        assert_eq!(withdrawn(chain), gone);
        chain.reverse();
        assert_eq!(withdrawn(chain), gone);
    }

    #[test]
    fn two_corrections_of_one_record_both_speak_and_it_does_not() {
        let twice = [says(1, 7, None), corrects(2, 7, 1), corrects(3, 7, 1)];
        assert_eq!(withdrawn(twice), HashSet::from([id(1)]));
    }

    #[test]
    fn a_withdrawn_correction_gives_the_word_back_unless_it_was_corrected_again() {
        let undone = [says(1, 7, None), corrects(2, 7, 1), says(3, 7, Some(2))];
        assert_eq!(withdrawn(undone), HashSet::from([id(2)]));
        let corrected_beside = [
            says(1, 7, None),
            corrects(2, 7, 1),
            says(3, 7, Some(2)),
            corrects(4, 7, 2),
        ];
        assert_eq!(withdrawn(corrected_beside), HashSet::from([id(1), id(2)]));
    }

    #[test]
    fn a_correction_of_a_withdrawn_record_speaks() {
        let late = [says(1, 7, None), says(2, 7, Some(1)), corrects(3, 7, 1)];
        assert_eq!(withdrawn(late), HashSet::from([id(1)]));
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
