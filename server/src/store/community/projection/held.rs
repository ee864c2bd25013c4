//! Entries that are or were held or waiting, by their last line: what the office decides about
//! and what their authors are told. Derived from the lines alone.

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::ids::EntryId;
use menpai_sync_core::verdict::{Reason, Verdict};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::super::StoreError;

/// Notes the last line of an entry.
///
/// # Errors
/// [`StoreError`].
pub fn note(transaction: &Transaction<'_>, entry: i64, envelope: &Envelope) -> Result<(), StoreError> {
    let needs: Option<EntryId> = match (envelope.verdict, envelope.reason, &envelope.detail) {
        (Verdict::Held, Some(Reason::Needs), Some(detail)) => detail.parse().ok(),
        _ => None,
    };
    transaction
        .prepare_cached(
            "INSERT INTO held_entry (entry, device, lsn, verdict, needs)
             VALUES (:entry, (SELECT device FROM entry WHERE number = :entry), :lsn, :verdict, :needs)
             ON CONFLICT (entry) DO UPDATE
                SET lsn = excluded.lsn, verdict = excluded.verdict, needs = excluded.needs",
        )?
        .execute(named_params! {
            ":entry": entry,
            ":lsn": envelope.lsn,
            ":verdict": envelope.verdict.code(),
            ":needs": needs.as_ref().map(EntryId::as_bytes),
        })?;
    Ok(())
}

/// The held edits that need what another held one makes, in the order in which they came.
///
/// # Errors
/// [`StoreError`].
pub fn needing(connection: &Connection, maker: EntryId) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT entry FROM held_entry WHERE needs = :maker ORDER BY entry")?;
    let rows = statement.query_map(named_params! {":maker": maker.as_bytes()}, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the entry that has this id is here and the office may let it count.
///
/// # Errors
/// [`StoreError`].
pub fn is_releasable(connection: &Connection, id: EntryId) -> Result<bool, StoreError> {
    let verdict: Option<String> = connection
        .prepare_cached("SELECT verdict FROM held_entry WHERE entry = (SELECT min(number) FROM entry WHERE id = :id)")?
        .query_row(named_params! {":id": id.as_bytes()}, |row| row.get(0))
        .optional()?;
    let open = [Verdict::Held, Verdict::Waiting, Verdict::SetAside];
    Ok(verdict.is_some_and(|verdict| open.iter().any(|open| open.code() == verdict)))
}
