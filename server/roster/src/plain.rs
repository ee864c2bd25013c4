//! Tables that are no rosters: the cells of the columns that somebody asks for, as texts, row by row. Files
//! are read with the same care.

use std::path::Path;

use crate::error::RosterError;
use crate::source;
use crate::table::{Cell, RawRow};

/// Rows in which headings are looked for.
const HEAD_ROWS: usize = 10;

/// One row below the headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRow {
    /// The sheet's name; empty for a CSV file.
    pub sheet: String,
    /// As the sheet numbers it.
    pub row: u32,
    /// One for each column asked for; empty where it has none.
    pub cells: Vec<String>,
}

/// The rows of every sheet whose first rows name all `columns`, each by one of the headings it goes by;
/// `None` where no sheet does.
///
/// # Errors
///
/// [`RosterError`] for a file that cannot be read.
pub fn read_plain(path: &Path, columns: &[&[&str]]) -> Result<Option<Vec<PlainRow>>, RosterError> {
    let found = source::tables(path, &source::load(path)?)?;
    let mut rows = None;
    for table in found.tables {
        let heads = table.rows.iter().take(HEAD_ROWS).enumerate();
        let Some((head, positions)) = heads
            .filter_map(|(at, row)| Some((at, positions(row, columns)?)))
            .next()
        else {
            continue;
        };
        let below = table.rows[head + 1..].iter().map(|row| PlainRow {
            sheet: table.name.clone(),
            row: row.number,
            cells: positions
                .iter()
                .map(|at| row.cells.get(*at).map(text).unwrap_or_default())
                .collect(),
        });
        let below = below.filter(|row| row.cells.iter().any(|cell| !cell.is_empty()));
        rows.get_or_insert_with(Vec::new).extend(below);
    }
    Ok(rows)
}

fn positions(row: &RawRow, columns: &[&[&str]]) -> Option<Vec<usize>> {
    let at = |names: &&[&str]| {
        row.cells
            .iter()
            .position(|cell| names.contains(&text(cell).to_lowercase().as_str()))
    };
    columns.iter().map(at).collect()
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::FormulaError(text) => text.trim().to_owned(),
        // Codes are numbers to spreadsheets; twelve digits are exact.
        Cell::Number(number) => format!("{number}"),
        Cell::Date(day) => day.to_string(),
    }
}
