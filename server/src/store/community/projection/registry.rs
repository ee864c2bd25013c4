//! The registry as rows: which entities there are, every visible value with who and when,
//! the shown value in the typed tables, and where each document stands.

use std::collections::BTreeSet;

use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId, Hash, Lsn};
use menpai_sync_core::kinds::Cell;
use menpai_sync_core::registry::{Document, FieldValue};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params, params};

use super::super::StoreError;
use super::Projection;
use super::statements::{Bound, FieldStatements};

/// An entity that an edit makes.
#[derive(Debug, Clone, Copy)]
pub struct NewEntity<'a> {
    /// Its id.
    pub id: EntityId,
    /// Its registry type.
    pub entity_type: &'a str,
    /// Where; `None` is the whole community.
    pub grid: Option<GridId>,
    /// Row of the entry that makes it.
    pub maker: i64,
    /// That entry is held.
    pub held: bool,
}

/// An entity as the file knows it.
#[derive(Debug, Clone)]
pub struct KnownEntity {
    /// Its row.
    pub number: i64,
    /// Its registry type.
    pub entity_type: String,
    /// In which grid it is.
    pub grid: Option<GridId>,
    /// The held entry that alone makes it.
    pub held_in: Option<EntryId>,
}

/// Looks an entity up.
///
/// # Errors
/// [`StoreError`].
pub fn find_entity(connection: &Connection, id: EntityId) -> Result<Option<KnownEntity>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT number, type, grid, iif(held, (SELECT id FROM entry WHERE number = maker), NULL)
               FROM entity WHERE id = :id",
        )?
        .query_row(named_params! {":id": id.as_bytes()}, |row| {
            Ok(KnownEntity {
                number: row.get(0)?,
                entity_type: row.get(1)?,
                grid: row.get::<_, Option<[u8; 16]>>(2)?.map(GridId::from_bytes),
                held_in: row.get::<_, Option<[u8; 16]>>(3)?.map(EntryId::from_bytes),
            })
        })
        .optional()?)
}

