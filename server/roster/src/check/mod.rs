//! One raw row in, one typed row or its rejections out. Every fault of a row is reported at
//! once, so that an office mends its sheet in one go. Only name, building and door have to be
//! there; a cell that is there has to be right.

mod identity;
mod remaining;

use chrono::NaiveDate;

use crate::findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
use crate::headings::{Column, Headings};
use crate::parse::door;
use crate::row::Row;
use crate::table::{Cell, RawRow};
use crate::{normalise, registry};

/// What became of one raw row.
pub(crate) struct Checked {
    /// The row, unless something held it back.
    pub(crate) row: Option<Row>,
    /// The id number for finding the same person again; dropped after the sheet.
    pub(crate) id_number: Option<String>,
    pub(crate) rejections: Vec<Rejection>,
    pub(crate) notices: Vec<Notice>,
}

/// Reads one row below the headings.
pub(crate) fn check(raw: &RawRow, headings: &Headings, today: NaiveDate) -> Checked {
    let mut check = Check {
        raw,
        headings,
        today,
        rejections: Vec::new(),
        notices: Vec::new(),
    };
    let grid = check.text(Column::Grid);
    let compound = check.text(Column::Compound);
    let building = check.required(Column::Building, RejectionCode::MissingBuilding);
    let unit = check.text(Column::Unit).map(|text| normalise::compact(&text));
    let door = check.required(Column::Door, RejectionCode::MissingDoor);
    let name = check.required(Column::Name, RejectionCode::MissingName);
    let id = check.id_number();
    let birth_date = check.birth_date(id.as_ref());
    let sex = check.sex(id.as_ref());
    let phone = check.phone();
    let relation_to_head = check.relation();
    let care_categories = check.care_categories(birth_date);
    let note = check.text(Column::Note);
    let care_plan = check.care_plan(note.as_deref());
    check.formula_errors();

    let row = match (building, door, name) {
        (Some(building), Some(door), Some(name)) if check.rejections.is_empty() => {
            let door = door::door(&normalise::compact(&door));
            Some(Row {
                number: raw.number,
                grid,
                compound,
                building,
                unit: door::unit(unit.as_deref()),
                floor: door::floor(&door),
                dwelling_use: door::dwelling_use(&door),
                door,
                name,
                sex,
                birth_date,
                phone,
                relation_to_head,
                care_categories,
                note,
                care_plan,
                has_id_number: id.is_some(),
            })
        }
        _ => None,
    };
    Checked {
        row,
        id_number: id.map(|id| id.as_str().to_owned()),
        rejections: check.rejections,
        notices: check.notices,
    }
}

struct Check<'a> {
    raw: &'a RawRow,
    headings: &'a Headings,
    today: NaiveDate,
    rejections: Vec<Rejection>,
    notices: Vec<Notice>,
}

impl Check<'_> {
    fn cell(&self, column: Column) -> &Cell {
        self.headings
            .position(column)
            .and_then(|position| self.raw.cells.get(position))
            .unwrap_or(&Cell::Empty)
    }

    fn reject(&mut self, column: Column, code: RejectionCode, zh: &str, en: &str) {
        self.rejections.push(Rejection {
            row: self.raw.number,
            column,
            code,
            message: Message::new(zh, en),
        });
    }

    fn notice(&mut self, column: Column, code: NoticeCode, zh: &str, en: &str) {
        self.notices.push(Notice {
            row: self.raw.number,
            column,
            code,
            message: Message::new(zh, en),
        });
    }

    fn text(&mut self, column: Column) -> Option<String> {
        let text = normalise::text(self.cell(column))?;
        let most = longest(column);
        let length = text.chars().count();
        if length > most {
            self.reject(
                column,
                RejectionCode::TextTooLong,
                &format!("{}有 {length} 个字,最多 {most} 个字。", column.heading()),
                &format!("The text has {length} characters; {most} are possible."),
            );
        }
        Some(text)
    }

    fn required(&mut self, column: Column, code: RejectionCode) -> Option<String> {
        let text = self.text(column);
        if text.is_none() {
            self.reject(
                column,
                code,
                &format!("缺{}。", column.heading()),
                match column {
                    Column::Building => "The building is missing.",
                    Column::Door => "The door number is missing.",
                    _ => "The name is missing.",
                },
            );
        }
        text
    }

    /// The content of a cell that holds a code or one word.
    fn word(&self, column: Column) -> Option<String> {
        normalise::text(self.cell(column)).map(|text| normalise::compact(&text))
    }
}

/// How long the text of a column may be: as long as the field that will hold it.
fn longest(column: Column) -> usize {
    let (kind, field) = match column {
        Column::Unit => ("dwelling", "unit"),
        Column::Door => ("dwelling", "room"),
        Column::Name => ("person", "name"),
        Column::Note => ("person", "note"),
        _ => ("place", "name"),
    };
    registry::longest(kind, field)
}
