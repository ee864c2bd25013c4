//! All SQL of one community's file. `log_line`, `entry` and `device_log` hold the truth;
//! `projection` holds what is derived from it. Nothing here decides a verdict.

pub mod audit;
mod bodies;
pub mod check;
pub mod copy;
pub mod device_logs;
pub mod digest;
pub mod entries;
pub mod epochs;
pub mod erased;
mod error;
pub mod gaps;
pub mod heard;
pub mod identity;
mod kept;
pub mod lines;
pub mod moments;

mod open;
pub mod parts;
pub mod projection;
pub mod pull;
pub mod snapshots;
pub mod views;

pub use bodies::{BodyCodec, StoredBody};
pub use error::StoreError;
pub use kept::Kept;
pub use open::{empty_in_memory, open_reader, open_writer};
