//! Names of streets and communities by their division codes (GB/T 10114 with the village level, as the
//! statistics office last published it: 2023-06-30). A short list is built in: the communities that
//! Menpai was written for. Others come from a table that somebody imports, and a division that is in
//! neither goes by its code.

mod code;
mod import;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use code::{NoStreetCode, StreetCode, Unit, street_of};
pub use import::{Imported, ImportedRow, NotImported, import};
use menpai_sync_core::ids::CommunityCode;
use serde::Deserialize;

use crate::store::node::{self, NodeStore};

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

/// The built-in division of a code.
#[must_use]
pub fn find(code: CommunityCode) -> Option<&'static Division> {
    DIVISIONS.get(&code)
}

/// The name to show for a community: as it was imported, else as it is built in, else its code.
///
/// # Errors
/// SQLite's.
pub fn community_name(node: &NodeStore, code: CommunityCode) -> rusqlite::Result<String> {
    let imported = node.read(|connection| node::division_name(connection, code.as_str()))?;
    let built_in = || find(code).map(|division| division.name.clone());
    let imported = imported.map(|name| without_committee(&name).to_owned());
    Ok(imported.or_else(built_in).unwrap_or_else(|| code.to_string()))
}

/// The name to show for a street, in the same way.
///
/// # Errors
/// SQLite's.
pub fn street_name(node: &NodeStore, street: &StreetCode) -> rusqlite::Result<String> {
    let imported = node.read(|connection| node::division_name(connection, street.as_str()))?;
    let of_street = |division: &&Division| street_of(division.code) == *street;
    let built_in = || {
        DIVISIONS
            .values()
            .find(of_street)
            .map(|division| division.street.clone())
    };
    let imported = imported.map(|name| name.strip_suffix("办事处").unwrap_or(&name).to_owned());
    Ok(imported.or_else(built_in).unwrap_or_else(|| street.as_str().to_owned()))
}

/// The table calls a place after its committee: 协作路社区居委会 is 协作路社区 to everybody.
fn without_committee(name: &str) -> &str {
    let endings = ["居民委员会", "居委会", "村民委员会", "村委会"];
    let place = endings.iter().find_map(|ending| name.strip_suffix(ending));
    place
        .filter(|place| place.ends_with("社区") || place.ends_with('村'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_readable_and_in_order() {
        let list: Vec<Division> = serde_json::from_str(FILE).unwrap();
        assert!(list.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(find("410102002005".parse().unwrap()).unwrap().name, "协作路社区");
        // As many communities as the articles' streets have.
        for (street, communities) in [("370202013", 6), ("410102002", 6)] {
            let of_street = list.iter().filter(|one| street_of(one.code).as_str() == street);
            assert_eq!(of_street.count(), communities);
        }
    }

    #[test]
    fn a_community_is_called_as_people_call_it() {
        for (name, shown) in [
            ("协作路社区居委会", "协作路社区"),
            ("协作路社区居民委员会", "协作路社区"),
            ("小岗村村委会", "小岗村"),
            ("小岗村民委员会", "小岗村民委员会"),
            ("东风居委会", "东风居委会"),
        ] {
            assert_eq!(without_committee(name), shown);
        }
    }
}
