//! What a file gives before anything is understood: rows of raw cells, numbered as the sheet
//! numbers them, and the cells that are merged over several rows. Rows without any content are
//! left out, their numbers are not reused.

use chrono::NaiveDate;

use crate::error::{RosterError, TooLarge};
use crate::limits::MAX_FILLED_CELLS;

/// One sheet of a file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The sheet's name; empty for a CSV file.
    pub(crate) name: String,
    /// The rows that hold anything, ascending.
    pub(crate) rows: Vec<RawRow>,
    /// Cells merged over more than one row.
    pub(crate) merged: Vec<Merged>,
    /// Days are counted from 1904 on, not from 1900.
    pub(crate) counts_from_1904: bool,
}

/// One row of a sheet.
#[derive(Debug, Default)]
pub(crate) struct RawRow {
    /// The first row of the sheet is 1.
    pub(crate) number: u32,
    /// By position, the first column being 0; cells behind the last filled one are absent.
    pub(crate) cells: Vec<Cell>,
}

/// A cell that stands for several rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Merged {
    pub(crate) first_row: u32,
    pub(crate) last_row: u32,
    /// The leftmost of its columns.
    pub(crate) column: usize,
}

/// One cell, as the file types it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text.
    Text(String),
    /// A number without a date format.
    Number(f64),
    /// A number with a date format.
    Date(NaiveDate),
    /// A formula that ended in an error, for example `#N/A`.
    FormulaError(String),
}

/// What spreadsheets write in place of a formula's result.
const FORMULA_ERRORS: [&str; 9] = [
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
];

impl Cell {
    /// A cell of a file that has texts only, or keeps one for a formula's error.
    pub(crate) fn of_text(text: &str) -> Cell {
        match text.trim() {
            "" if text.is_empty() => Cell::Empty,
            error if FORMULA_ERRORS.contains(&error) => Cell::FormulaError(error.to_owned()),
            _ => Cell::Text(text.to_owned()),
        }
    }
}

impl Table {
    /// Writes what a merged cell says into every row below its first that has content of its
    /// own, in the columns at `positions` only.
    pub(crate) fn fill_merged(&mut self, positions: &[usize]) -> Result<(), RosterError> {
        let mut filled = 0_u64;
        for merged in self.merged.iter().filter(|merged| positions.contains(&merged.column)) {
            let first = self.rows.partition_point(|row| row.number < merged.first_row);
            let value = match self.rows.get(first) {
                Some(row) if row.number == merged.first_row => {
                    row.cells.get(merged.column).cloned().unwrap_or_default()
                }
                _ => continue,
            };
            for row in self.rows[first + 1..]
                .iter_mut()
                .take_while(|row| row.number <= merged.last_row)
            {
                // Ranges that overlap, which no program writes, could ask for any number.
                filled += 1;
                if filled > MAX_FILLED_CELLS {
                    return Err(RosterError::TooLarge(TooLarge::Structure));
                }
                row.put(merged.column, value.clone());
            }
        }
        Ok(())
    }
}

impl RawRow {
    /// Puts a cell in its place.
    pub(crate) fn put(&mut self, position: usize, cell: Cell) {
        if self.cells.len() <= position {
            self.cells.resize(position + 1, Cell::Empty);
        }
        self.cells[position] = cell;
    }
}
