//! Names of things: one newtype each, so that a device is never passed for a worker.
//! All parse and print as docs/protocol.md section 2 writes them, and refuse anything else.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A text that is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: {text:?}")]
pub struct IdError {
    what: &'static str,
    text: String,
}

impl IdError {
    fn new(what: &'static str, text: &str) -> IdError {
        IdError {
            what,
            text: text.chars().take(64).collect(),
        }
    }
}

/// JSON by `Display` and `FromStr`: on the wire an id, a part, a key or an instant is its text.
macro_rules! text_serde {
    ($name:ident) => {
        impl crate::json::FromJson for $name {
            fn from_json(value: serde_json::Value) -> Result<$name, crate::json::JsonError> {
                crate::json::parse(value)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_serde;

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps 16 bytes; any value is accepted.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> $name {
                $name(Uuid::from_bytes(bytes))
            }
            /// The 16 bytes used in hashed layouts and in SQL.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            /// Only the lower-case hyphenated form: one id has one spelling.
            fn from_str(text: &str) -> Result<$name, IdError> {
                let parsed = Uuid::try_parse(text).map_err(|_| IdError::new($what, text))?;
                let id = $name(parsed);
                if text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase()) {
                    Ok(id)
                } else {
                    Err(IdError::new($what, text))
                }
            }
        }

        text_serde!($name);
    };
}

uuid_newtype!(
    /// One entry; UUIDv7, made on the device.
    EntryId,
    "entry id"
);
uuid_newtype!(
    /// One installation for one community. Also the automerge actor of its edits.
    DeviceId,
    "device id"
);
uuid_newtype!(
    /// A person who works for the community; what accounts and assignments refer to.
    WorkerId,
    "worker id"
);
uuid_newtype!(
    /// A grid; the 16-digit code is a field, for grids split.
    GridId,
    "grid id"
);
uuid_newtype!(
    /// A thing in the registry: a place, a dwelling, a person …
    EntityId,
    "entity id"
);
uuid_newtype!(
    /// One life of a home's community log; a restored server starts another.
    LogId,
    "log id"
);

impl EntryId {
    /// UUIDv7 from a clock reading (milliseconds, UTC) and 10 random bytes.
    #[must_use]
    pub fn from_clock(unix_ms: i64, random: [u8; 10]) -> EntryId {
        let millis = u64::try_from(unix_ms).unwrap_or(0);
        EntryId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// That clock reading again.
    #[must_use]
    pub fn clock_ms(&self) -> i64 {
        let bytes = u128::from_be_bytes(*self.as_bytes());
        (bytes >> 80) as i64
    }
}

impl EntityId {
    /// The id of the `index`-th entity that an entry makes, at most the 256th: the entry's own
    /// bits in another order, so that ids made together are alike (docs/protocol.md section 3).
    #[must_use]
    pub fn made_by(entry: EntryId, index: u64) -> EntityId {
        let of_entry = u128::from_be_bytes(*entry.as_bytes());
        let (time, counter, end) = (of_entry >> 80, of_entry >> 64 & 0xfff, of_entry & ((1 << 54) - 1));
        let bits = end << 68 | time << 20 | counter << 8 | u128::from(index.min(255));
        // Those 122 bits around the version, 8, and the variant, 10.
        let bytes =
            (bits >> 74 << 80 | 8 << 76 | (bits >> 62 & 0xfff) << 64 | 2 << 62 | bits & ((1 << 62) - 1)).to_be_bytes();
        EntityId::from_bytes(bytes)
    }

    /// What version 1 of the protocol made instead: a hash.
    #[must_use]
    pub fn made_by_in_version_1(entry: EntryId, index: u64) -> EntityId {
        let digest = Hash::of_parts(&[b"menpai-entity-1\0", entry.as_bytes(), &index.to_be_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.0[..16]);
        EntityId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// A community's 12-digit division code (GB/T 2260 and GB/T 10114 with the village level).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommunityCode([u8; 12]);

impl CommunityCode {
    /// The 12 ASCII digits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CommunityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CommunityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommunityCode({self})")
    }
}

impl FromStr for CommunityCode {
    type Err = IdError;
    fn from_str(text: &str) -> Result<CommunityCode, IdError> {
        <[u8; 12]>::try_from(text.as_bytes())
            .ok()
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))
            .map(CommunityCode)
            .ok_or_else(|| IdError::new("community code of 12 digits", text))
    }
}

text_serde!(CommunityCode);

/// SHA-256, printed as 64 lower-case hexadecimal digits. Change hashes are the same thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The sum of no hashes.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// The hash of several pieces laid one after the other.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }

