//! What an invitation's code is, and the six digits that the phone and the desk show. The phone
//! commits itself to its key and a random number before it learns the home's: whoever stands between
//! the two cannot choose what would make both sides show the same (docs/adr/0019). Only hashes
//! of codes are kept.

use std::fmt;
use std::str::FromStr;

use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash};
use menpai_sync_core::signature::PublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock;

/// How long an invitation holds.
pub const INVITATION_MS: i64 = 10 * 60 * 1000;
/// Digits of a code: short enough to be typed, and 10 minutes with few wrong ones an address are
/// too short to find one.
const CODE_DIGITS: usize = 9;
/// Digits that people compare.
const COMPARED: u64 = 1_000_000;

/// A code as it is shown, scanned or typed.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode([u8; CODE_DIGITS]);

/// Text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has {CODE_DIGITS} digits")]
pub struct NoCode;

impl InvitationCode {
    /// A fresh one.
    #[must_use]
    pub fn new_random() -> InvitationCode {
        const CODES: u64 = 10_u64.pow(CODE_DIGITS as u32);
        // Beyond the last whole round some codes would come up more often.
        let number = loop {
            let number = u64::from_be_bytes(clock::random());
            if number < u64::MAX - u64::MAX % CODES {
                break number % CODES;
            }
        };
        let text = format!("{number:0CODE_DIGITS$}");
        text.parse().unwrap_or(InvitationCode([b'0'; CODE_DIGITS]))
    }

    /// What the home keeps of it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[b"menpai-invitation-1\0", self.0.as_slice()].concat())
    }
}

impl FromStr for InvitationCode {
    type Err = NoCode;

    /// Spaces are for reading and mean nothing.
    fn from_str(text: &str) -> Result<InvitationCode, NoCode> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NoCode);
        }
        digits.try_into().map(InvitationCode).map_err(|_| NoCode)
    }
}

impl fmt::Display for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

/// Never in a log.
impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode")
    }
}

impl Serialize for InvitationCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InvitationCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InvitationCode, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a phone commits itself to before it learns the home's random number.
#[must_use]
pub fn commitment(device: DeviceId, public_key: &PublicKey, nonce: &[u8; 32]) -> Hash {
    Hash::of(
        &[
            b"menpai-enrolment-0\0",
            device.as_bytes().as_slice(),
            public_key.as_bytes(),
            nonce,
        ]
        .concat(),
    )
}

/// Everything that the two sides are to agree about.
#[derive(Debug, Clone, Copy)]
pub struct Agreed<'a> {
    /// The community.
    pub community: CommunityCode,
    /// Hash of the invitation's code.
    pub code_hash: Hash,
    /// The phone's id.
    pub device: DeviceId,
    /// The phone's key.
    pub public_key: &'a PublicKey,
    /// The phone's random number.
    pub phone_nonce: &'a [u8; 32],
    /// The home's.
    pub home_nonce: &'a [u8; 32],
    /// The key that signs the home's receipts.
    pub home_key: &'a PublicKey,
}

impl Agreed<'_> {
    /// What the phone signs, to show that the key is its own.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        [
            b"menpai-enrolment-1\0",
            self.community.as_bytes().as_slice(),
            &self.code_hash.0,
            self.device.as_bytes(),
            self.public_key.as_bytes(),
            self.phone_nonce,
            self.home_nonce,
            self.home_key.as_bytes(),
        ]
        .concat()
    }

    /// The six digits that people compare.
    #[must_use]
    pub fn comparison(&self) -> String {
        let hash = Hash::of(&self.message());
        let number = hash
            .0
            .iter()
            .take(6)
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        format!("{:06}", number % COMPARED)
    }
}

#[cfg(test)]
mod tests {
    use menpai_sync_core::signature::Signer;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it_and_nothing_else_is_one() {
        let code = InvitationCode::new_random();
        assert_eq!(code.to_string().len(), CODE_DIGITS);
        assert_eq!(code.to_string().parse::<InvitationCode>().unwrap(), code);
        let spaced: InvitationCode = " 482 913 067 ".parse().unwrap();
        assert_eq!(spaced.to_string(), "482913067");
        for wrong in ["", "48291306", "4829130671", "48291306x", "٤٨٢٩١٣٠٦٧"] {
            assert_eq!(wrong.parse::<InvitationCode>(), Err(NoCode), "{wrong}");
        }
        assert_ne!(code.hash(), InvitationCode::new_random().hash());
        assert!(!format!("{code:?}").contains(&code.to_string()));
    }

    /// The vector that the phone's own test has as well.
    #[test]
    fn both_sides_make_the_same_digits() {
        let [phone, home] = [7, 9].map(|key| Signer::from_bytes(&[key; 32]).unwrap().public_key());
        let code: InvitationCode = "482913067".parse().unwrap();
        let device = DeviceId::from_bytes([3; 16]);
        let agreed = Agreed {
            community: "410102002005".parse().unwrap(),
            code_hash: code.hash(),
            device,
            public_key: &phone,
            phone_nonce: &[1; 32],
            home_nonce: &[2; 32],
            home_key: &home,
        };
        let digits = agreed.comparison();
        let committed = commitment(device, &phone, &[1; 32]).to_string();
        assert_eq!((digits.as_str(), &committed[..8]), ("233705", "d09ce990"));
        let other_home = Agreed {
            home_key: &phone,
            ..agreed
        };
        let other_key = Agreed {
            public_key: &home,
            ..agreed
        };
        let other_number = Agreed {
            home_nonce: &[4; 32],
            ..agreed
        };
        for other in [other_home, other_key, other_number] {
            assert_ne!(other.comparison(), digits);
        }
    }
}
