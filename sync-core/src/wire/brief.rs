//! Short names for what both sides know, so that a sync with nothing new stays small: a log or
//! a grid by the end of its id, a hash by its beginning. A short name only ever picks among
//! what the reader holds in full already; it never stands alone in anything stored or signed.

use std::fmt;
use std::str::FromStr;

use crate::ids::{Hash, LogId, text_serde};
use crate::part::Part;

/// Digits of an id's end that name it. The end: ids of one moment begin alike.
const ID_DIGITS: usize = 8;
/// Digits of a hash's beginning: enough to see two chains part, no proof against forgers.
const HASH_DIGITS: usize = 16;

/// A log by the end of its id.
#[must_use]
pub fn short_log(log: LogId) -> String {
    end(&log.to_string()).to_owned()
}

/// A part by the end of its grid's id; the community's parts have their names.
#[must_use]
pub fn short_part(part: Part) -> String {
    let full = part.to_string();
    match (part.grid, full.split_once('/')) {
        (Some(_), Some((grid, class))) => format!("{}/{class}", end(grid)),
        _ => full,
    }
}

fn end(id: &str) -> &str {
    &id[id.len().saturating_sub(ID_DIGITS)..]
}

/// A hash, or at least its first 16 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashStart(String);

impl HashStart {
    /// The beginning that travels when nothing is vouched for.
    #[must_use]
    pub fn short(hash: Hash) -> HashStart {
        HashStart(hash.to_string()[..HASH_DIGITS].to_owned())
    }

    /// Whether `hash` begins so.
    #[must_use]
    pub fn begins(&self, hash: Hash) -> bool {
        hash.to_string().starts_with(&self.0)
    }
}

impl From<Hash> for HashStart {
    fn from(hash: Hash) -> HashStart {
        HashStart(hash.to_string())
    }
}

/// A text that begins no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the beginning of a hash, 16 to 64 hexadecimal digits")]
pub struct HashStartError;

impl FromStr for HashStart {
    type Err = HashStartError;
    fn from_str(text: &str) -> Result<HashStart, HashStartError> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && (HASH_DIGITS..=64).contains(&text.len()) {
            Ok(HashStart(text.to_owned()))
        } else {
            Err(HashStartError)
        }
    }
}

impl fmt::Display for HashStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(HashStart);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_the_end_of_an_id_and_the_beginning_of_a_hash() {
        let log: LogId = "795b929e-9a9a-40fd-aa7b-5bf55eb561a4".parse().unwrap();
        assert_eq!(short_log(log), "5eb561a4");
        let part: Part = "795b929e-9a9a-40fd-aa7b-5bf55eb561a4/care".parse().unwrap();
        assert_eq!(short_part(part), "5eb561a4/care");
        assert_eq!(short_part("community/open".parse().unwrap()), "community/open");
        let (one, two) = (Hash([0x11; 32]), Hash([0x12; 32]));
        assert!(HashStart::short(one).begins(one) && !HashStart::short(one).begins(two));
        assert!(HashStart::from(one).begins(one) && !HashStart::from(one).begins(two));
    }

    #[test]
    fn too_short_a_beginning_says_nothing() {
        assert!("".parse::<HashStart>().is_err());
        assert!("0123456789abcde".parse::<HashStart>().is_err());
        assert!("0123456789ABCDEF".parse::<HashStart>().is_err());
        assert!("0123456789abcdef".parse::<HashStart>().is_ok());
    }
}
