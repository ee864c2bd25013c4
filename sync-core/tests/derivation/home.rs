//! The smallest home that can decide: documents, lines, nothing else. Tests drive it by
//! hand; the real one is the server's.

use std::collections::BTreeMap;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::{Draft, Edit, Made, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::{DeriveError, Document};
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// 2026-11-22T08:00:00+08:00.
pub(crate) const DAY_MS: i64 = 1_795_305_600_000;

pub(crate) fn community() -> CommunityCode {
    "410102002005".parse().unwrap()
}

pub(crate) fn grid() -> GridId {
    GridId::from_bytes([0x47; 16])
}

pub(crate) fn open() -> Part {
    Part {
        grid: Some(grid()),
        class: Class::Open,
    }
}

pub(crate) fn care() -> Part {
    Part {
        grid: Some(grid()),
        class: Class::Care,
    }
}

pub(crate) fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// One line as it travels: envelope and entry as exact text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) envelope: String,
    pub(crate) entry: String,
}

impl Line {
    pub(crate) fn envelope(&self) -> Envelope {
        serde_json::from_str(&self.envelope).unwrap()
    }
}

pub(crate) struct Home {
    pub(crate) documents: BTreeMap<Part, Document>,
    pub(crate) lines: Vec<Line>,
    minutes: i64,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            documents: BTreeMap::new(),
            lines: Vec::new(),
            minutes: 0,
        }
    }

    pub(crate) fn document(&mut self, part: Part) -> &mut Document {
        self.documents
            .entry(part)
            .or_insert_with(|| Document::genesis(community(), part).unwrap())
    }

    /// An edit by device `number`, made a minute after the last one.
    pub(crate) fn edit(&mut self, number: u8, base: Vec<Hash>, set: impl FnOnce(EntryId) -> Vec<SetItem>) -> Made {
        self.minutes += 1;
        self.edit_as_of(DAY_MS + self.minutes * 60_000, number, base, set)
    }

    /// The same, saying of what moment it is.
    pub(crate) fn edit_as_of(
        &mut self,
        unix_ms: i64,
        number: u8,
        base: Vec<Hash>,
        set: impl FnOnce(EntryId) -> Vec<SetItem>,
    ) -> Made {
        self.minutes += 1;
        let made_at = Instant {
            unix_ms,
            offset_minutes: 480,
        };
        let id = EntryId::from_clock(DAY_MS + self.minutes * 60_000, [number; 10]);
        let edit = Edit { base, set: set(id) };
        Draft::edit(
            id,
            1,
            Some(grid()),
            WorkerId::from_bytes([number; 16]),
            made_at,
            edit,
            serde_json::Map::new(),
        )
        .make()
        .unwrap()
    }

    /// Merges an edit and returns its change's hash.
    pub(crate) fn merge(&mut self, number: u8, part: Part, made: &Made) -> Result<Hash, DeriveError> {
        let document = self.document(part);
        let plan = document.decide(&made.entry, device(number), false)?;
        document.apply(&plan)?;
        let derived = plan.derived().clone();
        let hash = derived.hash;
        let lsn = self.lines.len() as u64 + 1;
        let envelope = Envelope {
            lsn,
            part,
            device: device(number),
            seq: derived.seq,
            entry: Some(made.entry.id),
            verdict: Verdict::Merged,
            reason: None,
            detail: None,
            derived: Some(derived),
            received: Instant::utc(made.entry.made_at.unix_ms + 1_000),
            offset_ms: 0,
            made_ms: made.entry.made_at.unix_ms,
        };
        self.lines.push(Line {
            envelope: serde_json::to_string(&envelope).unwrap(),
            entry: String::from_utf8(made.bytes.clone()).unwrap(),
        });
        Ok(hash)
    }
}

pub(crate) fn set(entity_type: &str, id: EntityId, field: &str, value: impl Into<Value>) -> SetItem {
    SetItem {
        entity_type: entity_type.to_owned(),
        id,
        field: field.to_owned(),
        value: value.into().0,
    }
}

pub(crate) struct Value(Scalar);

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value(Scalar::Text(text.to_owned()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value(Scalar::Boolean(value))
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value(Scalar::Null)
    }
}
