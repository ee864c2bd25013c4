//! From a file to checked rows: reads every sheet that has the headings of a roster, row by
//! row. Every row with a person on it ends up either among the rows or among the rejections;
//! totals, remarks and sheets that are left out are told.

use std::path::Path;

use chrono::NaiveDate;

use crate::check::{self, Checked, SheetFacts};
use crate::column::Column;
use crate::duplicates::{SeenAt, SeenPeople};
use crate::error::RosterError;
use crate::findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
use crate::headings::{self, Headings};
use crate::lines::{self, Line};
use crate::normalise;
use crate::row::{Roster, SheetRead, UnreadSheet};
use crate::source;
use crate::table::{Cell, RawRow, Table};

/// Reads a roster from an `.xlsx` or `.csv` file. `today` bounds the birth dates.
///
/// # Errors
///
/// When the file as a whole cannot be read as a roster; faults of single rows are in
/// [`Roster::rejected`].
pub fn read(path: impl AsRef<Path>, today: NaiveDate) -> Result<Roster, RosterError> {
    let path = path.as_ref();
    read_bytes(&path.to_string_lossy(), &source::load(path)?, today)
}

/// Reads a roster that was uploaded: the same as [`read`] for bytes and the file's name, of
/// which only the ending matters.
///
/// # Errors
///
/// As [`read`].
pub fn read_bytes(name: &str, bytes: &[u8], today: NaiveDate) -> Result<Roster, RosterError> {
    let (sheets, unread_sheets) = with_headings(source::tables(Path::new(name), bytes)?)?;
    let mut roster = Roster {
        sheets: Vec::new(),
        rows: Vec::new(),
        rejected: Vec::new(),
        notices: Vec::new(),
        unread_sheets,
    };
    let mut seen = SeenPeople::default();
    for sheet in sheets {
        read_sheet(sheet, today, &mut seen, &mut roster);
    }
    Ok(roster)
}

/// A sheet with its headings, its merged cells filled down, and what each row is.
pub(crate) struct Prepared {
    pub(crate) table: Table,
    pub(crate) headings: Headings,
    /// For every row of the table.
    pub(crate) lines: Vec<Line>,
}

/// The sheets that have the headings of a roster, and the others with the reason. No sheet
/// with headings is an error, and the one about headings that lack something if there is one.
pub(crate) fn with_headings(found: source::Found) -> Result<(Vec<Prepared>, Vec<UnreadSheet>), RosterError> {
    let mut sheets = Vec::new();
    let mut first_error = None;
    let mut unread: Vec<UnreadSheet> = found.hidden_sheets.into_iter().map(hidden).collect();
    for table in found.tables {
        match headings::find(&table) {
            Ok(Some(headings)) => sheets.push(prepare(table, headings)?),
            Ok(None) => unread.push(UnreadSheet {
                name: table.name,
                message: RosterError::NoHeadingRow.message(),
            }),
            Err(error) => {
                unread.push(UnreadSheet {
                    name: table.name,
                    message: error.message(),
                });
                first_error.get_or_insert(error);
            }
        }
    }
    if sheets.is_empty() {
        return Err(first_error.unwrap_or(RosterError::NoHeadingRow));
    }
    Ok((sheets, unread))
}

fn hidden(name: String) -> UnreadSheet {
    UnreadSheet {
        name,
        message: Message::new(
            "工作表是隐藏的,没有读入。要读入请先取消隐藏。",
            "The sheet is hidden and was not read; unhide it to have it read.",
        ),
    }
}

fn prepare(mut table: Table, headings: Headings) -> Result<Prepared, RosterError> {
    // By the cells that are a row's own: one merged cell must not make people of blank rows.
    let lines = table
        .rows
        .iter()
        .map(|row| {
            if row.number <= headings.last_row {
                Line::Headings
            } else {
                lines::line(row, &headings)
            }
        })
        .collect();
    let places: Vec<usize> = Column::PLACES
        .into_iter()
        .flat_map(|column| headings.positions(column))
        .copied()
        .collect();
    table.fill_merged(&places)?;
    Ok(Prepared { table, headings, lines })
}

impl Prepared {
    /// The rows with people.
    pub(crate) fn people(&self) -> impl Iterator<Item = &RawRow> {
        let lines = self.table.rows.iter().zip(&self.lines);
        lines.filter(|(_, line)| **line == Line::Person).map(|(row, _)| row)
    }

