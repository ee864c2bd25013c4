//! Files for other programs: CSV and xlsx of any list or typed view, NDJSON of the log,
//! registry documents as automerge saves them. Rows come one by one and go to a file, so memory is bounded by a row, not by a list.
//! No cell is ever a formula, whoever typed it.

mod csv_file;
pub mod entries;
pub mod registry;
pub mod views;
mod xlsx_file;

use std::fs::File;
use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime};

use crate::store::community::StoreError;
use csv_file::CsvFile;
use xlsx_file::XlsxFile;

/// Why an export did not work.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What was to be exported could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error("the file could not be written: {0}")]
    Write(#[from] std::io::Error),
    /// The CSV could not be written.
    #[error("the CSV could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// The workbook could not be written.
    #[error("the workbook could not be written: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

/// One value of a row, with the type that a spreadsheet should give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Words, names and ids: never a number, never a formula.
    Text(String),
    /// A count or a measure.
    Integer(i64),
    /// A calendar day.
    Date(NaiveDate),
    /// A time by the clock on the wall.
    DateTime(NaiveDateTime),
}

impl Cell {
    /// Words; no cell where there are none.
    pub fn text(text: impl Into<String>) -> Cell {
        match text.into() {
            text if text.is_empty() => Cell::Empty,
            text => Cell::Text(text),
        }
    }

    /// A count.
    #[must_use]
    pub fn count(count: usize) -> Cell {
        Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A day as ISO writes it; words where it is none.
    #[must_use]
    pub fn date(text: &str) -> Cell {
        text.parse().map_or_else(|_| Cell::text(text), Cell::Date)
    }

    /// An RFC 3339 instant as the clock on its wall showed it, to the second; words where it
    /// is none.
    #[must_use]
    pub fn instant(text: &str) -> Cell {
        let wall = text.get(..19).and_then(|wall| wall.parse().ok());
        wall.map_or_else(|| Cell::text(text), Cell::DateTime)
    }
}

/// In which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// UTF-8 with a byte order mark, as Excel wants it.
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// What a browser is told.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// What file names end with.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        }
    }
}

/// A file that rows are added to.
pub struct Sheet(Inner);

enum Inner {
    Csv(Box<CsvFile>),
    Xlsx(Box<XlsxFile>),
}

impl Sheet {
    /// Begins a file with its heading. `folder` is where rows of a workbook wait, in files
    /// without a name: they are about people and stay where the data is.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(format: Format, file: File, folder: &Path, headings: &[String]) -> Result<Sheet, ExportError> {
        Ok(Sheet(match format {
            Format::Csv => Inner::Csv(Box::new(CsvFile::begin(file, headings)?)),
            Format::Xlsx => Inner::Xlsx(Box::new(XlsxFile::begin(file, folder, headings)?)),
        }))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), ExportError> {
        match &mut self.0 {
            Inner::Csv(file) => file.row(cells),
            Inner::Xlsx(file) => file.row(cells),
        }
    }

    /// Ends the file and gives it back, at its end.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn finish(self) -> Result<File, ExportError> {
        match self.0 {
            Inner::Csv(file) => file.finish(),
            Inner::Xlsx(file) => file.finish(),
        }
    }
}

/// Whether a spreadsheet could take a text for a formula.
fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}
