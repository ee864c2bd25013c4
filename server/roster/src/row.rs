//! What a roster is once it has been read: its sheets and their rows, typed and checked. A row's id
//! number is printed and written masked or not at all; the sealed entry that carries it is made elsewhere.

use chrono::NaiveDate;
use menpai_sync_core::kinds::citizen_id::CitizenId;
use serde::Serialize;

use crate::codes::{CareCategory, RelationToHead, Sex};
use crate::findings::{Message, Notice, Rejection};

/// What stands in [`Row::unit`] when a building has no units: said, never left blank.
pub const NO_UNIT: &str = "无";

/// A roster that was read: every row with a person on it is either in `rows` or has a rejection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roster {
    /// The sheets that were read, in the order of the workbook.
    pub sheets: Vec<SheetRead>,
    /// The accepted rows, in the order of the sheets.
    pub rows: Vec<Row>,
    /// Why rows are missing from `rows`, in the order of the sheets.
    pub rejected: Vec<Rejection>,
    /// What else somebody should look at.
    pub notices: Vec<Notice>,
    /// Further sheets of the workbook, which were not read, and why.
    pub unread_sheets: Vec<UnreadSheet>,
}

/// A sheet that was read as a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SheetRead {
    /// Its name; empty for a CSV file.
    pub name: String,
    /// Row in which the headings stand.
    pub heading_row: u32,
    /// Headings that are no column of a roster; what stands below them was not read.
    pub unknown_headings: Vec<String>,
}

/// A sheet that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadSheet {
    /// Its name.
    pub name: String,
    /// Why.
    pub message: Message,
}

impl Roster {
    /// How many rows were held back; a row with three faults counts once.
    #[must_use]
    pub fn rejected_row_count(&self) -> usize {
        let mut count = 0;
        let mut last = None;
        for rejection in &self.rejected {
            let row = Some((rejection.sheet.as_str(), rejection.row));
            count += usize::from(last != row);
            last = row;
        }
        count
    }
}

/// One person at one door. Texts are NFC, trimmed and never empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which of [`Roster::sheets`] it stands in.
    pub sheet: usize,
    /// The row as the sheet numbers it, the first row being 1.
    pub number: u32,
    /// 网格
    pub grid: Option<String>,
    /// 小区/院
    pub compound: Option<String>,
    /// 楼栋
    pub building: String,
    /// 单元, or [`NO_UNIT`].
    pub unit: String,
    /// 门牌
    pub door: String,
    /// The floor, only where the door number states it (301 is on floor 3).
    pub floor: Option<u16>,
    /// What the door is used for, only where the door's own wording states it (门面3).
    pub dwelling_use: Option<DwellingUse>,
    /// 姓名
    pub name: String,
    /// 性别, from the column or else from the id number.
    pub sex: Option<Sex>,
    /// 出生日期, from the column or else from the id number.
    pub birth_date: Option<NaiveDate>,
    /// 电话
    pub phone: Option<String>,
    /// 备用电话: the second number of the row.
    pub second_phone: Option<String>,
    /// 与户主关系
    pub relation_to_head: Option<RelationToHead>,
    /// 人员类别, without repetition and in the registry's order.
    pub care_categories: Vec<CareCategory>,
    /// 备注, whole: a care plan read from it is still in it.
    pub note: Option<String>,
    /// The care plan that the note states in so many words.
    pub care_plan: Option<CarePlan>,
    /// 身份证号: valid, else the row is rejected.
    #[serde(skip)]
    pub id_number: Option<CitizenId>,
}

/// What a door is used for, as far as a roster can state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DwellingUse {
    /// A shop.
    Shop,
}

/// A care plan as a roster's note states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CarePlan {
    /// Days from one visit to the next.
    pub interval_days: u16,
}
