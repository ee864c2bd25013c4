//! Entries that the office writes from inside the writer, where what they say depends on what
//! the transaction has changed already.

use std::sync::Arc;

use menpai_sync_core::entry::{Draft, EDIT_KIND, Edit, MAX_BASE_HASHES, SetItem};
use menpai_sync_core::ids::{EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::kinds::{Class, Kind};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::community::Community;
use super::epoch;
use super::office_device::{OfficeDevice, append_as_office};
use super::state::Work;
use crate::clock;
use crate::store::community::StoreError;
use crate::store::community::epochs::EpochReason;

/// Who writes, and when.
#[derive(Clone)]
pub struct Scribe {
    /// The device of the office.
    pub office: OfficeDevice,
    /// Whose name its entries carry.
    pub worker: WorkerId,
    /// The moment that they are made at.
    pub at: Instant,
}

impl Scribe {
    /// The bytes of a record.
    pub(super) fn record(
        &self,
        kind: &Kind,
        grid: Option<GridId>,
        body: Map<String, Value>,
    ) -> Result<Vec<u8>, StoreError> {
        bytes(&self.draft(kind, grid, body))
    }

    /// The bytes of a record of the whole community in the place of another.
    pub(super) fn record_instead(
        &self,
        kind: &Kind,
        of: EntryId,
        body: Map<String, Value>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut draft = self.draft(kind, None, body);
        draft.supersedes = Some(of);
        bytes(&draft)
    }

    fn draft(&self, kind: &Kind, grid: Option<GridId>, body: Map<String, Value>) -> Draft {
        let id = EntryId::from_clock(self.at.unix_ms, clock::random());
        Draft::record(id, kind.name.as_str(), kind.schema, grid, self.worker, self.at, body)
    }

    /// The bytes of an edit of the whole community's open fields, on its heads.
    pub(super) fn edit(&self, work: &mut Work<'_>, set: Vec<SetItem>) -> Result<Vec<u8>, StoreError> {
        let part = Part {
            grid: None,
            class: Class::Open,
        };
        let state = &mut *work.state;
        let document = state
            .documents
            .load(work.transaction, &mut state.codec, &state.parts, part)?;
        let mut base = document.heads();
        base.truncate(MAX_BASE_HASHES);
        let schema = state.projection.kinds().get(EDIT_KIND).map_or(0, |kind| kind.schema);
        let id = EntryId::from_clock(self.at.unix_ms, clock::random());
        let edit = Edit { base, set };
        bytes(&Draft::edit(id, schema, None, self.worker, self.at, edit, Map::new()))
    }

    /// Appends what the office says to its log.
    pub(super) fn write(&self, work: &mut Work<'_>, entries: Vec<Vec<u8>>) -> Result<(), StoreError> {
        append_as_office(work, &self.office, self.at.unix_ms, entries).map(drop)
    }

    /// Begins the next epoch of a part's document, without what was erased.
    pub(super) fn rotate(&self, work: &mut Work<'_>, part: Part, reason: EpochReason) -> Result<(), StoreError> {
        let next = epoch::next(work, part)?;
        self.begin(work, next, reason)
    }

    /// Begins the epoch of a part that a document is to be, which shows values with that digest.
    pub(super) fn begin(
        &self,
        work: &mut Work<'_>,
        next: (Document, Hash),
        reason: EpochReason,
    ) -> Result<(), StoreError> {
        let kinds = Arc::clone(work.state.projection.kinds());
        let kind = kinds
            .iter()
            .find_map(|kind| Some((kind, kind.effects.rotates.as_ref()?)));
        let (kind, rotates) = kind.ok_or_else(|| StoreError::damaged("no kind begins an epoch"))?;
        let (part, epoch) = (next.0.part(), next.0.epoch());
        let mut body = Map::new();
        body.insert(rotates.part.to_string(), json!(part));
        body.insert(rotates.epoch.to_string(), json!(epoch));
        body.insert("reason".to_owned(), json!(reason.code()));
        body.insert(rotates.heads.to_string(), json!(next.0.heads().first()));
        let entry = self.record(kind, part.grid, body)?;
        work.state.prepared = Some(next);
        self.write(work, vec![entry])?;
        if work.state.documents.get(part).map(Document::epoch) == Some(epoch) {
            Ok(())
        } else {
            Err(StoreError::Registry {
                part: part.to_string(),
                lsn: work.state.head.lsn,
                cause: format!("it does not go on as epoch {epoch}"),
            })
        }
    }
}

fn bytes(draft: &Draft) -> Result<Vec<u8>, StoreError> {
    let made = draft.make().map_err(|error| StoreError::damaged(error.to_string()))?;
    Ok(made.bytes)
}

impl Community {
    /// Begins the next epoch of a part: its history is let go, its values stay.
    ///
    /// # Errors
    /// [`StoreError`]; then everything is as it was.
    pub fn compact(&self, scribe: &Scribe, part: Part) -> Result<(), StoreError> {
        let scribe = scribe.clone();
        self.write(move |work| scribe.rotate(work, part, EpochReason::Compaction))
    }
}
