//! What may be run at any time beside the requests: checking a community's file, and making
//! what is derived again.

pub mod rebuild;
pub mod verify;
