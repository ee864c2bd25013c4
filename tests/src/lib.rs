//! The test harness: phones and a home without a network between them, the real server as a
//! process, small communities, the workload of the figures, and the walls. Test crate only: it stops at the first surprise.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a harness fails loudly")]

pub mod acknowledged;
pub mod convergence;
pub mod data_folder;
pub mod disk_faults;
pub mod figures;
pub mod hostile;
pub mod power_loss;
pub mod process;
pub mod runs;
pub mod walls;
pub mod workload;
