//! The search for the row in which the headings stand, below titles and dates, and where each
//! column stands under it. Two columns may have one heading: then a row must not say two
//! things in them. A heading row may be two rows high where its cells are merged.

use std::collections::HashMap;

use crate::column::Column;
use crate::error::RosterError;
use crate::heading_words;
use crate::normalise;
use crate::table::{Cell, RawRow, Table};

/// A row of headings is looked for among this many rows from the top: titles and notes of an
/// office stand above it, people stand below.
const HEADING_SEARCH_ROWS: usize = 30;

/// A row with this many headings that we know is the heading row.
const HEADINGS_TO_RECOGNISE: usize = 3;

/// Where the columns of one sheet stand.
#[derive(Debug)]
pub(crate) struct Headings {
    /// Row number of the heading row.
    pub(crate) row: u32,
    /// Its last row: people stand below.
    pub(crate) last_row: u32,
    /// Headings that are no column of a roster.
    pub(crate) unknown: Vec<String>,
    /// The row's person is the head of the household: the only name column is 户主姓名.
    pub(crate) name_is_head: bool,
    /// The texts of the heading row by position; empty where it has none.
    pub(crate) texts: Vec<String>,
    positions: HashMap<Column, Vec<usize>>,
}

impl Headings {
    /// Where a column stands in the rows: empty if the sheet lacks it.
    pub(crate) fn positions(&self, column: Column) -> &[usize] {
        self.positions.get(&column).map_or(&[], Vec::as_slice)
    }

    /// Whether a row says anything in the columns of a roster: remarks beside the table and
    /// running numbers make no person.
    pub(crate) fn any_content(&self, row: &RawRow) -> bool {
        self.positions
            .values()
            .flatten()
            .filter_map(|position| row.cells.get(*position))
            .any(|cell| matches!(cell, Cell::FormulaError(_)) || normalise::text(cell).is_some())
    }

    /// Whether a row is the heading row once more, as on every page of a printed list.
    pub(crate) fn is_repeated_in(&self, row: &RawRow) -> bool {
        let repeated = self
            .positions
            .values()
            .flatten()
            .filter(|position| {
                row.cells.get(**position).and_then(normalise::text).as_ref() == self.texts.get(**position)
            })
            .count();
        repeated >= 2
    }
}

/// Finds the heading row of a table: `None` when no row looks like one, an error when one
/// does but cannot be used.
pub(crate) fn find(table: &Table) -> Result<Option<Headings>, RosterError> {
    let Some(index) = table
        .rows
        .iter()
        .take(HEADING_SEARCH_ROWS)
        .position(looks_like_headings)
    else {
        return Ok(None);
    };
    let row = &table.rows[index];
    let last_row = last_heading_row(table, row.number);
    let mut texts: Vec<String> = Vec::new();
    // Of a heading two rows high the lower one says more, if it says anything that is known.
    for line in table.rows[index..].iter().take_while(|line| line.number <= last_row) {
        for (position, cell) in line.cells.iter().enumerate() {
            if texts.len() <= position {
                texts.resize(position + 1, String::new());
            }
            if let Some(text) = normalise::text(cell)
                && (texts[position].is_empty() || heading_words::column(&text).is_some())
            {
                texts[position] = text;
            }
        }
    }
    let mut headings = Headings {
        row: row.number,
        last_row,
        unknown: Vec::new(),
        name_is_head: false,
        positions: HashMap::new(),
        texts,
    };
    headings.place_columns();
    let missing = headings.missing();
    if missing.is_empty() {
        Ok(Some(headings))
    } else {
        Err(RosterError::MissingHeadings {
            row: headings.row,
            missing,
        })
    }
}

impl Headings {
    fn place_columns(&mut self) {
        let mut head = None;
        for (position, text) in self.texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            match heading_words::column(text) {
                Some(column) => self.positions.entry(column).or_default().push(position),
                None if head.is_none() && heading_words::names_the_head(text) => head = Some((position, text)),
                None => self.unknown.push(text.clone()),
            }
        }
        match head {
            Some((position, _)) if !self.positions.contains_key(&Column::Name) => {
                self.positions.insert(Column::Name, vec![position]);
                self.name_is_head = true;
            }
            Some((_, text)) => self.unknown.push(text.clone()),
            None => {}
        }
    }

    fn missing(&self) -> Vec<Column> {
        let has_address = self.positions.contains_key(&Column::Address);
        Column::REQUIRED
            .into_iter()
            .filter(|column| !self.positions.contains_key(column))
            // The door cell may say the building too (16-2-301): that is for each row to tell.
            .filter(|column| !(has_address && matches!(column, Column::Building | Column::Door)))
            .collect()
    }
}

