//! What reading a roster has to say about single rows: rejections hold a row back, notices
//! do not. Every finding names the row as the sheet numbers it, the column by its standard
//! heading, a stable code, and a sentence in Chinese and English. No id number in full ever
//! stands in one.

use serde::Serialize;

use crate::headings::Column;

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
    /// The birth date is not the one in the id number.
    IdBirthMismatch,
    /// The sex is not the one in the id number.
    IdSexMismatch,
    /// The birth date is no date, or none a living person can have.
    BadDate,
    /// The sex column says something else than a sex.
    UnknownSex,
    /// A word in the category column is not known.
    UnknownCategory,
    /// The relation to the head of the household is not known.
    UnknownRelation,
    /// There is no name.
    MissingName,
    /// There is no building.
    MissingBuilding,
    /// There is no door number.
    MissingDoor,
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
}
