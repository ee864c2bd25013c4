//! The digest of a part as the derived tables show it (docs/protocol.md section 9). It is
//! equal to that of any replica that shows the same records and values.

use menpai_sync_core::entry::EDIT_KIND;
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::replica::{DigestLines, record_line};
use rusqlite::{Connection, named_params};

use super::{BodyCodec, StoreError};

/// The digest of the part of that number.
///
/// # Errors
/// [`StoreError`].
pub fn of_part(connection: &Connection, codec: &mut BodyCodec, part: i64) -> Result<Hash, StoreError> {
    Ok(lines_of_part(connection, codec, part)?.digest())
}

/// What it is the digest of.
///
/// # Errors
/// [`StoreError`].
pub fn lines_of_part(connection: &Connection, codec: &mut BodyCodec, part: i64) -> Result<DigestLines, StoreError> {
    let mut lines = DigestLines::default();
    let mut records = connection.prepare_cached(
        "SELECT e.id, coalesce(e.body, x.remains), iif(e.body IS NULL, 0, e.dictionary), e.hash
           FROM log_line l CROSS JOIN merged_entry m ON m.entry = l.entry AND m.lsn = l.lsn
           CROSS JOIN entry e ON e.number = l.entry LEFT JOIN erased_entry x ON x.entry = l.entry
          WHERE l.part = :part AND m.kind <> (SELECT number FROM kind WHERE name = :edit)",
    )?;
    let mut rows = records.query(named_params! {":part": part, ":edit": EDIT_KIND})?;
    while let Some(row) = rows.next()? {
        let hash = match row.get_ref(1)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
            Some(body) => Hash::of(&codec.read(row.get(2)?, body)?),
            None => Hash(row.get(3)?),
        };
        lines.push(record_line(EntryId::from_bytes(row.get(0)?), hash));
    }
    let mut values = connection.prepare_cached(
        "SELECT e.type, e.id, v.field, v.value
           FROM registry_value v JOIN entity e ON e.number = v.entity WHERE v.part = :part",
    )?;
    let mut rows = values.query(named_params! {":part": part})?;
    while let Some(row) = rows.next()? {
        let text = |index| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
        let id = EntityId::from_bytes(row.get(1)?);
        lines.push(format!("value {} {id} {} {}", text(0)?, text(2)?, text(3)?));
    }
    Ok(lines)
}
