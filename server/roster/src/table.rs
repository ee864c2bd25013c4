//! What a file gives before anything is understood: rows of raw cells, numbered as the sheet
//! numbers them. Rows without any content are left out, their numbers are not reused.

use chrono::NaiveDate;

/// One sheet of a file.
#[derive(Debug)]
pub(crate) struct Table {
    /// The sheet's name; empty for a CSV file.
    pub(crate) name: String,
    /// The rows that hold anything.
    pub(crate) rows: Vec<RawRow>,
}

/// One row of a sheet.
#[derive(Debug)]
pub(crate) struct RawRow {
    /// The first row of the sheet is 1.
    pub(crate) number: u32,
    /// By position, the first column being 0; cells behind the last filled one are absent.
    pub(crate) cells: Vec<Cell>,
}

/// One cell, as the file types it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing.
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
