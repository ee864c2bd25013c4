//! What phones were told is durable, held against a data folder: every entry of it must be in
//! the log, and the file must agree with itself.

use std::collections::BTreeSet;
use std::path::Path;

use menpai_server::home::Home;
use menpai_server::jobs::{rebuild, verify};
use menpai_server::sync::Community;
use menpai_sync_core::ids::{CommunityCode, EntryId};

/// What is wrong with a folder.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Acknowledged, and not in the log.
    Lost(BTreeSet<EntryId>),
    /// Not served, or it contradicts itself.
    Damaged(String),
}

/// Opens a folder as the server does and looks for what was acknowledged.
///
/// # Errors
/// [`Fault`].
pub fn hold(data: &Path, code: CommunityCode, acknowledged: &BTreeSet<EntryId>) -> Result<(), Fault> {
    let home = Home::open(data).map_err(damaged)?;
    let community = home.communities.get(code).map_err(damaged)?;
    let community = community.ok_or_else(|| Fault::Damaged("the community is gone".to_owned()))?;
    let lost: BTreeSet<EntryId> = acknowledged.difference(&in_log(&community)?).copied().collect();
    if !lost.is_empty() {
        return Err(Fault::Lost(lost));
    }
    let report = verify::verify(&community).map_err(damaged)?;
    if !report.is_clean() {
        return Err(Fault::Damaged(format!("{:?}", report.findings)));
    }
    Ok(())
}

/// The same, and what is derived comes out equal when it is made again.
///
/// # Errors
/// [`Fault`].
pub fn hold_rebuilt(data: &Path, code: CommunityCode, acknowledged: &BTreeSet<EntryId>) -> Result<(), Fault> {
    hold(data, code, acknowledged)?;
    let home = Home::open(data).map_err(damaged)?;
    let community = home.communities.get(code).map_err(damaged)?;
    let community = community.ok_or_else(|| Fault::Damaged("the community is gone".to_owned()))?;
    let rebuilt = rebuild::rebuild(&community).map_err(damaged)?;
    if rebuilt.is_equal() {
        Ok(())
    } else {
        Err(Fault::Damaged(format!("{rebuilt:?}")))
    }
}

fn in_log(community: &Community) -> Result<BTreeSet<EntryId>, Fault> {
    let ids = community.query(|connection| {
        let mut statement = connection
            .prepare("SELECT e.id FROM log_line l JOIN entry e ON e.number = l.entry WHERE e.id IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok(EntryId::from_bytes(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    });
    ids.map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> Fault {
    Fault::Damaged(error.to_string())
}
