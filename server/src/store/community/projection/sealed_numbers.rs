//! Numbers that came sealed, by keyed hash: nothing of them stands here in clear.

use menpai_sync_core::ids::{EntityId, Hash};
use rusqlite::{Transaction, named_params};

use super::super::StoreError;

/// Notes whose number a merged entry carries, and by what it is known again; `None`: it cannot be opened here.
///
/// # Errors
/// [`StoreError`].
pub fn add_sealed_number(
    transaction: &Transaction<'_>,
    entry: i64,
    subject: EntityId,
    hash: Option<Hash>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sealed_number (entry, subject, hash) VALUES (:entry, :subject, :hash)";
    transaction.prepare_cached(sql)?.execute(named_params! {
        ":entry": entry, ":subject": subject.as_bytes(), ":hash": hash.map(|hash| hash.0),
    })?;
    Ok(())
}
