//! What a street calls the five levels of the responsibility chain: its own words where it has set some,
//! else those of `schemas`' standard. A setting of this node, for each street.

use std::collections::BTreeMap;

use menpai_sync_core::kinds::Labels;

use crate::divisions::StreetCode;
use crate::store::node::{self, NodeStore};
use crate::store::review::chain::{LEVELS, Level};

/// Characters of a level's name.
const LONGEST: usize = 20;

/// A name for each level.
pub type ChainLabels = BTreeMap<Level, Labels>;

/// Why a level was not renamed.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// Not a name.
    #[error("a level is called by 1 to {LONGEST} characters; {0:?} is none")]
    BadLabel(String),
    /// The node's file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
}

/// What a street calls them.
///
/// # Errors
/// SQLite's.
pub fn labels_of(node: &NodeStore, street: &StreetCode) -> rusqlite::Result<ChainLabels> {
    let own = node.read(|connection| node::chain_labels(connection, street))?;
    let label = |level: Level| match own.get(level.name()) {
        Some(own) => Labels {
            zh: own.clone(),
            en: own.clone(),
        },
        None => usual(level),
    };
    Ok(LEVELS.into_iter().map(|level| (level, label(level))).collect())
}

/// Renames levels of a street; a level with `None` gets its usual name back.
///
/// # Errors
/// [`LabelError`]; then none is renamed.
pub fn rename(
    node: &NodeStore,
    street: &StreetCode,
    names: &BTreeMap<Level, Option<String>>,
) -> Result<(), LabelError> {
    for name in names.values().flatten() {
        let fits = (1..=LONGEST).contains(&name.trim().chars().count()) && !name.chars().any(char::is_control);
        if !fits {
            return Err(LabelError::BadLabel(name.clone()));
        }
    }
    node.write(|transaction| {
        for (level, name) in names {
            node::set_chain_label(transaction, street, level.name(), name.as_deref().map(str::trim))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn usual(level: Level) -> Labels {
    let (zh, en) = match level {
        Level::Street => ("街道党工委", "Street"),
        Level::Community => ("社区党组织", "Community"),
        Level::Grid => ("楼院支部网格", "Grid or compound"),
        Level::Building => ("楼栋党小组", "Building group"),
        Level::Household => ("党员联包户", "Contact of the household"),
    };
    Labels {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}
