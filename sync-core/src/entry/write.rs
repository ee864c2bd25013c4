//! From what a screen knows to the exact bytes of an entry. The bytes are parsed again
//! before they are handed out: nothing is made that could not be read.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{EDIT_KIND, Edit, Entry, EntryError, SetItem};
use crate::ids::{EntryId, GridId, Hash, WorkerId};
use crate::time::Instant;

/// What is to be made into an entry. Clock and id are arguments of the caller.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its id; from clock and randomness.
    pub id: EntryId,
    /// Name of the kind file; `edit` for edits.
    pub kind: String,
    /// Version of the kind file.
    pub schema: u32,
    /// `None`: the whole community.
    pub grid: Option<GridId>,
    /// Who says it.
    pub worker: WorkerId,
    /// The device's clock.
    pub made_at: Instant,
    /// The record that this one corrects.
    pub supersedes: Option<EntryId>,
    /// The record that this one withdraws.
    pub retracts: Option<EntryId>,
    /// The held edit that this one releases.
    pub releases: Option<EntryId>,
    /// For edits.
    pub edit: Option<Edit>,
    /// The kind's fields.
    pub body: Map<String, Value>,
}

/// An entry and its bytes.
#[derive(Debug, Clone)]
pub struct Made {
    /// As parsed back from the bytes.
    pub entry: Entry,
    /// Kept, signed and hashed exactly as they are.
    pub bytes: Vec<u8>,
}

/// Why a draft could not become an entry.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Its values do not serialise.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Its bytes would break a rule.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// The member order of every entry, fixed once.
#[derive(Serialize)]
struct Line<'a> {
    id: EntryId,
    kind: &'a str,
    schema: u32,
    grid: Option<GridId>,
    worker: WorkerId,
    made_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retracts: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a [Hash]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'a [SetItem]>,
    body: &'a Map<String, Value>,
}

impl Draft {
    /// A record; `supersedes` and `retracts` can be set afterwards.
    #[must_use]
    pub fn record(
        id: EntryId,
        kind: &str,
        schema: u32,
        grid: Option<GridId>,
        worker: WorkerId,
        made_at: Instant,
        body: Map<String, Value>,
    ) -> Draft {
        Draft {
            id,
            kind: kind.to_owned(),
            schema,
            grid,
            worker,
            made_at,
            supersedes: None,
            retracts: None,
            releases: None,
            edit: None,
            body,
        }
    }

    /// An edit of registry fields.
    #[must_use]
    pub fn edit(
        id: EntryId,
        schema: u32,
        grid: Option<GridId>,
        worker: WorkerId,
        made_at: Instant,
        edit: Edit,
        body: Map<String, Value>,
    ) -> Draft {
        Draft {
            id,
            kind: EDIT_KIND.to_owned(),
            schema,
            grid,
            worker,
            made_at,
            supersedes: None,
            retracts: None,
            releases: None,
            edit: Some(edit),
            body,
        }
    }

    /// Makes the bytes.
    ///
    /// # Errors
    /// [`MakeError`] if the result would not be a valid entry, for instance over the size limit.
    pub fn make(&self) -> Result<Made, MakeError> {
        let bytes = serde_json::to_vec(&Line {
            id: self.id,
            kind: &self.kind,
            schema: self.schema,
            grid: self.grid,
            worker: self.worker,
            made_at: self.made_at,
            supersedes: self.supersedes,
            retracts: self.retracts,
            releases: self.releases,
            base: self.edit.as_ref().map(|edit| edit.base.as_slice()),
            set: self.edit.as_ref().map(|edit| edit.set.as_slice()),
            body: &self.body,
        })?;
        Ok(Made {
            entry: Entry::parse(&bytes)?,
            bytes,
        })
    }
}
