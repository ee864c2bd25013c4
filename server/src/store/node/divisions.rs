//! Divisions that were imported, by code.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

/// What became of one division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was not there.
    New,
    /// It had another name.
    Renamed,
    /// It was there.
    Same,
}

/// The name of a division.
///
/// # Errors
/// SQLite's.
pub fn division_name(connection: &Connection, code: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT name FROM division WHERE code = :code")?
        .query_row(named_params! {":code": code}, |row| row.get(0))
        .optional()
}

/// Keeps a division under this name.
///
/// # Errors
/// SQLite's.
pub fn keep_division(transaction: &Transaction<'_>, code: &str, name: &str) -> rusqlite::Result<Kept> {
    let before = division_name(transaction, code)?;
    if before.as_deref() == Some(name) {
        return Ok(Kept::Same);
    }
    transaction
        .prepare_cached(
            "INSERT INTO division (code, name) VALUES (:code, :name)
             ON CONFLICT (code) DO UPDATE SET name = :name",
        )?
        .execute(named_params! {":code": code, ":name": name})?;
    Ok(if before.is_some() { Kept::Renamed } else { Kept::New })
}
