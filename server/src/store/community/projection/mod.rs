//! Derived tables: what merged entries say, as rows. They are made from the log alone and
//! can be dropped and made again at any time with the same result. Functions here are told
//! what is merged; they decide nothing.

mod ddl;
mod erase;
pub mod held;
mod records;
mod registry;
mod sealed_numbers;
mod statements;

use std::sync::Arc;

use menpai_sync_core::ids::Hash;
use menpai_sync_core::kinds::Kinds;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::StoreError;

pub use records::{MergedEntry, Naming, merged_of_kinds, naming};
pub use registry::{KnownEntity, NewEntity, find_entity, heads, stored_document};
pub use sealed_numbers::add_sealed_number;
use statements::Statements;

/// The derived tables of one catalogue of kinds, with the statements that fill them.
#[derive(Debug)]
pub struct Projection {
    kinds: Arc<Kinds>,
    statements: Statements,
    ddl: String,
}

impl Projection {
    /// What follows from the kinds.
    #[must_use]
    pub fn new(kinds: Arc<Kinds>) -> Projection {
        Projection {
            statements: Statements::new(&kinds),
            ddl: ddl::all(&kinds),
            kinds,
        }
    }

    /// The kinds it follows from.
    #[must_use]
    pub fn kinds(&self) -> &Arc<Kinds> {
        &self.kinds
    }

    /// Changes whenever the derived tables would.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hash::of(self.ddl.as_bytes()).to_string()
    }

    /// Whether the file's derived tables are the ones of these kinds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_current(&self, connection: &Connection) -> Result<bool, StoreError> {
        let found: Option<String> = connection
            .query_row("SELECT fingerprint FROM derived_state", [], |row| row.get(0))
            .optional()?;
        Ok(found.is_some_and(|found| found == self.fingerprint()))
    }

    /// Drops every derived table and view and makes them anew, empty.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reset(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        // Rows of tables that refer to each other go in any order: the check is at commit.
        transaction.pragma_update(None, "defer_foreign_keys", 1)?;
        let derived: Vec<(String, String)> = transaction
            .prepare(
                "SELECT type, name FROM sqlite_schema
                  WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'
                    AND name NOT IN ('log_identity', 'log_head', 'part', 'device_log', 'device_island',
                                     'device_contact', 'device_heard', 'entry', 'log_line', 'derived_state',
                                     'epoch_document', 'erased', 'erased_entry', 'audit_line', 'audit_subject', 'audit_head')
                  ORDER BY type = 'table'",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (what, name) in derived {
            transaction.execute_batch(&format!("DROP {what} \"{name}\""))?;
        }
        transaction.execute_batch(&self.ddl)?;
        for kind in self.kinds.iter() {
            let number = self
                .statements
                .of(kind.name.as_str())
                .map(|statements| statements.number);
            transaction
                .prepare_cached("INSERT INTO kind (number, name) VALUES (:number, :name)")?
                .execute(named_params! {":number": number, ":name": kind.name.as_str()})?;
        }
        transaction
            .prepare_cached(
                "INSERT INTO derived_state (one, fingerprint) VALUES (1, :fingerprint)
                 ON CONFLICT (one) DO UPDATE SET fingerprint = excluded.fingerprint",
            )?
            .execute(named_params! {":fingerprint": self.fingerprint()})?;
        Ok(())
    }
}
