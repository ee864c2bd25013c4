//! What was written into an audit log a moment ago. A desk asks again whenever something new
//! arrives: the same person looking at the same people on the same page is one line in ten minutes. What is taken along as a file is not asked here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Hash};

use crate::store::community::audit::Seen;

const LATELY_MS: i64 = 10 * 60 * 1000;

/// Which lines need not be written again yet.
#[derive(Default)]
pub struct SeenLately {
    since: Mutex<HashMap<Hash, i64>>,
}

impl SeenLately {
    /// Whether this stands in the log already. Call [`SeenLately::remember`] once it is written.
    #[must_use]
    pub fn knows(&self, code: CommunityCode, seen: &Seen, now_ms: i64) -> bool {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes nothing older.
        let lately = |written_ms: &i64| (0..LATELY_MS).contains(&(now_ms - written_ms));
        since.get(&key(code, seen)).is_some_and(lately)
    }

    /// It is written.
    pub fn remember(&self, code: CommunityCode, seen: &Seen, now_ms: i64) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|_, written_ms| (0..LATELY_MS).contains(&(now_ms - *written_ms)));
        since.insert(key(code, seen), now_ms);
    }
}

fn key(code: CommunityCode, seen: &Seen) -> Hash {
    let about: Vec<u8> = seen.about.iter().flat_map(|id| *id.as_bytes()).collect();
    Hash::of_parts(&[
        code.as_bytes(),
        seen.worker.as_bytes(),
        seen.action.as_bytes(),
        b"\0",
        &about,
    ])
}
