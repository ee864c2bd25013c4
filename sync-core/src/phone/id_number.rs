//! An id number as somebody types it: what is wrong with it, or what it says, and what it is to be
//! sealed to. It is kept nowhere on the phone: the caller seals it and records what was sealed.

use serde::Serialize;

use super::Phone;
use crate::kinds::citizen_id::check;
use crate::signature::PublicKey;
use crate::time::Instant;

/// What a typed number comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypedIdNumber {
    /// What is wrong (a code of `CitizenIdError`); `None`: nothing.
    pub error: Option<&'static str>,
    /// The birth date in it, `2026-11-24`.
    pub birth_date: Option<String>,
    /// The sex in it (GB/T 2261.1).
    pub sex: Option<&'static str>,
    /// The home's key; `None`: the phone has not been told it yet.
    pub key: Option<PublicKey>,
}

impl Phone {
    /// Checks a number of the present day.
    #[must_use]
    pub fn typed_id_number(&self, text: &str, now: Instant) -> TypedIdNumber {
        let checked = check(text, self.own_clock().by_home(now).local_date());
        let key = self
            .enrolment
            .as_ref()
            .and_then(|enrolment| enrolment.home.courier_key.clone());
        match checked {
            Ok(number) => TypedIdNumber {
                error: None,
                birth_date: Some(number.birth_date.to_string()),
                sex: Some(number.sex.code()),
                key,
            },
            Err(error) => TypedIdNumber {
                error: Some(error.code()),
                birth_date: None,
                sex: None,
                key,
            },
        }
    }
}
