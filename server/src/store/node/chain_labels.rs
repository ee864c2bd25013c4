//! What streets call the levels of the responsibility chain.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, named_params};

use crate::divisions::StreetCode;

/// The names that a street has set, by level.
///
/// # Errors
/// SQLite's.
pub fn chain_labels(connection: &Connection, street: &StreetCode) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut statement = connection.prepare_cached("SELECT level, label FROM chain_label WHERE street = :street")?;
    let rows = statement.query_map(named_params! {":street": street.as_str()}, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    rows.collect()
}

/// Sets one, or takes it back.
///
/// # Errors
/// SQLite's.
pub fn set_chain_label(
    transaction: &Transaction<'_>,
    street: &StreetCode,
    level: &str,
    label: Option<&str>,
) -> rusqlite::Result<()> {
    match label {
        Some(label) => transaction.execute(
            "INSERT INTO chain_label (street, level, label) VALUES (:street, :level, :label)
             ON CONFLICT (street, level) DO UPDATE SET label = :label",
            named_params! {":street": street.as_str(), ":level": level, ":label": label},
        )?,
        None => transaction.execute(
            "DELETE FROM chain_label WHERE street = :street AND level = :level",
            named_params! {":street": street.as_str(), ":level": level},
        )?,
    };
    Ok(())
}
