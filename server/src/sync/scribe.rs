//! Entries that the office writes from inside the writer, where what they say depends on what
//! the transaction has changed already.

use std::sync::Arc;

use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{EntryId, GridId, WorkerId};
use menpai_sync_core::kinds::Kind;
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::community::{Community, OfficeDevice, append_as_office};
use super::epoch;
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
        let id = EntryId::from_clock(self.at.unix_ms, clock::random());
        let draft = Draft::record(id, kind.name.as_str(), kind.schema, grid, self.worker, self.at, body);
        let made = draft.make().map_err(|error| StoreError::damaged(error.to_string()))?;
        Ok(made.bytes)
    }

    /// Begins the next epoch of a part's document.
    pub(super) fn rotate(&self, work: &mut Work<'_>, part: Part, reason: EpochReason) -> Result<(), StoreError> {
        let kinds = Arc::clone(work.state.projection.kinds());
        let kind = kinds
            .iter()
            .find_map(|kind| Some((kind, kind.effects.rotates.as_ref()?)));
        let (kind, rotates) = kind.ok_or_else(|| StoreError::damaged("no kind begins an epoch"))?;
        let next = epoch::next(work, part)?;
        let mut body = Map::new();
        body.insert(rotates.part.to_string(), json!(part));
        body.insert(rotates.epoch.to_string(), json!(next.epoch));
        body.insert("reason".to_owned(), json!(reason.code()));
        body.insert(rotates.heads.to_string(), json!(next.heads));
        let entry = self.record(kind, part.grid, body)?;
        append_as_office(work, &self.office, self.at.unix_ms, vec![entry])?;
        let begun = work
            .state
            .documents
            .get(part)
            .map(menpai_sync_core::registry::Document::epoch);
        if begun == Some(next.epoch) {
            Ok(())
        } else {
            Err(StoreError::Registry {
                part: part.to_string(),
                lsn: work.state.head.lsn,
                cause: format!("it does not go on as epoch {}", next.epoch),
            })
        }
    }
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
