//! A typed view of a community's file as CSV or xlsx: every row, the columns as they are
//! called. CSV keeps each value as the view has it; in a workbook days and instants become
//! dates.

use std::fs::File;
use std::path::Path;

use menpai_sync_core::kinds::{Kinds, Stored, tables};
use rusqlite::Connection;

use super::{Cell, ExportError, Format, Sheet};
use crate::store::community::projection::Projection;
use crate::store::community::views::{self, Value};
use crate::store::community::{StoreError, empty_in_memory};

/// The instants that every view of a record kind has, as text.
const INSTANTS: [&str; 3] = ["made_at", "made_time", "received_at"];

/// A view there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What people call what it holds, where it follows from a kind.
    pub label: Option<String>,
}

/// The views that files of these kinds have.
///
/// # Errors
/// [`StoreError`].
pub fn known(kinds: &std::sync::Arc<Kinds>) -> Result<Vec<View>, StoreError> {
    let connection = empty_in_memory(&Projection::new(std::sync::Arc::clone(kinds)))?;
    let names = views::names(&connection)?;
    Ok(names
        .into_iter()
        .map(|name| View {
            label: kinds
                .get(&name)
                .or_else(|| kinds.registry_type(&name))
                .map(|kind| format!("{} {}", kind.labels.zh, kind.labels.en)),
            name,
        })
        .collect())
}

/// Writes a view; says how many rows it has, or `None` if there is no such view.
///
/// # Errors
/// [`ExportError`].
pub fn write(
    connection: &Connection,
    kinds: &Kinds,
    view: &str,
    format: Format,
    file: File,
    folder: &Path,
) -> Result<Option<(u64, File)>, ExportError> {
    let columns = views::columns(connection, view)?;
    if columns.is_empty() {
        return Ok(None);
    }
    let types: Vec<Type> = columns.iter().map(|column| type_of(kinds, view, column)).collect();
    let mut sheet = Sheet::begin(format, file, folder, &columns)?;
    let mut count = 0;
    views::for_each_row(connection, view, |values| {
        let cells: Vec<Cell> = values
            .iter()
            .zip(&types)
            .map(|(value, column)| cell(*value, *column, format))
            .collect();
        count += 1;
        sheet.row(&cells)
    })?;
    Ok(Some((count, sheet.finish()?)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Plain,
    Date,
    Instant,
}

fn type_of(kinds: &Kinds, view: &str, column: &str) -> Type {
    if INSTANTS.contains(&column) {
        return Type::Instant;
    }
    let kind = kinds.get(view).or_else(|| kinds.registry_type(view));
    let stored = kind.and_then(|kind| {
        let main = tables(kind).into_iter().next()?;
        main.columns.iter().find(|own| own.name == column).map(|own| own.stored)
    });
    if stored == Some(Stored::Date) {
        Type::Date
    } else {
        Type::Plain
    }
}

fn cell(value: Value<'_>, column: Type, format: Format) -> Cell {
    match (value, column) {
        (Value::Null, _) => Cell::Empty,
        (Value::Integer(number), _) => Cell::Integer(number),
        (Value::Text(text), Type::Date) => Cell::date(text),
        (Value::Text(text), Type::Instant) if format == Format::Xlsx => Cell::instant(text),
        (Value::Text(text), _) => Cell::text(text),
        (Value::Bytes(bytes), _) => Cell::text(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
