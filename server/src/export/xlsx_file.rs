//! A workbook, written row by row: rows go to a temporary file as they come. Dates are dates,
//! counts are numbers, everything else is text and marked as such, so that a formula stays a
//! text even when somebody edits the cell. What one sheet cannot hold goes on in the next.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Cell, ExportError, looks_like_formula};

/// Rows of one sheet; the format allows 1,048,576.
const MOST_ROWS: u32 = 1_000_000;
/// Characters of one cell; what is longer is cut and says so.
const MOST_CHARACTERS: usize = 32_767;
const CUT: char = '…';

pub(super) struct XlsxFile {
    workbook: Workbook,
    file: File,
    headings: Vec<String>,
    sheets: usize,
    row: u32,
    formats: Formats,
}

struct Formats {
    heading: Format,
    day: Format,
    instant: Format,
    quoted: Format,
}

impl XlsxFile {
    pub(super) fn begin(file: File, folder: &Path, headings: &[String]) -> Result<XlsxFile, ExportError> {
        let mut workbook = XlsxFile {
            workbook: Workbook::new(),
            file,
            headings: headings.to_vec(),
            sheets: 0,
            row: 0,
            formats: Formats {
                heading: Format::new().set_bold(),
                day: Format::new().set_num_format("yyyy-mm-dd"),
                instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
                quoted: Format::new().set_quote_prefix(),
            },
        };
        workbook.workbook.set_tempdir(folder)?;
        workbook.next_sheet()?;
        Ok(workbook)
    }

    fn next_sheet(&mut self) -> Result<(), ExportError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, heading) in (0..).zip(&self.headings) {
            sheet.set_column_width(column, 18)?;
            sheet.write_string_with_format(0, column, heading, &self.formats.heading)?;
        }
        self.sheets += 1;
        self.row = 0;
        Ok(())
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), ExportError> {
        if self.row + 1 == MOST_ROWS {
            self.next_sheet()?;
        }
        self.row += 1;
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (column, cell) in (0..).zip(cells) {
            write(sheet, self.row, column, cell, &self.formats)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<File, ExportError> {
        let mut file = BufWriter::new(self.file);
        self.workbook.save_to_writer(&mut file)?;
        file.flush()?;
        Ok(file.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell, formats: &Formats) -> Result<(), ExportError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let text = fitting(text);
            if looks_like_formula(&text) {
                sheet.write_string_with_format(row, column, text, &formats.quoted)?;
            } else {
                sheet.write_string(row, column, text)?;
            }
        }
        // The format's numbers are doubles: exact up to 2^53, which every integer of ours is.
        #[allow(clippy::cast_precision_loss, reason = "integers of entries are below 2^53")]
        Cell::Integer(number) => {
            sheet.write_number(row, column, *number as f64)?;
        }
        Cell::Date(day) => match excel_day(*day) {
            Ok(date) => {
                sheet.write_datetime_with_format(row, column, date, &formats.day)?;
            }
            Err(_) => {
                sheet.write_string(row, column, day.to_string())?;
            }
        },
        Cell::DateTime(at) => match excel_time(*at) {
            Ok(date) => {
                sheet.write_datetime_with_format(row, column, date, &formats.instant)?;
            }
            Err(_) => {
                sheet.write_string(row, column, at.to_string())?;
            }
        },
    }
    Ok(())
}

/// A workbook's calendar begins in 1900; what is before stays a text.
fn excel_day(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    // Out of range is an error there too.
    let year = u16::try_from(day.year()).unwrap_or_default();
    ExcelDateTime::from_ymd(year, narrow(day.month()), narrow(day.day()))
}

fn excel_time(at: NaiveDateTime) -> Result<ExcelDateTime, XlsxError> {
    let hour = u16::try_from(at.hour()).unwrap_or_default();
    excel_day(at.date())?.and_hms(hour, narrow(at.minute()), f64::from(at.second()))
}

fn narrow(number: u32) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

fn fitting(text: &str) -> String {
    if text.encode_utf16().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let mut length = 0;
    let kept = text.chars().take_while(|letter| {
        length += letter.len_utf16();
        length < MOST_CHARACTERS
    });
    kept.chain([CUT]).collect()
}
