//! Who a community's file is, and where its log ends. A file is made once; opening it with
//! another community or another receipt key is refused.

use menpai_sync_core::community_log::ChainHead;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, LogId, WorkerId};
use menpai_sync_core::signature::{PublicKey, Signature};
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
    /// What receipts and heads are signed with.
    pub receipt_key: PublicKey,
    /// Who began it.
    pub founder: Founder,
}

/// Reads who the file is; `None` if it was never begun.
///
/// # Errors
/// [`StoreError`].
pub fn read(connection: &Connection) -> Result<Option<Identity>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT code, log, receipt_key, founder_device, founder_worker, founder_key FROM log_identity",
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
    Ok(Identity {
        code: text(0)?
            .parse()
            .map_err(|_| StoreError::damaged("the community code"))?,
        log: LogId::from_bytes(row.get(1)?),
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
