//! How much anybody may ask of a home at a time: requests a minute of one device, of one community
//! and, loosely, of one address, because a whole office may stand behind one; requests of one
//! phone at the same time; and what bodies take in memory (`memory`). Whoever is over is told when to
//! come back, with some chance in it, and has lost nothing.

pub mod memory;

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use menpai_sync_core::ids::{CommunityCode, DeviceId, WorkerId};

use self::memory::BodyMemory;
use crate::clock;
use crate::error::{ApiError, ApiResult};

/// Requests of one phone that may be under way together, until the last byte of each answer has
/// left: one that lost its signal asks through another connection while the first still stands.
pub const MOST_AT_ONCE: u32 = 6;
/// What has recovered is forgotten this often, in requests: who asks is the client's to invent.
const FORGET_EVERY: u32 = 1_024;

/// What `menpai serve` was told, or sane values for a home that phones and browsers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute of one phone, or of one person at the desk; all of them at once if need be.
    pub device_per_minute: NonZeroU32,
    /// Requests a minute about one community.
    pub community_per_minute: NonZeroU32,
    /// Requests a minute from one address, whoever asks.
    pub address_per_minute: NonZeroU32,
    /// Memory that the bodies of all requests may take together, MiB.
    pub body_memory_mib: NonZeroU32,
}

impl Limits {
    /// A phone asks once a save and a few times at its first sync; a page of the desk a few times
    /// every three seconds while much arrives.
    pub const DEFAULT: Limits = Limits {
        device_per_minute: NonZeroU32::new(240).expect("not zero"),
        community_per_minute: NonZeroU32::new(6_000).expect("not zero"),
        address_per_minute: NonZeroU32::new(12_000).expect("not zero"),
        body_memory_mib: NonZeroU32::new(256).expect("not zero"),
    };
    /// Least memory for bodies, MiB: some of the largest at the same time.
    pub const LEAST_BODY_MEMORY_MIB: u32 = 64;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

/// Who asks, once they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A phone.
    Phone(DeviceId),
    /// Somebody at the desk, in however many windows.
    Desk(WorkerId),
}

/// Counts requests.
pub struct Limiter {
    by_caller: DefaultKeyedRateLimiter<Caller>,
    by_community: DefaultKeyedRateLimiter<CommunityCode>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    asked: AtomicU32,
    under_way: Arc<UnderWay>,
    /// Room for bodies.
    pub bodies: BodyMemory,
}

impl Limiter {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(limits: Limits) -> Limiter {
        Limiter {
            by_caller: RateLimiter::keyed(Quota::per_minute(limits.device_per_minute)),
            by_community: RateLimiter::keyed(Quota::per_minute(limits.community_per_minute)),
            by_address: RateLimiter::keyed(Quota::per_minute(limits.address_per_minute)),
            asked: AtomicU32::new(0),
            under_way: Arc::default(),
            bodies: BodyMemory::new(limits.body_memory_mib),
        }
    }

    /// Counts one request from an address, before anything is looked up for it.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn count_address(&self, address: IpAddr) -> ApiResult<()> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.by_caller.retain_recent();
            self.by_community.retain_recent();
            self.by_address.retain_recent();
        }
        check(&self.by_address, &one_household(address))
    }

    /// Counts one request of somebody who is known. What is over the device's own limit costs
    /// its community nothing.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`].
    pub fn count(&self, caller: Caller, community: CommunityCode) -> ApiResult<()> {
        check(&self.by_caller, &caller)?;
        check(&self.by_community, &community)
    }

    /// A place among the requests of a phone, until what is returned is dropped.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] where it has [`MOST_AT_ONCE`] under way.
    pub fn begin(&self, device: DeviceId) -> ApiResult<Place> {
        let mut under_way = self.under_way.lock();
        let count = under_way.entry(device).or_default();
        if *count >= MOST_AT_ONCE {
            return Err(ApiError::TooManyRequests(come_back(SOON_SECONDS)));
        }
        *count += 1;
        Ok(Place {
            under_way: Arc::clone(&self.under_way),
            device,
        })
    }
}

/// How soon one of several requests of one phone may have ended.
const SOON_SECONDS: u64 = 2;

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> ApiResult<()> {
    let now = DefaultClock::default().now();
    limiter
        .check_key(key)
        .map_err(|until| ApiError::TooManyRequests(come_back(until.wait_time_from(now).as_secs() + 1)))
}

