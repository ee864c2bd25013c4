//! How often someone may try to sign in: a few times per account and address, loosely per
//! address, because a whole street office may stand behind one.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{ApiError, ApiResult};
use crate::limits::come_back;

const BURST_PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const PER_MINUTE_PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const BURST_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
const PER_MINUTE_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
/// Names are the client's to invent, so what has recovered is forgotten this often.
const FORGET_EVERY: u32 = 256;

/// Counts attempts to sign in.
pub struct SignInLimits {
    by_account: DefaultKeyedRateLimiter<(String, IpAddr)>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    attempts: AtomicU32,
}

impl SignInLimits {
    /// Nobody has tried yet.
    #[must_use]
    pub fn new() -> SignInLimits {
        SignInLimits {
            by_account: RateLimiter::keyed(Quota::per_minute(PER_MINUTE_PER_ACCOUNT).allow_burst(BURST_PER_ACCOUNT)),
            by_address: RateLimiter::keyed(Quota::per_minute(PER_MINUTE_PER_ADDRESS).allow_burst(BURST_PER_ADDRESS)),
            attempts: AtomicU32::new(0),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the seconds until the next may be made.
    pub fn count(&self, account: &str, address: IpAddr) -> ApiResult<()> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.by_account.retain_recent();
            self.by_address.retain_recent();
        }
        let now = DefaultClock::default().now();
        let wait = self
            .by_address
            .check_key(&address)
            .and_then(|()| self.by_account.check_key(&(account.to_owned(), address)));
        wait.map_err(|until| ApiError::TooManyRequests(come_back(until.wait_time_from(now).as_secs() + 1)))
    }
}

impl Default for SignInLimits {
    fn default() -> SignInLimits {
        SignInLimits::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_is_slowed_and_the_others_are_not() {
        let limits = SignInLimits::new();
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..BURST_PER_ACCOUNT.get() {
            limits.count("liu", here).unwrap();
        }
        let Err(ApiError::TooManyRequests(seconds)) = limits.count("liu", here) else {
            panic!("not limited")
        };
        assert!((1..=10).contains(&seconds), "{seconds}");
        limits.count("chen", here).unwrap();
        limits.count("liu", "192.0.2.2".parse().unwrap()).unwrap();
    }
}
