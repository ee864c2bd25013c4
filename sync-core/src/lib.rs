//! The core of Menpai: entries, device logs, derivation, verdict rules and views.
//! It owns every rule that phone and server must agree on, and does no IO: clock,
//! randomness and storage are the caller's.

pub mod clock;
pub mod community_log;
pub mod device_log;
pub mod entry;
pub mod erase;
pub mod folds;
pub mod ids;
pub mod json;
pub mod judge;
pub mod kinds;
mod packed;
pub mod part;
pub mod phone;
pub mod registry;
pub mod replica;
pub mod signature;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod verdict;
pub mod wire;
