//! How often someone may try to sign in. Guessing is slowed for the account *and* for where it comes
//! from, and never so that somebody else is locked out by it:
//!
//! - each source that failed [`FREE`] times for an account waits longer after every further failure;
//! - an account that many sources guess at makes those wait that failed before. A source's first
//!   try is always looked at, and a browser that signed in to this account before answers for its
//!   own failures only;
//! - wrong second factors come from somebody who has the password: there the account's failures count
//!   for every source but its known browsers, and the first try too.
//!
//! Passkeys cannot be guessed; they are counted by source alone. All this is in memory: a
//! restart forgets it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{ApiError, ApiResult};
use crate::limits::{come_back, one_household};

/// A whole street office may stand behind one address.
const PER_MINUTE_PER_SOURCE: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
/// Failures of one source for one account that cost no waiting.
const FREE: u32 = 5;
/// Failures of all sources for one account, before those that failed wait for each other.
const FREE_FOR_ALL: u32 = 20;
/// Longest wait after a wrong password.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Longest wait after a wrong second factor, for browsers that are not known: 24 guesses a day, each
/// of which hits with three in a million.
const LONGEST_WAIT_FOR_CODES: Duration = Duration::from_secs(60 * 60);
/// Failures are forgotten when there was none for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Names are the client's to invent, so what has recovered is forgotten this often …
const FORGET_EVERY: u32 = 256;
/// … and no more than this many are remembered, the newest.
const MOST_REMEMBERED: usize = 100_000;

/// Where an attempt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A browser in which somebody signed in to this very account before.
    Browser([u8; 32]),
    /// Any other, by its address; of IPv6 the first half, which one household or office has.
    Address(IpAddr),
}

impl Source {
    /// An address.
    #[must_use]
    pub fn of(address: IpAddr) -> Source {
        Source::Address(one_household(address))
    }
}

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Try {
    /// The password.
    Password,
    /// The second factor, by somebody who has the password.
    Code,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    what: Try,
    account: String,
    /// `None`: all of them together, known browsers apart.
    source: Option<Source>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    /// Since the start.
    last: Duration,
}

/// Counts attempts to sign in.
pub struct SignInLimits {
    by_source: DefaultKeyedRateLimiter<Source>,
    failures: Mutex<HashMap<Key, Failures>>,
    attempts: AtomicU32,
    started: Instant,
}

/// One that has begun: it counts as failed until it is said to be right.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    what: Try,
    account: String,
    source: Source,
}

impl SignInLimits {
    /// Nobody has tried yet.
    #[must_use]
    pub fn new() -> SignInLimits {
        SignInLimits {
            by_source: RateLimiter::keyed(Quota::per_minute(PER_MINUTE_PER_SOURCE)),
            failures: Mutex::default(),
            attempts: AtomicU32::new(0),
            started: Instant::now(),
        }
    }

