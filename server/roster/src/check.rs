//! One raw row in, one typed row or its rejections out. Every fault of a row is reported at
//! once, so that an office mends its sheet in one go. Only name, building and door have to be
//! there; a cell that is there has to be right.

use chrono::NaiveDate;

use crate::codes::{CareCategory, RelationToHead, Sex};
use crate::findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
use crate::headings::{Column, Headings};
use crate::identity::{self, CitizenId, IdFault};
use crate::normalise;
use crate::parse::{care_plan, date, door, phone};
use crate::row::{CarePlan, Row};
use crate::table::{Cell, RawRow};
use crate::words::{self, Category};

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
    let grid = check.text(Column::Grid, 100);
    let compound = check.text(Column::Compound, 100);
    let building = check.required(Column::Building, 100, RejectionCode::MissingBuilding);
    let unit = check
        .text(Column::Unit, 10)
        .map(|text| normalise::compact(&text));
    let door = check.required(Column::Door, 20, RejectionCode::MissingDoor);
    let name = check.required(Column::Name, 50, RejectionCode::MissingName);
    let id = check.id_number();
    let birth_date = check.birth_date(id.as_ref());
    let sex = check.sex(id.as_ref());
    let phone = check.phone();
    let relation_to_head = check.relation();
    let care_categories = check.care_categories(birth_date);
    let note = check.text(Column::Note, 1000);
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
        id_number: id.map(|id| id.number),
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

    fn text(&mut self, column: Column, most: usize) -> Option<String> {
        let text = normalise::text(self.cell(column))?;
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

    fn required(&mut self, column: Column, most: usize, code: RejectionCode) -> Option<String> {
        let text = self.text(column, most);
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

    fn id_number(&mut self) -> Option<CitizenId> {
        let text = self.word(Column::IdNumber)?;
        let lost = normalise::has_lost_digits(self.cell(Column::IdNumber));
        let (zh, en) = match identity::check(&text, self.today) {
            Ok(id) if !lost => return Some(id),
            _ if lost => (
                "身份证号存成了数字,后几位已丢失。请把这一列设为文本再重新填写。",
                "The id number is stored as a number and has lost its last digits. Set the \
                 column to text and enter it again.",
            ),
            Err(IdFault::Length) => ("身份证号应是 18 位。", "An id number has 18 characters."),
            Err(IdFault::Character) => (
                "身份证号里有不该有的字符,应是 17 位数字加 1 位数字或 X。",
                "The id number has a character that cannot stand there: 17 digits and a digit \
                 or X are right.",
            ),
            Err(IdFault::BirthDate) => (
                "身份证号里的出生日期不存在。",
                "The birth date in the id number does not exist.",
            ),
            Ok(_) | Err(IdFault::CheckDigit) => (
                "身份证号校验位不对,请核对每一位。",
                "The check digit of the id number is wrong; compare every digit.",
            ),
        };
        self.reject(Column::IdNumber, RejectionCode::IdChecksum, zh, en);
        None
    }

    fn birth_date(&mut self, id: Option<&CitizenId>) -> Option<NaiveDate> {
        let in_id = id.map(|id| id.birth_date);
        let Some(text) = self.word(Column::BirthDate) else {
            return in_id;
        };
        let Some(birth_date) = date::parse(&text) else {
            self.reject(
                Column::BirthDate,
                RejectionCode::BadDate,
                "出生日期不是完整的日期,请写成 1950-03-01 的样子。",
                "The birth date is not a whole date; write it like 1950-03-01.",
            );
            return None;
        };
        if !date::is_birth_date(birth_date, self.today) {
            self.reject(
                Column::BirthDate,
                RejectionCode::BadDate,
                "出生日期在今天之后,或在 120 多年以前。",
                "The birth date is in the future or more than 120 years ago.",
            );
        } else if in_id.is_some_and(|in_id| in_id != birth_date) {
            self.reject(
                Column::BirthDate,
                RejectionCode::IdBirthMismatch,
                "出生日期与身份证号里的不一致。",
                "The birth date is not the one in the id number.",
            );
        }
        Some(birth_date)
    }

    fn sex(&mut self, id: Option<&CitizenId>) -> Option<Sex> {
        let in_id = id.map(|id| id.sex);
        let Some(text) = self.word(Column::Sex) else {
            return in_id;
        };
        let Some(sex) = words::sex(&text) else {
            self.reject(
                Column::Sex,
                RejectionCode::UnknownSex,
                "性别请写“男”或“女”。数字代码各系统不同,不采用。",
                "Write 男 or 女. Digits are not taken, because systems differ in their meaning.",
            );
            return None;
        };
        match in_id {
            Some(in_id) if sex.is_stated() && sex != in_id => {
                self.reject(
                    Column::Sex,
                    RejectionCode::IdSexMismatch,
                    "性别与身份证号里的不一致。",
                    "The sex is not the one in the id number.",
                );
                Some(sex)
            }
            // 未知 is not a statement that an id number could contradict.
            Some(in_id) => Some(in_id),
            None => Some(sex),
        }
    }

    fn phone(&mut self) -> Option<String> {
        let text = self.word(Column::Phone)?;
        let phone = phone::parse(&text);
        if phone.is_none() {
            self.reject(
                Column::Phone,
                RejectionCode::BadPhone,
                "电话不对:手机应是 11 位,座机应带区号,每格只写一个。",
                "This is no phone number: a mobile has 11 digits, a landline its area code, \
                 and a cell holds one.",
            );
        }
        phone
    }

    fn relation(&mut self) -> Option<RelationToHead> {
        let text = self.word(Column::RelationToHead)?;
        let relation = words::relation(&text);
        if relation.is_none() {
            self.reject(
                Column::RelationToHead,
                RejectionCode::UnknownRelation,
                "不认识这个与户主关系,请写户主、配偶、子、女、儿媳、父亲、母亲等。",
                "This relation is not known; write 户主, 配偶, 子, 女, 儿媳, 父亲, 母亲 or the like.",
            );
        }
        relation
    }

    fn care_categories(&mut self, birth_date: Option<NaiveDate>) -> Vec<CareCategory> {
        let Some(text) = self.word(Column::CareCategories) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for word in text
            .split(['、', ',', '，', '/', ';', '；'])
            .filter(|word| !word.is_empty())
        {
            match words::category(word) {
                Some(Category::None) => {}
                Some(Category::AdvancedAge) => self.advanced_age(birth_date),
                Some(Category::Care(one)) => all.push(one),
                Some(Category::Both(one, other)) => all.extend([one, other]),
                None => self.reject(
                    Column::CareCategories,
                    RejectionCode::UnknownCategory,
                    &format!("不认识人员类别“{}”。", shortened(word)),
                    &format!("The category {} is not known.", shortened(word)),
                ),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// 高龄 says nothing that a birth date does not say better; without one it is lost.
    fn advanced_age(&mut self, birth_date: Option<NaiveDate>) {
        if birth_date.is_none() {
            self.notice(
                Column::CareCategories,
                NoticeCode::AdvancedAgeNotKept,
                "“高龄”按出生日期推算,这一行没有出生日期,没有登记高龄。",
                "高龄 follows from the birth date; this row has none, so it was not kept.",
            );
        }
    }

    fn care_plan(&mut self, note: Option<&str>) -> Option<CarePlan> {
        match care_plan::read(&normalise::compact(note?)) {
            care_plan::Stated::Nothing => None,
            care_plan::Stated::Plan(plan) => Some(plan),
            care_plan::Stated::Unclear => {
                self.notice(
                    Column::Note,
                    NoticeCode::CarePlanUnclear,
                    "备注里的探访说法不明确,没有建立探访计划。请写成“每2天探访”“每周探访”的样子。",
                    "The note speaks of visits but not of one certain interval; no care plan was \
                     read. Write it like 每2天探访 or 每周探访.",
                );
                None
            }
        }
    }

    fn formula_errors(&mut self) {
        for column in Column::ALL {
            if let Cell::FormulaError(error) = self.cell(column) {
                let (zh, en) = (
                    format!("这一格是公式错误 {error},按空格处理。"),
                    format!("This cell is a formula that ended in {error}; it was read as empty."),
                );
                self.notice(column, NoticeCode::FormulaError, &zh, &en);
            }
        }
    }
}

/// A word out of the sheet as a message quotes it: somebody may have pasted a page.
fn shortened(word: &str) -> String {
    const MOST: usize = 20;
    if word.chars().count() <= MOST {
        word.to_owned()
    } else {
        word.chars().take(MOST).chain(['…']).collect()
    }
}
