//! Who a community's file is, and where its log ends. A file is made once; opening it with
//! another community or another receipt key is refused. One that was put back from a copy
//! begins another life of its log: no two files ever continue one log id.

use menpai_sync_core::community_log::ChainHead;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, LogId, WorkerId};
use menpai_sync_core::signature::{PublicKey, Signature, Signer};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::StoreError;

/// The office device that writes a community's first entries: no record can register it
/// before there is a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founder {
    /// The device.
    pub device: DeviceId,
    /// The worker its entries name.
    pub worker: WorkerId,
    /// Its public key.
    pub public_key: PublicKey,
}

/// Who a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which community.
    pub code: CommunityCode,
    /// Which life of its home's log.
    pub log: LogId,
    /// The id of its first life, with which the chain begins.
    pub first_log: LogId,
    /// What receipts and heads are signed with.
    pub receipt_key: PublicKey,
    /// Who began it.
    pub founder: Founder,
}

impl Identity {
    /// The chain before the first line.
    #[must_use]
    pub fn beginning(&self) -> ChainHead {
        ChainHead::empty(self.code, self.first_log)
    }
}

/// Reads who the file is; `None` if it was never begun.
///
/// # Errors
/// [`StoreError`].
pub fn read(connection: &Connection) -> Result<Option<Identity>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT code, log, receipt_key, founder_device, founder_worker, founder_key, first_log
           FROM log_identity",
    )?;
    let mut rows = statement.query([])?;
    rows.next()?.map(identity).transpose()
}

fn identity(row: &Row<'_>) -> Result<Identity, StoreError> {
    let text = |index| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
    let key = |index| {
        text(index)?
            .parse()
            .map_err(|_| StoreError::damaged("a public key of the identity"))
    };
    let log = LogId::from_bytes(row.get(1)?);
    let first_log: Option<[u8; 16]> = row.get(6)?;
    Ok(Identity {
        code: text(0)?
            .parse()
            .map_err(|_| StoreError::damaged("the community code"))?,
        log,
        first_log: first_log.map_or(log, LogId::from_bytes),
        receipt_key: key(2)?,
        founder: Founder {
            device: DeviceId::from_bytes(row.get(3)?),
            worker: WorkerId::from_bytes(row.get(4)?),
            public_key: key(5)?,
        },
    })
}

/// Begins a file.
///
/// # Errors
/// [`StoreError`]; also if it was begun before.
pub fn begin(transaction: &Transaction<'_>, identity: &Identity, now_ms: i64) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO log_identity (one, code, log, receipt_key, founder_device, founder_worker, founder_key, created_ms)
         VALUES (1, :code, :log, :receipt_key, :device, :worker, :founder_key, :now)",
        named_params! {
            ":code": identity.code.as_str(),
            ":log": identity.log.as_bytes(),
            ":receipt_key": identity.receipt_key.to_string(),
            ":device": identity.founder.device.as_bytes(),
            ":worker": identity.founder.worker.as_bytes(),
            ":founder_key": identity.founder.public_key.to_string(),
            ":now": now_ms,
        },
    )?;
    Ok(())
}

/// Whether the file is a copy that nobody has opened yet.
///
/// # Errors
/// [`StoreError`].
pub fn is_copy(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.query_row("SELECT count(copied_ms) > 0 FROM log_identity", [], |row| row.get(0))?)
}

/// Says in a copy that it is one.
///
/// # Errors
/// SQLite's.
pub fn mark_copy(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE log_identity SET copied_ms = :now",
        named_params! {":now": now_ms},
    )?;
    Ok(())
}

/// Begins another life of the log where the last one left it, and signs its end. The lines go on
/// from there, in number and chain.
///
/// # Errors
/// [`StoreError`].
pub fn begin_life(
    transaction: &Transaction<'_>,
    before: &Identity,
    log: LogId,
    receipt_key: &Signer,
) -> Result<(), StoreError> {
    let signed = head(transaction)?;
    let end = signed.map_or_else(|| before.beginning(), |(end, _)| end);
    transaction.execute(
        "UPDATE log_identity
            SET first_log = ifnull(first_log, log), parent_log = log, parent_lsn = :lsn, parent_h = :h,
                log = :log, copied_ms = NULL",
        named_params! {":log": log.as_bytes(), ":lsn": end.lsn, ":h": end.h.0},
    )?;
    // They name the life that they were made in; a phone takes none of another.
    transaction.execute("DELETE FROM snapshot", [])?;
    if signed.is_some() {
        write_head(transaction, end, &receipt_key.sign(&end.message(before.code, log)))?;
    }
    // Snapshots name the log they are from; they are made again when asked for.
    let kept = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'snapshot'";
    if transaction.query_row(kept, [], |row| row.get(0))? {
        transaction.execute("DELETE FROM snapshot", [])?;
    }
    Ok(())
}

/// The signed end of the community log; `None` before its first line.
///
/// # Errors
/// [`StoreError`].
pub fn head(connection: &Connection) -> Result<Option<(ChainHead, Signature)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT lsn, h, signature FROM log_head")?
        .query_row([], |row| {
            Ok((
                ChainHead {
                    lsn: row.get(0)?,
                    h: Hash(row.get(1)?),
                },
                Signature(row.get(2)?),
            ))
        })
        .optional()?)
}

/// Moves the signed end of the community log.
///
/// # Errors
/// [`StoreError`].
pub fn write_head(transaction: &Transaction<'_>, head: ChainHead, signature: &Signature) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO log_head (one, lsn, h, signature) VALUES (1, :lsn, :h, :signature)
             ON CONFLICT (one) DO UPDATE SET lsn = excluded.lsn, h = excluded.h, signature = excluded.signature",
        )?
        .execute(named_params! {":lsn": head.lsn, ":h": head.h.0, ":signature": signature.0})?;
    Ok(())
}
