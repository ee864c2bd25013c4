//! What was erased: hashes of ids, which stay for ever, and the entries whose bodies went with
//! them. No id and no content of anything erased is kept here.

use std::collections::HashSet;

use menpai_sync_core::ids::{EntityId, GridId, Hash, Lsn};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::{BodyCodec, StoreError};

/// What stays of an entry whose body was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    /// Of a record: an entry with fewer fields.
    pub entry: Option<Vec<u8>>,
    /// Of an edit: the entities that it made, with their types.
    pub makes: Vec<(String, EntityId)>,
}

/// An entity, whatever it is.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Its row.
    pub number: i64,
    /// Its id.
    pub id: EntityId,
    /// Its registry type.
    pub entity_type: String,
    /// Where; `None`: the whole community.
    pub grid: Option<GridId>,
}

/// The hashes of all erased ids.
///
/// # Errors
/// [`StoreError`].
pub fn subjects(connection: &Connection) -> Result<HashSet<Hash>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT subject_hash FROM erased")?;
    let rows = statement.query_map([], |row| Ok(Hash(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes an erased id by its hash, for ever.
///
/// # Errors
/// [`StoreError`].
pub fn add_subject(transaction: &Transaction<'_>, subject: Hash, lsn: Lsn, at_ms: i64) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO erased (subject_hash, lsn, at_ms) VALUES (:subject, :lsn, :at) ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {":subject": subject.0, ":lsn": lsn, ":at": at_ms})?;
    Ok(())
}

/// Every entity there is, held ones too.
///
/// # Errors
/// [`StoreError`].
pub fn entities(connection: &Connection) -> Result<Vec<Entity>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number, id, type, grid FROM entity")?;
    let rows = statement.query_map([], |row| {
        Ok(Entity {
            number: row.get(0)?,
            id: EntityId::from_bytes(row.get(1)?),
            entity_type: row.get(2)?,
            grid: row.get::<_, Option<[u8; 16]>>(3)?.map(GridId::from_bytes),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The entities of a type whose field shows a reference to `id`.
///
/// # Errors
/// [`StoreError`].
pub fn referring(
    connection: &Connection,
    entity_type: &str,
    field: &str,
    id: EntityId,
) -> Result<Vec<EntityId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id FROM registry_value v JOIN entity e ON e.number = v.entity
          WHERE e.type = :type AND v.field = :field AND v.rank = 0 AND v.value = :value",
    )?;
    let value = format!("\"{id}\"");
    let rows = statement.query_map(
        named_params! {":type": entity_type, ":field": field, ":value": value},
        |row| Ok(EntityId::from_bytes(row.get(0)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Goes through everything that is kept of entries, bodies and remains, by row.
///
/// # Errors
/// [`StoreError`], also those of `visit`.
pub fn for_each_kept(
    connection: &Connection,
    codec: &mut BodyCodec,
    mut visit: impl FnMut(i64, Vec<u8>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.number, coalesce(e.body, x.remains), iif(e.body IS NULL, 0, e.dictionary)
           FROM entry e LEFT JOIN erased_entry x ON x.entry = e.number
          WHERE e.body IS NOT NULL OR x.remains IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        visit(row.get(0)?, codec.read(row.get(2)?, body)?)?;
    }
    Ok(())
}

/// Erases an entry's body; its hash stays, and what remains of it.
///
/// # Errors
/// [`StoreError`].
pub fn erase_body(
    transaction: &Transaction<'_>,
    entry: i64,
    hash: Hash,
    lsn: Lsn,
    remains: &Remains,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("UPDATE entry SET body = NULL, dictionary = 0, hash = :hash WHERE number = :entry")?
        .execute(named_params! {":entry": entry, ":hash": hash.0})?;
    note(transaction, entry, lsn, remains)
}

/// Notes what remains of an entry whose body is not here.
///
/// # Errors
/// [`StoreError`].
pub fn note(transaction: &Transaction<'_>, entry: i64, lsn: Lsn, remains: &Remains) -> Result<(), StoreError> {
    let makes = write_makes(&remains.makes);
    transaction
        .prepare_cached(
            "INSERT INTO erased_entry (entry, lsn, remains, makes) VALUES (:entry, :lsn, :remains, :makes)
             ON CONFLICT (entry) DO UPDATE SET lsn = excluded.lsn, remains = excluded.remains",
        )?
        .execute(named_params! {":entry": entry, ":lsn": lsn, ":remains": remains.entry, ":makes": makes})?;
    Ok(())
}

/// Forgets that erased edits made these entities, which are erased now as well.
///
/// # Errors
/// [`StoreError`].
pub fn forget_made(transaction: &Transaction<'_>, gone: &HashSet<EntityId>) -> Result<(), StoreError> {
    let rows: Vec<(i64, String)> = transaction
        .prepare_cached("SELECT entry, makes FROM erased_entry WHERE makes IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut update = transaction.prepare_cached("UPDATE erased_entry SET makes = :makes WHERE entry = :entry")?;
    for (entry, json) in rows {
        let made = read_makes(&json)?;
        let stay: Vec<(String, EntityId)> = made.iter().filter(|(_, id)| !gone.contains(id)).cloned().collect();
        if stay.len() < made.len() {
            update.execute(named_params! {":entry": entry, ":makes": write_makes(&stay)})?;
        }
    }
    Ok(())
}

fn read_makes(json: &str) -> Result<Vec<(String, EntityId)>, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::damaged("what an erased edit made"))
}

/// `None`: nothing.
fn write_makes(makes: &[(String, EntityId)]) -> Option<String> {
    (!makes.is_empty()).then(|| serde_json::json!(makes).to_string())
}

/// What remains of an entry; `None` if its body was not erased.
///
/// # Errors
/// [`StoreError`].
pub fn remains(connection: &Connection, entry: i64) -> Result<Option<Remains>, StoreError> {
    let found = connection
        .prepare_cached("SELECT remains, makes FROM erased_entry WHERE entry = :entry")?
        .query_row(named_params! {":entry": entry}, |row| {
            Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<String>>(1)?))
        })
        .optional()?;
    let Some((entry, makes)) = found else { return Ok(None) };
    let makes = makes.map_or(Ok(Vec::new()), |json| read_makes(&json))?;
    Ok(Some(Remains { entry, makes }))
}
