//! Tables from workbooks. Cells are streamed, never laid out as a grid: one cell in the far
//! corner of a sheet costs one cell, and is refused if anything stands in it. Hidden sheets
//! are named and not looked at. Whatever the library panics at comes out as an error.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use chrono::NaiveDate;

use super::{Found, damaged, far_cell, guard};
use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_CELLS, MAX_COLUMNS, MAX_FILLED_CELLS, MAX_INFLATED_BYTES, MAX_MERGED, MAX_ROWS, MAX_SHEETS};
use crate::table::{Cell, Merged, RawRow, Table};

/// The tables of every visible sheet.
pub(super) fn tables(bytes: &[u8]) -> Result<Found, RosterError> {
    guard::check_archive(bytes)?;
    // Ranges that run backwards, for one, make the library panic; the file is a stranger's.
    catch_unwind(AssertUnwindSafe(|| read(bytes))).unwrap_or_else(|_| {
        Err(RosterError::NotAWorkbook {
            detail: "its structure contradicts itself".to_owned(),
        })
    })
}

fn read(bytes: &[u8]) -> Result<Found, RosterError> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let (visible, hidden): (Vec<_>, Vec<_>) = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .partition(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = visible.iter().map(|sheet| sheet.name.clone()).collect();
    let mut found = Found {
        tables: Vec::new(),
        hidden_sheets: hidden.iter().map(|sheet| sheet.name.clone()).collect(),
    };
    if names.len() > MAX_SHEETS {
        return Err(RosterError::TooLarge(TooLarge::Structure));
    }
    let mut budget = Budget::default();
    let counts_from_1904 = workbook.has_1904_epoch();
    for name in names {
        let rows = match rows(&mut workbook, &name, &mut budget) {
            Err(Stopped::ByFile(XlsxError::NotAWorksheet(_))) => continue,
            Err(Stopped::ByFile(error)) => return Err(damaged(&error)),
            Err(Stopped::By(error)) => return Err(error),
            Ok(rows) => rows,
        };
        found.tables.push(Table {
            merged: merged(&mut workbook, &name)?,
            name,
            rows,
            counts_from_1904,
        });
    }
    Ok(found)
}

/// The cells of a sheet that are merged over several rows.
fn merged(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Vec<Merged>, RosterError> {
    let ranges = workbook
        .merge_cells_by_sheet_name(name)
        .map_err(|error| damaged(&error))?;
    if ranges.len() > MAX_MERGED {
        return Err(RosterError::TooLarge(TooLarge::Structure));
    }
    Ok(ranges
        .into_iter()
        .filter(|range| range.end.0 > range.start.0)
        .map(|range| Merged {
            first_row: range.start.0.saturating_add(1),
            last_row: range.end.0.saturating_add(1),
            column: range.start.1 as usize,
        })
        .collect())
}

/// What of the limits has been used up, all sheets together.
#[derive(Default)]
struct Budget {
    cells: u64,
    filled_cells: u64,
    rows: usize,
    text_bytes: u64,
}

enum Stopped {
    ByFile(XlsxError),
    By(RosterError),
}

impl From<XlsxError> for Stopped {
    fn from(error: XlsxError) -> Self {
        Self::ByFile(error)
    }
}

fn too_large(what: TooLarge) -> Stopped {
    Stopped::By(RosterError::TooLarge(what))
}

fn rows(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str, budget: &mut Budget) -> Result<Vec<RawRow>, Stopped> {
    let mut reader = workbook.worksheet_cells_reader(name)?;
    let mut rows: Vec<RawRow> = Vec::new();
    let mut sorted = true;
    while let Some(found) = reader.next_cell()? {
        budget.cells += 1;
        if budget.cells > MAX_CELLS {
            return Err(too_large(TooLarge::Structure));
        }
        let (row, position) = found.get_position();
        let cell = cell(found.get_value());
        let position = position as usize;
        if cell == Cell::Empty {
            continue;
        }
        let number = row.saturating_add(1);
        if position >= MAX_COLUMNS {
            return Err(Stopped::By(far_cell(number, position)));
        }
        budget.filled_cells += 1;
        if budget.filled_cells > MAX_FILLED_CELLS {
            return Err(too_large(TooLarge::Structure));
        }
        if let Cell::Text(text) = &cell {
            // One text in the file's table may stand in every cell.
            budget.text_bytes += text.len() as u64;
            if budget.text_bytes > MAX_INFLATED_BYTES {
                return Err(too_large(TooLarge::Inflated));
            }
        }
        if rows.last().is_none_or(|last| last.number != number) {
            sorted &= rows.last().is_none_or(|last| last.number < number);
            budget.rows += 1;
            if budget.rows > MAX_ROWS {
                return Err(too_large(TooLarge::Rows));
            }
            rows.push(RawRow {
                number,
                cells: Vec::new(),
            });
        }
        if let Some(last) = rows.last_mut() {
            last.put(position, cell);
        }
    }
    if !sorted {
        // Spreadsheets write rows in order; a file that does not says one row twice.
        return Err(XlsxError::Unexpected("rows out of order").into());
    }
    Ok(rows)
}

/// Numbers that a date format shows as a day of this century, the last or the next.
const DAY_NUMBERS: std::ops::Range<f64> = 1.0..110_000.0;

fn cell(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => Cell::of_text(text),
        DataRef::SharedString(text) => Cell::of_text(text),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::Bool(value) => Cell::Text(value.to_string()),
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        // A phone number or 19430502 under a date format is no day: programs show #### for it.
        DataRef::DateTime(moment) if moment.is_datetime() && DAY_NUMBERS.contains(&moment.as_f64()) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())
                // 29 February 1900, which only spreadsheets know.
                .map_or(Cell::Number(moment.as_f64()), Cell::Date)
        }
        DataRef::DateTime(duration) => Cell::Number(duration.as_f64()),
        DataRef::Error(error) => Cell::FormulaError(error.to_string()),
    }
}
