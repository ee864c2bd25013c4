//! The registry as it is, entity by entity, and what became of the entries that an importer
//! wrote. Reads only.

use std::collections::BTreeMap;

use menpai_sync_core::entry::{Entry, Scalar, SetItem};
use menpai_sync_core::ids::{DeviceId, EntityId, GridId, Seq};
use rusqlite::{Connection, ToSql, named_params};

use super::community::{BodyCodec, StoreError, device_logs, entries};

/// A registry entity with the values shown of its fields.
#[derive(Debug, Clone)]
pub struct StoredEntity {
    /// Its id.
    pub id: EntityId,
    /// Its registry type.
    pub entity_type: String,
    /// `None`: the whole community.
    pub grid: Option<GridId>,
    /// Fields (`field:member` for sets) that are set; cleared ones are not in it.
    pub values: BTreeMap<String, Scalar>,
}

impl StoredEntity {
    /// A field's text; empty where it has none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.values.get(field).and_then(Scalar::as_text).unwrap_or_default()
    }

    /// The members of a set.
    pub fn members<'e>(&'e self, field: &'e str) -> impl Iterator<Item = &'e str> {
        self.values.iter().filter_map(move |(name, value)| {
            let member = name.strip_prefix(field)?.strip_prefix(':')?;
            (*value == Scalar::Boolean(true)).then_some(member)
        })
    }
}

/// Every entity that exists, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn for_each_entity(connection: &Connection, each: impl FnMut(StoredEntity)) -> Result<(), StoreError> {
    for_each(connection, None, each)
}

/// Every entity of a registry type that exists, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn entities_of(connection: &Connection, registry_type: &str) -> Result<Vec<StoredEntity>, StoreError> {
    let mut entities = Vec::new();
    for_each(connection, Some(registry_type), |entity| entities.push(entity))?;
    Ok(entities)
}

/// Every entity of a grid that exists, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn entities_in(connection: &Connection, grid: GridId) -> Result<Vec<StoredEntity>, StoreError> {
    let mut entities = Vec::new();
    for_each_where(connection, "e.grid = :wanted", &grid.as_bytes().as_slice(), |entity| {
        entities.push(entity);
    })?;
    Ok(entities)
}

/// One entity that exists.
///
/// # Errors
/// [`StoreError`].
pub fn entity(connection: &Connection, id: EntityId) -> Result<Option<StoredEntity>, StoreError> {
    let mut found = None;
    for_each_where(connection, "e.id = :wanted", &id.as_bytes().as_slice(), |entity| {
        found = Some(entity);
    })?;
    Ok(found)
}

fn for_each(
    connection: &Connection,
    registry_type: Option<&str>,
    each: impl FnMut(StoredEntity),
) -> Result<(), StoreError> {
    for_each_where(
        connection,
        "(:wanted IS NULL OR e.type = :wanted)",
        &registry_type,
        each,
    )
}

fn for_each_where(
    connection: &Connection,
    condition: &str,
    wanted: &dyn ToSql,
    mut each: impl FnMut(StoredEntity),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&format!(
        "SELECT e.number, e.id, e.type, e.grid, v.field, v.value
         FROM entity e JOIN registry_value v ON v.entity = e.number AND v.rank = 0
         WHERE e.held = 0 AND {condition} ORDER BY e.number",
    ))?;
    let mut rows = statement.query(named_params! {":wanted": wanted})?;
    let mut current: Option<(i64, StoredEntity)> = None;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if current.as_ref().is_none_or(|(known, _)| *known != number) {
            let grid: Option<[u8; 16]> = row.get(3)?;
            let entity = StoredEntity {
                id: EntityId::from_bytes(row.get(1)?),
                entity_type: row.get(2)?,
                grid: grid.map(GridId::from_bytes),
                values: BTreeMap::new(),
            };
            if let Some((_, done)) = current.replace((number, entity)) {
                each(done);
            }
        }
        let value: String = row.get(5)?;
        let value = serde_json::from_str(&value).map_err(|_| StoreError::damaged("a registry value"))?;
        if let (Some((_, entity)), false) = (&mut current, value == Scalar::Null) {
            entity.values.insert(row.get(4)?, value);
        }
    }
    if let Some((_, last)) = current {
        each(last);
    }
    Ok(())
}

/// How many entries that a device wrote after `seq` are held.
///
/// # Errors
/// [`StoreError`].
pub fn count_held(connection: &Connection, device: DeviceId, after: Seq) -> Result<usize, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) FROM device_log d
         JOIN entry e ON e.device = d.number AND e.seq > :after
         JOIN log_line l ON l.entry = e.number
         WHERE d.device = :device AND l.verdict = 'held'",
        named_params! { ":device": device.as_bytes(), ":after": after },
        |row| row.get(0),
    )?)
}

/// Every field that a device's edits have set, in the order in which it wrote them; nothing
/// where the device has written nothing yet. Entries whose bytes are not kept any more say
/// nothing.
///
/// # Errors
/// [`StoreError`].
pub fn for_each_set_by(
    connection: &Connection,
    codec: &mut BodyCodec,
    device: DeviceId,
    mut each: impl FnMut(SetItem),
) -> Result<(), StoreError> {
    let Some(log) = device_logs::find(connection, device)? else {
        return Ok(());
    };
    entries::for_each(connection, codec, log.number, 1..=log.head.seq, |stored| {
        let entry = stored.bytes.and_then(|bytes| Entry::parse(&bytes).ok());
        if let Some(edit) = entry.and_then(|entry| entry.edit) {
            edit.set.into_iter().for_each(&mut each);
        }
        Ok(())
    })
}
