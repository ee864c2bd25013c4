//! Which phones are silent: those that could have recorded something and have not told the
//! home since a cut-off that they had nothing, or of whose log a part is missing. Revoked phones, the office's own devices and
//! ended assignments do not count; a role in the whole community is one in every grid.

use std::collections::HashMap;

use menpai_sync_core::ids::{DeviceId, GridId, WorkerId};
use menpai_sync_core::judge::GRACE_MS;

use super::moves::GridMove;
use super::register::Register;
use crate::store::community::gaps::Gap;
use crate::store::community::heard::Heard;
use crate::sync::Directory;

/// A phone from which not everything is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentPhone {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub worker: WorkerId,
    /// What is known of its contacts; `None`: it was never heard from.
    pub heard: Option<Heard>,
    /// What of its log is known to exist and is not here.
    pub gaps: Vec<Gap>,
    /// Where it could have recorded something; `None` among them: everywhere.
    grids: Vec<Option<GridId>>,
}

/// The silent phones of a community, the one silent for longest first.
#[derive(Debug, Clone, Default)]
pub struct Silence {
    phones: Vec<SilentPhone>,
    /// Where each phone in use, silent or not, could have recorded something.
    in_use: Vec<Vec<Option<GridId>>>,
}

impl Silence {
    /// Judges every phone: `now_ms` decides which assignments are current, `since_ms` is the
    /// cut-off.
    #[must_use]
    pub fn read(
        register: &Register<'_>,
        directory: &Directory,
        heard: &HashMap<DeviceId, Heard>,
        mut gaps: HashMap<DeviceId, Vec<Gap>>,
        now_ms: i64,
        since_ms: i64,
    ) -> Silence {
        let mut silence = Silence::default();
        for (device, known) in register.devices() {
            let Some(worker) = known.worker.filter(|_| !known.office && !known.revoked) else {
                continue;
            };
            let current = directory.assignments(worker).iter().filter(|assignment| {
                assignment.from_ms <= now_ms && assignment.until_ms.is_none_or(|until| now_ms < until)
            });
            let grids: Vec<Option<GridId>> = current.map(|assignment| assignment.grid).collect();
            let heard = heard.get(&device).copied();
            if grids.is_empty() || is_replaced(known.replaced_ms, heard, now_ms) {
                continue;
            }
            let gaps = gaps.remove(&device).unwrap_or_default();
            silence.in_use.push(grids.clone());
            let complete = heard.and_then(|heard| heard.complete_ms);
            if complete.is_none_or(|at_ms| at_ms < since_ms) || !gaps.is_empty() {
                silence.phones.push(SilentPhone {
                    device,
                    worker,
                    heard,
                    gaps,
                    grids,
                });
            }
        }
        silence
            .phones
            .sort_by_key(|phone| (phone.heard.map(|heard| heard.contact_ms), phone.device));
        silence
    }

    /// A phone that has not told the home everything since doors of its grid moved could have been
    /// there before: it is silent in the grid that has them now, too.
    #[must_use]
    pub fn following(mut self, moves: &[GridMove]) -> Silence {
        for phone in &mut self.phones {
            let complete = phone.heard.and_then(|heard| heard.complete_ms);
            for moved in moves {
                let told = phone.gaps.is_empty() && complete.is_some_and(|at_ms| moved.at_ms <= at_ms);
                if !told && phone.grids.contains(&Some(moved.from)) {
                    phone.grids.push(Some(moved.to));
                }
            }
        }
        self
    }

    /// The silent phones of workers assigned to a grid. What is in no grid is everybody's.
    pub fn of_grid(&self, grid: Option<GridId>) -> impl Iterator<Item = &SilentPhone> {
        self.phones.iter().filter(move |phone| reaches(&phone.grids, grid))
    }

    /// How many phones could have recorded something in a grid.
    #[must_use]
    pub fn in_use(&self, grid: Option<GridId>) -> usize {
        self.in_use.iter().filter(|grids| reaches(grids, grid)).count()
    }

    /// The silent phones of a worker.
    pub fn of_worker(&self, worker: WorkerId) -> impl Iterator<Item = &SilentPhone> {
        self.phones.iter().filter(move |phone| phone.worker == worker)
    }
}

/// A phone that became another device is no more, unless its clone goes on: after as long as late
/// work merges, what was not heard from is not waited for.
fn is_replaced(replaced_ms: Option<i64>, heard: Option<Heard>, now_ms: i64) -> bool {
    replaced_ms.is_some_and(|at_ms| {
        at_ms.saturating_add(GRACE_MS) < now_ms && heard.is_none_or(|heard| heard.contact_ms <= at_ms)
    })
}

fn reaches(grids: &[Option<GridId>], grid: Option<GridId>) -> bool {
    grid.is_none_or(|grid| grids.iter().any(|own| own.is_none_or(|own| own == grid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_waited_for_where_doors_of_its_grid_went_until_it_has_told_all() {
        let grid = |number| GridId::from_bytes([number; 16]);
        let phone = |complete_ms| SilentPhone {
            device: DeviceId::from_bytes([1; 16]),
            worker: WorkerId::from_bytes([2; 16]),
            heard: Some(Heard {
                contact_ms: 9_000,
                complete_ms,
            }),
            gaps: Vec::new(),
            grids: vec![Some(grid(1))],
        };
        let moves = [(1, 2, 5_000), (2, 3, 6_000)].map(|(from, to, at_ms)| GridMove {
            from: grid(from),
            to: grid(to),
            at_ms,
        });
        let waits_in = |complete_ms, number| {
            let silence = Silence {
                phones: vec![phone(complete_ms)],
                in_use: Vec::new(),
            };
            silence.following(&moves).of_grid(Some(grid(number))).count()
        };
        for complete_ms in [None, Some(4_999)] {
            assert_eq!([1, 2, 3].map(|number| waits_in(complete_ms, number)), [1, 1, 1]);
        }
        assert_eq!([1, 2, 3].map(|number| waits_in(Some(5_500), number)), [1, 0, 0]);
    }

    #[test]
    fn a_device_that_was_replaced_is_waited_for_as_long_as_late_work_merges() {
        let heard = |contact_ms| {
            Some(Heard {
                contact_ms,
                complete_ms: None,
            })
        };
        let later = 1_000 + GRACE_MS + 1;
        assert!(!is_replaced(None, None, later), "nobody replaced it");
        assert!(!is_replaced(Some(1_000), heard(900), later - 1));
        assert!(is_replaced(Some(1_000), heard(900), later));
        assert!(!is_replaced(Some(1_000), heard(1_001), later), "its clone goes on");
    }
}
