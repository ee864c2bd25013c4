//! The devices of a community by name: whose each is, and when it was last heard from.
//! Folded from the office's merged records in the order in which verdicts fold them.

use std::collections::HashMap;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, WorkerId};
use menpai_sync_core::kinds::Kinds;
use rusqlite::Connection;
use serde_json::Value;

use crate::store::community::projection::merged_of_kinds;
use crate::store::community::{BodyCodec, StoreError, identity};

/// The fields beside the effect's own that a registration carries.
const NAME: &str = "name";
const TYPE: &str = "type";
const OFFICE: &str = "office";
const REPLACES: &str = "replaces";

/// One device as the office registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDevice {
    /// What the office or the phone calls it.
    pub name: Option<String>,
    /// Whose it is.
    pub worker: Option<WorkerId>,
    /// It is one of the office's own, not a phone.
    pub office: bool,
    /// Nothing of it merges any more.
    pub revoked: bool,
    /// When another device was registered in its place, milliseconds UTC.
    pub replaced_ms: Option<i64>,
}

/// Every registered device, and the one that founded the log.
///
/// # Errors
/// [`StoreError`].
pub fn all(
    connection: &Connection,
    codec: &mut BodyCodec,
    kinds: &Kinds,
) -> Result<HashMap<DeviceId, NamedDevice>, StoreError> {
    let mut devices = HashMap::new();
    if let Some(identity) = identity::read(connection)? {
        let founder = identity.founder;
        let known = NamedDevice {
            name: None,
            worker: Some(founder.worker),
            office: true,
            revoked: false,
            replaced_ms: None,
        };
        devices.insert(founder.device, known);
    }
    let enrolling: Vec<_> = kinds
        .iter()
        .filter_map(|kind| Some((kind.name.as_str(), kind.effects.enrols.as_ref()?)))
        .collect();
    let names: Vec<&str> = enrolling.iter().map(|(name, _)| *name).collect();
    let mut replaced = Vec::new();
    for (made_ms, bytes) in merged_of_kinds(connection, codec, &names)? {
        let Ok(entry) = Entry::parse(&bytes) else { continue };
        let Some((_, enrols)) = enrolling.iter().find(|(name, _)| *name == entry.kind) else {
            continue;
        };
        let text = |field: &str| entry.body.get(field).and_then(Value::as_str);
        let Some(device) = text(enrols.device.as_str()).and_then(|id| id.parse().ok()) else {
            continue;
        };
        let known = NamedDevice {
            name: text(NAME).map(str::to_owned),
            worker: text(enrols.worker.as_str()).and_then(|id| id.parse().ok()),
            office: text(TYPE) == Some(OFFICE),
            revoked: text(enrols.revoked_at.as_str()).is_some(),
            replaced_ms: None,
        };
        let before: Option<DeviceId> = text(REPLACES).and_then(|id| id.parse().ok());
        replaced.extend(before.map(|before| (before, made_ms)));
        devices.insert(device, known);
    }
    for (before, made_ms) in replaced {
        if let Some(known) = devices.get_mut(&before) {
            known.replaced_ms = Some(made_ms);
        }
    }
    Ok(devices)
}
