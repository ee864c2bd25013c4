//! From a file to a checked sheet: finds the sheet with the headings, then reads row by row.
//! Every row with content ends up either among the rows or among the rejections.

use std::path::Path;

use chrono::NaiveDate;

use crate::check::{self, Checked};
use crate::duplicates::SeenPeople;
use crate::error::RosterError;
use crate::findings::{Message, Rejection, RejectionCode};
use crate::headings::{self, Column, Headings};
use crate::row::Sheet;
use crate::source;
use crate::table::Table;

/// Reads a roster from an `.xlsx` or `.csv` file. `today` bounds the birth dates.
///
/// # Errors
///
/// When the file as a whole cannot be read as a roster; faults of single rows are in
/// [`Sheet::rejected`].
pub fn read(path: impl AsRef<Path>, today: NaiveDate) -> Result<Sheet, RosterError> {
    let path = path.as_ref();
    read_tables(source::tables(path, &source::load(path)?)?, today)
}

/// Reads a roster that was uploaded: the same as [`read`] for bytes and the file's name, of
/// which only the ending matters.
///
/// # Errors
///
/// As [`read`].
pub fn read_bytes(name: &str, bytes: &[u8], today: NaiveDate) -> Result<Sheet, RosterError> {
    read_tables(source::tables(Path::new(name), bytes)?, today)
}

fn read_tables(tables: Vec<Table>, today: NaiveDate) -> Result<Sheet, RosterError> {
    let mut chosen = None;
    let mut unread_sheets = Vec::new();
    for table in tables {
        match chosen {
            None => match headings::find(&table)? {
                Some(headings) => chosen = Some((table, headings)),
                None => unread_sheets.push(table.name),
            },
            Some(_) => unread_sheets.push(table.name),
        }
    }
    let (table, headings) = chosen.ok_or(RosterError::NoHeadingRow)?;
    Ok(read_table(table, headings, unread_sheets, today))
}

fn read_table(table: Table, headings: Headings, unread_sheets: Vec<String>, today: NaiveDate) -> Sheet {
    let mut sheet = Sheet {
        name: table.name,
        heading_row: headings.row,
        rows: Vec::new(),
        rejected: Vec::new(),
        notices: Vec::new(),
        unknown_headings: Vec::new(),
        unread_sheets,
    };
    let mut seen = SeenPeople::default();
    for raw in table.rows.iter().filter(|raw| raw.number > headings.row) {
        if !headings.any_content(raw) {
            continue;
        }
        let Checked {
            row,
            id_number,
            rejections,
            notices,
        } = check::check(raw, &headings, today);
        sheet.rejected.extend(rejections);
        sheet.notices.extend(notices);
        let Some(row) = row else { continue };
        let by_number = id_number.is_some();
        match seen.earlier_row(&row, id_number) {
            Some(earlier) => sheet.rejected.push(duplicate(row.number, earlier, by_number)),
            None => sheet.rows.push(row),
        }
    }
    sheet.unknown_headings = headings.unknown;
    sheet
}

fn duplicate(row: u32, earlier: u32, by_number: bool) -> Rejection {
    Rejection {
        row,
        column: if by_number { Column::IdNumber } else { Column::Name },
        code: RejectionCode::DuplicatePerson,
        message: Message::new(
            format!("与第 {earlier} 行是同一个人,以第 {earlier} 行为准。"),
            format!("This is the person of row {earlier}; row {earlier} stays."),
        ),
    }
}
