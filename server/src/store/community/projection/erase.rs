//! Rows that go when what they speak of is erased.

use menpai_sync_core::ids::EntityId;
use rusqlite::{Connection, Transaction, named_params};

use super::super::StoreError;
use super::super::erased::Entity;
use super::Projection;
use super::ddl::{owner, table_name};

impl Projection {
    /// Deletes the rows of a merged entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_merged(&self, transaction: &Transaction<'_>, entry: i64, kind: &str) -> Result<(), StoreError> {
        self.remove_rows(transaction, entry, kind)?;
        for sql in [
            "DELETE FROM sealed_number WHERE entry = :entry",
            "DELETE FROM merged_entry WHERE entry = :entry",
        ] {
            transaction
                .prepare_cached(sql)?
                .execute(named_params! {":entry": entry})?;
        }
        Ok(())
    }

    /// Deletes an entity with all its values.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_entity(&self, transaction: &Transaction<'_>, entity: &Entity) -> Result<(), StoreError> {
        self.remove_rows(transaction, entity.number, &entity.entity_type)?;
        for sql in [
            "DELETE FROM registry_value WHERE entity = :entity",
            "DELETE FROM entity WHERE number = :entity",
        ] {
            transaction
                .prepare_cached(sql)?
                .execute(named_params! {":entity": entity.number})?;
        }
        Ok(())
    }

    /// Deletes an entity that only this held entry would have made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_held_entity(
        &self,
        transaction: &Transaction<'_>,
        id: EntityId,
        maker: i64,
    ) -> Result<(), StoreError> {
        transaction
            .prepare_cached("DELETE FROM entity WHERE id = :id AND held = 1 AND maker = :maker")?
            .execute(named_params! {":id": id.as_bytes(), ":maker": maker})?;
        Ok(())
    }

    /// The numbers of the parts that show a value of an entity, or a reference to it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn parts_showing(&self, connection: &Connection, entity: &Entity) -> Result<Vec<i64>, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT part FROM registry_value
              WHERE entity = :entity OR value = '\"' || :id || '\"' OR substr(field, -37) = ':' || :id",
        )?;
        let rows = statement.query_map(
            named_params! {":entity": entity.number, ":id": entity.id.to_string()},
            |row| row.get(0),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn remove_rows(&self, transaction: &Transaction<'_>, number: i64, kind: &str) -> Result<(), StoreError> {
        let Some(statements) = self.statements.of(kind) else {
            return Ok(());
        };
        // Child tables first: they come after the main one.
        for table in statements.tables.iter().rev() {
            let (name, owner) = (table_name(statements.family, &table.table), owner(statements.family));
            transaction
                .prepare_cached(&format!("DELETE FROM {name} WHERE {owner} = :number"))?
                .execute(named_params! {":number": number})?;
        }
        Ok(())
    }
}
