//! Phones and their home under a schedule thrown with dice: requests and answers are lost,
//! doubled and late, phones and home restart, entries are held. Afterwards everybody must show
//! the same. No network and no clock: a seed is a schedule.

mod check;
mod clocks;
mod devices;
mod forget;
mod held;
mod home;
mod kinds;
mod office;
mod phone;
mod restored;
mod schedule;
mod town;
mod twins;

use std::fmt;

pub use clocks::run_clocks;
pub use restored::run_restored;
pub use schedule::{run, run_with};

/// What did not hold.
#[derive(Debug)]
pub struct Differs(pub String);

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a seed has been through: a schedule that tries nothing proves nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trials {
    /// Requests or answers that got lost.
    pub lost: usize,
    /// Requests that arrived twice, and requests and answers that arrived late.
    pub disordered: usize,
    /// Phones and homes that were closed and opened again.
    pub restarts: usize,
    /// Entries that were held.
    pub held: usize,
    /// Held or waiting entries that the office released, and what was freed with them.
    pub released: usize,
    /// Held or waiting entries that the office set aside.
    pub set_aside: usize,
    /// Fields with more than one value at the end.
    pub conflicts: usize,
    /// Entities that phones made.
    pub created: usize,
    /// Entries that arrived before those before them.
    pub gaps: usize,
    /// Grids that were taken from a worker.
    pub transfers: usize,
    /// Clocks that were set, and told of in a log.
    pub jumps: usize,
    /// Parts that were taken whole.
    pub snapshots: usize,
    /// Phones that were cloned.
    pub clones: usize,
    /// Phones that were put back to an older state.
    pub put_back: usize,
    /// Phones that became another device.
    pub successors: usize,
    /// Times that the home was put back from a copy.
    pub lives: usize,
    /// Look-alikes that the office merged.
    pub aliased: usize,
    /// Merged ones that it parted.
    pub parted: usize,
    /// Registry documents that went on as new epochs.
    pub epochs: usize,
    /// Persons and households that were erased.
    pub erasures: usize,
    /// Entries acknowledged.
    pub acknowledged: usize,
}

impl std::ops::AddAssign for Trials {
    fn add_assign(&mut self, other: Trials) {
        self.lost += other.lost;
        self.disordered += other.disordered;
        self.restarts += other.restarts;
        self.held += other.held;
        self.released += other.released;
        self.set_aside += other.set_aside;
        self.conflicts += other.conflicts;
        self.created += other.created;
        self.gaps += other.gaps;
        self.transfers += other.transfers;
        self.jumps += other.jumps;
        self.snapshots += other.snapshots;
        self.clones += other.clones;
        self.put_back += other.put_back;
        self.successors += other.successors;
        self.lives += other.lives;
        self.aliased += other.aliased;
        self.parted += other.parted;
        self.epochs += other.epochs;
        self.erasures += other.erasures;
        self.acknowledged += other.acknowledged;
    }
}
