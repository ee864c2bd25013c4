//! One raw row in, one typed row or its rejections out. Every fault of a row is reported at
//! once, so that an office mends its sheet in one go. Only name, building and door have to be
//! there; a cell that is there has to be right.

mod identity;
mod place;
mod remaining;

use chrono::NaiveDate;

use crate::codes::RelationToHead;
use crate::column::Column;
use crate::findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
use crate::headings::Headings;
use crate::parse::{door, number};
use crate::row::Row;
use crate::table::{Cell, RawRow};
use crate::{normalise, registry};

/// What is the same for every row of a sheet.
pub(crate) struct SheetFacts<'a> {
    /// Which sheet of the roster it is.
    pub(crate) sheet: usize,
    pub(crate) name: &'a str,
    pub(crate) headings: &'a Headings,
    pub(crate) today: NaiveDate,
    pub(crate) counts_from_1904: bool,
    /// 1 and 2 in the sex column are those of GB/T 2261.1.
    pub(crate) sex_digits_are_standard: bool,
    /// The grid of all its rows, where the sheet has no grid column.
    pub(crate) grid: Option<&'a str>,
}

/// What became of one raw row.
pub(crate) struct Checked {
    /// The row, unless something held it back.
    pub(crate) row: Option<Row>,
    pub(crate) rejections: Vec<Rejection>,
    pub(crate) notices: Vec<Notice>,
}

/// Reads one row below the headings.
pub(crate) fn check(raw: &RawRow, facts: &SheetFacts<'_>) -> Checked {
    let mut check = Check {
        raw,
        facts,
        headings: facts.headings,
        today: facts.today,
        rejections: Vec::new(),
        notices: Vec::new(),
    };
    check.misplaced_id_numbers();
    let grid = check.grid(facts.grid);
    let place = check.place();
    let name = check.name();
    let id = check.id_number();
    let birth_date = check.birth_date(id.as_ref());
    let sex = check.sex(id.as_ref());
    let mut phones = check.phones().into_iter();
    let relation_to_head = check.relation();
    let care_categories = check.care_categories(birth_date);
    let note = check.text(Column::Note);
    let care_plan = check.care_plan(note.as_deref());
    check.columns_of_one_heading();
    check.formula_errors();

    let row = match (place, name) {
        (Some(place), Some(name)) if check.rejections.is_empty() => Some(Row {
            sheet: facts.sheet,
            number: raw.number,
            grid,
            compound: place.compound,
            building: place.building,
            unit: place.unit,
            floor: door::floor(&place.door),
            dwelling_use: door::dwelling_use(&place.door),
            door: place.door,
            name,
            sex,
            birth_date,
            phone: phones.next(),
            second_phone: phones.next(),
            relation_to_head,
            care_categories,
            note,
            care_plan,
            id_number: id,
        }),
        _ => None,
    };
    Checked {
        row,
        rejections: check.rejections,
        notices: check.notices,
    }
}

/// Whether the digits of a sheet's sex column are those of the standard. Where 0 stands and
/// no 2, a program has written them that counts from 0: then 1 may be a woman.
pub(crate) fn sex_digits_are_standard<'a>(cells: impl Iterator<Item = &'a Cell>) -> bool {
    let (mut has_zero, mut has_two) = (false, false);
    for text in cells.filter_map(normalise::text) {
        let compact = normalise::compact(&text);
        match number::plain(&compact) {
            "0" => has_zero = true,
            "2" => has_two = true,
            _ => {}
        }
    }
    has_two || !has_zero
}

struct Check<'a> {
    raw: &'a RawRow,
    facts: &'a SheetFacts<'a>,
    headings: &'a Headings,
    today: NaiveDate,
    rejections: Vec<Rejection>,
    notices: Vec<Notice>,
}

impl Check<'_> {
    /// The first cell of a column that says anything.
    fn cell(&self, column: Column) -> &Cell {
        self.cells(column).next().unwrap_or(&Cell::Empty)
    }

    /// The cells of a column that say anything: several where a heading stands twice.
    fn cells(&self, column: Column) -> impl Iterator<Item = &Cell> {
        self.headings
            .positions(column)
            .iter()
            .filter_map(|position| self.raw.cells.get(*position))
            .filter(move |cell| {
                normalise::text(cell).is_some()
                    || matches!(cell, Cell::FormulaError(_))
                    // 无 says something about units.
                    || (column == Column::Unit && **cell != Cell::Empty)
            })
    }

    fn has(&self, code: RejectionCode) -> bool {
        self.rejections.iter().any(|rejection| rejection.code == code)
    }

    fn reject(&mut self, column: Column, code: RejectionCode, zh: &str, en: &str) {
        self.rejections.push(Rejection {
            sheet: self.facts.name.to_owned(),
            row: self.raw.number,
            column,
            code,
            message: Message::new(zh, en),
        });
    }

    fn notice(&mut self, column: Column, code: NoticeCode, zh: &str, en: &str) {
        self.notices.push(Notice {
            sheet: self.facts.name.to_owned(),
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

    /// The content of a cell that holds a code or one word: nothing where it says that nobody
    /// knows. A spreadsheet's own sign for text in front is none of it.
    fn word(&self, column: Column) -> Option<String> {
        let text = normalise::compact(&normalise::text(self.cell(column))?);
        let text = text.trim_start_matches(['\'', '’', '‘', '`']);
        (!text.is_empty() && !normalise::says_unknown(text)).then(|| text.to_owned())
    }

    /// Two columns of one heading that say different things: what a row needs is then not
    /// told, and of the rest the first counts.
    fn columns_of_one_heading(&mut self) {
        let several: Vec<Column> = Column::all()
            .filter(|column| self.headings.positions(*column).len() > 1)
            .filter(|column| !matches!(column, Column::Phone | Column::SecondPhone | Column::CareCategories))
            .filter(|column| {
                let mut texts = self.cells(*column).filter_map(normalise::text);
                texts.next().is_some_and(|first| texts.any(|other| other != first))
            })
            .collect();
        for column in several {
            let heading = column.heading();
            let zh = format!("有两列都是“{heading}”,内容不一样。请删去或改名其中一列。");
            let en = format!("Two columns are {heading} and differ; delete or rename one of them.");
            let code = match column {
                Column::Name => RejectionCode::MissingName,
                Column::Building => RejectionCode::MissingBuilding,
                Column::Door | Column::Unit | Column::Address => RejectionCode::MissingDoor,
                Column::Grid => RejectionCode::MissingGrid,
                _ => {
                    self.notice(
                        column,
                        NoticeCode::ColumnsDiffer,
                        &(zh + "按第一列读入。"),
                        &format!("{en} The first was read."),
                    );
                    continue;
                }
            };
            self.reject(column, code, &zh, &en);
        }
    }

    /// Where the only name column is 户主姓名, the row's person is the head.
    fn relation_of_heading(&self) -> Option<RelationToHead> {
        self.headings
            .name_is_head
            .then(|| RelationToHead::from_word("户主"))
            .flatten()
    }
}

/// A word out of the sheet as a message quotes it: somebody may have pasted a page, or be a
/// column off, so that it is an id number.
pub(crate) fn shortened(word: &str) -> String {
    const MOST: usize = 30;
    let shown = identity::without_id_numbers(word);
    if shown.chars().count() <= MOST {
        shown
    } else {
        shown.chars().take(MOST).chain(['…']).collect()
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
