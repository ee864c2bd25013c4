//! Names of communities by their 12-digit division code (GB/T 10114 with the village level,
//! as the statistics office last published it: 2023-06-30). A short list: the communities
//! that Menpai was written for. A community that is not in it goes by its code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use menpai_sync_core::ids::CommunityCode;
use serde::Deserialize;

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
