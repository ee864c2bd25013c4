//! Tells whoever waits that a community's file has moved: after every commit of its writer,
//! one that only noted a contact included. It holds no file open and outlives the opening and
//! closing of one; what is new must be read from the file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Lsn};
use tokio::sync::watch;

/// One channel per community; a slow listener misses steps, never the last one.
#[derive(Default)]
pub(super) struct News {
    channels: Mutex<HashMap<CommunityCode, watch::Sender<Lsn>>>,
}

impl News {
    /// The channel of a community; its value is where the log ended at the last commit, 0
    /// before the first.
    pub(super) fn of(&self, code: CommunityCode) -> watch::Sender<Lsn> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.entry(code).or_default().clone()
    }
}