    /// Counts one attempt of a source, whatever account it is about.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the seconds until the next may be made.
    pub fn count(&self, source: Source) -> ApiResult<()> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.by_source.retain_recent();
            self.forget(self.started.elapsed());
        }
        let now = DefaultClock::default().now();
        self.by_source
            .check_key(&source)
            .map_err(|until| ApiError::TooManyRequests(come_back(until.wait_time_from(now).as_secs() + 1)))
    }

    /// Begins an attempt at an account, if it is not to wait.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the seconds until the next may be made; nothing is looked at
    /// then, and nothing counted.
    pub fn begin(&self, what: Try, account: &str, source: Source) -> ApiResult<Attempt> {
        self.begin_at(what, account, source, self.started.elapsed())
    }

    fn begin_at(&self, what: Try, account: &str, source: Source, now: Duration) -> ApiResult<Attempt> {
        let attempt = Attempt {
            what,
            account: account.to_owned(),
            source,
        };
        let mut failures = self.lock();
        let until = |key: &Key, free: u32, longest: Duration| {
            let known = failures.get(key).filter(|known| now < known.last + FORGOTTEN_AFTER);
            known.map_or(Duration::ZERO, |known| known.wait_until(free, longest))
        };
        let longest = match what {
            Try::Password => LONGEST_WAIT,
            Try::Code => LONGEST_WAIT_FOR_CODES,
        };
        let own = attempt.own();
        let mut wait_until = until(&own, FREE, LONGEST_WAIT);
        if let Some(all) = attempt.all() {
            let (counts, free) = match what {
                Try::Password => (failures.contains_key(&own), FREE_FOR_ALL),
                Try::Code => (true, FREE),
            };
            if counts {
                wait_until = wait_until.max(until(&all, free, longest));
            }
        }
        if now < wait_until {
            return Err(ApiError::TooManyRequests((wait_until - now).as_secs() + 1));
        }
        for key in [Some(own), attempt.all()].into_iter().flatten() {
            let known = failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now >= known.last + FORGOTTEN_AFTER {
                known.count = 0;
            }
            known.count = known.count.saturating_add(1);
            known.last = now;
        }
        Ok(attempt)
    }

    /// It was right: its source has not failed. What others failed stays.
    pub fn was_right(&self, attempt: &Attempt) {
        let mut failures = self.lock();
        failures.remove(&attempt.own());
        if let Some(all) = attempt.all().and_then(|key| failures.get_mut(&key)) {
            all.count = all.count.saturating_sub(1);
        }
    }

    fn forget(&self, now: Duration) {
        let mut failures = self.lock();
        failures.retain(|_, known| now < known.last + FORGOTTEN_AFTER);
        if failures.len() > MOST_REMEMBERED {
            let mut last: Vec<Duration> = failures.values().map(|known| known.last).collect();
            let goes = last.len() - MOST_REMEMBERED;
            let (older, oldest_kept, _) = last.select_nth_unstable(goes);
            let oldest_kept = *oldest_kept;
            let mut as_old = older.iter().filter(|last| **last == oldest_kept).count();
            failures.retain(|_, known| {
                let goes = known.last == oldest_kept && as_old > 0;
                as_old -= usize::from(goes);
                known.last >= oldest_kept && !goes
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SignInLimits {
    fn default() -> SignInLimits {
        SignInLimits::new()
    }
}

impl Attempt {
    fn own(&self) -> Key {
        self.key(Some(self.source))
    }

    /// What all sources share; a known browser has no part in it.
    fn all(&self) -> Option<Key> {
        match self.source {
            Source::Browser(_) => None,
            Source::Address(_) => Some(self.key(None)),
        }
    }

    fn key(&self, source: Option<Source>) -> Key {
        Key {
            what: self.what,
            account: self.account.clone(),
            source,
        }
    }
}

impl Failures {
    /// One second after the first that is not free, then twice as long each time.
    fn wait_until(self, free: u32, longest: Duration) -> Duration {
        if self.count < free {
            return Duration::ZERO;
        }
        let seconds = 1_u64 << (self.count - free).min(16);
        self.last + Duration::from_secs(seconds).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn address(last: u8) -> Source {
        Source::of(IpAddr::from([192, 0, 2, last]))
    }

    fn waits(tried: ApiResult<Attempt>) -> Option<u64> {
        match tried {
            Ok(_) => None,
            Err(ApiError::TooManyRequests(seconds)) => Some(seconds),
            Err(other) => panic!("{other}"),
        }
    }

    /// Fails as fast as it may, from one source, until `end`; says how often.
    fn guess(limits: &SignInLimits, what: Try, source: Source, end: Duration) -> u32 {
        let (mut now, mut guesses) = (at(0), 0);
        while now < end {
            match limits.begin_at(what, "he", source, now) {
                Ok(_) => guesses += 1,
                Err(ApiError::TooManyRequests(seconds)) => now += Duration::from_secs(seconds),
                Err(other) => panic!("{other}"),
            }
        }
        guesses
    }

    #[test]
    fn who_guesses_waits_longer_and_longer() {
        let limits = SignInLimits::new();
        for _ in 0..FREE {
            assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), at(0))), None);
        }
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), at(0))), Some(2));
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), at(2))), None);
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), at(2))), Some(3));
        // The other accounts of the office behind that address are not slowed.
        assert_eq!(waits(limits.begin_at(Try::Password, "liu", address(1), at(2))), None);
        let a_day = guess(&SignInLimits::new(), Try::Password, address(1), at(86_400));
        assert!((90..=120).contains(&a_day), "{a_day}");
    }

    #[test]
    fn nobody_is_locked_out_by_others_guesses() {
        let limits = SignInLimits::new();
        for last in 0..200 {
            for _ in 0..3 {
                // They wait for each other by now.
                let _ = limits.begin_at(Try::Password, "he", address(last), at(5));
            }
        }
        assert!(waits(limits.begin_at(Try::Password, "he", address(0), at(6))).is_some());
        // Who did not guess: the right password comes in at the first try, from anywhere …
        let right = limits.begin_at(Try::Password, "he", address(250), at(6)).unwrap();
        limits.was_right(&right);
        // … and from a known browser also at the fifth, though it shares the guessers' address.
        let known = Source::Browser([1; 32]);
        for _ in 0..FREE {
            assert_eq!(waits(limits.begin_at(Try::Password, "he", known, at(6))), None);
        }
        // One that guesses is slowed like any other.
        assert_eq!(waits(limits.begin_at(Try::Password, "he", known, at(6))), Some(2));
    }

    #[test]
    fn being_right_forgives_no_others_guesses() {
        let limits = SignInLimits::new();
        for last in 0..=u8::try_from(FREE_FOR_ALL).unwrap() {
            let _ = limits.begin_at(Try::Password, "he", address(last), at(0));
        }
        let before = waits(limits.begin_at(Try::Password, "he", address(0), at(0)));
        assert!(before.is_some());
        let right = limits.begin_at(Try::Password, "he", address(99), at(0)).unwrap();
        limits.was_right(&right);
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(0), at(0))), before);
    }

    #[test]
    fn codes_are_guessed_slowly_from_however_many_places() {
        let limits = SignInLimits::new();
        let mut guesses = 0;
        for hour in 0..24 {
            for last in 0..=255 {
                let now = at(hour * 3_600 + u64::from(last));
                guesses += u32::from(limits.begin_at(Try::Code, "he", address(last), now).is_ok());
            }
        }
        assert!(guesses < 40, "{guesses} a day: {guesses} × 3 of a million");
        // The holder, in a browser that is known, is not kept out by it.
        let known = Source::Browser([1; 32]);
        assert_eq!(waits(limits.begin_at(Try::Code, "he", known, at(86_400))), None);
    }

    #[test]
    fn failures_are_forgotten_after_a_quiet_day_and_names_cost_no_memory() {
        let limits = SignInLimits::new();
        for _ in 0..FREE {
            let _ = limits.begin_at(Try::Password, "he", address(1), at(0));
        }
        assert!(waits(limits.begin_at(Try::Password, "he", address(1), at(0))).is_some());
        let later = FORGOTTEN_AFTER + at(1);
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), later)), None);
        assert_eq!(waits(limits.begin_at(Try::Password, "he", address(1), later)), None);
        for number in 0..=MOST_REMEMBERED / 2 {
            let _ = limits.begin_at(Try::Password, &format!("nobody{number}"), address(2), later + at(1));
        }
        limits.forget(later + at(2));
        assert_eq!(limits.lock().len(), MOST_REMEMBERED);
    }

    #[test]
    fn an_office_with_ipv6_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }
}
