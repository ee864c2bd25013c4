//! One file per address: parse, authorise, call one thing, answer. The list of addresses is
//! `router.rs`.

pub mod carrying;
pub mod courier;
pub mod desk;
pub mod desk_sessions;
pub mod desk_sign_in;
pub mod devices;
pub mod enrolments;
mod file_pieces;
pub mod health;
pub mod leading;
pub mod leases;
mod pieces;
pub mod reference;
pub mod snapshots;
pub mod static_files;
pub mod sync;
