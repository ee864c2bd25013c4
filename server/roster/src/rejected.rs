//! Writes the rejected rows of a roster into a workbook of their own: the same headings and
//! cells, then the row's number and the reasons. Mended there, it can be imported as it is.
//! The only place where an office's own cells leave the crate, back to where they came from.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rust_xlsxwriter::{Color, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use chrono::Datelike;

use crate::column::Column;
use crate::error::RosterError;
use crate::parse::date;
use crate::reading::{self, Prepared};
use crate::source;
use crate::table::Cell;

/// One row to be written, with the reasons in words.
#[derive(Debug, Clone)]
pub struct RejectedRow {
    /// The sheet's name; empty for a CSV file.
    pub sheet: String,
    /// The row as the sheet numbers it.
    pub row: u32,
    /// Why it is rejected.
    pub reasons: String,
}

/// Why the workbook could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteRejectedError {
    /// The roster cannot be read again.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The workbook cannot be made.
    #[error(transparent)]
    Workbook(#[from] XlsxError),
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Writes the given rows of the roster `input` to `output`, which must not be there yet.
///
/// # Errors
///
/// [`WriteRejectedError`]; then nothing lies at `output`, unless it was there before.
pub fn write_rejected(input: &Path, rejected: &[RejectedRow], output: &Path) -> Result<(), WriteRejectedError> {
    let (sheets, _) = reading::with_headings(source::tables(input, &source::load(input)?)?)?;
    let mut workbook = Workbook::new();
    for (sheet, number) in sheets.iter().zip(1..) {
        let reasons: BTreeMap<u32, &str> = rejected
            .iter()
            .filter(|rejected| rejected.sheet == sheet.table.name)
            .map(|rejected| (rejected.row, rejected.reasons.as_str()))
            .collect();
        if !reasons.is_empty() {
            write_sheet(workbook.add_worksheet(), number, sheet, &reasons)?;
        }
    }
    let bytes = workbook.save_to_buffer()?;
    // Id numbers stand in it: it is for whoever imports, wherever the roster lies.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(output)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a workbook must not pass for the rows that were not imported.
        let _ = std::fs::remove_file(output);
    })?;
    Ok(())
}

fn write_sheet(
    to: &mut Worksheet,
    number: u32,
    sheet: &Prepared,
    reasons: &BTreeMap<u32, &str>,
) -> Result<(), XlsxError> {
    // Other programs give names that spreadsheets do not take; a CSV file gives none.
    if sheet.table.name.is_empty() || to.set_name(&sheet.table.name).is_err() {
        to.set_name(format!("未导入{number}"))?;
    }
    let bold = Format::new().set_bold();
    let text = Format::new().set_num_format("@");
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let reason = Format::new().set_font_color(Color::Red);
    let width = width(sheet);
    for (heading, position) in sheet.headings.texts.iter().zip(0_u16..) {
        to.write_with_format(0, position, heading, &bold)?;
        to.set_column_width(position, 14)?;
    }
    to.write_with_format(0, width, "原行号", &bold)?;
    to.write_with_format(0, width + 1, "未导入原因", &bold)?;
    to.set_column_width(width + 1, 60)?;
    let rows = sheet.people().filter_map(|row| Some((row, reasons.get(&row.number)?)));
    for ((row, why), number) in rows.zip(1..) {
        for (cell, position) in row.cells.iter().zip(0_u16..) {
            match &counted_anew(cell, usize::from(position), sheet) {
                Cell::Empty => {}
                Cell::Text(content) => {
                    to.write_string_with_format(number, position, content, &text)?;
                }
                Cell::Number(content) => {
                    to.write_number(number, position, *content)?;
                }
                Cell::Date(day) => {
                    let day = ExcelDateTime::from_ymd(
                        u16::try_from(day.year()).unwrap_or_default(),
                        u8::try_from(day.month()).unwrap_or_default(),
                        u8::try_from(day.day()).unwrap_or_default(),
                    )?;
                    to.write_with_format(number, position, &day, &date)?;
                }
                Cell::FormulaError(error) => {
                    to.write_string(number, position, error)?;
                }
            }
        }
        to.write_number(number, width, row.number)?;
        to.write_string_with_format(number, width + 1, *why, &reason)?;
    }
    to.set_freeze_panes(1, 0)?;
    Ok(())
}

/// The cell for a workbook that counts days from 1900, as the one written here does.
fn counted_anew(cell: &Cell, position: usize, sheet: &Prepared) -> Cell {
    let is_birth_date = sheet.headings.positions(Column::BirthDate).contains(&position);
    match cell {
        Cell::Number(number) if sheet.table.counts_from_1904 && is_birth_date => {
            date::from_serial(*number, true).map_or(Cell::Number(*number), Cell::Date)
        }
        cell => cell.clone(),
    }
}

/// Behind the last column with anything in it.
fn width(sheet: &Prepared) -> u16 {
    let widest = sheet.people().map(|row| row.cells.len()).max().unwrap_or(0);
    u16::try_from(widest.max(sheet.headings.texts.len())).unwrap_or(u16::MAX - 1)
}