/// Seconds to wait: at least so many, and up to half as many more by chance, two at least. Those who
/// were refused together do not come back together.
#[must_use]
pub fn come_back(least: u64) -> u64 {
    let chance = u64::from(u16::from_be_bytes(clock::random()));
    least + chance % ((least / 2).max(2) + 1)
}

/// An address as one counts by it: IPv6 gives each household a whole /64.
pub(crate) fn one_household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or_else(
            || IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
            IpAddr::V4,
        ),
    }
}

#[derive(Default)]
struct UnderWay(Mutex<HashMap<DeviceId, u32>>);

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request of a phone that is under way.
pub struct Place {
    under_way: Arc<UnderWay>,
    device: DeviceId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        if let Some(count) = under_way.get_mut(&self.device) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(last: u8) -> CommunityCode {
        format!("41010200200{last}").parse().unwrap()
    }

    fn phone(number: u8) -> Caller {
        Caller::Phone(DeviceId::from_bytes([number; 16]))
    }

    fn limiter(device: u32, community: u32, address: u32) -> Limiter {
        let number = |number| NonZeroU32::new(number).unwrap();
        Limiter::new(Limits {
            device_per_minute: number(device),
            community_per_minute: number(community),
            address_per_minute: number(address),
            ..Limits::DEFAULT
        })
    }

    fn refused(asked: &ApiResult<()>) -> bool {
        matches!(asked, Err(ApiError::TooManyRequests(seconds)) if *seconds > 0)
    }

    #[test]
    fn one_device_is_slowed_and_its_neighbours_are_not() {
        let limiter = limiter(3, 100, 100);
        for _ in 0..3 {
            limiter.count(phone(1), code(5)).unwrap();
        }
        assert!(refused(&limiter.count(phone(1), code(5))));
        limiter.count(phone(2), code(5)).unwrap();
        limiter
            .count(Caller::Desk(WorkerId::from_bytes([1; 16])), code(5))
            .unwrap();
    }

    #[test]
    fn one_community_is_slowed_by_what_its_devices_may_and_the_others_are_not() {
        let limiter = limiter(2, 4, 100);
        for _ in 0..50 {
            let _ = limiter.count(phone(1), code(5));
        }
        limiter.count(phone(2), code(5)).unwrap();
        limiter.count(phone(3), code(5)).unwrap();
        assert!(refused(&limiter.count(phone(4), code(5))));
        limiter.count(phone(4), code(6)).unwrap();
    }

    #[test]
    fn one_address_is_slowed_and_ipv6_counts_by_household() {
        let limiter = limiter(100, 100, 2);
        let from = |text: &str| limiter.count_address(text.parse().unwrap());
        from("192.0.2.1").unwrap();
        from("::ffff:192.0.2.1").unwrap();
        assert!(refused(&from("192.0.2.1")));
        from("2001:db8:0:1::1").unwrap();
        from("2001:db8:0:1::2").unwrap();
        assert!(refused(&from("2001:db8:0:1:ffff::3")));
        from("2001:db8:0:2::1").unwrap();
    }

    #[test]
    fn a_phone_has_some_requests_at_once_and_each_that_ends_makes_room() {
        let limiter = limiter(100, 100, 100);
        let [one, two] = [1, 2].map(|number| DeviceId::from_bytes([number; 16]));
        let mut places: Vec<Place> = (0..MOST_AT_ONCE).map(|_| limiter.begin(one).unwrap()).collect();
        assert!(limiter.begin(one).is_err());
        let other = limiter.begin(two).unwrap();
        places.pop();
        places.push(limiter.begin(one).unwrap());
        drop((places, other));
        assert!(limiter.under_way.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn those_refused_together_do_not_come_back_together() {
        let mut seconds: Vec<u64> = (0..200).map(|_| come_back(20)).collect();
        assert!(seconds.iter().all(|seconds| (20..=30).contains(seconds)), "{seconds:?}");
        seconds.sort_unstable();
        seconds.dedup();
        assert!(seconds.len() > 5, "{seconds:?}");
        assert!((0..200).all(|_| (1..=3).contains(&come_back(1))));
    }
}
