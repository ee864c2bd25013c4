//! Id numbers at the home: opened, checked, and known again. A number comes sealed to the home in an
//! entry of its own (docs/protocol.md section 19) and stands nowhere in clear: what is kept beside the
//! entry is a keyed hash, by which two people with one number are found. Neither key is in a
//! community's file.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::NaiveDate;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, EntityId, Hash};
use menpai_sync_core::kinds::citizen_id::{CitizenId, CitizenIdError, check, sealed_info};
use menpai_sync_core::kinds::{Kind, Kinds, Shape};
use ring::hmac;
use serde_json::{Map, Value, json};

use crate::packet::{CourierKeys, PacketError};
use crate::sealing::SealingKey;

/// A number of today or before, whatever day it is.
const ANY_DAY: NaiveDate = NaiveDate::MAX;

/// Opens numbers, seals them, and tells whether two are the same.
pub struct IdNumbers {
    keys: CourierKeys,
    matching: hmac::Key,
}

/// Why a sealed number is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    /// Sealed with a key that is not here, for somebody else, or damaged.
    #[error("cannot be opened")]
    Closed,
    /// What was sealed is no number.
    #[error(transparent)]
    Number(#[from] CitizenIdError),
}

impl IdNumberError {
    /// Stable, as verdict lines say it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            IdNumberError::Closed => "closed",
            IdNumberError::Number(error) => error.code(),
        }
    }
}

/// Whose number an entry carries, and the number as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried<'e> {
    /// Whose.
    pub subject: EntityId,
    /// Sealed.
    pub sealed: &'e str,
}

/// What an entry carries, if its kind carries numbers and it says one.
#[must_use]
pub fn carried<'e>(kinds: &Kinds, entry: &'e Entry) -> Option<Carried<'e>> {
    let seals = kinds.get(&entry.kind)?.effects.seals.as_ref()?;
    let text = |name: &str| entry.body.get(name)?.as_str();
    Some(Carried {
        subject: text(seals.subject.as_str())?.parse().ok()?,
        sealed: text(seals.number.as_str())?,
    })
}

/// The record that carries somebody's number: its kind, as the effects say, and its body. `None`: no kind does.
#[must_use]
pub fn record<'k>(kinds: &'k Kinds, person: EntityId, sealed: &str) -> Option<(&'k Kind, Map<String, Value>)> {
    let kind = kinds.iter().find(|kind| kind.effects.seals.is_some())?;
    let seals = kind.effects.seals.as_ref()?;
    // What else must be said is said by the first choice there is.
    let said = kind.fields.iter().filter_map(|field| match &field.shape {
        Shape::Choice { choices, .. } if field.required => {
            Some((field.name.to_string(), json!(choices.first()?.value)))
        }
        _ => None,
    });
    let own = [(&seals.subject, json!(person)), (&seals.number, json!(sealed))];
    let body = said.chain(own.map(|(name, value)| (name.to_string(), value))).collect();
    Some((kind, body))
}

impl IdNumbers {
    /// From the home's keys.
    #[must_use]
    pub fn new(keys: CourierKeys, sealing: &SealingKey) -> IdNumbers {
        IdNumbers {
            keys,
            matching: sealing.matching_key(),
        }
    }

    /// Seals a number as a phone does.
    ///
    /// # Errors
    /// [`PacketError`] if the home's key is none.
    pub fn seal(&self, community: CommunityCode, person: EntityId, number: &CitizenId) -> Result<String, PacketError> {
        let sealed = self
            .keys
            .seal(&sealed_info(community, person), number.as_str().as_bytes())?;
        Ok(BASE64_STANDARD.encode(sealed))
    }

    /// The number that was sealed, if it is one that somebody living on that day can have.
    ///
    /// # Errors
    /// [`IdNumberError`].
    pub fn open_on(
        &self,
        community: CommunityCode,
        carried: Carried<'_>,
        day: NaiveDate,
    ) -> Result<CitizenId, IdNumberError> {
        let sealed = BASE64_STANDARD
            .decode(carried.sealed)
            .map_err(|_| IdNumberError::Closed)?;
        let info = sealed_info(community, carried.subject);
        let plain = self.keys.open(&info, &sealed).ok_or(IdNumberError::Closed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| CitizenIdError::Characters)?;
        Ok(check(text, day)?)
    }

