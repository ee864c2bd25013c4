//! Decisions of the desk that can still be taken back: the field shows the decided value, and
//! nothing else. The newest first.

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::{EDIT_KIND, Entry, SetItem};
use menpai_sync_core::ids::DeviceId;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::community::{BodyCodec, StoreError, entries, lines};

/// A decision that holds.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Its line.
    pub envelope: Envelope,
    /// The edit.
    pub entry: Entry,
    /// What it decided.
    pub item: SetItem,
}

/// The newest decisions, edits that name `source`, of which `most` are looked at.
///
/// # Errors
/// [`StoreError`].
pub fn newest(
    connection: &Connection,
    codec: &mut BodyCodec,
    source: &str,
    most: u32,
) -> Result<Vec<Decided>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT t.entry FROM record_{EDIT_KIND} t JOIN merged_entry m ON m.entry = t.entry
          WHERE t.source = :source ORDER BY m.lsn DESC LIMIT :most"
    ))?;
    let numbers: Vec<i64> = statement
        .query_map(named_params! {":source": source, ":most": most}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut decided = Vec::new();
    for number in numbers {
        let Some(line) = lines::last_of(connection, number)? else {
            continue;
        };
        let bytes = entries::get(connection, codec, number)?.bytes;
        let Some(entry) = bytes.and_then(|bytes| Entry::parse(&bytes).ok()) else {
            continue;
        };
        let Some([item]) = entry.edit.as_ref().map(|edit| edit.set.as_slice()) else {
            continue;
        };
        if only_writer(connection, item)? == Some((line.envelope.device, entry.made_at.unix_seconds())) {
            decided.push(Decided {
                envelope: line.envelope,
                item: item.clone(),
                entry,
            });
        }
    }
    Ok(decided)
}

/// Who wrote a field's only value, and when in whole seconds.
fn only_writer(connection: &Connection, item: &SetItem) -> Result<Option<(DeviceId, i64)>, StoreError> {
    let found: Option<(Option<[u8; 16]>, i64)> = connection
        .prepare_cached(
            "SELECT v.device, v.at_s FROM entity e JOIN registry_value v ON v.entity = e.number
              WHERE e.id = :entity AND v.field = :field GROUP BY v.field HAVING count(*) = 1",
        )?
        .query_row(
            named_params! {":entity": item.id.as_bytes(), ":field": item.field},
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(found.and_then(|(device, at_s)| Some((DeviceId::from_bytes(device?), at_s))))
}
