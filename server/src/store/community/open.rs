//! Opening a community's file: pragmas, migrations, nothing derived yet.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;
use super::projection::Projection;
use crate::store::connection;
use crate::store::database_key::DatabaseKey;
use crate::store::migrations::{Migration, migrate};

const MIGRATIONS: [Migration; 8] = [
    Migration {
        name: "0001_log.sql",
        sql: include_str!("../../../migrations/community/0001_log.sql"),
    },
    Migration {
        name: "0002_device_heard.sql",
        sql: include_str!("../../../migrations/community/0002_device_heard.sql"),
    },
    Migration {
        name: "0003_verdicts.sql",
        sql: include_str!("../../../migrations/community/0003_verdicts.sql"),
    },
    Migration {
        name: "0004_lives.sql",
        sql: include_str!("../../../migrations/community/0004_lives.sql"),
    },
    Migration {
        name: "0005_contact_offset.sql",
        sql: include_str!("../../../migrations/community/0005_contact_offset.sql"),
    },
    Migration {
        name: "0006_erasure.sql",
        sql: include_str!("../../../migrations/community/0006_erasure.sql"),
    },
    Migration {
        name: "0007_line_checks.sql",
        sql: include_str!("../../../migrations/community/0007_line_checks.sql"),
    },
    Migration {
        name: "0008_audit.sql",
        sql: include_str!("../../../migrations/community/0008_audit.sql"),
    },
];

/// Opens the file for its one writer, making it if it is missing, and brings it up to date.
///
/// # Errors
/// [`StoreError`]; the file is not served then.
pub fn open_writer(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, StoreError> {
    let mut connection = connection::open_writer(path, key)?;
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
pub fn open_reader(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, StoreError> {
    Ok(connection::open_reader(path, key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_version_2_keeps_its_lines_and_its_views() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..2]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO device_log (number, device, seq, h) VALUES (1, zeroblob(16), 1, zeroblob(32));
                 INSERT INTO part (number, name) VALUES (1, 'community/open');
                 INSERT INTO entry (number, device, seq, body, dictionary) VALUES (1, 1, 1, x'00', 0);
                 INSERT INTO log_line (lsn, entry, part, verdict, received_ms, offset_ms, made_ms)
                 VALUES (1, 1, 1, 'merged', 3, 4, 5);
                 CREATE VIEW newest AS SELECT max(lsn) AS lsn FROM log_line;",
            )
            .unwrap();
        migrate(&mut connection, &MIGRATIONS).unwrap();
        let newest: i64 = connection
            .query_row("SELECT lsn FROM newest", [], |row| row.get(0))
            .unwrap();
        assert_eq!(newest, 1);
        let later = "INSERT INTO log_line (lsn, entry, part, verdict, reason, received_ms, offset_ms, made_ms)
                     VALUES (2, 1, 1, 'set_aside', 'not_assigned', 3, 4, 5)";
        connection.execute(later, []).unwrap();
        connection
            .execute(
                &later.replace("VALUES (2", "VALUES (3").replace("set_aside", "guessed"),
                [],
            )
            .unwrap_err();
    }
}
