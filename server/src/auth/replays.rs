//! Which requests were answered already. A signed request counts within minutes of the home's clock, and
//! once: what it is known by is remembered for as long as it could come again. Memory is bounded, by
//! device and in all; where it is full, nothing more is taken until it is not. What was signed
//! before this process began is not taken at all, so that nothing has to outlive it.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::DeviceId;

use super::signed_request::{Nonce, Signed};

/// How far a phone's idea of the home's clock may be off.
pub const CLOCK_WINDOW_MS: i64 = 5 * 60 * 1000;
/// A request is remembered at least so long: it may come again until its time is a window ago, and may be
/// a window ahead.
const REMEMBERED_MS: i64 = 2 * CLOCK_WINDOW_MS;
/// A device may ask so many times in that time what it may ask in a minute: once all at once, then
/// minute by minute.
const MINUTES: usize = (REMEMBERED_MS / 60_000) as usize + 1;
/// Requests of all in that time.
const MOST: usize = 1_000_000;

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its time is not now.
    Clock,
    /// It was answered already.
    Again,
    /// More than anybody's phone asks.
    TooMany,
}

/// What was answered.
#[derive(Debug)]
pub struct Replays {
    began_ms: i64,
    most_of_a_device: usize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    since_ms: i64,
    now: HashMap<DeviceId, HashSet<Nonce>>,
    before: HashMap<DeviceId, HashSet<Nonce>>,
    count: usize,
}

impl Replays {
    /// Nothing was answered yet; a device may ask so often in a minute.
    #[must_use]
    pub fn new(now_ms: i64, device_per_minute: NonZeroU32) -> Replays {
        let a_minute = usize::try_from(device_per_minute.get()).unwrap_or(MOST);
        Replays {
            began_ms: now_ms,
            most_of_a_device: a_minute.saturating_mul(MINUTES),
            seen: Mutex::default(),
        }
    }

    /// Whether its time is now, before any signature is tried.
    ///
    /// # Errors
    /// [`Unfit::Clock`].
    pub fn is_now(&self, time_ms: i64, now_ms: i64) -> Result<(), Unfit> {
        let off = now_ms.saturating_sub(time_ms);
        let fits = off.saturating_abs() <= CLOCK_WINDOW_MS && time_ms >= self.began_ms;
        fits.then_some(()).ok_or(Unfit::Clock)
    }

    /// Takes a request whose signature fits, once.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn take(&self, signed: &Signed, now_ms: i64) -> Result<(), Unfit> {
        self.is_now(signed.time_ms, now_ms)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now_ms);
        if seen
            .before
            .get(&signed.device)
            .is_some_and(|known| known.contains(&signed.nonce))
        {
            return Err(Unfit::Again);
        }
        let full = seen.count >= MOST;
        let of_device = seen.now.entry(signed.device).or_default();
        if of_device.contains(&signed.nonce) {
            return Err(Unfit::Again);
        }
        if full || of_device.len() >= self.most_of_a_device {
            return Err(Unfit::TooMany);
        }
        of_device.insert(signed.nonce);
        seen.count += 1;
        Ok(())
    }
}

impl Seen {
    /// What could not come again is forgotten, all at once.
    fn forget(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.since_ms) < REMEMBERED_MS {
            return;
        }
        let is_long_ago = now_ms.saturating_sub(self.since_ms) >= 2 * REMEMBERED_MS;
        self.before = if is_long_ago {
            HashMap::new()
        } else {
            std::mem::take(&mut self.now)
        };
        self.now = HashMap::new();
        self.count = self.before.values().map(HashSet::len).sum();
        self.since_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: i64 = 1_764_000_000_000;
    const A_MINUTE: NonZeroU32 = NonZeroU32::new(5).unwrap();

    fn signed(device: u8, time_ms: i64, nonce: u64) -> Signed {
        Signed {
            device: DeviceId::from_bytes([device; 16]),
            time_ms,
            nonce: nonce.to_be_bytes(),
            content: None,
        }
    }

    #[test]
    fn each_counts_once_for_as_long_as_it_could_count() {
        let replays = Replays::new(BEGAN, A_MINUTE);
        let early = signed(1, BEGAN + CLOCK_WINDOW_MS, 1);
        replays.take(&early, BEGAN).unwrap();
        for later in [0, 1, CLOCK_WINDOW_MS, 2 * CLOCK_WINDOW_MS] {
            assert_eq!(replays.take(&early, BEGAN + later), Err(Unfit::Again), "{later}");
            // Others move it on to what is forgotten next.
            replays
                .take(&signed(2, BEGAN + later, later.unsigned_abs()), BEGAN + later)
                .unwrap();
        }
        let over = BEGAN + 2 * CLOCK_WINDOW_MS + 1;
        assert_eq!(replays.take(&early, over), Err(Unfit::Clock));
        // The same number of another phone is another request.
        replays.take(&signed(3, over, 1), over).unwrap();
    }

    #[test]
    fn what_is_not_of_now_or_of_before_the_start_is_not_taken() {
        let replays = Replays::new(BEGAN, A_MINUTE);
        let now = BEGAN + 10 * CLOCK_WINDOW_MS;
        for (time_ms, fits) in [
            (now - CLOCK_WINDOW_MS, true),
            (now + CLOCK_WINDOW_MS, true),
            (now - CLOCK_WINDOW_MS - 1, false),
            (now + CLOCK_WINDOW_MS + 1, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(replays.is_now(time_ms, now).is_ok(), fits, "{time_ms}");
        }
        assert_eq!(
            replays.is_now(BEGAN - 1, BEGAN),
            Err(Unfit::Clock),
            "another process may have answered it"
        );
    }

    #[test]
    fn one_phone_does_not_fill_the_memory() {
        let replays = Replays::new(BEGAN, A_MINUTE);
        let most = u64::from(A_MINUTE.get()) * 11;
        for nonce in 0..most {
            replays.take(&signed(1, BEGAN, nonce), BEGAN).unwrap();
        }
        assert_eq!(replays.take(&signed(1, BEGAN, most), BEGAN), Err(Unfit::TooMany));
        replays.take(&signed(2, BEGAN, 0), BEGAN).unwrap();
        let later = BEGAN + REMEMBERED_MS;
        replays.take(&signed(1, later, most), later).unwrap();
    }
}
