//! The columns of a roster, the headings they go by, and the search for the row in which the
//! headings stand. A heading counts once: two columns that claim to be the same one are
//! refused, because nothing says which of them is right.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::error::RosterError;
use crate::normalise;
use crate::table::{Cell, RawRow, Table};

/// A column of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// 网格
    Grid,
    /// 小区/院
    Compound,
    /// 楼栋
    Building,
    /// 单元
    Unit,
    /// 门牌
    Door,
    /// 姓名
    Name,
    /// 性别
    Sex,
    /// 身份证号
    IdNumber,
    /// 出生日期
    BirthDate,
    /// 电话
    Phone,
    /// 与户主关系
    RelationToHead,
    /// 人员类别
    CareCategories,
    /// 备注
    Note,
}

impl Column {
    /// Every column, in the order in which a workbook of ours has them.
    pub const ALL: [Self; 13] = [
        Self::Grid,
        Self::Compound,
        Self::Building,
        Self::Unit,
        Self::Door,
        Self::Name,
        Self::Sex,
        Self::IdNumber,
        Self::BirthDate,
        Self::Phone,
        Self::RelationToHead,
        Self::CareCategories,
        Self::Note,
    ];

    /// The columns without which a sheet is no roster.
    pub const REQUIRED: [Self; 3] = [Self::Building, Self::Door, Self::Name];

    /// The standard heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Grid => "网格",
            Self::Compound => "小区/院",
            Self::Building => "楼栋",
            Self::Unit => "单元",
            Self::Door => "门牌",
            Self::Name => "姓名",
            Self::Sex => "性别",
            Self::IdNumber => "身份证号",
            Self::BirthDate => "出生日期",
            Self::Phone => "电话",
            Self::RelationToHead => "与户主关系",
            Self::CareCategories => "人员类别",
            Self::Note => "备注",
        }
    }

    fn from_heading(text: &str) -> Option<Self> {
        let heading = normalise::compact(text);
        Self::ALL
            .into_iter()
            .find(|column| column.heading() == heading)
            .or_else(|| {
                HEADING_SYNONYMS
                    .iter()
                    .find(|(synonym, _)| *synonym == heading)
                    .map(|(_, column)| *column)
            })
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.heading())
    }
}

/// Other headings for the same columns.
const HEADING_SYNONYMS: &[(&str, Column)] = &[
    ("小区", Column::Compound),
    ("楼院", Column::Compound),
    ("门牌号", Column::Door),
    ("公民身份号码", Column::IdNumber),
    ("身份证号码", Column::IdNumber),
    ("联系电话", Column::Phone),
    ("联系方式", Column::Phone),
];

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
    /// Headings that are no column of a roster.
    pub(crate) unknown: Vec<String>,
    positions: HashMap<Column, usize>,
}

impl Headings {
    /// Where a column stands in the rows, if the sheet has it.
    pub(crate) fn position(&self, column: Column) -> Option<usize> {
        self.positions.get(&column).copied()
    }

    /// Whether a row says anything in the columns of a roster: totals and remarks beside the
    /// table make no person.
    pub(crate) fn any_content(&self, row: &RawRow) -> bool {
        self.positions
            .values()
            .filter_map(|position| row.cells.get(*position))
            .any(|cell| matches!(cell, Cell::FormulaError(_)) || normalise::text(cell).is_some())
    }
}

/// Finds the heading row of a table: `None` when no row looks like one, an error when one
/// does but cannot be used.
pub(crate) fn find(table: &Table) -> Result<Option<Headings>, RosterError> {
    let Some(row) = table
        .rows
        .iter()
        .take(HEADING_SEARCH_ROWS)
        .find(|row| known_columns(row) >= HEADINGS_TO_RECOGNISE)
    else {
        return Ok(None);
    };
    let mut positions = HashMap::new();
    let mut unknown = Vec::new();
    for (position, cell) in row.cells.iter().enumerate() {
        let Some(text) = normalise::text(cell) else {
            continue;
        };
        match Column::from_heading(&text) {
            Some(column) => {
                if positions.insert(column, position).is_some() {
                    return Err(RosterError::DoubleHeading {
                        row: row.number,
                        column,
                    });
                }
            }
            None => unknown.push(text),
        }
    }
    let missing: Vec<Column> = Column::REQUIRED
        .into_iter()
        .filter(|column| !positions.contains_key(column))
        .collect();
    if !missing.is_empty() {
        return Err(RosterError::MissingHeadings {
            row: row.number,
            missing,
        });
    }
    Ok(Some(Headings {
        row: row.number,
        unknown,
        positions,
    }))
}

fn known_columns(row: &RawRow) -> usize {
    row.cells
        .iter()
        .filter_map(normalise::text)
        .filter(|text| Column::from_heading(text).is_some())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        Table {
            name: String::new(),
            rows: rows
                .iter()
                .zip(1..)
                .map(|(cells, number)| RawRow {
                    number,
                    cells: cells.iter().map(|text| Cell::Text((*text).into())).collect(),
                })
                .collect(),
        }
    }

    #[test]
    fn headings_are_found_below_a_title_and_in_any_order() {
        let found = find(&table(&[&["协作路社区花名册"], &["姓 名", "门牌", "血型", "楼栋"]]))
            .unwrap()
            .unwrap();
        assert_eq!(found.row, 2);
        assert_eq!(found.position(Column::Building), Some(3));
        assert_eq!(found.position(Column::Name), Some(0));
        assert_eq!(found.position(Column::Phone), None);
        assert_eq!(found.unknown, ["血型"]);
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
    fn one_column_twice_is_refused() {
        let error = find(&table(&[&["姓名", "楼栋", "门牌", "电话", "联系电话"]])).unwrap_err();
        assert!(matches!(
            error,
            RosterError::DoubleHeading {
                row: 1,
                column: Column::Phone
            }
        ));
    }

    #[test]
    fn every_synonym_is_no_standard_heading() {
        for (synonym, _) in HEADING_SYNONYMS {
            assert!(Column::ALL.iter().all(|column| column.heading() != *synonym));
        }
    }
}
