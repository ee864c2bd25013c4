//! Numbered migrations. Each is applied once, in one transaction with the step of
//! `user_version`; a file newer than this program is refused, never touched.

use rusqlite::{Connection, TransactionBehavior};

/// One numbered SQL file.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its file name, for messages.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// Why a file could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// SQLite refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// One migration failed; the file is as it was before it.
    #[error("migration {name}: {source}")]
    Step {
        /// Which.
        name: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file was written by a newer program.
    #[error("the file has version {found}, this program knows {known}: use the newer program")]
    Newer {
        /// Version of the file.
        found: usize,
        /// Last version this program knows.
        known: usize,
    },
}

/// Applies what is missing, in order.
///
/// # Errors
/// [`MigrationError`]; migrations before the failing one stay applied.
pub fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<(), MigrationError> {
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > migrations.len() {
        return Err(MigrationError::Newer {
            found,
            known: migrations.len(),
        });
    }
    for (index, migration) in migrations.iter().enumerate().skip(found) {
        let step = |source| MigrationError::Step {
            name: migration.name,
            source,
        };
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(step)?;
        transaction.execute_batch(migration.sql).map_err(step)?;
        transaction
            .pragma_update(None, "user_version", index + 1)
            .map_err(step)?;
        transaction.commit().map_err(step)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Migration = Migration {
        name: "0001_good.sql",
        sql: "CREATE TABLE a (b ANY) STRICT;",
    };
    const BAD: Migration = Migration {
        name: "0002_bad.sql",
        sql: "CREATE TABLE c (d ANY) STRICT; nonsense;",
    };

    #[test]
    fn a_failing_step_leaves_the_file_at_the_step_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        let error = migrate(&mut connection, &[GOOD, BAD]).unwrap_err();
        assert!(matches!(
            error,
            MigrationError::Step {
                name: "0002_bad.sql",
                ..
            }
        ));
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
        migrate(&mut connection, &[GOOD]).unwrap();
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[GOOD]).unwrap();
        assert!(matches!(
            migrate(&mut connection, &[]),
            Err(MigrationError::Newer { found: 1, known: 0 })
        ));
    }
}
