//! Entries: the immutable JSON objects that everything is made of (docs/protocol.md 3).
//! This module alone makes and parses their bytes. It refuses what breaks the byte rules;
//! what the fields of a kind may say is checked in `kinds`.

mod read;
mod reader;
pub mod strict;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{EntityId, EntryId, GridId, Hash, WorkerId};
use crate::json::{FromJson, JsonError, deserialize_from_json};
use crate::time::Instant;

pub use read::EntryError;
pub use reader::StrictError;
pub use write::{Draft, Made, MakeError};

/// Most bytes of one entry.
pub const MAX_ENTRY_BYTES: usize = 16_384;
/// Most items of an edit's `set`.
pub const MAX_SET_ITEMS: usize = 256;
/// Most hashes of an edit's `base`.
pub const MAX_BASE_HASHES: usize = 64;
/// The kind of every edit.
pub const EDIT_KIND: &str = "edit";

/// One parsed entry. Its bytes stay with the caller: they are what is kept and hashed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Made on the device.
    pub id: EntryId,
    /// Name of the kind file.
    pub kind: String,
    /// Version of the kind file.
    pub schema: u32,
    /// `None`: it belongs to the whole community.
    pub grid: Option<GridId>,
    /// Who says it.
    pub worker: WorkerId,
    /// The device's clock.
    pub made_at: Instant,
    /// The record that this one corrects.
    pub supersedes: Option<EntryId>,
    /// The record that this one withdraws.
    pub retracts: Option<EntryId>,
    /// The held edit whose fields this one sets in its author's place; by the office only.
    pub releases: Option<EntryId>,
    /// Present in edits.
    pub edit: Option<Edit>,
    /// The kind's fields.
    pub body: Map<String, Value>,
}

/// What an edit does to the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Heads its author had seen, as the home had given them.
    pub base: Vec<Hash>,
    /// The fields it sets, in order.
    pub set: Vec<SetItem>,
}

/// One field set to one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetItem {
    /// The registry type of the entity.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The entity.
    pub id: EntityId,
    /// A field, or `field:member` of a set.
    pub field: String,
    /// Text, integer, boolean, or null to clear.
    pub value: Scalar,
}

/// A registry value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Nothing: the field is cleared.
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

impl Scalar {
    /// The same value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => Value::Bool(*value),
            Scalar::Integer(value) => Value::from(*value),
            Scalar::Text(value) => Value::String(value.clone()),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromJson for Scalar {
    fn from_json(value: Value) -> Result<Scalar, JsonError> {
        let scalar = match value {
            Value::Null => Some(Scalar::Null),
            Value::Bool(value) => Some(Scalar::Boolean(value)),
            Value::Number(number) => number.as_i64().map(Scalar::Integer),
            Value::String(text) => Some(Scalar::Text(text)),
            Value::Array(_) | Value::Object(_) => None,
        };
        scalar.ok_or_else(|| JsonError::new("not a text, an integer, true, false or null"))
    }
}

deserialize_from_json!(Scalar);

impl Entry {
    /// Parses the exact bytes of one entry.
    ///
    /// # Errors
    /// [`EntryError`] names the first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Entry, EntryError> {
        read::parse(bytes)
    }

    /// Whether it only withdraws another record: it retracts one and says nothing itself.
    #[must_use]
    pub fn is_withdrawal(&self) -> bool {
        self.retracts.is_some() && self.edit.is_none() && self.body.is_empty()
    }

    /// The entities an edit names, each once, in order of first appearance, with the type it
    /// names them by and whether the edit itself makes them. A release makes what the edit
    /// that it releases would have made, under the same ids.
    #[must_use]
    pub fn entities(&self) -> Vec<NamedEntity<'_>> {
        let maker = self.releases.unwrap_or(self.id);
        let mut named: Vec<NamedEntity<'_>> = Vec::new();
        let mut made = 0;
        for item in self.edit.iter().flat_map(|edit| &edit.set) {
            if named.iter().any(|known| known.id == item.id) {
                continue;
            }
            let creates =
                item.id == EntityId::made_by(maker, made) || item.id == EntityId::made_by_in_version_1(maker, made);
            made += u64::from(creates);
            named.push(NamedEntity {
                id: item.id,
                entity_type: &item.entity_type,
                creates,
            });
        }
        named
    }
}

/// An entity as an edit names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedEntity<'a> {
    /// Its id.
    pub id: EntityId,
    /// The registry type it is named by.
    pub entity_type: &'a str,
    /// This edit makes it.
    pub creates: bool,
}
