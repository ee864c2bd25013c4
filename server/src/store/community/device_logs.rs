//! How far each device's log is here: the head without gaps, islands past gaps, and the
//! contacts that bound made-times from below.

use menpai_sync_core::clock::LastContact;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, Seq};
use menpai_sync_core::signature::Signature;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::StoreError;

/// One device's log.
#[derive(Debug, Clone, Copy)]
pub struct DeviceLog {
    /// Its number in this file.
    pub number: i64,
    /// Entries up to here are all stored.
    pub head: LogHead,
}

/// Entries that arrived past a gap.
#[derive(Debug, Clone, Copy)]
pub struct Island {
    /// Its first entry.
    pub first: Seq,
    /// Its last entry.
    pub last: Seq,
    /// The chain before its first entry.
    pub previous: Hash,
    /// The chain at its last entry.
    pub h: Hash,
    /// The device's, over the chain at its last entry.
    pub signature: Signature,
}

/// One device's log with the signature that vouches for it.
#[derive(Debug, Clone, Copy)]
pub struct StoredLog {
    /// Its number in this file.
    pub number: i64,
    /// The device.
    pub device: DeviceId,
    /// Entries up to here are all stored.
    pub head: LogHead,
    /// The device's, over the chain at the head; `None` before the first entry.
    pub signature: Option<Signature>,
}

/// Every device's log.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection) -> Result<Vec<StoredLog>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT number, device, seq, h, signature FROM device_log ORDER BY number")?;
    let rows = statement.query_map([], |row| {
        Ok(StoredLog {
            number: row.get(0)?,
            device: DeviceId::from_bytes(row.get(1)?),
            head: LogHead {
                seq: row.get(2)?,
                h: Hash(row.get(3)?),
            },
            signature: row.get::<_, Option<[u8; 64]>>(4)?.map(Signature),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The log of a device, if it ever sent anything.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &Connection, device: DeviceId) -> Result<Option<DeviceLog>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT number, seq, h FROM device_log WHERE device = :device")?
        .query_row(named_params! {":device": device.as_bytes()}, |row| {
            Ok(DeviceLog {
                number: row.get(0)?,
                head: LogHead {
                    seq: row.get(1)?,
                    h: Hash(row.get(2)?),
                },
            })
        })
        .optional()?)
}

/// The log of a device, begun now if it never sent anything.
///
/// # Errors
/// [`StoreError`].
pub fn find_or_begin(
    transaction: &Transaction<'_>,
    community: CommunityCode,
    device: DeviceId,
) -> Result<DeviceLog, StoreError> {
    if let Some(log) = find(transaction, device)? {
        return Ok(log);
    }
    let head = LogHead::empty(community, device);
    transaction
        .prepare_cached("INSERT INTO device_log (device, seq, h) VALUES (:device, 0, :h)")?
        .execute(named_params! {":device": device.as_bytes(), ":h": head.h.0})?;
    Ok(DeviceLog {
        number: transaction.last_insert_rowid(),
        head,
    })
}

/// Moves the head forward, with the signature that vouches for it.
///
/// # Errors
/// [`StoreError`].
pub fn advance(
    transaction: &Transaction<'_>,
    number: i64,
    head: LogHead,
    signature: &Signature,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE device_log SET seq = :seq, h = :h, signature = :signature
              WHERE number = :number",
        )?
        .execute(named_params! {
            ":number": number, ":seq": head.seq, ":h": head.h.0, ":signature": signature.0,
        })?;
    Ok(())
}

/// The islands of a device, in order.
///
/// # Errors
/// [`StoreError`].
pub fn islands(connection: &Connection, number: i64) -> Result<Vec<Island>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT first, last, previous, h, signature FROM device_island WHERE device = :device ORDER BY first",
    )?;
    let rows = statement.query_map(named_params! {":device": number}, |row| {
        Ok(Island {
            first: row.get(0)?,
            last: row.get(1)?,
            previous: Hash(row.get(2)?),
            h: Hash(row.get(3)?),
            signature: Signature(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Remembers an island; one that begins at the same entry and ends earlier is replaced.
///
/// # Errors
/// [`StoreError`].
pub fn add_island(transaction: &Transaction<'_>, number: i64, island: &Island) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO device_island (device, first, last, previous, h, signature)
             VALUES (:device, :first, :last, :previous, :h, :signature)
             ON CONFLICT (device, first) DO UPDATE
                SET last = excluded.last, h = excluded.h, signature = excluded.signature
              WHERE excluded.last > last",
        )?
        .execute(named_params! {
            ":device": number, ":first": island.first, ":last": island.last,
            ":previous": island.previous.0, ":h": island.h.0, ":signature": island.signature.0,
        })?;
    Ok(())
}

/// Forgets the islands that the head has reached.
///
/// # Errors
/// [`StoreError`].
pub fn remove_reached_islands(transaction: &Transaction<'_>, number: i64, head: Seq) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM device_island WHERE device = :device AND last <= :head")?
        .execute(named_params! {":device": number, ":head": head})?;
    Ok(())
}

/// Notes that a device whose log then ended at `last` was heard from, with the offset of its
/// clock, and forgets contacts that no entry to come can need.
///
/// # Errors
/// [`StoreError`].
pub fn add_contact(
    transaction: &Transaction<'_>,
    number: i64,
    last: Seq,
    contact: LastContact,
    head: Seq,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO device_contact (device, last, at_ms, offset_ms) VALUES (:device, :last, :at, :offset)
             ON CONFLICT (device, last) DO UPDATE
                SET at_ms = excluded.at_ms, offset_ms = excluded.offset_ms
              WHERE excluded.at_ms >= at_ms",
        )?
        .execute(named_params! {
            ":device": number, ":last": last, ":at": contact.at_ms, ":offset": contact.offset_ms,
        })?;
    transaction
        .prepare_cached(
            "DELETE FROM device_contact
              WHERE device = :device
                AND last < (SELECT max(last) FROM device_contact WHERE device = :device AND last <= :head)",
        )?
        .execute(named_params! {":device": number, ":head": head})?;
    // A device may claim a log of any length: what it can make us keep has a limit.
    transaction
        .prepare_cached(
            "DELETE FROM device_contact
              WHERE device = :device
                AND at_ms < (SELECT at_ms FROM device_contact WHERE device = :device
                              ORDER BY at_ms DESC LIMIT 1 OFFSET 31)",
        )?
        .execute(named_params! {":device": number})?;
    Ok(())
}

/// The contacts that may bound made-times: where the device's log then ended, and both clocks.
///
/// # Errors
/// [`StoreError`].
pub fn contacts(connection: &Connection, number: i64) -> Result<Vec<(Seq, LastContact)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT last, at_ms, offset_ms FROM device_contact WHERE device = :device")?;
    let rows = statement.query_map(named_params! {":device": number}, |row| {
        let contact = LastContact {
            at_ms: row.get(1)?,
            offset_ms: row.get(2)?,
        };
        Ok((row.get(0)?, contact))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
