//! Kinds that only the office writes, and the bodies of two of them: which device is whose, and
//! who has which role where. Their fields are those of `schemas/kinds/device.json` and
//! `assignment.json`; those of the night are in `jobs/night/records.rs`.

use menpai_sync_core::ids::{DeviceId, GridId, WorkerId};
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::{Office, OfficeError};
use crate::auth::enrolment::Phone;
use crate::error::ApiError;
use crate::home::Home;
use crate::store::node::Account;

/// The kind that makes a device known.
pub const DEVICE: &str = "device";
/// The kind that gives a role.
pub const ASSIGNMENT: &str = "assignment";
/// The kind that closes a day.
pub const DAILY_RETURN: &str = "daily_return";
/// The kind that lists the visits due on a day.
pub const DUE_VISITS: &str = "due_visits";
/// The kind that decides about a held entry.
pub const HELD_DECISION: &str = "held_decision";
/// The kind that closes a quarter.
pub const SETTLEMENT: &str = "settlement";
/// Type of a device on this server.
pub(super) const OFFICE: &str = "office";
const PHONE: &str = "phone";
/// The field that names the device that a phone was before.
const REPLACES: &str = "replaces";

/// Body of a `device` record.
pub(super) fn device(
    device: DeviceId,
    worker: WorkerId,
    device_type: &str,
    public_key: &PublicKey,
    name: &str,
) -> Map<String, Value> {
    object(json!({
        "device": device, "worker": worker, "type": device_type, "public_key": public_key, "name": name,
    }))
}

/// Body of the `device` record of a phone.
#[must_use]
pub fn phone_device(device_id: DeviceId, worker: WorkerId, public_key: &PublicKey, name: &str) -> Map<String, Value> {
    device(device_id, worker, PHONE, public_key, name)
}

/// Body of an `assignment` record; without a grid for the whole community.
#[must_use]
pub fn assignment(
    worker: WorkerId,
    worker_name: &str,
    role: &str,
    grid: Option<GridId>,
    from: Instant,
) -> Map<String, Value> {
    let mut body = object(json!({ "worker": worker, "worker_name": worker_name, "role": role }));
    if let Some(grid) = grid {
        body.insert("grid".to_owned(), json!(grid));
    }
    body.insert("from".to_owned(), json!(from));
    body
}

/// Writes the `device` record of a phone; it is in the community's log when this returns. Blocks.
///
/// # Errors
/// [`OfficeError`].
pub fn write_phone_device(home: &Home, phone: &Phone, account: &Account) -> Result<(), OfficeError> {
    let mut body = phone_device(phone.device, account.worker, &phone.public_key, &phone.name);
    body.extend(phone.replaces.map(|before| (REPLACES.to_owned(), json!(before))));
    let office = Office::of_home(home, account.community)?;
    office.write(&[office.record(DEVICE, None, body)])?;
    Ok(())
}

impl From<OfficeError> for ApiError {
    fn from(error: OfficeError) -> ApiError {
        match error {
            OfficeError::UnknownCommunity(_) => ApiError::UnknownCommunity,
            other => ApiError::internal(other),
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
