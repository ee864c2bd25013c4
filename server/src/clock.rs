//! The server's clock and randomness, the only place that reads them: the core takes both
//! as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use menpai_sync_core::ids::{DeviceId, EntryId, WorkerId};
use menpai_sync_core::time::Instant;

/// Milliseconds since 1970, UTC.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock as entries state it: China's one time zone.
#[must_use]
pub fn now() -> Instant {
    Instant {
        unix_ms: now_ms(),
        offset_minutes: 480,
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
    EntryId::from_clock(now_ms(), random())
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
