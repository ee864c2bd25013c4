//! The server's clock and randomness, the only place that reads them: the core takes both
//! as arguments. A demo is made at clocks of the past ([`Past`]); nobody is served meanwhile.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use menpai_sync_core::ids::{DeviceId, EntryId, WorkerId};
use menpai_sync_core::time::Instant;

/// How far this process lives in the past, milliseconds.
static BEHIND_MS: AtomicI64 = AtomicI64::new(0);

/// Milliseconds since 1970, UTC.
#[must_use]
pub fn now_ms() -> i64 {
    machine_ms() - BEHIND_MS.load(Ordering::Relaxed)
}

fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// While it lives, this whole process lives in the past. Only for what makes a history of its
/// own before anybody else can see it.
#[derive(Debug)]
pub struct Past(());

impl Past {
    /// Goes back to an instant, from which time goes on as it does; never into the future.
    #[must_use]
    pub fn at(unix_ms: i64) -> Past {
        let past = Past(());
        past.go_to(unix_ms);
        past
    }

    /// Goes to another instant.
    pub fn go_to(&self, unix_ms: i64) {
        BEHIND_MS.store((machine_ms() - unix_ms).max(0), Ordering::Relaxed);
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        BEHIND_MS.store(0, Ordering::Relaxed);
    }
}

/// The clock as entries state it: China's one time zone.
#[must_use]
pub fn now() -> Instant {
    Instant {
        unix_ms: now_ms(),
        offset_minutes: menpai_sync_core::clock::COMMUNITY_OFFSET_MINUTES,
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// Where the operating system has none: no key or token may be made then.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A new entry id of now.
#[must_use]
pub fn new_entry_id() -> EntryId {
    entry_id_at(now_ms())
}

/// A new entry id of an instant. Ids of one process are a random number that is counted up,
/// lowest in the bits before it: alike, so that they compress, and never the same twice.
#[must_use]
pub fn entry_id_at(unix_ms: i64) -> EntryId {
    static START: LazyLock<u64> = LazyLock::new(|| u64::from_be_bytes(random()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let [.., high, low] = count.to_be_bytes();
    let mut bytes = [high, low, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes[2..].copy_from_slice(&START.wrapping_add(count >> 12).to_be_bytes());
    EntryId::from_clock(unix_ms, bytes)
}

/// A new device id.
#[must_use]
pub fn new_device_id() -> DeviceId {
    DeviceId::from_bytes(random_uuid())
}

/// A new worker id.
#[must_use]
pub fn new_worker_id() -> WorkerId {
    WorkerId::from_bytes(random_uuid())
}

fn random_uuid() -> [u8; 16] {
    uuid::Builder::from_random_bytes(random()).into_uuid().into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use menpai_sync_core::ids::EntityId;

    use super::*;

    #[test]
    fn ids_of_one_moment_and_of_their_entities_never_repeat() {
        let ids: Vec<EntryId> = (0..10_000).map(|_| entry_id_at(1_795_483_957_123)).collect();
        let entities: HashSet<EntityId> = ids.iter().map(|id| EntityId::made_by(*id, 0)).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert_eq!(entities.len(), ids.len());
    }
}
