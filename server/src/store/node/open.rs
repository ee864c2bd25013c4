//! The open `node.sqlite`. Refuses a file that will not be durable or is newer than we are.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::connection::{OpenError, open_writer};
use crate::store::database_key::DatabaseKey;
use crate::store::migrations::{Migration, MigrationError, migrate};

const MIGRATIONS: [Migration; 9] = [
    Migration {
        name: "0001_accounts.sql",
        sql: include_str!("../../../migrations/node/0001_accounts.sql"),
    },
    Migration {
        name: "0002_night.sql",
        sql: include_str!("../../../migrations/node/0002_night.sql"),
    },
    Migration {
        name: "0003_roles_are_records.sql",
        sql: include_str!("../../../migrations/node/0003_roles_are_records.sql"),
    },
    Migration {
        name: "0004_second_factors.sql",
        sql: include_str!("../../../migrations/node/0004_second_factors.sql"),
    },
    Migration {
        name: "0005_invitations.sql",
        sql: include_str!("../../../migrations/node/0005_invitations.sql"),
    },
    Migration {
        name: "0006_requests_are_signed.sql",
        sql: include_str!("../../../migrations/node/0006_requests_are_signed.sql"),
    },
    Migration {
        name: "0007_chain_labels.sql",
        sql: include_str!("../../../migrations/node/0007_chain_labels.sql"),
    },
    Migration {
        name: "0008_divisions.sql",
        sql: include_str!("../../../migrations/node/0008_divisions.sql"),
    },
    Migration {
        name: "0009_first_passwords.sql",
        sql: include_str!("../../../migrations/node/0009_first_passwords.sql"),
    },
];

/// Why `node.sqlite` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NodeStoreError {
    /// Not to be opened, or not durable.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: OpenError,
    },
    /// Not to be brought up to date.
    #[error("{}: {source}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: MigrationError,
    },
}

/// The open file.
pub struct NodeStore {
    connection: Mutex<Connection>,
}

impl NodeStore {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// [`NodeStoreError`]; the file is then as it was.
    pub fn open(path: &Path, key: Option<&DatabaseKey>) -> Result<NodeStore, NodeStoreError> {
        let mut connection = open_writer(path, key).map_err(|source| NodeStoreError::Open {
            path: path.to_owned(),
            source,
        })?;
        migrate(&mut connection, &MIGRATIONS).map_err(|source| NodeStoreError::Migrate {
            path: path.to_owned(),
            source,
        })?;
        Ok(NodeStore {
            connection: Mutex::new(connection),
        })
    }

    /// Runs a query.
    ///
    /// # Errors
    /// SQLite's.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        work(&self.lock())
    }

    /// Runs changes in one transaction; durable when this returns.
    ///
    /// # Errors
    /// SQLite's; then nothing is changed.
    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back: the connection is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = NodeStore::open(&folder.path().join("node.sqlite"), None).unwrap();
        let failed = store.write(|tx| {
            tx.execute_batch("CREATE TABLE probe (x)")?;
            tx.execute_batch("no sql")
        });
        assert!(failed.is_err());
        assert!(store.read(|c| c.prepare("SELECT * FROM probe").map(drop)).is_err());
    }
}
