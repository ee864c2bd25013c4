//! Devices as this node knows them: the public keys phones came with, and the private keys
//! of the office devices that write from here.

use menpai_sync_core::ids::{CommunityCode, DeviceId, WorkerId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::accounts::community_at;

/// A phone that has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneDevice {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is.
    pub account: String,
    /// Where it works.
    pub community: CommunityCode,
    /// Uncompressed point.
    pub public_key: [u8; 65],
    /// What its holder calls it.
    pub name: String,
    /// Whether the community's log has its `device` record.
    pub recorded: bool,
}

/// The phone of this id.
///
/// # Errors
/// SQLite's.
pub fn find_phone_device(connection: &Connection, device: DeviceId) -> rusqlite::Result<Option<PhoneDevice>> {
    connection
        .prepare_cached(
            "SELECT device, account, community, public_key, name, recorded FROM phone_device WHERE device = :device",
        )?
        .query_row(named_params! { ":device": device.as_bytes() }, read_phone)
        .optional()
}

/// Phones of a community whose `device` record did not get into the log yet.
///
/// # Errors
/// SQLite's.
pub fn unrecorded_phone_devices(
    connection: &Connection,
    community: CommunityCode,
) -> rusqlite::Result<Vec<PhoneDevice>> {
    connection
        .prepare(
            "SELECT device, account, community, public_key, name, recorded FROM phone_device
             WHERE community = :community AND recorded = 0",
        )?
        .query_map(named_params! { ":community": community.as_str() }, read_phone)?
        .collect()
}

/// Adds a phone.
///
/// # Errors
/// SQLite's, also where the id is taken.
pub fn insert_phone_device(transaction: &Transaction<'_>, phone: &PhoneDevice, now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO phone_device (device, account, community, public_key, name, registered_ms, recorded)
         VALUES (:device, :account, :community, :public_key, :name, :now, :recorded)",
        named_params! {
            ":device": phone.device.as_bytes(),
            ":account": phone.account,
            ":community": phone.community.as_str(),
            ":public_key": phone.public_key,
            ":name": phone.name,
            ":now": now_ms,
            ":recorded": phone.recorded,
        },
    )?;
    Ok(())
}

/// Notes that the community's log has the phone's `device` record.
///
/// # Errors
/// SQLite's.
pub fn mark_phone_device_recorded(transaction: &Transaction<'_>, device: DeviceId) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE phone_device SET recorded = 1 WHERE device = :device",
        named_params! { ":device": device.as_bytes() },
    )?;
    Ok(())
}

/// A device of this server, with its private key.
#[derive(Clone)]
pub struct OfficeDeviceRow {
    /// Account name, `:home` or `:importer`.
    pub holder: String,
    /// Where it writes.
    pub community: CommunityCode,
    /// Its id.
    pub device: DeviceId,
    /// The worker its entries name.
    pub worker: WorkerId,
    /// P-256 secret scalar.
    pub secret_key: [u8; 32],
}

/// The office device of a holder.
///
/// # Errors
/// SQLite's.
pub fn find_office_device(
    connection: &Connection,
    holder: &str,
    community: CommunityCode,
) -> rusqlite::Result<Option<OfficeDeviceRow>> {
    connection
        .prepare_cached(
            "SELECT holder, community, device, worker, secret_key FROM office_device
             WHERE holder = :holder AND community = :community",
        )?
        .query_row(
            named_params! { ":holder": holder, ":community": community.as_str() },
            |row| {
                Ok(OfficeDeviceRow {
                    holder: row.get(0)?,
                    community: community_at(row, 1)?,
                    device: DeviceId::from_bytes(row.get(2)?),
                    worker: WorkerId::from_bytes(row.get(3)?),
                    secret_key: row.get(4)?,
                })
            },
        )
        .optional()
}

/// Adds an office device.
///
/// # Errors
/// SQLite's, also where the holder has one.
pub fn insert_office_device(transaction: &Transaction<'_>, row: &OfficeDeviceRow, now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO office_device (holder, community, device, worker, secret_key, created_ms)
         VALUES (:holder, :community, :device, :worker, :secret_key, :now)",
        named_params! {
            ":holder": row.holder,
            ":community": row.community.as_str(),
            ":device": row.device.as_bytes(),
            ":worker": row.worker.as_bytes(),
            ":secret_key": row.secret_key,
            ":now": now_ms,
        },
    )?;
    Ok(())
}

fn read_phone(row: &Row<'_>) -> rusqlite::Result<PhoneDevice> {
    Ok(PhoneDevice {
        device: DeviceId::from_bytes(row.get(0)?),
        account: row.get(1)?,
        community: community_at(row, 2)?,
        public_key: row.get(3)?,
        name: row.get(4)?,
        recorded: row.get(5)?,
    })
}