impl Projection {
    /// Looks an entity up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entity(&self, connection: &Connection, id: EntityId) -> Result<Option<KnownEntity>, StoreError> {
        find_entity(connection, id)
    }

    /// Notes an entity that an edit makes. A held one gives way to a merged one; whatever
    /// else is here already stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_entity(&self, transaction: &Transaction<'_>, entity: &NewEntity<'_>) -> Result<(), StoreError> {
        transaction
            .prepare_cached(
                "INSERT INTO entity (id, type, grid, maker, held) VALUES (:id, :type, :grid, :maker, :held)
                 ON CONFLICT (id) DO UPDATE
                    SET type = excluded.type, grid = excluded.grid, maker = excluded.maker, held = 0
                  WHERE held = 1 AND excluded.held = 0",
            )?
            .execute(named_params! {
                ":id": entity.id.as_bytes(),
                ":type": entity.entity_type,
                ":grid": entity.grid.as_ref().map(GridId::as_bytes),
                ":maker": entity.maker,
                ":held": entity.held,
            })?;
        Ok(())
    }

    /// Writes the fields that a change touched, as the document now shows them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_fields(
        &self,
        transaction: &Transaction<'_>,
        part: i64,
        document: &Document,
        touched: &BTreeSet<(EntityId, String)>,
    ) -> Result<(), StoreError> {
        let touched: Vec<&(EntityId, String)> = touched.iter().collect();
        for fields in touched.chunk_by(|one, other| one.0 == other.0) {
            self.write_entity(transaction, part, document, fields)?;
        }
        Ok(())
    }

    /// Writes fields of one entity.
    fn write_entity(
        &self,
        transaction: &Transaction<'_>,
        part: i64,
        document: &Document,
        fields: &[&(EntityId, String)],
    ) -> Result<(), StoreError> {
        let [(id, _), ..] = fields else { return Ok(()) };
        let (entity, had_conflicts) = find_row(transaction, *id)?;
        let mut all = if fields.len() > 1 {
            document.all_values(*id)
        } else {
            Vec::new()
        };
        let values: Vec<(&str, Vec<FieldValue>)> = fields
            .iter()
            .map(|(_, field)| {
                let values = match all.iter_mut().find(|(name, _)| name == field) {
                    Some((_, values)) => std::mem::take(values),
                    None => document.distinct_values(*id, field),
                };
                (field.as_str(), values)
            })
            .collect();
        for (field, values) in &values {
            write_values(transaction, part, entity, field, values, had_conflicts)?;
        }
        let shown: Vec<(&str, Option<&Scalar>)> = values
            .iter()
            .map(|(field, values)| (*field, values.first().map(|value| &value.value)))
            .collect();
        let entity_type = document.entity_type(*id).unwrap_or_default();
        let is_new = shown.len() > 1 && self.insert_shown(transaction, entity, entity_type, &shown)?;
        for (field, shown) in shown {
            if !is_new || field.contains(':') {
                self.write_shown(transaction, entity, entity_type, field, shown)?;
            }
        }
        Ok(())
    }

    /// Writes a row with all its columns at once, unless there is one already.
    fn insert_shown(
        &self,
        transaction: &Transaction<'_>,
        entity: i64,
        entity_type: &str,
        shown: &[(&str, Option<&Scalar>)],
    ) -> Result<bool, StoreError> {
        let statements = self.statements.of(entity_type);
        let Some(main) = statements.and_then(|kind| kind.tables.first()) else {
            return Ok(false);
        };
        let mut has_any = false;
        let cells: Vec<Cell> = (main.table.columns.iter())
            .map(|column| {
                let field = column.path.first().map_or("", String::as_str);
                let found = shown.iter().find(|(name, _)| *name == field);
                has_any |= found.is_some();
                let value = found.and_then(|(_, shown)| *shown);
                value.map_or(Cell::Null, |value| column.stored.cell(&value.to_json()))
            })
            .collect();
        Ok(has_any && main.insert_if_new(transaction, entity, &cells)?)
    }

    /// Writes every field of a part anew, after its document was rotated; what it shows is in its
    /// grid now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_whole(&self, transaction: &Transaction<'_>, part: i64, document: &Document) -> Result<(), StoreError> {
        let mut fields: BTreeSet<(EntityId, String)> = transaction
            .prepare_cached(
                "SELECT DISTINCT e.id, v.field FROM registry_value v JOIN entity e ON e.number = v.entity
                  WHERE v.part = :part",
            )?
            .query_map(named_params! {":part": part}, |row| {
                Ok((EntityId::from_bytes(row.get(0)?), row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut place = transaction
            .prepare_cached("UPDATE entity SET grid = :grid WHERE id = :id AND held = 0 AND grid IS NOT :grid")?;
        let grid = document.part().grid;
        for (id, _) in document.entities() {
            place.execute(named_params! {":id": id.as_bytes(), ":grid": grid.as_ref().map(GridId::as_bytes)})?;
            fields.extend(document.fields(id).into_iter().map(|field| (id, field)));
        }
        self.write_fields(transaction, part, document, &fields)
    }

    /// The typed tables hold the value that is shown.
    fn write_shown(
        &self,
        transaction: &Transaction<'_>,
        entity: i64,
        entity_type: &str,
        field: &str,
        shown: Option<&Scalar>,
    ) -> Result<(), StoreError> {
        let (name, member) = field
            .split_once(':')
            .map_or((field, None), |(name, member)| (name, Some(member)));
        let statements = self
            .statements
            .of(entity_type)
            .and_then(|kind| Some((kind, kind.fields.get(name)?)));
        // A field that this build's kind file no longer has lives on in registry_value.
        let Some((_, statements)) = statements else {
            return Ok(());
        };
        let json = shown.map_or(serde_json::Value::Null, Scalar::to_json);
        match (statements, member) {
            (FieldStatements::Column { stored, upsert }, None) => {
                let cell = stored.cell(&json);
                transaction
                    .prepare_cached(upsert)?
                    .execute(named_params! {":entity": entity, ":value": Bound(&cell, *stored)})?;
            }
            (FieldStatements::Members { stored, insert, delete }, Some(member)) => {
                let cell = stored.cell(&serde_json::Value::from(member));
                let statement = if shown == Some(&Scalar::Boolean(true)) {
                    insert
                } else {
                    delete
                };
                transaction
                    .prepare_cached(statement)?
                    .execute(named_params! {":entity": entity, ":value": Bound(&cell, *stored)})?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes where a part's document stands after the line `lsn`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_head(
        &self,
        transaction: &Transaction<'_>,
        part: i64,
        document: &Document,
        lsn: Lsn,
    ) -> Result<(), StoreError> {
        let heads: Vec<u8> = document.heads().iter().flat_map(|head| head.0).collect();
        transaction
            .prepare_cached(
                "INSERT INTO registry_head (part, epoch, lsn, heads) VALUES (:part, :epoch, :lsn, :heads)
                 ON CONFLICT (part) DO UPDATE SET epoch = excluded.epoch, lsn = excluded.lsn, heads = excluded.heads",
            )?
            .execute(named_params! {":part": part, ":epoch": document.epoch(), ":lsn": lsn, ":heads": heads})?;
        Ok(())
    }

    /// Stores a whole document as it is after the line `lsn`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_document(
        &self,
        transaction: &Transaction<'_>,
        part: i64,
        document: &Document,
        lsn: Lsn,
    ) -> Result<(), StoreError> {
        transaction
            .prepare_cached(
                "INSERT INTO registry_document (part, epoch, lsn, bytes) VALUES (:part, :epoch, :lsn, :bytes)
                 ON CONFLICT (part) DO UPDATE SET epoch = excluded.epoch, lsn = excluded.lsn, bytes = excluded.bytes",
            )?
            .execute(named_params! {
                ":part": part, ":epoch": document.epoch(), ":lsn": lsn, ":bytes": document.save(),
            })?;
        Ok(())
    }
}

/// The heads of a part's document: empty before anything of that part was merged.
///
/// # Errors
/// [`StoreError`].
pub fn heads(connection: &Connection, part: i64) -> Result<Vec<Hash>, StoreError> {
    let heads: Option<Vec<u8>> = connection
        .prepare_cached("SELECT heads FROM registry_head WHERE part = :part")?
        .query_row(named_params! {":part": part}, |row| row.get(0))
        .optional()?;
    Ok(heads
        .unwrap_or_default()
        .as_chunks::<32>()
        .0
        .iter()
        .map(|head| Hash(*head))
        .collect())
}

/// A stored document: epoch, line and bytes.
///
/// # Errors
/// [`StoreError`].
pub fn stored_document(connection: &Connection, part: i64) -> Result<Option<(u64, Lsn, Vec<u8>)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT epoch, lsn, bytes FROM registry_document WHERE part = :part")?
        .query_row(named_params! {":part": part}, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?)
}

/// The row of an entity, and whether any of its fields has more than one value.
fn find_row(connection: &Connection, id: EntityId) -> Result<(i64, bool), StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT number, EXISTS (SELECT 1 FROM registry_value WHERE entity = number AND rank > 0)
               FROM entity WHERE id = :id",
        )?
        .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found.ok_or_else(|| StoreError::damaged(format!("entity {id} has no row")))
}

fn write_values(
    transaction: &Transaction<'_>,
    part: i64,
    entity: i64,
    field: &str,
    values: &[FieldValue],
    had_conflicts: bool,
) -> Result<(), StoreError> {
    let mut write = transaction.prepare_cached(
        "INSERT INTO registry_value (entity, field, rank, part, value, device, at_s)
         VALUES (:entity, :field, :rank, :part, :value, :device, :at)
         ON CONFLICT (entity, field, rank) DO UPDATE
            SET part = excluded.part, value = excluded.value, device = excluded.device, at_s = excluded.at_s",
    )?;
    for (rank, value) in values.iter().enumerate() {
        write.execute(params![
            entity,
            field,
            rank,
            part,
            value.value.to_json().to_string(),
            value.by.device.as_ref().map(DeviceId::as_bytes),
            value.by.unix_seconds,
        ])?;
    }
    if had_conflicts || values.is_empty() {
        transaction
            .prepare_cached("DELETE FROM registry_value WHERE entity = :entity AND field = :field AND rank >= :count")?
            .execute(params![entity, field, values.len()])?;
    }
    Ok(())
}
