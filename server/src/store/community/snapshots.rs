//! Snapshots as they are kept, and what one is made of (docs/protocol.md section 14). A row
//! never changes; the two newest of a part are kept, so that a download can be continued.

use menpai_sync_core::ids::{EntryId, Hash, Lsn};
use menpai_sync_core::snapshot::Maker;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::lines::{self, COLUMNS, KEPT_BODY, TABLES};
use super::{BodyCodec, StoreError};

/// How many of a part are kept.
const KEPT: usize = 2;

/// A snapshot by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its part's number.
    pub part: i64,
    /// The line it was made at.
    pub lsn: Lsn,
    /// The hash of its bytes.
    pub id: Hash,
}

/// The snapshots of a part, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn of_part(connection: &Connection, part: i64) -> Result<Vec<Named>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT lsn, id FROM snapshot WHERE part = :part ORDER BY lsn DESC")?;
    let rows = statement.query_map(named_params! {":part": part}, |row| {
        Ok(Named {
            part,
            lsn: row.get(0)?,
            id: Hash(row.get(1)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The bytes of one; `None` if it is no longer kept.
///
/// # Errors
/// [`StoreError`].
pub fn bytes(connection: &Connection, named: &Named) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM snapshot WHERE part = :part AND lsn = :lsn AND id = :id")?
        .query_row(
            named_params! {":part": named.part, ":lsn": named.lsn, ":id": named.id.0},
            |row| row.get(0),
        )
        .optional()?)
}

/// Keeps one and lets go of those that two newer ones stand before.
///
/// # Errors
/// [`StoreError`].
pub fn keep(transaction: &Transaction<'_>, named: &Named, bytes: &[u8]) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO snapshot (part, lsn, id, bytes) VALUES (:part, :lsn, :id, :bytes)")?
        .execute(named_params! {":part": named.part, ":lsn": named.lsn, ":id": named.id.0, ":bytes": bytes})?;
    transaction
        .prepare_cached(
            "DELETE FROM snapshot WHERE part = :part AND lsn NOT IN
               (SELECT lsn FROM snapshot WHERE part = :part ORDER BY lsn DESC LIMIT :kept)",
        )?
        .execute(named_params! {":part": named.part, ":kept": KEPT})?;
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

/// Every merged record of a part, in order: envelope line, entry line.
///
/// # Errors
/// [`StoreError`].
pub fn record_lines(connection: &Connection, codec: &mut BodyCodec, part: i64) -> Result<Vec<u8>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KEPT_BODY} FROM {TABLES} LEFT JOIN erased_entry x ON x.entry = e.number
          WHERE l.part = :part AND l.verdict = 'merged' AND l.derived IS NULL
            AND (e.body IS NOT NULL OR x.remains IS NOT NULL)
          ORDER BY l.lsn"
    ))?;
    let mut rows = statement.query(named_params! {":part": part})?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.extend_from_slice(&lines::read(row)?.bytes);
        bytes.push(b'\n');
        let body = row.get_ref("body")?.as_blob().map_err(rusqlite::Error::from)?;
        bytes.extend(codec.read(row.get("dictionary")?, body)?);
        bytes.push(b'\n');
    }
    Ok(bytes)
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
