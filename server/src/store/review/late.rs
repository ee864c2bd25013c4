//! The periods that records of the office closed, for telling what came late.

use std::collections::HashSet;

use menpai_sync_core::folds::late::ClosedPeriod;
use menpai_sync_core::ids::EntryId;
use menpai_sync_core::kinds::{Kinds, tables};
use menpai_sync_core::part::Part;
use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::store::community::StoreError;

/// Every closed period, but those whose record was withdrawn.
///
/// # Errors
/// [`StoreError`].
pub fn closed_periods(
    connection: &Connection,
    kinds: &Kinds,
    withdrawn: &HashSet<EntryId>,
) -> Result<Vec<ClosedPeriod>, StoreError> {
    let mut closed = Vec::new();
    for kind in kinds.iter() {
        let Some(period) = &kind.effects.closes_period else {
            continue;
        };
        let tables = tables(kind);
        let Some(main) = tables.first() else { continue };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT e.id, m.lsn, p.name, t.\"{}\", t.\"{}\" FROM record_{} t
               JOIN merged_entry m ON m.entry = t.entry JOIN entry e ON e.number = t.entry
               JOIN log_line l ON l.lsn = m.lsn JOIN part p ON p.number = l.part",
            period.from, period.until, main.name
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let part: Part = row
                .get::<_, String>(2)?
                .parse()
                .map_err(|_| StoreError::damaged("a part's name"))?;
            let body = Map::from_iter([
                (period.from.to_string(), Value::String(row.get(3)?)),
                (period.until.to_string(), Value::String(row.get(4)?)),
            ]);
            if !withdrawn.contains(&EntryId::from_bytes(row.get(0)?)) {
                closed.extend(ClosedPeriod::read(kind, &body, part.grid, row.get(1)?));
            }
        }
    }
    Ok(closed)
}
