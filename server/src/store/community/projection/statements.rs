//! The INSERTs that fill the generated tables, written once per catalogue of kinds.

use std::collections::HashMap;

use menpai_sync_core::kinds::{Cell, Column, Family, Kind, Kinds, Stored, Table, tables};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{ToSql, Transaction};

use super::super::StoreError;
use super::super::kept::{self, Kept};
use super::ddl::{owner, table_name};

/// Statements by kind.
#[derive(Debug)]
pub(super) struct Statements {
    by_kind: HashMap<String, KindStatements>,
}

/// The tables of one kind and how rows get into them.
#[derive(Debug)]
pub(super) struct KindStatements {
    /// Its number in the table of kinds.
    pub(super) number: i64,
    pub(super) family: Family,
    pub(super) tables: Vec<TableStatements>,
    /// Registry types: for each field, or set, how one value is written.
    pub(super) fields: HashMap<String, FieldStatements>,
}

/// One table.
#[derive(Debug)]
pub(super) struct TableStatements {
    pub(super) table: Table,
    /// Where its statement is kept.
    place: usize,
    insert: String,
    insert_if_new: String,
}

/// How one field of a registry type is written.
#[derive(Debug)]
pub(super) enum FieldStatements {
    /// A column of the main table.
    Column { stored: Stored, upsert: String },
    /// Rows of a child table, one for each member.
    Members {
        stored: Stored,
        insert: String,
        delete: String,
    },
}

impl Statements {
    pub(super) fn new(kinds: &Kinds) -> Statements {
        let mut place = kept::TABLES;
        let by_kind = (1..).zip(kinds.iter()).map(|(number, kind)| {
            let statements = KindStatements::new(kind, number, place);
            place += statements.tables.len();
            (kind.name.to_string(), statements)
        });
        Statements {
            by_kind: by_kind.collect(),
        }
    }

    pub(super) fn of(&self, kind: &str) -> Option<&KindStatements> {
        self.by_kind.get(kind)
    }
}

impl KindStatements {
    fn new(kind: &Kind, number: i64, first_place: usize) -> KindStatements {
        let family = kind.family;
        let tables = tables(kind);
        let fields = if family == Family::Registry {
            field_statements(&tables)
        } else {
            HashMap::new()
        };
        let tables = (first_place..)
            .zip(tables)
            .map(|(place, table)| {
                let insert = insert(family, &table);
                TableStatements {
                    insert_if_new: format!("{insert} ON CONFLICT DO NOTHING"),
                    insert,
                    table,
                    place,
                }
            })
            .collect();
        KindStatements {
            number,
            family,
            tables,
            fields,
        }
    }
}

impl TableStatements {
    /// Inserts one row; `item` is its position in a list.
    pub(super) fn insert(
        &self,
        kept: &mut Kept<'_>,
        owner: i64,
        item: usize,
        cells: &[Cell],
    ) -> Result<(), StoreError> {
        let statement = kept.statement(self.place, &self.insert)?;
        statement.raw_bind_parameter(1, owner)?;
        let first = if self.table.list.is_some() {
            statement.raw_bind_parameter(2, item)?;
            3
        } else {
            2
        };
        for (index, (cell, column)) in cells.iter().zip(&self.table.columns).enumerate() {
            statement.raw_bind_parameter(first + index, Bound(cell, column.stored))?;
        }
        statement.raw_execute()?;
        Ok(())
    }
}

impl TableStatements {
    /// Inserts the one row of an owner, unless there is one.
    pub(super) fn insert_if_new(
        &self,
        transaction: &Transaction<'_>,
        owner: i64,
        cells: &[Cell],
    ) -> Result<bool, StoreError> {
        let mut statement = transaction.prepare_cached(&self.insert_if_new)?;
        statement.raw_bind_parameter(1, owner)?;
        for (index, (cell, column)) in cells.iter().zip(&self.table.columns).enumerate() {
            statement.raw_bind_parameter(2 + index, Bound(cell, column.stored))?;
        }
        Ok(statement.raw_execute()? > 0)
    }
}

/// A cell as it is stored: ids are 16 bytes.
pub(super) struct Bound<'a>(pub(super) &'a Cell, pub(super) Stored);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match (self.0, self.1) {
            (Cell::Null, _) => ToSqlOutput::Owned(Value::Null),
            (Cell::Integer(number), _) => ToSqlOutput::Owned(Value::Integer(*number)),
            (Cell::Text(text), Stored::Id) => ToSqlOutput::Owned(
                uuid::Uuid::try_parse(text).map_or(Value::Null, |id| Value::Blob(id.as_bytes().to_vec())),
            ),
            (Cell::Text(text), _) => ToSqlOutput::Borrowed(text.as_str().into()),
        })
    }
}

fn insert(family: Family, table: &Table) -> String {
    let mut names = vec![owner(family).to_owned()];
    if table.list.is_some() {
        names.push("list_position".to_owned());
    }
    names.extend(table.columns.iter().map(|column| format!("\"{}\"", column.name)));
    let places: Vec<String> = (1..=names.len()).map(|index| format!("?{index}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        table_name(family, table),
        names.join(", "),
        places.join(", ")
    )
}

fn field_statements(tables: &[Table]) -> HashMap<String, FieldStatements> {
    let mut fields = HashMap::new();
    for table in tables {
        let name = table_name(Family::Registry, table);
        match &table.list {
            None => fields.extend(table.columns.iter().filter_map(|column| {
                let field = column.path.first()?.clone();
                Some((
                    field,
                    FieldStatements::Column {
                        stored: column.stored,
                        upsert: upsert(&name, column),
                    },
                ))
            })),
            Some(list) => {
                let stored = table.columns.first().map_or(Stored::Text, |column| column.stored);
                fields.insert(
                    list.name.to_string(),
                    FieldStatements::Members {
                        stored,
                        insert: format!(
                            "INSERT INTO {name} (entity, member) VALUES (:entity, :value) ON CONFLICT DO NOTHING"
                        ),
                        delete: format!("DELETE FROM {name} WHERE entity = :entity AND member = :value"),
                    },
                );
            }
        }
    }
    fields
}

fn upsert(table: &str, column: &Column) -> String {
    let name = &column.name;
    format!(
        "INSERT INTO {table} (entity, \"{name}\") VALUES (:entity, :value)
         ON CONFLICT (entity) DO UPDATE SET \"{name}\" = excluded.\"{name}\""
    )
}
