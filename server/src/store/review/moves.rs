//! When doors moved from one grid to another: from what was handed over with them.

use menpai_sync_core::ids::GridId;
use menpai_sync_core::kinds::{Kinds, Name, tables};
use menpai_sync_core::part::Part;
use rusqlite::Connection;

use crate::store::community::StoreError;

/// Doors moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridMove {
    /// The grid that had them.
    pub from: GridId,
    /// The grid that got them.
    pub to: GridId,
    /// When, milliseconds UTC.
    pub at_ms: i64,
}

/// Every move, in the order in which they were.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection, kinds: &Kinds) -> Result<Vec<GridMove>, StoreError> {
    let mut moves = Vec::new();
    for kind in kinds.iter() {
        let Some(hands) = &kind.effects.hands_over else {
            continue;
        };
        let tables = tables(kind);
        let Some(main) = tables.first() else { continue };
        let column = |name: &Name| main.columns.iter().find(|column| column.path == [name.as_str()]);
        let (Some(from), Some(doors)) = (column(&hands.from), column(&hands.doors)) else {
            continue;
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT t.\"{}\", p.name, m.made_ms FROM record_{} t JOIN merged_entry m ON m.entry = t.entry
               JOIN log_line l ON l.lsn = m.lsn JOIN part p ON p.number = l.part
              WHERE t.\"{}\" IS NOT NULL",
            from.name, main.name, doors.name
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let part: Part = row
                .get::<_, String>(1)?
                .parse()
                .map_err(|_| StoreError::damaged("a part's name"))?;
            let (from, at_ms) = (GridId::from_bytes(row.get(0)?), row.get(2)?);
            moves.extend(part.grid.map(|to| GridMove { from, to, at_ms }));
        }
    }
    moves.sort_by_key(|moved| moved.at_ms);
    Ok(moves)
}
