//! A registry document goes on as its next epoch, at the line of the office's record that says
//! so (docs/protocol.md section 8). The new document is truth from then on: it is checked
//! before it takes the place of the old one, and refused if anything differs.

use menpai_sync_core::entry::{Entry, Scalar};
use menpai_sync_core::erase::subject_hash;
use menpai_sync_core::ids::{EntityId, Hash, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::{Document, DocumentError, NextEpoch};
use menpai_sync_core::replica::{DigestLines, value_line};

use super::documents::read_bytes;
use super::state::Work;
use crate::fail_points;
use crate::store::community::StoreError;
use crate::store::community::epochs::{self, NewEpoch};

/// Field of the record that says why; what it says is for people.
const REASON: &str = "reason";

/// Begins an epoch that a record at `lsn` names; `false`, and all is as it was, where the
/// document does not become it.
pub(super) fn begin(work: &mut Work<'_>, next: &NextEpoch, entry: &Entry, lsn: Lsn) -> Result<bool, StoreError> {
    let part = next.part;
    let number = work.state.parts.number(work.transaction, part)?;
    let prepared = work.state.prepared.take().filter(|(new, _)| new.part() == part);
    let (new, digest) = match prepared {
        Some(prepared) => prepared,
        None => self::next(work, part)?,
    };
    if new.epoch() != next.epoch || new.heads() != [next.heads] {
        return Ok(false);
    }
    // What cannot be read again, or shows something else, must not become the truth.
    let bytes = new.save();
    let again = read_bytes(&bytes, work.state.identity.code, part, next.epoch, lsn)?;
    if again.heads() != new.heads() || values_digest(&[(&again, &|_| true)], &|_| true) != digest {
        return Ok(false);
    }
    epochs::begin(
        work.transaction,
        &NewEpoch {
            part: number,
            epoch: next.epoch,
            lsn,
            reason: entry
                .body
                .get(REASON)
                .and_then(|reason| reason.as_str())
                .unwrap_or_default(),
            digest,
            bytes: &bytes,
        },
    )?;
    fail_points::at("epoch begun")?;
    work.state.documents.replace(part, new, lsn);
    show(work, next.part)?;
    Ok(true)
}

/// What a part goes on as without what was erased, as the transaction sees it, and the digest of
/// the values that it is to show.
pub(super) fn next(work: &mut Work<'_>, part: Part) -> Result<(Document, Hash), StoreError> {
    let state = &mut *work.state;
    let document = state
        .documents
        .load(work.transaction, &mut state.codec, &state.parts, part)?;
    let (code, erased) = (state.identity.code, &state.erased);
    let stays = |id| !erased.contains(&subject_hash(code, id));
    let new = document
        .rotate(&stays)
        .map_err(|error| broken(part, state.head.lsn, &error))?;
    Ok((new, values_digest(&[(document, &stays)], &stays)))
}

/// That a document could not be begun.
pub(super) fn broken(part: Part, lsn: Lsn, error: &DocumentError) -> StoreError {
    StoreError::Registry {
        part: part.to_string(),
        lsn,
        cause: error.to_string(),
    }
}

/// Writes every field of a part as its document shows it.
pub(super) fn show(work: &mut Work<'_>, part: Part) -> Result<(), StoreError> {
    let state = &mut *work.state;
    if let (Some(document), Some(number)) = (state.documents.get(part), state.parts.find(part)) {
        state.projection.write_whole(work.transaction, number, document)?;
    }
    Ok(())
}

/// Over every value of the shares of some documents, but those that refer to what is gone, as in
/// the digest of a part.
pub(super) fn values_digest(
    shares: &[(&Document, &dyn Fn(EntityId) -> bool)],
    stays: &dyn Fn(EntityId) -> bool,
) -> Hash {
    let gone = |text: &str| text.parse().is_ok_and(|id| !stays(id));
    let mut lines = DigestLines::default();
    for (document, goes) in shares {
        for (id, entity_type) in document.entities().filter(|(id, _)| goes(*id)) {
            for (field, values) in document.all_values(id) {
                if field.split_once(':').is_some_and(|(_, member)| gone(member)) {
                    continue;
                }
                for value in values {
                    if !matches!(&value.value, Scalar::Text(text) if gone(text)) {
                        lines.push(value_line(entity_type, id, &field, &value.value));
                    }
                }
            }
        }
    }
    lines.digest()
}
