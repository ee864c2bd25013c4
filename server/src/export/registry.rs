//! A part's registry document as automerge's own file (docs/protocol.md section 8): whoever has
//! an automerge library reads every value, who wrote it and what it conflicts with. It is what
//! the community's file holds at one moment; a part that never had an edit has no document.

use menpai_sync_core::ids::{CommunityCode, Hash};
use menpai_sync_core::part::Part;
use rusqlite::Connection;

use crate::store::community::parts::Parts;
use crate::store::community::{BodyCodec, StoreError};
use crate::sync::stored_document;

/// What a browser is told.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// A document as a file.
#[derive(Debug)]
pub struct RegistryFile {
    /// Which changes are in it, by the last ones of them; sorted.
    pub heads: Vec<Hash>,
    /// automerge's save format.
    pub bytes: Vec<u8>,
}

/// The document of a part; `None` if it has none.
///
/// # Errors
/// [`StoreError`].
pub fn of_part(
    connection: &Connection,
    codec: &mut BodyCodec,
    community: CommunityCode,
    part: Part,
) -> Result<Option<RegistryFile>, StoreError> {
    let Some(number) = Parts::load(connection)?.find(part) else {
        return Ok(None);
    };
    let document = stored_document(connection, codec, number, community, part)?;
    Ok(document.map(|document| RegistryFile {
        heads: document.heads(),
        bytes: document.save(),
    }))
}

/// Every part that a line was ever of, sorted.
///
/// # Errors
/// [`StoreError`].
pub fn parts(connection: &Connection) -> Result<Vec<Part>, StoreError> {
    let mut parts: Vec<Part> = Parts::load(connection)?.all().collect();
    parts.sort_unstable();
    Ok(parts)
}

/// What a part's file is called.
#[must_use]
pub fn file_name(part: Part) -> String {
    format!("menpai-registry-{}.automerge", part.to_string().replace('/', "-"))
}
