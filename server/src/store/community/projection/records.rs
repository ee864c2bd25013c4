//! Merged entries as rows: one in `merged_entry`, the fields in the tables of their kind.

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntryId, Lsn, WorkerId};
use menpai_sync_core::kinds::{Kind, tables};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params, params};

use super::super::kept::{self, Kept};
use super::super::{BodyCodec, StoreError};
use super::Projection;

/// An entry that counts, and the line that says so.
#[derive(Debug, Clone, Copy)]
pub struct MergedEntry<'a> {
    /// Its row.
    pub number: i64,
    /// The line.
    pub lsn: Lsn,
    /// Made-time.
    pub made_ms: i64,
    /// What it says.
    pub entry: &'a Entry,
}

impl Projection {
    /// Adds a merged entry. One that is here already (it was merged under another device's
    /// log before) stays as it was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_merged(&self, kept: &mut Kept<'_>, merged: &MergedEntry<'_>) -> Result<(), StoreError> {
        let entry = merged.entry;
        let statements = self.statements.of(&entry.kind);
        let kind = match statements {
            Some(statements) => statements.number,
            None => number_of_given_up(kept.connection, &entry.kind)?,
        };
        let worker = worker_number(kept, entry.worker)?;
        kept.statement(
            kept::MERGED,
            "INSERT INTO merged_entry (entry, lsn, kind, worker, made_ms, made_at_ms, made_at_offset_minutes,
                                       supersedes, retracts)
             VALUES (:entry, :lsn, :kind, :worker, :made, :made_at, :offset, :supersedes, :retracts)",
        )?
        .execute(params![
            merged.number,
            merged.lsn,
            kind,
            worker,
            merged.made_ms,
            entry.made_at.unix_ms,
            entry.made_at.offset_minutes,
            entry.supersedes.as_ref().map(EntryId::as_bytes),
            entry.retracts.as_ref().map(EntryId::as_bytes),
        ])?;
        // A withdrawal says nothing itself: as a row it would be one more record of its kind.
        let Some(statements) = statements.filter(|_| !entry.is_withdrawal()) else {
            return Ok(());
        };
        for table in &statements.tables {
            for (item, cells) in table.table.rows(statements.family, &entry.body).iter().enumerate() {
                table.insert(kept, merged.number, item, cells)?;
            }
        }
        Ok(())
    }

    /// Notes the name the office gives a worker.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn name_worker(&self, transaction: &Transaction<'_>, worker: WorkerId, name: &str) -> Result<(), StoreError> {
        transaction
            .prepare_cached(
                "INSERT INTO worker (id, name) VALUES (:id, :name)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            )?
            .execute(named_params! {":id": worker.as_bytes(), ":name": name})?;
        Ok(())
    }
}

/// The number of a worker, given now if it has none.
fn worker_number(kept: &mut Kept<'_>, worker: WorkerId) -> Result<i64, StoreError> {
    if let Some((_, number)) = kept.worker.filter(|(last, _)| *last == worker) {
        return Ok(number);
    }
    let id = worker.as_bytes();
    let find = "SELECT number FROM worker WHERE id = :id";
    let found = kept
        .connection
        .prepare_cached(find)?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let number = match found {
        Some(number) => number,
        None => kept
            .connection
            .prepare_cached("INSERT INTO worker (id) VALUES (:id)")?
            .insert([id])?,
    };
    kept.worker = Some((worker, number));
    Ok(number)
}

/// The number of a kind that was given up since: its entries still count, their fields have no
/// tables.
fn number_of_given_up(connection: &Connection, kind: &str) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO kind (name) VALUES (:name) ON CONFLICT DO NOTHING")?
        .execute([kind])?;
    let find = "SELECT number FROM kind WHERE name = :name";
    Ok(connection.prepare_cached(find)?.query_row([kind], |row| row.get(0))?)
}

/// Bytes and made-time of the merged entries of some kinds, in the order in which effects
/// fold over them: by made-time, then id.
///
/// # Errors
/// [`StoreError`].
pub fn merged_of_kinds(
    connection: &Connection,
    codec: &mut BodyCodec,
    kinds: &[&str],
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT m.made_ms, iif(e.body IS NULL, 0, e.dictionary), coalesce(e.body, x.remains) AS body
           FROM merged_entry m JOIN entry e ON e.number = m.entry LEFT JOIN erased_entry x ON x.entry = m.entry
          WHERE m.kind IN (SELECT number FROM kind WHERE name IN (SELECT value FROM json_each(:kinds)))
            AND coalesce(e.body, x.remains) IS NOT NULL
          ORDER BY m.made_ms, e.id",
    )?;
    let kinds = serde_json::json!(kinds).to_string();
    let mut rows = statement.query(named_params! {":kinds": kinds})?;
    let mut merged = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        merged.push((row.get(0)?, codec.read(row.get(1)?, body)?));
    }
    Ok(merged)
}

/// A merged record as it names something.
#[derive(Debug, Clone)]
pub struct Naming {
    /// What its field names.
    pub named: [u8; 16],
    /// Whose log it is in.
    pub device: DeviceId,
    /// Made-time.
    pub made_ms: i64,
    /// The record, or what remains of it.
    pub entry: Entry,
}

/// The merged records of a kind whose field names one of the wanted.
///
/// # Errors
/// [`StoreError`].
pub fn naming(
    connection: &Connection,
    codec: &mut BodyCodec,
    kind: &Kind,
    field: &str,
    wanted: impl Fn([u8; 16]) -> bool,
) -> Result<Vec<Naming>, StoreError> {
    let tables = tables(kind);
    let main = tables.first();
    let column = main.and_then(|main| main.columns.iter().find(|column| column.path == [field]));
    let (Some(main), Some(column)) = (main, column) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare(&format!(
        "SELECT t.\"{}\", d.device, m.made_ms, iif(e.body IS NULL, 0, e.dictionary), coalesce(e.body, x.remains)
           FROM record_{} t JOIN merged_entry m ON m.entry = t.entry
           JOIN entry e ON e.number = t.entry JOIN device_log d ON d.number = e.device
           LEFT JOIN erased_entry x ON x.entry = t.entry
          WHERE t.\"{}\" IS NOT NULL AND coalesce(e.body, x.remains) IS NOT NULL
          ORDER BY m.made_ms, e.id",
        column.name, main.name, column.name
    ))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let named = row.get(0)?;
        if !wanted(named) {
            continue;
        }
        let body = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
        let bytes = codec.read(row.get(3)?, body)?;
        found.push(Naming {
            named,
            device: DeviceId::from_bytes(row.get(1)?),
            made_ms: row.get(2)?,
            entry: Entry::parse(&bytes).map_err(|error| StoreError::damaged(error.to_string()))?,
        });
    }
    Ok(found)
}
