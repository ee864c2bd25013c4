//! What an import found and did, for people and for programs.

use menpai_roster::{Column, Message, Notice, Rejection};
use serde::{Deserialize, Serialize};

/// New things by registry type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Grids.
    pub grid: usize,
    /// Compounds.
    pub compound: usize,
    /// Buildings.
    pub building: usize,
    /// Doors.
    pub dwelling: usize,
    /// Households.
    pub household: usize,
    /// Persons.
    pub person: usize,
    /// Care plans.
    pub care_plan: usize,
}

/// Something about a row: why it is not imported, or what somebody should look at although
/// it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of its sheet; empty for a CSV file.
    pub sheet: String,
    /// As the sheet numbers it.
    pub row: u32,
    /// Heading of the column to put right.
    pub column: String,
    /// Stable code.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A sheet that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSheet {
    /// Its name; empty for a CSV file.
    pub sheet: String,
    /// Row in which its headings stand.
    pub heading_row: u32,
    /// Headings that are no column of a roster; what stands below them was not read.
    pub unknown_headings: Vec<String>,
}

/// A sheet of the workbook that was not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadSheet {
    /// Its name.
    pub sheet: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Finding {
    fn new(sheet: &str, row: u32, column: Column, code: impl Serialize, message: &Message) -> Finding {
        let code = serde_json::to_value(code).ok();
        Finding {
            sheet: sheet.to_owned(),
            row,
            column: column.heading().to_owned(),
            code: code
                .as_ref()
                .and_then(|code| code.as_str())
                .unwrap_or_default()
                .to_owned(),
            zh: message.zh.clone(),
            en: message.en.clone(),
        }
    }

    /// A finding of the planner, about the grid of a row.
    pub(super) fn about_grid(sheet: &str, row: u32, code: &str, zh: String, en: String) -> Finding {
        Finding::new(sheet, row, Column::Grid, code, &Message { zh, en })
    }
}

impl From<&Rejection> for Finding {
    fn from(from: &Rejection) -> Finding {
        Finding::new(&from.sheet, from.row, from.column, from.code, &from.message)
    }
}

impl From<&Notice> for Finding {
    fn from(from: &Notice) -> Finding {
        Finding::new(&from.sheet, from.row, from.column, from.code, &from.message)
    }
}

impl From<&menpai_roster::SheetRead> for ReadSheet {
    fn from(from: &menpai_roster::SheetRead) -> ReadSheet {
        ReadSheet {
            sheet: from.name.clone(),
            heading_row: from.heading_row,
            unknown_headings: from.unknown_headings.clone(),
        }
    }
}

impl From<&menpai_roster::UnreadSheet> for UnreadSheet {
    fn from(from: &menpai_roster::UnreadSheet) -> UnreadSheet {
        UnreadSheet {
            sheet: from.name.clone(),
            zh: from.message.zh.clone(),
            en: from.message.en.clone(),
        }
    }
}

/// What was read, what it means, what was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows with somebody on them.
    pub rows: usize,
    /// Rows that can be imported.
    pub importable: usize,
    /// Why the others cannot, in the order of the sheets; a row may have several reasons.
    pub rejected: Vec<Finding>,
    /// New things.
    pub create: Counts,
    /// Rows that change something that is there.
    pub changed: usize,
    /// Rows that say nothing new.
    pub unchanged: usize,
    /// Whether anything was to be written.
    pub applied: bool,
    /// Entries planned; written if `applied`.
    pub entries: usize,
    /// Entries written that the community's rules hold back.
    pub held: usize,
    /// What somebody should look at although the rows are imported.
    pub notices: Vec<Finding>,
    /// Sheets that were read, and which of their columns were not.
    pub sheets: Vec<ReadSheet>,
    /// Sheets that were not read.
    pub unread_sheets: Vec<UnreadSheet>,
}
