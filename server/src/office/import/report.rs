//! What an import found and did, for people and for programs.

use menpai_roster::{Message, Rejection};
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

/// A row that is not imported, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
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

impl Rejected {
    /// The row names no grid, its door is unknown, and there are several grids.
    pub(super) fn without_grid(row: u32) -> Rejected {
        Rejected {
            row,
            column: "网格".to_owned(),
            code: "missing_grid".to_owned(),
            zh: "没有写网格，也无法从门牌得知。".to_owned(),
            en: "No grid is given, and the door does not tell it.".to_owned(),
        }
    }
}

impl From<&Rejection> for Rejected {
    fn from(rejection: &Rejection) -> Rejected {
        let text = |value: serde_json::Result<serde_json::Value>| {
            value
                .ok()
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let Message { zh, en } = rejection.message.clone();
        Rejected {
            row: rejection.row,
            column: text(serde_json::to_value(rejection.column)),
            code: text(serde_json::to_value(rejection.code)),
            zh,
            en,
        }
    }
}

/// What was read, what it means, what was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows with content.
    pub rows: usize,
    /// Rows that can be imported.
    pub importable: usize,
    /// Rows that cannot.
    pub rejected: usize,
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
    /// Why rows are rejected, in the order of the sheet.
    pub rejections: Vec<Rejected>,
}
