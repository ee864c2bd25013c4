//! Epochs of registry documents: where each began and with which document. The newest document
//! of a part is truth, for what came before it may have been erased; older ones are let go.

use std::collections::HashMap;

use menpai_sync_core::ids::{Hash, Lsn};
use menpai_sync_core::part::Part;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::{StoreError, parts};

/// Why an epoch was begun, as it is written in records and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochReason {
    /// To let go of history.
    Compaction,
    /// Something was erased.
    Erasure,
    /// Things moved to another grid, or came from one.
    Move,
}

impl EpochReason {
    /// As it is written.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            EpochReason::Compaction => "compaction",
            EpochReason::Erasure => "erased",
            EpochReason::Move => "moved",
        }
    }
}

/// A new epoch of a part.
#[derive(Debug, Clone, Copy)]
pub struct NewEpoch<'a> {
    /// The part's number.
    pub part: i64,
    /// Which epoch.
    pub epoch: u64,
    /// The line that begins it.
    pub lsn: Lsn,
    /// Why, as the record says it.
    pub reason: &'a str,
    /// Over its values.
    pub digest: Hash,
    /// The document it begins with.
    pub bytes: &'a [u8],
}

/// The document that a part's newest epoch began with.
#[derive(Debug, Clone)]
pub struct Base {
    /// Which epoch.
    pub epoch: u64,
    /// The line that began it.
    pub lsn: Lsn,
    /// In automerge's format.
    pub bytes: Vec<u8>,
}

/// Begins an epoch: its document takes the place of the one before and of all that was made of
/// that.
///
/// # Errors
/// [`StoreError`].
pub fn begin(transaction: &Transaction<'_>, new: &NewEpoch<'_>) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE epoch_document SET bytes = NULL WHERE part = :part",
        named_params! {":part": new.part},
    )?;
    transaction.execute(
        "INSERT INTO epoch_document (part, epoch, lsn, reason, digest, bytes)
         VALUES (:part, :epoch, :lsn, :reason, :digest, :bytes)",
        named_params! {
            ":part": new.part, ":epoch": new.epoch, ":lsn": new.lsn, ":reason": new.reason,
            ":digest": new.digest.0, ":bytes": new.bytes,
        },
    )?;
    transaction.execute(
        "DELETE FROM registry_document WHERE part = :part",
        named_params! {":part": new.part},
    )?;
    transaction.execute(
        "DELETE FROM snapshot WHERE part = :part",
        named_params! {":part": new.part},
    )?;
    Ok(())
}

/// The document that the newest epoch of a part began with; `None` in the first one.
///
/// # Errors
/// [`StoreError`].
pub fn base(connection: &Connection, part: i64) -> Result<Option<Base>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT epoch, lsn, bytes FROM epoch_document WHERE part = :part AND bytes IS NOT NULL")?
        .query_row(named_params! {":part": part}, |row| {
            Ok(Base {
                epoch: row.get(0)?,
                lsn: row.get(1)?,
                bytes: row.get(2)?,
            })
        })
        .optional()?)
}

/// The documents that the newest epochs of all parts began with.
///
/// # Errors
/// [`StoreError`].
pub fn bases(connection: &Connection) -> Result<Vec<(Part, Base)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT p.name, e.epoch, e.lsn, e.bytes FROM epoch_document e JOIN part p ON p.number = e.part
          WHERE e.bytes IS NOT NULL ORDER BY p.name",
    )?;
    let mut rows = statement.query([])?;
    let mut bases = Vec::new();
    while let Some(row) = rows.next()? {
        let base = Base {
            epoch: row.get(1)?,
            lsn: row.get(2)?,
            bytes: row.get(3)?,
        };
        bases.push((
            parts::parse(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
            base,
        ));
    }
    Ok(bases)
}

/// Where epochs of a part were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The last line at which one was.
    pub lsn: Lsn,
    /// The last one to which no lines lead, since something was erased or moved: who has seen less
    /// of the part begins again, with a snapshot.
    pub anew: Option<Lsn>,
}

/// For each part that is not in its first epoch any more, where the later ones were begun.
///
/// # Errors
/// [`StoreError`].
pub fn begun(connection: &Connection) -> Result<HashMap<i64, Begun>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT part, max(lsn), max(iif(reason <> :compaction, lsn, NULL)) FROM epoch_document GROUP BY part",
    )?;
    let compaction = EpochReason::Compaction.code();
    let rows = statement.query_map(named_params! {":compaction": compaction}, |row| {
        let begun = Begun {
            lsn: row.get(1)?,
            anew: row.get(2)?,
        };
        Ok((row.get(0)?, begun))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether things of this community ever moved from one grid to another.
///
/// # Errors
/// [`StoreError`].
pub fn has_moved(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM epoch_document WHERE reason = :moved)")?
        .query_row(named_params! {":moved": EpochReason::Move.code()}, |row| row.get(0))?)
}
