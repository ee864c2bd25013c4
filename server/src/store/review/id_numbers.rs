//! Sealed id numbers that speak: whose they are, in which entry, and by which keyed hash they are
//! known again. The newest of a person counts; one that was corrected or withdrawn does not.

use std::collections::{BTreeMap, HashSet};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{EntityId, EntryId, Hash, WorkerId};
use rusqlite::Connection;

use super::aliases::Aliases;
use crate::store::community::{BodyCodec, StoreError, entries};

/// One that speaks.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The entry's row.
    number: i64,
    /// Whose, as it was written.
    pub subject: EntityId,
    /// `None`: the home could not open it.
    pub hash: Option<Hash>,
    /// Who recorded it.
    pub worker: WorkerId,
    /// Made-time.
    pub made_ms: i64,
}

impl Standing {
    /// The entry that carries it; `None` if its body is not here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entry(&self, connection: &Connection, codec: &mut BodyCodec) -> Result<Option<Entry>, StoreError> {
        let bytes = entries::get(connection, codec, self.number)?.bytes;
        Ok(bytes.and_then(|bytes| Entry::parse(&bytes).ok()))
    }
}

/// The numbers of everybody in the register by who they stand for, the newest last.
///
/// # Errors
/// [`StoreError`].
pub fn standing(
    connection: &Connection,
    aliases: &Aliases,
    withdrawn: &HashSet<EntryId>,
) -> Result<BTreeMap<EntityId, Vec<Standing>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT s.entry, e.id, s.subject, s.hash, w.id, m.made_ms
           FROM sealed_number s JOIN merged_entry m ON m.entry = s.entry
           JOIN entry e ON e.number = s.entry JOIN worker w ON w.number = m.worker
           JOIN entity x ON x.id = s.subject AND x.held = 0
          ORDER BY m.made_ms, e.id",
    )?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<EntityId, Vec<Standing>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if withdrawn.contains(&EntryId::from_bytes(row.get(1)?)) {
            continue;
        }
        let subject = EntityId::from_bytes(row.get(2)?);
        found.entry(aliases.canonical(subject)).or_default().push(Standing {
            number: row.get(0)?,
            subject,
            hash: row.get::<_, Option<[u8; 32]>>(3)?.map(Hash),
            worker: WorkerId::from_bytes(row.get(4)?),
            made_ms: row.get(5)?,
        });
    }
    Ok(found)
}

/// People whose numbers are the same, each group in order of id.
#[must_use]
pub fn shared(standing: &BTreeMap<EntityId, Vec<Standing>>) -> Vec<Vec<EntityId>> {
    let mut by_hash: BTreeMap<[u8; 32], Vec<EntityId>> = BTreeMap::new();
    for (person, numbers) in standing {
        if let Some(hash) = numbers.last().and_then(|newest| newest.hash) {
            by_hash.entry(hash.0).or_default().push(*person);
        }
    }
    by_hash.into_values().filter(|people| people.len() > 1).collect()
}
