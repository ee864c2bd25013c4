//! A fleet of phones without screens: sync-core's own phone, natively, over real HTTP, against
//! a running server. It makes entries as a day of work does, restarts, loses connections and
//! keeps what is unsent; it reports what the server made of it and never judges it.

mod acknowledged;
mod body;
mod client;
mod day;
mod dice;
mod fleet;
mod logins;
pub mod month;
mod phone;
mod report;
mod rows;
mod surroundings;

pub use acknowledged::Acknowledged;
pub use client::{Client, ClientError, Enrolled, Failure};
pub use dice::Dice;
pub use fleet::{Settings, SimulateError, SyncWhen, run};
pub use logins::{Login, LoginsError, read_logins};
pub use report::{Latencies, Report, Traffic};
pub use rows::Rows;
