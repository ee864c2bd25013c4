//! The server's clock and randomness, the only place that reads them: the core takes both
//! as arguments. A demo is made at clocks of the past ([`Past`]); nobody is served meanwhile.

use std::sync::atomic::{AtomicI64, Ordering};
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
