//! What the nights wrote into a community's log: which days are closed, what each return
//! says, how many visits were on each list; and what has arrived since.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{EntityId, EntryId, GridId, Lsn};
use menpai_sync_core::kinds::{Kind, Kinds, Name, tables};
use menpai_sync_core::part::Part;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::community::{BodyCodec, StoreError, entries};

/// The last day that is closed, `2026-11-24`.
///
/// # Errors
/// [`StoreError`].
pub fn last_day(connection: &Connection) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT max(day) FROM record_daily_return")?
        .query_row([], |row| row.get(0))?)
}

/// The days that are closed, newest first.
///
/// # Errors
/// [`StoreError`].
pub fn days(connection: &Connection, limit: usize) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT day FROM record_daily_return ORDER BY day DESC LIMIT :limit")?;
    let rows = statement.query_map(named_params! {":limit": limit}, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a day is closed. Its returns are written all together.
///
/// # Errors
/// [`StoreError`].
pub fn is_closed(connection: &Connection, day: &str) -> Result<bool, StoreError> {
    exists(
        connection,
        "SELECT EXISTS (SELECT 1 FROM record_daily_return WHERE day = :day)",
        day,
    )
}

/// Whether the list of visits for a day is written. Its pages are written all together.
///
/// # Errors
/// [`StoreError`].
pub fn has_list(connection: &Connection, day: &str) -> Result<bool, StoreError> {
    exists(
        connection,
        "SELECT EXISTS (SELECT 1 FROM record_due_visits WHERE day = :day)",
        day,
    )
}

fn exists(connection: &Connection, sql: &str, day: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(sql)?
        .query_row(named_params! {":day": day}, |row| row.get(0))?)
}

/// The returns of a day: the entry of each grid, and of the community (`None`).
///
/// # Errors
/// [`StoreError`].
pub fn of_day(
    connection: &Connection,
    codec: &mut BodyCodec,
    day: &str,
) -> Result<BTreeMap<Option<GridId>, Entry>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT entry FROM record_daily_return WHERE day = :day")?;
    let numbers: Vec<i64> = statement
        .query_map(named_params! {":day": day}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut returns = BTreeMap::new();
    for number in numbers {
        // A body that was erased says nothing any more.
        let Some(bytes) = entries::get(connection, codec, number)?.bytes else {
            continue;
        };
        let entry = Entry::parse(&bytes).map_err(|error| StoreError::damaged(error.to_string()))?;
        returns.insert(entry.grid, entry);
    }
    Ok(returns)
}

/// How many visits were due and overdue on the list for a day; `None` if there is none.
///
/// # Errors
/// [`StoreError`].
pub fn listed_visits(connection: &Connection, day: &str) -> Result<Option<(u64, u64)>, StoreError> {
    let counts: Option<(Option<u64>, Option<u64>)> = connection
        .prepare_cached("SELECT sum(due), sum(overdue) FROM record_due_visits WHERE day = :day AND page = 1")?
        .query_row(named_params! {":day": day}, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(counts.and_then(|(due, overdue)| due.zip(overdue)))
}

/// A kind to count.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// The kind.
    pub kind: &'a Kind,
    /// The field that names the instant, where the kind has one.
    pub at: Option<&'a Name>,
}

/// The kinds of field work that a return counts: checks of doors, contacts, matters.
#[must_use]
pub fn counted_kinds(kinds: &Kinds) -> Vec<Counted<'_>> {
    let mut counted = Vec::new();
    for kind in kinds.iter() {
        let effects = &kind.effects;
        let closes = effects.closes.as_ref().map(|effect| effect.at.as_ref());
        let opens = effects.opens.as_ref().map(|effect| effect.at.as_ref());
        let resets = effects.resets.as_ref().map(|effect| effect.at.as_ref());
        counted.extend(closes.or(opens).or(resets).map(|at| Counted { kind, at }));
    }
    counted
}

/// The kinds whose records open a matter.
#[must_use]
pub fn opening_kinds(kinds: &Kinds) -> Vec<Counted<'_>> {
    let mut counted = counted_kinds(kinds);
    counted.retain(|counted| counted.kind.effects.opens.is_some());
    counted
}

/// How many records of these kinds each grid has with an instant in the range and a line
/// after `after`; withdrawn ones do not count.
///
/// # Errors
/// [`StoreError`].
pub fn count_by_grid(
    connection: &Connection,
    counted: &[Counted<'_>],
    range: &Range<i64>,
    after: Lsn,
    withdrawn: &HashSet<EntryId>,
) -> Result<BTreeMap<Option<GridId>, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    for Counted { kind, at } in counted {
        let tables = tables(kind);
        let Some(main) = tables.first() else { continue };
        let at = at
            .and_then(|at| main.columns.iter().find(|column| column.path == [at.as_str()]))
            .map_or_else(|| "NULL".to_owned(), |column| format!("t.\"{}\"", column.name));
        // What was is never later than made-time: that bounds the search from below.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT p.name, e.id, min(m.made_ms, coalesce({at}, m.made_ms)) FROM merged_entry m
               JOIN record_{} t ON t.entry = m.entry
               JOIN entry e ON e.number = m.entry
               JOIN log_line l ON l.lsn = m.lsn JOIN part p ON p.number = l.part
              WHERE m.made_ms >= :start AND m.retracts IS NULL AND m.lsn > :after",
            main.name
        ))?;
        let mut rows = statement.query(named_params! {":start": range.start, ":after": after})?;
        while let Some(row) = rows.next()? {
            let of_day = range.contains(&row.get::<_, i64>(2)?);
            if of_day && !withdrawn.contains(&EntryId::from_bytes(row.get(1)?)) {
                let part: Part = row
                    .get::<_, String>(0)?
                    .parse()
                    .map_err(|_| StoreError::damaged("a part's name"))?;
                *counts.entry(part.grid).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

/// Every grid that anything registered is in.
///
/// # Errors
/// [`StoreError`].
pub fn grids(connection: &Connection) -> Result<Vec<GridId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT grid FROM entity WHERE grid IS NOT NULL AND held = 0")?;
    let rows = statement.query_map([], |row| Ok(GridId::from_bytes(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The grid in which an entity was made; `None`: in none, or it is not known.
///
/// # Errors
/// [`StoreError`].
pub fn grid_of(connection: &Connection, entity: EntityId) -> Result<Option<GridId>, StoreError> {
    let grid: Option<Option<[u8; 16]>> = connection
        .prepare_cached("SELECT grid FROM entity WHERE id = :id")?
        .query_row(named_params! {":id": entity.as_bytes()}, |row| row.get(0))
        .optional()?;
    Ok(grid.flatten().map(GridId::from_bytes))
}

/// When the community's file was begun, milliseconds UTC.
///
/// # Errors
/// [`StoreError`].
pub fn begun_ms(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT created_ms FROM log_identity", [], |row| row.get(0))?)
}