    fn sex_cells(&self) -> impl Iterator<Item = &Cell> {
        let positions = self.headings.positions(Column::Sex);
        self.people()
            .flat_map(move |row| positions.iter().filter_map(|position| row.cells.get(*position)))
    }

    /// A sheet 第2网格 without a grid column holds that grid.
    fn grid_of_name(&self) -> Option<&str> {
        let name = self.table.name.trim();
        (self.headings.positions(Column::Grid).is_empty() && is_one_grid(name)).then_some(name)
    }
}

/// 第2网格, 网格2, 二网格: one grid, and not a word about grids.
fn is_one_grid(name: &str) -> bool {
    let rest = name.replacen("网格", "", 1);
    let number = rest.trim_start_matches('第').trim_end_matches('号');
    name.contains("网格") && crate::parse::number::whole(number).is_some()
}

fn read_sheet(sheet: Prepared, today: NaiveDate, seen: &mut SeenPeople, roster: &mut Roster) {
    let facts = SheetFacts {
        sheet: roster.sheets.len(),
        name: &sheet.table.name,
        headings: &sheet.headings,
        today,
        counts_from_1904: sheet.table.counts_from_1904,
        sex_digits_are_standard: check::sex_digits_are_standard(sheet.sex_cells()),
        grid: sheet.grid_of_name(),
    };
    if let Some(grid) = facts.grid {
        roster.notices.push(Notice {
            sheet: facts.name.to_owned(),
            row: sheet.headings.row,
            column: Column::Grid,
            code: NoticeCode::GridFromSheetName,
            message: Message::new(
                format!("没有网格这一列,按工作表名“{grid}”登记网格。"),
                format!("There is no grid column; the sheet's name {grid} was read as the grid."),
            ),
        });
    }
    for (raw, line) in sheet.table.rows.iter().zip(&sheet.lines) {
        match line {
            Line::Blank | Line::Headings => {}
            Line::NotAPerson => roster.notices.push(not_a_person(raw, facts.name)),
            Line::Person => read_row(raw, &facts, seen, roster),
        }
    }
    roster.sheets.push(SheetRead {
        name: sheet.table.name,
        heading_row: sheet.headings.row,
        unknown_headings: sheet.headings.unknown,
    });
}

fn read_row(raw: &RawRow, facts: &SheetFacts<'_>, seen: &mut SeenPeople, roster: &mut Roster) {
    let Checked {
        row,
        rejections,
        notices,
    } = check::check(raw, facts);
    roster.rejected.extend(rejections);
    roster.notices.extend(notices);
    let Some(row) = row else { return };
    let by_number = row.id_number.is_some();
    match seen.earlier(&row) {
        Some(earlier) => {
            let other_sheet = (earlier.sheet != facts.sheet)
                .then(|| roster.sheets.get(earlier.sheet))
                .flatten()
                .map(|sheet| sheet.name.as_str());
            roster.rejected.push(Rejection {
                sheet: facts.name.to_owned(),
                row: row.number,
                column: if by_number { Column::IdNumber } else { Column::Name },
                code: RejectionCode::DuplicatePerson,
                message: duplicate(earlier, other_sheet),
            });
        }
        None => roster.rows.push(row),
    }
}

fn duplicate(earlier: SeenAt, sheet: Option<&str>) -> Message {
    let row = earlier.row;
    match sheet {
        Some(name) => Message::new(
            format!("与工作表“{name}”第 {row} 行是同一个人,以那一行为准。"),
            format!("This is the person of row {row} in sheet {name}; that row stays."),
        ),
        None => Message::new(
            format!("与第 {row} 行是同一个人,以第 {row} 行为准。"),
            format!("This is the person of row {row}; row {row} stays."),
        ),
    }
}

fn not_a_person(raw: &RawRow, sheet: &str) -> Notice {
    let seen: Vec<String> = raw.cells.iter().filter_map(normalise::text).collect();
    let seen = check::shortened(&seen.join(" "));
    Notice {
        sheet: sheet.to_owned(),
        row: raw.number,
        column: Column::Name,
        code: NoticeCode::NotAPerson,
        message: Message::new(
            format!("这一行是合计或说明,没有读入:{seen}"),
            format!("This row is a total or a remark and was not read: {seen}"),
        ),
    }
}
