//! Who may try the code of an invitation: whoever has one, and an address that tried a few wrong ones
//! in a minute waits. Says as well whether standing invitations hold here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::enrolment::EnrolError;
use crate::limits::one_household;

/// Wrong codes an address may try in a minute. A code is one of 10^9 and holds for minutes.
const WRONG_CODES: u32 = 20;
const WRONG_CODES_MS: i64 = 60_000;
/// Addresses remembered at once; one more forgets those whose minute is over.
const MOST_ADDRESSES: usize = 10_000;

/// What is remembered of wrong codes.
#[derive(Default)]
pub struct Invitations {
    standing: AtomicBool,
    wrong: Mutex<HashMap<IpAddr, (i64, u32)>>,
}

impl Invitations {
    /// Standing invitations hold from now on: this home is served as a demo.
    pub fn let_standing_hold(&self) {
        self.standing.store(true, Ordering::Relaxed);
    }

    /// Whether standing invitations hold.
    #[must_use]
    pub fn standing_hold(&self) -> bool {
        self.standing.load(Ordering::Relaxed)
    }

    /// Whether somebody there may try a code now.
    ///
    /// # Errors
    /// [`EnrolError::TooOften`].
    pub fn may_try(&self, from: IpAddr, now_ms: i64) -> Result<(), EnrolError> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong.get(&one_household(from)) {
            Some((since, count)) if *count >= WRONG_CODES && now_ms - since < WRONG_CODES_MS => {
                let left = (since + WRONG_CODES_MS - now_ms).clamp(0, WRONG_CODES_MS);
                Err(EnrolError::TooOften(left.unsigned_abs() / 1000 + 1))
            }
            _ => Ok(()),
        }
    }

    /// Somebody there tried what is no code.
    pub fn was_wrong(&self, from: IpAddr, now_ms: i64) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= MOST_ADDRESSES {
            wrong.retain(|_, (since, _)| now_ms - *since < WRONG_CODES_MS);
        }
        let (since, count) = wrong.entry(one_household(from)).or_insert((now_ms, 0));
        if now_ms - *since >= WRONG_CODES_MS {
            (*since, *count) = (now_ms, 0);
        }
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_codes_are_slowed_and_right_ones_are_not() {
        let invitations = Invitations::default();
        let [here, there]: [IpAddr; 2] = ["2001:db8::1", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        for _ in 0..WRONG_CODES {
            invitations.may_try(here, 0).unwrap();
            invitations.was_wrong(here, 0);
        }
        let neighbour = "2001:db8::2".parse().unwrap();
        assert!(matches!(
            invitations.may_try(neighbour, 1_000),
            Err(EnrolError::TooOften(61 | 60))
        ));
        invitations.may_try(there, 1_000).unwrap();
        invitations.may_try(here, WRONG_CODES_MS).unwrap();
        invitations.was_wrong(here, WRONG_CODES_MS);
        invitations.may_try(here, WRONG_CODES_MS).unwrap();
    }
}
