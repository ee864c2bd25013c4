//! How many there are: by grid, kind, worker, day and verdict, and the few figures that the
//! desk's header shows. Counts are of what the lists list.

use std::collections::BTreeMap;

use menpai_sync_core::ids::{GridId, Lsn, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::verdict::Verdict;
use rusqlite::{Connection, named_params};

use crate::store::community::StoreError;

/// Most days that the filter offers.
const MOST_DAYS: u32 = 62;

/// What there is to filter by.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Merged entries of each grid that the registry knows.
    pub grids: Vec<(GridId, u64)>,
    /// Of each kind that has any.
    pub kinds: Vec<(String, u64)>,
    /// Of each worker who has any.
    pub workers: Vec<(WorkerId, u64)>,
    /// Of each local day by made-time, newest first.
    pub days: Vec<(String, u64)>,
}

/// Counts of merged entries of these kinds.
///
/// # Errors
/// [`StoreError`].
pub fn merged(connection: &Connection, kinds: &[&str], offset_minutes: i32) -> Result<Counts, StoreError> {
    let kinds = serde_json::json!(kinds).to_string();
    let mut counts = Counts::default();
    let mut grids: BTreeMap<GridId, u64> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT DISTINCT grid FROM entity WHERE grid IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        grids.insert(GridId::from_bytes(row.get(0)?), 0);
    }
    let mut statement = connection.prepare_cached(
        "SELECT p.name, count(*) FROM merged_entry m JOIN log_line l ON l.lsn = m.lsn JOIN part p ON p.number = l.part
          WHERE m.kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))
          GROUP BY p.number",
    )?;
    let mut rows = statement.query(named_params! {":kinds": kinds})?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let part: Part = name.parse().map_err(|_| StoreError::damaged("a part's name"))?;
        if let Some(grid) = part.grid {
            *grids.entry(grid).or_default() += row.get::<_, u64>(1)?;
        }
    }
    counts.grids = grids.into_iter().collect();
    let mut statement = connection.prepare_cached(
        "SELECT k.name, count(*) FROM merged_entry m JOIN kind k ON k.number = m.kind
          WHERE k.name IN (SELECT value FROM json_each(:kinds)) GROUP BY k.number ORDER BY k.name",
    )?;
    let mut rows = statement.query(named_params! {":kinds": kinds})?;
    while let Some(row) = rows.next()? {
        counts.kinds.push((row.get(0)?, row.get(1)?));
    }
    let mut statement = connection.prepare_cached(
        "SELECT w.id, count(*) FROM merged_entry m JOIN worker w ON w.number = m.worker
          WHERE m.kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))
          GROUP BY w.number",
    )?;
    let mut rows = statement.query(named_params! {":kinds": kinds})?;
    while let Some(row) = rows.next()? {
        counts.workers.push((WorkerId::from_bytes(row.get(0)?), row.get(1)?));
    }
    let mut statement = connection.prepare_cached(
        "SELECT date(m.made_ms / 1000 + :offset * 60, 'unixepoch') AS day, count(*) FROM merged_entry m
          WHERE m.kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))
          GROUP BY day ORDER BY day DESC LIMIT :limit",
    )?;
    let mut rows = statement.query(named_params! {":kinds": kinds, ":offset": offset_minutes, ":limit": MOST_DAYS})?;
    while let Some(row) = rows.next()? {
        counts.days.push((row.get(0)?, row.get(1)?));
    }
    Ok(counts)
}

/// How many entries that are not simply merged stand at a verdict now.
///
/// # Errors
/// [`StoreError`].
pub fn standing_at(connection: &Connection, verdict: Verdict) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM held_entry WHERE verdict = :verdict")?
        .query_row(named_params! {":verdict": verdict.code()}, |row| row.get(0))?)
}

/// Merged entries of these kinds with a made-time in the range.
///
/// # Errors
/// [`StoreError`].
pub fn merged_between(
    connection: &Connection,
    kinds: &[&str],
    made_ms: std::ops::Range<i64>,
) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM merged_entry
              WHERE made_ms >= :start AND made_ms < :end
                AND kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))",
        )?
        .query_row(
            named_params! {
                ":start": made_ms.start, ":end": made_ms.end, ":kinds": serde_json::json!(kinds).to_string(),
            },
            |row| row.get(0),
        )?)
}

/// How many fields have more than one visible value.
///
/// # Errors
/// [`StoreError`].
pub fn conflicts(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM (SELECT DISTINCT entity, field FROM registry_value WHERE rank > 0)")?
        .query_row([], |row| row.get(0))?)
}

/// The last line of the community log.
///
/// # Errors
/// [`StoreError`].
pub fn last_lsn(connection: &Connection) -> Result<Lsn, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(lsn), 0) FROM log_line")?
        .query_row([], |row| row.get(0))?)
}
