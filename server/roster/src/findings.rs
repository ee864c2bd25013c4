//! What reading a roster has to say about single rows: rejections hold a row back, notices
//! do not. Every finding names the row as the sheet numbers it, the column by its standard
//! heading, a stable code, and a sentence in Chinese and English. No id number in full ever
//! stands in one.

use serde::Serialize;

use crate::column::Column;

/// One sentence for a person, in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Message {
    pub(crate) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// A reason why a row is not among the rows. A row may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The sheet's name; empty for a CSV file.
    pub sheet: String,
    /// The row as the sheet numbers it, the first row being 1.
    pub row: u32,
    /// The column in which it has to be put right.
    pub column: Column,
    /// What is wrong, for programs.
    pub code: RejectionCode,
    /// What is wrong, for people.
    pub message: Message,
}

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// The id number has the wrong length, an impossible date or the wrong check digit.
    IdChecksum,
    /// The id number was stored as a number, which has lost its last digits.
    IdPrecision,
    /// An id number stands in another column, which everybody would read.
    IdMisplaced,
    /// The birth date is not the one in the id number.
    IdBirthMismatch,
    /// The sex is not the one in the id number.
    IdSexMismatch,
    /// The birth date is no whole date.
    BadDate,
    /// The birth date is in the future or more than 120 years ago.
    AgeOutOfRange,
    /// The sex column says something else than a sex.
    UnknownSex,
    /// A word in the category column is not known, or means more than one category.
    UnknownCategory,
    /// There is no name.
    MissingName,
    /// There is no building, or none that can be told for certain.
    MissingBuilding,
    /// There is no door number, or none that can be told for certain.
    MissingDoor,
    /// The grid cannot be told: two are named, or its code has lost digits.
    MissingGrid,
    /// The phone number is neither a mobile nor a landline number.
    BadPhone,
    /// The same person stands in an earlier row; that one stays.
    DuplicatePerson,
    /// A text is longer than the registry takes.
    TextTooLong,
}

/// Something a reader should look at although the row is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The sheet's name; empty for a CSV file.
    pub sheet: String,
    /// The row as the sheet numbers it.
    pub row: u32,
    /// The column it is about.
    pub column: Column,
    /// What it is, for programs.
    pub code: NoticeCode,
    /// What it is, for people.
    pub message: Message,
}

/// What a notice can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// The note speaks of regular visits in words from which no interval follows for certain;
    /// no care plan was read.
    CarePlanUnclear,
    /// The category 高龄 stands in a row without a birth date, from which it would follow.
    AdvancedAgeNotKept,
    /// A formula in the cell ends in an error; the cell was read as empty.
    FormulaError,
    /// The relation to the head is not known or means more than one; it stays open.
    UnknownRelation,
    /// An id number of fifteen digits: birth date and sex were read, the number is not valid
    /// any more.
    IdFifteenDigits,
    /// The text is a day number of a spreadsheet; it was read as that date.
    DateFromSerial,
    /// More phone numbers than two: the further ones were not taken over.
    MorePhones,
    /// Two columns of one heading, which say different things; the first one counts.
    ColumnsDiffer,
    /// The row is a total or a remark, not a person.
    NotAPerson,
    /// The sheet has no grid column; its name was read as the grid.
    GridFromSheetName,
}
