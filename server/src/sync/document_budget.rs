//! How much memory the loaded documents of all communities, and what SQLite keeps of their
//! files, may take together. Over that, the communities that went longest without a commit are
//! asked to let theirs go; whoever has just committed keeps its own. What is let go is read
//! from the file when next needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Where nobody says otherwise.
const MOST_BYTES: usize = 1 << 30;

/// About what a file that is worked on takes beside its documents: two connections with their schema,
/// pages and statements, and what the allocator cannot give back between them
/// (`memory_mb_per_open_community`).
const BYTES_OF_FILE: usize = 5 << 20;

/// Lets go of what a community holds, soon and without waiting for it.
pub(super) type LetGo = dyn Fn() + Send + Sync;

/// The budget of one home.
pub(super) struct DocumentBudget {
    most_bytes: usize,
    holders: Mutex<Holders>,
}

#[derive(Default)]
struct Holders {
    by_number: HashMap<u64, Holder>,
    next: u64,
    uses: u64,
}

struct Holder {
    bytes: usize,
    /// When it last committed, counted in commits of all.
    used: u64,
    let_go: Weak<LetGo>,
}

/// One community's share; it ends with its writer.
pub(super) struct Share {
    budget: Arc<DocumentBudget>,
    number: u64,
}

impl Default for DocumentBudget {
    fn default() -> DocumentBudget {
        DocumentBudget::of(MOST_BYTES)
    }
}

impl DocumentBudget {
    pub(super) fn of(most_bytes: usize) -> DocumentBudget {
        DocumentBudget {
            most_bytes,
            holders: Mutex::default(),
        }
    }

    /// A share for the writer of a community that lives as long as `let_go`.
    pub(super) fn share(self: &Arc<DocumentBudget>, let_go: &Arc<LetGo>) -> Share {
        let mut holders = self.holders();
        let number = holders.next;
        holders.next += 1;
        let holder = Holder {
            bytes: 0,
            used: 0,
            let_go: Arc::downgrade(let_go),
        };
        holders.by_number.insert(number, holder);
        drop(holders);
        Share {
            budget: Arc::clone(self),
            number,
        }
    }

    fn holders(&self) -> MutexGuard<'_, Holders> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Says what this community's documents take after a commit.
    pub(super) fn hold(&self, document_bytes: usize) {
        let bytes = if document_bytes == 0 {
            0
        } else {
            document_bytes + BYTES_OF_FILE
        };
        let mut holders = self.budget.holders();
        holders.uses += 1;
        let used = holders.uses;
        if let Some(own) = holders.by_number.get_mut(&self.number) {
            (own.bytes, own.used) = (bytes, used);
        }
        let mut over = holders.bytes().saturating_sub(self.budget.most_bytes);
        while over > 0 {
            let others = holders
                .by_number
                .iter_mut()
                .filter(|(number, _)| **number != self.number);
            let Some((_, oldest)) = others
                .filter(|(_, other)| other.bytes > 0)
                .min_by_key(|(_, other)| other.used)
            else {
                return;
            };
            over = over.saturating_sub(std::mem::take(&mut oldest.bytes));
            if let Some(let_go) = oldest.let_go.upgrade() {
                let_go();
            }
        }
    }
}

impl Holders {
    fn bytes(&self) -> usize {
        self.by_number.values().map(|holder| holder.bytes).sum()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.holders().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MB: usize = 1 << 20;

    /// A community that counts how often it is asked.
    struct Asked {
        share: Share,
        times: Arc<AtomicUsize>,
        _let_go: Arc<LetGo>,
    }

    impl Asked {
        fn new(budget: &Arc<DocumentBudget>) -> Asked {
            let times = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&times);
            let let_go: Arc<LetGo> = Arc::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
            Asked {
                share: budget.share(&let_go),
                times,
                _let_go: let_go,
            }
        }

        fn times(&self) -> usize {
            self.times.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn who_went_longest_without_a_commit_is_asked_first_and_only_as_far_as_needed() {
        let budget = Arc::new(DocumentBudget::of(2 * (4 * MB + BYTES_OF_FILE) + 2 * MB));
        let holders = [(); 3].map(|()| Asked::new(&budget));
        for holder in &holders {
            holder.share.hold(4 * MB);
        }
        let asked = || holders.each_ref().map(Asked::times);
        assert_eq!(asked(), [1, 0, 0]);
        // The first comes back: now the second is the oldest.
        holders[0].share.hold(5 * MB);
        assert_eq!(asked(), [1, 1, 0]);
        holders[2].share.hold(4 * MB);
        assert_eq!(asked(), [1, 1, 0]);
    }

    #[test]
    fn one_that_alone_is_over_keeps_its_own_and_one_that_closed_counts_no_more() {
        let budget = Arc::new(DocumentBudget::of(8 * MB + BYTES_OF_FILE));
        let (one, two) = (Asked::new(&budget), Asked::new(&budget));
        two.share.hold(7 * MB);
        let Asked { share, times, _let_go } = two;
        drop(share);
        one.share.hold(20 * MB);
        assert_eq!((one.times(), times.load(Ordering::Relaxed)), (0, 0));
        assert_eq!(budget.holders().bytes(), 20 * MB + BYTES_OF_FILE);
    }
}
