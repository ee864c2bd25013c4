//! One registry document in memory: how it is read from the file, and how it takes changes up.
//! automerge may panic; nothing here does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::{DeriveError, Document, Plan};
use rusqlite::Connection;

use crate::fail_points;
use crate::store::community::projection::stored_document;
use crate::store::community::{BodyCodec, StoreError, entries, epochs, lines};

/// A document, and how far the file has it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) document: Document,
    /// The line of its last change.
    pub(super) lsn: Lsn,
    /// Changes since it was last stored whole.
    pub(super) unstored: usize,
}

/// How a change is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// With others, when the document is to show them.
    Together,
    /// At once where it follows on all there is, else together.
    Alone,
    /// At once, whatever it costs.
    OneByOne,
}

/// What a change is not taken up for.
pub(super) enum TakeUpError {
    Derive(DeriveError),
    /// Only not in this way.
    Alone(DeriveError),
}

impl Loaded {
    /// Takes up what is planned from it.
    pub(super) fn apply(
        &mut self,
        how: How,
        plan: impl FnOnce(&Document) -> Result<Plan, DeriveError>,
    ) -> Result<Plan, TakeUpError> {
        let plan = plan(&self.document).map_err(TakeUpError::Derive)?;
        let document = &mut self.document;
        if how == How::Alone && guarded(|| document.apply_alone(&plan)).map_err(TakeUpError::Alone)? {
            return Ok(plan);
        }
        document.apply_unsettled(&plan);
        if how == How::OneByOne {
            settle(document).map_err(TakeUpError::Derive)?;
        }
        Ok(plan)
    }
}

/// Shows every change that was taken up.
pub(super) fn settle(document: &mut Document) -> Result<(), DeriveError> {
    guarded(|| document.settle())
}

/// What automerge panics at, it does not take up.
fn guarded<T>(take_up: impl FnOnce() -> Result<T, DeriveError>) -> Result<T, DeriveError> {
    let taken = catch_unwind(AssertUnwindSafe(|| {
        fail_points::at("settle").map_err(|error| DeriveError::Automerge(error.to_string()))?;
        take_up()
    }));
    taken.unwrap_or_else(|_| Err(DeriveError::Automerge("panicked".to_owned())))
}

/// A part's document as the file has it; `None` before its first edit.
pub(crate) fn stored(
    connection: &Connection,
    codec: &mut BodyCodec,
    part_number: i64,
    community: CommunityCode,
    part: Part,
) -> Result<Option<Document>, StoreError> {
    let loaded = read(connection, codec, Some(part_number), community, part)?;
    Ok((loaded.lsn > 0).then_some(loaded.document))
}

/// A document as the file has it, with what the log has since.
pub(super) fn read(
    connection: &Connection,
    codec: &mut BodyCodec,
    number: Option<i64>,
    community: CommunityCode,
    part: Part,
) -> Result<Loaded, StoreError> {
    let failed = |lsn, cause: String| StoreError::Registry {
        part: part.to_string(),
        lsn,
        cause,
    };
    let stored = match number {
        Some(number) => match stored_document(connection, number)? {
            Some(stored) => Some(stored),
            None => epochs::base(connection, number)?.map(|base| (base.epoch, base.lsn, base.bytes)),
        },
        None => None,
    };
    let (document, mut lsn) = match stored {
        Some((epoch, lsn, bytes)) => (read_bytes(&bytes, community, part, epoch, lsn)?, lsn),
        None => (
            Document::genesis(community, part).map_err(|error| failed(0, error.to_string()))?,
            0,
        ),
    };
    let mut loaded = Loaded {
        document,
        lsn,
        unstored: 0,
    };
    let Some(number) = number else { return Ok(loaded) };
    for line in lines::merged_edits_after(connection, number, lsn)? {
        lsn = line.envelope.lsn;
        let stored = entries::get(connection, codec, line.entry)?;
        let bytes = stored
            .bytes
            .ok_or_else(|| failed(lsn, "the entry's bytes are erased".to_owned()))?;
        let entry = Entry::parse(&bytes).map_err(|error| failed(lsn, error.to_string()))?;
        let derived = line
            .envelope
            .derived
            .ok_or_else(|| failed(lsn, "nothing derived".to_owned()))?;
        let because = |error: DeriveError| failed(lsn, error.to_string());
        if loaded.document.must_settle_for(&entry) {
            settle(&mut loaded.document).map_err(because)?;
        }
        let plan = loaded.document.derive(&entry, line.envelope.device, &derived);
        loaded.document.apply_unsettled(&plan.map_err(because)?);
        loaded.lsn = lsn;
        loaded.unstored += 1;
    }
    settle(&mut loaded.document).map_err(|error| failed(lsn, error.to_string()))?;
    Ok(loaded)
}

/// A document from bytes of this file.
pub(in crate::sync) fn read_bytes(
    bytes: &[u8],
    community: CommunityCode,
    part: Part,
    epoch: u64,
    lsn: Lsn,
) -> Result<Document, StoreError> {
    let failed = |cause: String| StoreError::Registry {
        part: part.to_string(),
        lsn,
        cause,
    };
    catch_unwind(AssertUnwindSafe(|| Document::load(bytes, community, part, epoch)))
        .map_err(|_| failed("the stored document panics".to_owned()))?
        .map_err(|error| failed(error.to_string()))
}
