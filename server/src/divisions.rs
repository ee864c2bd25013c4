//! Names of communities by their 12-digit division code (GB/T 10114 with the village level,
//! as the statistics office last published it: 2023-06-30). A short list: the communities
//! that Menpai was written for. A community that is not in it goes by its code.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use menpai_sync_core::ids::CommunityCode;
use serde::{Deserialize, Serialize};

const FILE: &str = include_str!("../data/divisions.json");

/// A community and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Division {
    /// Its code.
    pub code: CommunityCode,
    /// 社区
    pub name: String,
    /// 街道
    pub street: String,
    /// 区
    pub county: String,
    /// 市
    pub city: String,
}

static DIVISIONS: LazyLock<BTreeMap<CommunityCode, Division>> = LazyLock::new(|| {
    // Compiled in, and read by a test: an unreadable list never ships.
    let list: Vec<Division> = serde_json::from_str(FILE).unwrap_or_default();
    list.into_iter().map(|division| (division.code, division)).collect()
});

/// The first nine digits of its communities' codes: 1–2 province, 3–4 prefecture, 5–6 county, 7–9 street,
/// town or township.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreetCode(String);

/// Not a street's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a street has 9 digits")]
pub struct NoStreetCode;

impl StreetCode {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreetCode {
    type Err = NoStreetCode;

    fn from_str(text: &str) -> Result<StreetCode, NoStreetCode> {
        let fits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(StreetCode(text.to_owned())) } else { Err(NoStreetCode) }
    }
}

impl TryFrom<String> for StreetCode {
    type Error = NoStreetCode;

    fn try_from(text: String) -> Result<StreetCode, NoStreetCode> {
        text.parse()
    }
}

impl From<StreetCode> for String {
    fn from(code: StreetCode) -> String {
        code.0
    }
}

/// The street that a community belongs to.
#[must_use]
pub fn street_of(community: CommunityCode) -> StreetCode {
    StreetCode(community.to_string().chars().take(9).collect())
}

/// The division of a code.
#[must_use]
pub fn find(code: CommunityCode) -> Option<&'static Division> {
    DIVISIONS.get(&code)
}

/// The name to show for a community: its own, or its code.
#[must_use]
pub fn community_name(code: CommunityCode) -> String {
    find(code).map_or_else(|| code.to_string(), |division| division.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_readable_and_in_order() {
        let list: Vec<Division> = serde_json::from_str(FILE).unwrap();
        assert!(list.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(community_name("410102002005".parse().unwrap()), "协作路社区");
        assert_eq!(community_name("999999999999".parse().unwrap()), "999999999999");
    }
}