    /// The same of any day: what was taken in stays what it is.
    ///
    /// # Errors
    /// [`IdNumberError`].
    pub fn open(&self, community: CommunityCode, carried: Carried<'_>) -> Result<CitizenId, IdNumberError> {
        self.open_on(community, carried, ANY_DAY)
    }

    /// By what a number is known again in its community, to whoever has the key.
    #[must_use]
    pub fn hash(&self, community: CommunityCode, number: &CitizenId) -> Hash {
        let mut context = hmac::Context::with_key(&self.matching);
        context.update(b"menpai-id-number-1\0");
        context.update(community.as_bytes());
        context.update(number.as_str().as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        Hash(hash)
    }
}

#[cfg(test)]
mod tests {
    use menpai_sync_core::signature::Signer;

    use super::*;

    fn numbers(courier: &[u8], sealing: u8) -> IdNumbers {
        let secrets = courier.iter().map(|byte| Signer::from_bytes(&[*byte; 32]).unwrap());
        let keys = CourierKeys::new(secrets.collect()).unwrap();
        IdNumbers::new(keys, &SealingKey::new(&[sealing; 32]).unwrap())
    }

    fn code() -> CommunityCode {
        "410102002005".parse().unwrap()
    }

    fn number() -> CitizenId {
        check("990001194305020023", ANY_DAY).unwrap()
    }

    #[test]
    fn a_number_opens_for_its_person_and_community_with_any_key_that_was_given_out() {
        let (person, other) = (EntityId::from_bytes([1; 16]), EntityId::from_bytes([2; 16]));
        let sealed = numbers(&[7], 1).seal(code(), person, &number()).unwrap();
        assert!(menpai_sync_core::kinds::Rule::Sealed.accepts(&sealed), "{sealed}");
        let carried = |subject| Carried {
            subject,
            sealed: &sealed,
        };
        let later = numbers(&[7, 8], 1);
        assert_eq!(later.open(code(), carried(person)), Ok(number()));
        assert_eq!(later.open(code(), carried(other)), Err(IdNumberError::Closed));
        let elsewhere = "410102002006".parse().unwrap();
        assert_eq!(later.open(elsewhere, carried(person)), Err(IdNumberError::Closed));
        assert_eq!(
            numbers(&[8], 1).open(code(), carried(person)),
            Err(IdNumberError::Closed)
        );
        let before = NaiveDate::from_ymd_opt(1943, 5, 1).unwrap();
        assert_eq!(
            later.open_on(code(), carried(person), before),
            Err(IdNumberError::Number(CitizenIdError::InFuture))
        );
        // The same number again is sealed otherwise.
        assert_ne!(numbers(&[7], 1).seal(code(), person, &number()).unwrap(), sealed);
    }

    #[test]
    fn what_is_sealed_and_is_no_number_says_why() {
        let person = EntityId::from_bytes([1; 16]);
        let home = numbers(&[7], 1);
        let sealed = home
            .keys
            .seal(&sealed_info(code(), person), b"990001194305020024")
            .unwrap();
        let sealed = BASE64_STANDARD.encode(sealed);
        let carried = Carried {
            subject: person,
            sealed: &sealed,
        };
        let error = home.open(code(), carried).unwrap_err();
        assert_eq!(error.code(), "check_character");
        let broken = Carried {
            sealed: "no base64",
            ..carried
        };
        assert_eq!(home.open(code(), broken).unwrap_err().code(), "closed");
    }

    #[test]
    fn the_hash_is_the_keys_and_the_communitys() {
        let hash = |sealing, code: &str| numbers(&[7], sealing).hash(code.parse().unwrap(), &number());
        assert_eq!(hash(1, "410102002005"), hash(1, "410102002005"));
        assert_ne!(hash(1, "410102002005"), hash(2, "410102002005"));
        assert_ne!(hash(1, "410102002005"), hash(1, "410102002006"));
    }
}
