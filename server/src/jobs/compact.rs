//! Begins new epochs of registry documents whose history has outgrown their values: `menpai
//! compact`, and the night. What shows stays as it is.

use std::sync::Arc;

use menpai_sync_core::part::Part;

use crate::office::Office;
use crate::store::community::StoreError;
use crate::store::community::parts::Parts;
use crate::sync::stored_document;

/// The night compacts a document whose history takes so many times the bytes of its values.
pub const NIGHTLY_RATIO: usize = 4;
/// A document smaller than this is not worth an epoch.
const LEAST_BYTES: usize = 64 << 10;

/// Compacts the named part, or every part whose document takes more than `ratio` times what its
/// values alone do; with 0, all that have an edit since their last epoch.
///
/// # Errors
/// [`StoreError`]; parts done before stay done.
pub fn compact(office: &Office, part: Option<Part>, ratio: usize) -> Result<Vec<Part>, StoreError> {
    let community = Arc::clone(&office.community);
    let code = community.identity().code;
    let parts = community.query(Parts::load)?;
    let mut all: Vec<Part> = parts
        .all()
        .filter(|known| part.is_none_or(|part| part == *known))
        .collect();
    all.sort_unstable();
    let mut compacted = Vec::new();
    for part in all {
        let Some(number) = parts.find(part) else { continue };
        let document =
            community.read(|reader| stored_document(&reader.connection, &mut reader.codec, number, code, part))?;
        let Some(document) = document else { continue };
        let bytes = document.save().len();
        let worth = if ratio == 0 {
            true
        } else if bytes < LEAST_BYTES {
            false
        } else {
            let values = document
                .rotate(&|_| true)
                .map_err(|error| StoreError::damaged(error.to_string()))?;
            bytes > ratio * values.save().len()
        };
        if worth {
            community.compact(&office.scribe(), part)?;
            compacted.push(part);
        }
    }
    Ok(compacted)
}
