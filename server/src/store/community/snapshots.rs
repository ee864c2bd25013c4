//! Snapshots as they are kept, and what one is made of (docs/protocol.md section 14). A row
//! never changes; the two newest of a part and sort are kept, so that a download can be continued.

use std::collections::HashSet;

use menpai_sync_core::ids::{EntryId, Hash, Lsn};
use menpai_sync_core::json;
use menpai_sync_core::snapshot::{LeftOut, Maker};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::lines::{self, COLUMNS, KEPT_BODY, TABLES};
use super::{BodyCodec, StoreError};

/// How many of a part and sort are kept.
const KEPT: usize = 2;

/// A snapshot by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its part's number.
    pub part: i64,
    /// Whether it was made for devices that do without what was overtaken.
    pub leaves_out: bool,
    /// The line it was made at.
    pub lsn: Lsn,
    /// The hash of its bytes.
    pub id: Hash,
}

/// The snapshots of a part, of either sort, the newest first; each with what it leaves out.
///
/// # Errors
/// [`StoreError`].
pub fn of_part(connection: &Connection, part: i64) -> Result<Vec<(Named, Option<LeftOut>)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT leaves_out, lsn, id, left_out FROM snapshot WHERE part = :part ORDER BY lsn DESC")?;
    let mut rows = statement.query(named_params! {":part": part})?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let named = Named {
            part,
            leaves_out: row.get(0)?,
            lsn: row.get(1)?,
            id: Hash(row.get(2)?),
        };
        let left_out = row.get::<_, Option<String>>(3)?;
        let left_out = left_out.map(|text| json::read(text.as_bytes())).transpose();
        found.push((
            named,
            left_out.map_err(|_| StoreError::damaged("what a snapshot left out"))?,
        ));
    }
    Ok(found)
}

/// The bytes of one; `None` if it is no longer kept.
///
/// # Errors
/// [`StoreError`].
pub fn bytes(connection: &Connection, named: &Named) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT bytes FROM snapshot
              WHERE part = :part AND leaves_out = :leaves_out AND lsn = :lsn AND id = :id",
        )?
        .query_row(
            named_params! {
                ":part": named.part, ":leaves_out": named.leaves_out, ":lsn": named.lsn, ":id": named.id.0,
            },
            |row| row.get(0),
        )
        .optional()?)
}

/// Keeps one and lets go of those that two newer ones stand before.
///
/// # Errors
/// [`StoreError`].
pub fn keep(
    transaction: &Transaction<'_>,
    named: &Named,
    left_out: Option<&LeftOut>,
    bytes: &[u8],
) -> Result<(), StoreError> {
    // Texts always serialise.
    let left_out = left_out.map(|left_out| serde_json::to_string(left_out).unwrap_or_default());
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshot (part, leaves_out, lsn, id, left_out, bytes)
             VALUES (:part, :leaves_out, :lsn, :id, :left_out, :bytes)",
        )?
        .execute(named_params! {
            ":part": named.part, ":leaves_out": named.leaves_out, ":lsn": named.lsn, ":id": named.id.0,
            ":left_out": left_out, ":bytes": bytes,
        })?;
    transaction
        .prepare_cached(
            "DELETE FROM snapshot WHERE part = :part AND leaves_out = :leaves_out AND lsn NOT IN
               (SELECT lsn FROM snapshot WHERE part = :part AND leaves_out = :leaves_out
                 ORDER BY lsn DESC LIMIT :kept)",
        )?
        .execute(named_params! {":part": named.part, ":leaves_out": named.leaves_out, ":kept": KEPT})?;
    Ok(())
}

/// How many lines of a part come after a line, as far as `most`.
///
/// # Errors
/// [`StoreError`].
pub fn lines_after(connection: &Connection, part: i64, lsn: Lsn, most: usize) -> Result<usize, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM log_line WHERE part = :part AND lsn > :lsn LIMIT :most)")?
        .query_row(named_params! {":part": part, ":lsn": lsn, ":most": most}, |row| {
            row.get(0)
        })?)
}

/// A merged record as it travels.
#[derive(Debug)]
pub struct Record {
    /// Its envelope's line.
    pub envelope: Vec<u8>,
    /// Its entry's line, or what remains of it.
    pub entry: Vec<u8>,
    /// Its made-time, milliseconds UTC.
    pub made_ms: i64,
}

/// Every merged record of a part, in order.
///
/// # Errors
/// [`StoreError`].
pub fn records(connection: &Connection, codec: &mut BodyCodec, part: i64) -> Result<Vec<Record>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KEPT_BODY} FROM {TABLES} LEFT JOIN erased_entry x ON x.entry = e.number
          WHERE l.part = :part AND l.verdict = 'merged' AND l.derived IS NULL
            AND (e.body IS NOT NULL OR x.remains IS NOT NULL)
          ORDER BY l.lsn"
    ))?;
    let mut rows = statement.query(named_params! {":part": part})?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let line = lines::read(row)?;
        let body = row.get_ref("body")?.as_blob().map_err(rusqlite::Error::from)?;
        records.push(Record {
            envelope: line.bytes,
            entry: codec.read(row.get("dictionary")?, body)?,
            made_ms: line.envelope.made_ms,
        });
    }
    Ok(records)
}

/// What any record withdraws or corrects, in whatever part.
///
/// # Errors
/// [`StoreError`].
pub fn disputed(connection: &Connection) -> Result<HashSet<EntryId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(retracts, supersedes) FROM merged_entry WHERE retracts IS NOT NULL OR supersedes IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok(EntryId::from_bytes(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a record that came after a line withdraws or corrects one of the part that was made
/// before an instant; of one that is not here its id tells.
///
/// # Errors
/// [`StoreError`].
pub fn disputes_old(connection: &Connection, part: i64, after: Lsn, made_before_ms: i64) -> Result<bool, StoreError> {
    let first_new = EntryId::from_clock(made_before_ms, [0; 10]);
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (
               SELECT 1 FROM merged_entry m JOIN log_line l ON l.lsn = m.lsn
                 LEFT JOIN entry e ON e.id = coalesce(m.retracts, m.supersedes)
                 LEFT JOIN merged_entry old ON old.entry = e.number
                 LEFT JOIN log_line old_line ON old_line.lsn = old.lsn
                WHERE (m.retracts IS NOT NULL OR m.supersedes IS NOT NULL) AND m.lsn > :after
                  AND (old_line.part = :part AND old.made_ms < :made_before
                    OR l.part = :part AND substr(coalesce(m.retracts, m.supersedes), 1, 6) < substr(:first_new, 1, 6)))",
        )?
        .query_row(
            named_params! {
                ":part": part, ":after": after, ":made_before": made_before_ms, ":first_new": first_new.as_bytes(),
            },
            |row| row.get(0),
        )?)
}

/// The entries of a part that made entities, and how many each. One of another part is not
/// named: its id is not this part's to tell.
///
/// # Errors
/// [`StoreError`].
pub fn makers(connection: &Connection, part: i64) -> Result<Vec<Maker>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT m.id, count(*) FROM entity e JOIN entry m ON m.number = e.maker
          WHERE e.held = 0 AND m.id IS NOT NULL
            AND EXISTS (SELECT 1 FROM log_line l WHERE l.entry = m.number AND l.part = :part)
          GROUP BY m.number HAVING count(*) <= 255",
    )?;
    let rows = statement.query_map(named_params! {":part": part}, |row| {
        Ok((EntryId::from_bytes(row.get(0)?), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
