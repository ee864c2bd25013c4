//! Phones and their home under a schedule thrown with dice: requests and answers are lost,
//! doubled and late, phones and home restart, entries are held. Afterwards everybody must show
//! the same. No network and no clock: a seed is a schedule.

mod apps;
mod check;
mod clocks;
mod devices;
mod flash;
mod forget;
mod grids;
mod held;
mod home;
mod id_numbers;
mod months;
mod network;
mod office;
mod phone;
mod reader;
mod restored;
mod schedule;
mod town;
mod trials;
mod twins;
mod work;
mod world;

use std::fmt;

pub use clocks::run_clocks;
pub use restored::run_restored;
pub use schedule::{run, run_with};
pub use trials::{Trial, Trials};

/// What did not hold.
#[derive(Debug)]
pub struct Differs(pub String);

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
