//! Writes a database anew with another key, or with none, and says whether two hold the same.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::database_key::DatabaseKey;

/// Writes what a database holds into a new file.
///
/// # Errors
/// SQLite's.
pub(crate) fn export(connection: &Connection, to: &Path, key: Option<&DatabaseKey>) -> rusqlite::Result<()> {
    let literal = key.map(DatabaseKey::literal).unwrap_or_default();
    connection.execute(
        "ATTACH DATABASE ?1 AS rewritten KEY ?2",
        [to.to_string_lossy().as_ref(), literal.as_str()],
    )?;
    connection.query_row("SELECT sqlcipher_export('rewritten')", [], |_| Ok(()))?;
    for pragma in ["user_version", "application_id"] {
        let value: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0))?;
        connection.execute_batch(&format!("PRAGMA rewritten.{pragma} = {value}"))?;
    }
    connection.execute_batch("DETACH DATABASE rewritten")
}

/// Whether every page of it is as it should be.
///
/// # Errors
/// SQLite's.
pub(crate) fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    let said: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    Ok(said == "ok")
}

/// Moves what is in the write-ahead log into the file itself.
///
/// # Errors
/// SQLite's.
pub(crate) fn move_into_file(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// A hash of the schema and of every row, in the order of each table.
///
/// # Errors
/// SQLite's.
pub(crate) fn content(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut schema = connection.prepare(
        "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_stat%' ORDER BY type, name",
    )?;
    let items = schema.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
        ))
    })?;
    let mut tables = Vec::new();
    for item in items {
        let (name, kind, sql) = item?;
        hash.update(format!("{name}\n{sql}\n"));
        if kind == "table" {
            tables.push(name);
        }
    }
    for table in tables {
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
        let columns = rows.column_count();
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                let value = row.get_ref(column)?;
                let bytes = match value {
                    ValueRef::Null => Vec::new(),
                    ValueRef::Integer(number) => number.to_be_bytes().to_vec(),
                    ValueRef::Real(number) => number.to_be_bytes().to_vec(),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
                };
                hash.update(format!("{} {}\n", value.data_type(), bytes.len()));
                hash.update(bytes);
            }
        }
    }
    Ok(hash.finalize().into())
}
