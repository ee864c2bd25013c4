//! What may be run at any time beside the requests: checking a community's file, making what
//! is derived again, and the night, which closes the day.

pub mod audit_heads;
pub mod carry;
pub mod compact;
pub mod encryption;
pub mod night;
pub mod rebuild;
pub mod restore;
pub mod ticker;
pub mod verify;
