//! Where a request, or a reading, begins and ends within SQLite's transactions, and where
//! nothing has happened for long.

use rusqlite::{Connection, Transaction};

use super::StoreError;

/// From here on the request can be taken back without the others of its transaction.
///
/// # Errors
/// SQLite's.
pub fn begin_request(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.execute_batch("SAVEPOINT request")?)
}

/// The request stands, as far as its transaction will.
///
/// # Errors
/// SQLite's.
pub fn keep_request(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.execute_batch("RELEASE request")?)
}

/// As if the request had never been.
///
/// # Errors
/// SQLite's.
pub fn take_back_request(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.execute_batch("ROLLBACK TO request; RELEASE request")?)
}

/// Brings all of the write-ahead log into the file and cuts it to nothing: what was overwritten
/// stands nowhere any more. `false`: somebody still reads an older moment.
///
/// # Errors
/// SQLite's.
pub fn truncate_journal(connection: &Connection) -> Result<bool, StoreError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// What is read until [`end_reading`] is of one moment.
///
/// # Errors
/// SQLite's.
pub fn begin_reading(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch("BEGIN")?)
}

/// Lets go of that moment.
///
/// # Errors
/// SQLite's.
pub fn end_reading(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch("COMMIT")?)
}
