//! The one workload that figures are measured on: a grid of 600 households and 1,500 persons,
//! and a worker's day of 60 door checks, 20 care visits, 5 registry edits and 3 hazards, made
//! by the core's own phone. One seed, one day, the same bytes but for ids that the home made.

mod day;
mod town;
mod words;
mod worker;

pub use day::ENTRIES_A_DAY;
pub use town::{HOUSEHOLDS, PERSONS, code_of, found, found_many, roster};
pub use worker::{Acknowledgement, BrokenOff, Contact, Worker};

/// The seed of every figure.
pub const SEED: u64 = 20_261_102;
