//! Opening a community's file: pragmas, migrations, nothing derived yet.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;
use super::projection::Projection;
use crate::store::connection;
use crate::store::migrations::{Migration, migrate};

const MIGRATIONS: [Migration; 2] = [
    Migration {
        name: "0001_log.sql",
        sql: include_str!("../../../migrations/community/0001_log.sql"),
    },
    Migration {
        name: "0002_device_heard.sql",
        sql: include_str!("../../../migrations/community/0002_device_heard.sql"),
    },
];

/// Opens the file for its one writer, making it if it is missing, and brings it up to date.
///
/// # Errors
/// [`StoreError`]; the file is not served then.
pub fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connection::open_writer(path)?;
    migrate(&mut connection, &MIGRATIONS)?;
    Ok(connection)
}

/// An empty community in memory, with its derived tables: what views there are.
///
/// # Errors
/// [`StoreError`].
pub fn empty_in_memory(projection: &Projection) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection, &MIGRATIONS)?;
    let transaction = connection.transaction()?;
    projection.reset(&transaction)?;
    transaction.commit()?;
    Ok(connection)
}

/// Opens a file that exists for reading.
///
/// # Errors
/// [`StoreError`].
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    Ok(connection::open_reader(path)?)
}
