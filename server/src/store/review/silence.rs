//! Which phones are silent: those that could have recorded something and have not told the
//! home since a cut-off that they had nothing. Revoked phones, the office's own devices and
//! ended assignments do not count; a role in the whole community is one in every grid.

use std::collections::HashMap;

use menpai_sync_core::ids::{DeviceId, GridId, WorkerId};

use super::register::Register;
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
    /// Where it could have recorded something; `None` among them: everywhere.
    grids: Vec<Option<GridId>>,
}

/// The silent phones of a community, the one silent for longest first.
#[derive(Debug, Clone, Default)]
pub struct Silence {
    phones: Vec<SilentPhone>,
}

impl Silence {
    /// Judges every phone: `now_ms` decides which assignments are current, `since_ms` is the
    /// cut-off.
    #[must_use]
    pub fn read(
        register: &Register<'_>,
        directory: &Directory,
        heard: &HashMap<DeviceId, Heard>,
        now_ms: i64,
        since_ms: i64,
    ) -> Silence {
        let mut phones = Vec::new();
        for (device, known) in register.devices() {
            let Some(worker) = known.worker.filter(|_| !known.office && !known.revoked) else {
                continue;
            };
            let heard = heard.get(&device).copied();
            if heard
                .and_then(|heard| heard.complete_ms)
                .is_some_and(|at_ms| at_ms >= since_ms)
            {
                continue;
            }
            let current = directory.assignments(worker).iter().filter(|assignment| {
                assignment.from_ms <= now_ms && assignment.until_ms.is_none_or(|until| now_ms < until)
            });
            let grids: Vec<Option<GridId>> = current.map(|assignment| assignment.grid).collect();
            if !grids.is_empty() {
                phones.push(SilentPhone {
                    device,
                    worker,
                    heard,
                    grids,
                });
            }
        }
        phones.sort_by_key(|phone| (phone.heard.map(|heard| heard.contact_ms), phone.device));
        Silence { phones }
    }

    /// The silent phones of workers assigned to a grid. What is in no grid is everybody's.
    pub fn of_grid(&self, grid: Option<GridId>) -> impl Iterator<Item = &SilentPhone> {
        self.phones.iter().filter(move |phone| match grid {
            Some(grid) => phone.grids.iter().any(|own| own.is_none_or(|own| own == grid)),
            None => true,
        })
    }

    /// The silent phones of a worker.
    pub fn of_worker(&self, worker: WorkerId) -> impl Iterator<Item = &SilentPhone> {
        self.phones.iter().filter(move |phone| phone.worker == worker)
    }
}