    /// The sum of two, each taken for a number, modulo 2^256: whatever the order, sums of the same
    /// hashes are the same.
    #[must_use]
    pub fn plus(self, other: Hash) -> Hash {
        let mut sum = [0; 32];
        let mut carry = 0;
        for place in (0..32).rev() {
            let digit = u16::from(self.0[place]) + u16::from(other.0[place]) + carry;
            sum[place] = (digit & 0xff) as u8;
            carry = digit >> 8;
        }
        Hash(sum)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Hash, IdError> {
        unhex(text)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(Hash)
            .ok_or_else(|| IdError::new("hash of 64 hexadecimal digits", text))
    }
}

text_serde!(Hash);

/// Position in one device's log: 1, 2, 3 … ; 0 is "before the first".
pub type Seq = u64;

/// Position in a community's log: 1, 2, 3 … ; 0 is "before the first".
pub type Lsn = u64;

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Bytes from lower-case hexadecimal; `None` for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_has_one_spelling() {
        let text = "0198c0de-0000-7000-8000-0000000000aa";
        assert_eq!(text.parse::<EntryId>().unwrap().to_string(), text);
        assert!(text.to_uppercase().parse::<EntryId>().is_err());
        assert!(text.replace('-', "").parse::<EntryId>().is_err());
    }

    #[test]
    fn an_entry_id_tells_its_clock() {
        let made_ms = 1_795_483_957_123;
        assert_eq!(EntryId::from_clock(made_ms, [255; 10]).clock_ms(), made_ms);
    }

    #[test]
    fn sums_carry_and_wrap_and_mind_no_order() {
        let number = |low: u8, rest: u8| {
            let mut bytes = [rest; 32];
            bytes[31] = low;
            Hash(bytes)
        };
        let (one, most) = (number(1, 0), number(255, 255));
        assert_eq!(one.plus(most), Hash::ZERO);
        assert_eq!(one.plus(number(255, 0)).0[30..], [1, 0]);
        let hashes = [b"a", b"b", b"c"].map(|text| Hash::of(text));
        let sum = |order: [usize; 3]| order.iter().fold(Hash::ZERO, |sum, at| sum.plus(hashes[*at]));
        assert_eq!(sum([0, 1, 2]), sum([2, 0, 1]));
        assert_ne!(sum([0, 1, 2]), sum([0, 1, 1]));
    }

    #[test]
    fn entities_of_an_entry_differ_and_repeat() {
        for made_by in [EntityId::made_by, EntityId::made_by_in_version_1] {
            let entry = EntryId::from_clock(1_795_483_957_123, [7; 10]);
            assert_eq!(made_by(entry, 0), made_by(entry, 0));
            assert_ne!(made_by(entry, 0), made_by(entry, 1));
            assert_eq!(made_by(entry, 0).to_string().as_bytes()[14], b'8');
        }
    }

    #[test]
    fn an_entity_id_is_the_bits_of_its_entry_in_another_order() {
        let entry: EntryId = "0198c0de-1234-7abc-adb2-c3d4e5f60718".parse().unwrap();
        for (index, made) in [
            (0, "cb0f5397-d81c-8600-998c-0de1234abc00"),
            (255, "cb0f5397-d81c-8600-998c-0de1234abcff"),
        ] {
            assert_eq!(EntityId::made_by(entry, index).to_string(), made);
        }
    }

    #[test]
    fn entries_that_differ_in_time_counter_or_device_make_other_entities() {
        let entry = |ms, random| EntryId::from_clock(ms, random);
        let one = entry(1_795_483_957_123, [7; 10]);
        let mut ids = vec![EntityId::made_by(one, 0), EntityId::made_by(one, 1)];
        ids.push(EntityId::made_by(entry(1_795_483_957_124, [7; 10]), 0));
        for place in [1, 3, 9] {
            let mut random = [7; 10];
            random[place] = 8;
            ids.push(EntityId::made_by(entry(1_795_483_957_123, random), 0));
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn a_community_code_is_twelve_digits() {
        assert!("410102002005".parse::<CommunityCode>().is_ok());
        assert!("41010200200".parse::<CommunityCode>().is_err());
        assert!("41010200200五".parse::<CommunityCode>().is_err());
    }

    #[test]
    fn hexadecimal_round_trips_and_refuses() {
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("0G"), None);
        assert_eq!(unhex("AA"), None);
    }
}