/// The lowest row that a merged cell of the heading row reaches into.
fn last_heading_row(table: &Table, row: u32) -> u32 {
    const MOST_HEADING_ROWS: u32 = 3;
    table
        .merged
        .iter()
        .filter(|merged| (merged.first_row..=merged.last_row).contains(&row))
        .map(|merged| merged.last_row)
        .filter(|last| *last < row + MOST_HEADING_ROWS)
        .max()
        .unwrap_or(row)
}

fn looks_like_headings(row: &RawRow) -> bool {
    let known: Vec<Column> = row
        .cells
        .iter()
        .filter_map(normalise::text)
        .filter_map(|text| {
            heading_words::column(&text).or(heading_words::names_the_head(&text).then_some(Column::Name))
        })
        .collect();
    known.len() >= HEADINGS_TO_RECOGNISE || known.contains(&Column::Name) && known.contains(&Column::Address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Merged;

    fn table(rows: &[&[&str]]) -> Table {
        Table {
            rows: rows
                .iter()
                .zip(1..)
                .map(|(cells, number)| RawRow {
                    number,
                    cells: cells.iter().map(|text| Cell::Text((*text).into())).collect(),
                })
                .collect(),
            ..Table::default()
        }
    }

    #[test]
    fn headings_are_found_below_a_title_and_in_any_order() {
        let found = find(&table(&[&["协作路社区花名册"], &["姓 名", "门牌", "血型", "楼栋"]]))
            .unwrap()
            .unwrap();
        assert_eq!((found.row, found.last_row), (2, 2));
        assert_eq!(found.positions(Column::Building), [3]);
        assert_eq!(found.positions(Column::Name), [0]);
        assert!(found.positions(Column::Phone).is_empty());
        assert_eq!(found.unknown, ["血型"]);
    }

    #[test]
    fn a_heading_two_rows_high_is_read_to_its_end() {
        let mut table = table(&[
            &["姓名", "楼栋", "门牌", "联系方式", ""],
            &["", "", "", "手机", "座机"],
            &["郑玉兰", "2号楼", "301", "", ""],
        ]);
        table.merged = vec![Merged {
            first_row: 1,
            last_row: 2,
            column: 0,
        }];
        let found = find(&table).unwrap().unwrap();
        assert_eq!((found.row, found.last_row), (1, 2));
        assert_eq!(found.positions(Column::Phone), [3]);
        assert_eq!(found.positions(Column::SecondPhone), [4]);
    }

    #[test]
    fn a_sheet_without_headings_is_no_roster() {
        assert!(find(&table(&[&["1", "2"], &["姓名", "备注"]])).unwrap().is_none());
    }

    #[test]
    fn a_required_column_that_lacks_is_named() {
        let error = find(&table(&[&["姓名", "性别", "电话", "门牌"]])).unwrap_err();
        assert!(matches!(
            error,
            RosterError::MissingHeadings { row: 1, ref missing } if *missing == [Column::Building]
        ));
    }

    #[test]
    fn an_address_column_stands_for_building_and_door() {
        assert!(find(&table(&[&["姓名", "住址"]])).unwrap().is_some());
    }

    #[test]
    fn the_head_is_the_person_where_no_other_name_stands() {
        let found = find(&table(&[&["户主姓名", "楼栋", "门牌"]])).unwrap().unwrap();
        assert!(found.name_is_head && found.positions(Column::Name) == [0]);
        let found = find(&table(&[&["户主姓名", "楼栋", "门牌", "姓名"]])).unwrap().unwrap();
        assert!(!found.name_is_head && found.positions(Column::Name) == [3]);
        assert_eq!(found.unknown, ["户主姓名"]);
    }
}
