//! Name, id number, birth date and sex of a row, which have to agree. The number is read first; it
//! fills what the other two columns leave open and contradicts what they say wrongly.

use chrono::NaiveDate;
use menpai_sync_core::kinds::citizen_id::{self, CitizenId, CitizenIdError};

use super::Check;
use crate::codes::Sex;
use crate::column::Column;
use crate::findings::{NoticeCode, RejectionCode};
use crate::parse::{date, number};
use crate::table::Cell;
use crate::{normalise, words};

/// What stands in the name column of a door behind which nobody lives.
const NOBODY: &[&str] = &[
    "空户",
    "空房",
    "空置",
    "空置房",
    "空关",
    "空关房",
    "无人",
    "无人居住",
    "无人住",
    "未入住",
    "未住人",
    "不在家",
    "某某",
    "待定",
    "业主",
    "租户",
    "住户",
];

impl Check<'_> {
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.text(Column::Name).map(|text| normalise::name(&text));
        let (zh, en) = match &name {
            None => ("缺姓名。".to_owned(), "The name is missing.".to_owned()),
            Some(text) if normalise::says_unknown(text) || NOBODY.contains(&text.as_str()) => (
                format!("“{text}”不是姓名。空置的房子请不要放在人员名单里。"),
                format!("“{text}” is no name. Leave doors without people out of the list."),
            ),
            Some(text) if text.chars().all(|letter| !letter.is_alphabetic()) => (
                format!("“{}”不是姓名。", super::shortened(text)),
                format!("“{}” is no name.", super::shortened(text)),
            ),
            Some(text) if text.contains(['、', '，', ',', '/', '；', ';']) => (
                format!("“{}”像是几个人,请每人写一行。", super::shortened(text)),
                format!(
                    "“{}” looks like several people; give each a row.",
                    super::shortened(text)
                ),
            ),
            Some(_) => return name,
        };
        self.reject(Column::Name, RejectionCode::MissingName, &zh, &en);
        None
    }

    /// What stands in any other column is kept, and comes to every phone of the grid.
    pub(super) fn misplaced_id_numbers(&mut self) {
        for column in Column::all().filter(|column| *column != Column::IdNumber) {
            let holds_one = self
                .cells(column)
                .filter_map(normalise::text)
                .any(|text| id_numbers_in(&text, self.today).next().is_some());
            if holds_one {
                let zh = format!(
                    "{}里有身份证号。别的列大家都看得到,请删去,只写在“身份证号”一列。",
                    column.heading()
                );
                self.reject(
                    column,
                    RejectionCode::IdMisplaced,
                    &zh,
                    "An id number stands here, where everybody would read it. Leave it in the column 身份证号 alone.",
                );
            }
        }
    }

    pub(super) fn id_number(&mut self) -> Option<CitizenId> {
        let text = self.word(Column::IdNumber)?;
        if normalise::has_lost_digits(self.cell(Column::IdNumber)) || is_exponential(&text) {
            self.reject(
                Column::IdNumber,
                RejectionCode::IdPrecision,
                "身份证号存成了数字,后几位已丢失。请把这一列设为文本再重新填写。",
                "The id number is stored as a number and has lost its last digits. Set the column to text and enter \
                 it again.",
            );
            return None;
        }
        let text = number::plain(&text);
        match citizen_id::check(text, self.today) {
            Ok(id) => Some(id),
            Err(CitizenIdError::FifteenDigits) => self.fifteen_digits(text),
            Err(fault) => {
                self.explain(fault);
                None
            }
        }
    }

    /// Converted for birth date, sex and comparing; nothing keeps it.
    fn fifteen_digits(&mut self, text: &str) -> Option<CitizenId> {
        match citizen_id::convert_fifteen(text, self.today) {
            Ok(id) => {
                self.notice(
                    Column::IdNumber,
                    NoticeCode::IdFifteenDigits,
                    "这是 15 位的旧身份证号,只用来核对出生日期和性别,请换成 18 位的。",
                    "This is an old id number of 15 digits. Birth date and sex were read; ask for the one of 18.",
                );
                Some(id)
            }
            Err(fault) => {
                self.explain(fault);
                None
            }
        }
    }

    pub(super) fn birth_date(&mut self, id: Option<&CitizenId>) -> Option<NaiveDate> {
        let in_id = id.map(|id| id.birth_date);
        if self.word(Column::BirthDate).is_none() {
            if in_id.is_some_and(|in_id| !date::is_birth_date(in_id, self.today)) {
                self.implausible(Column::IdNumber);
            }
            return in_id;
        }
        let Some(birth_date) = self.stated_birth_date() else {
            self.reject(
                Column::BirthDate,
                RejectionCode::BadDate,
                "出生日期不是完整的日期,请写成 1950-03-01 的样子。",
                "The birth date is not a whole date; write it like 1950-03-01.",
            );
            return None;
        };
        if !date::is_birth_date(birth_date, self.today) {
            self.implausible(Column::BirthDate);
        }
        if in_id.is_some_and(|in_id| in_id != birth_date) {
            self.reject(
                Column::BirthDate,
                RejectionCode::IdBirthMismatch,
                "出生日期与身份证号里的不一致。",
                "The birth date is not the one in the id number.",
            );
        }
        Some(birth_date)
    }

    fn stated_birth_date(&mut self) -> Option<NaiveDate> {
        let from_1904 = self.facts.counts_from_1904;
        let cell = self.cell(Column::BirthDate);
        let text = normalise::text(cell)?;
        match cell {
            Cell::Date(date) => Some(*date),
            Cell::Number(number) => date::from_serial(*number, from_1904)
                .inspect(|date| self.noticed_serial(&text, *date))
                .or_else(|| date::parse(&text)),
            _ => {
                let plain = text
                    .trim_start_matches(['\'', '’', '‘', '`'])
                    .replace('．', ".")
                    .replace('－', "-");
                date::parse(&plain.replace('／', "/")).or_else(|| {
                    let date = date::from_serial(date::serial_text(&plain)?, from_1904)?;
                    self.noticed_serial(&plain, date);
                    Some(date)
                })
            }
        }
    }

    /// 31201 may also have been 031201.
    fn noticed_serial(&mut self, seen: &str, date: NaiveDate) {
        self.notice(
            Column::BirthDate,
            NoticeCode::DateFromSerial,
            &format!("“{seen}”按表格软件的日期序号读作 {date}。"),
            &format!("{seen} was read as a spreadsheet's day number: {date}."),
        );
    }

    fn implausible(&mut self, column: Column) {
        self.reject(
            column,
            RejectionCode::AgeOutOfRange,
            "出生日期在今天之后,或年龄超过 120 岁。",
            "The birth date is in the future or more than 120 years ago.",
        );
    }

    pub(super) fn sex(&mut self, id: Option<&CitizenId>) -> Option<Sex> {
        let in_id = id.map(|id| Sex::from(id.sex));
        let text = normalise::text(self.cell(Column::Sex)).map(|text| normalise::compact(&text));
        let Some(text) = text else {
            return in_id;
        };
        let digits_are_standard = self.facts.sex_digits_are_standard;
        let word = number::plain(&text);
        let sex = words::sex(word, digits_are_standard).or(normalise::says_unknown(word).then_some(Sex::Unknown));
        let Some(sex) = sex else {
            let is_unclear_digit = !digits_are_standard && matches!(word, "0" | "1");
            if is_unclear_digit && in_id.is_some() {
                return in_id;
            }
            let (zh, en) = if is_unclear_digit {
                (
                    "这一列有 0 没有 2,看不准 1 是男是女。请写“男”或“女”。",
                    "This column has 0 and no 2, so 1 may be either. Write 男 or 女.",
                )
            } else {
                ("性别请写“男”或“女”。", "Write 男 or 女.")
            };
            self.reject(Column::Sex, RejectionCode::UnknownSex, zh, en);
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

    fn explain(&mut self, fault: CitizenIdError) {
        if fault == CitizenIdError::InFuture {
            return self.implausible(Column::IdNumber);
        }
        let (zh, en) = explanation(fault);
        self.reject(Column::IdNumber, RejectionCode::IdChecksum, zh, en);
    }
}

/// The id numbers in a text: 18 characters that name a day, with nothing of a number beside
/// them. One with a slip in its end says as much about somebody.
fn id_numbers_in(text: &str, today: NaiveDate) -> impl Iterator<Item = &str> {
    numbers_in(text).filter(move |number| {
        matches!(
            citizen_id::check(number, today),
            Ok(_) | Err(CitizenIdError::CheckCharacter)
        )
    })
}

/// Digits in a row, with the X of an id number.
fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit() && !matches!(letter, 'x' | 'X'))
}

/// The text with every number as long as an id number cut to its region, right or wrong.
pub(super) fn without_id_numbers(text: &str) -> String {
    const SHORTEST: usize = 15;
    const REGION: usize = 6;
    let mut out = text.to_owned();
    for number in numbers_in(text).filter(|number| number.len() >= SHORTEST) {
        out = out.replacen(number, &format!("{}…", &number[..REGION]), 1);
    }
    out
}

/// 4.10E+17, as a spreadsheet writes a long number into a CSV file.
fn is_exponential(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let Some((mantissa, exponent)) = upper.split_once('E') else {
        return false;
    };
    let digits = exponent.trim_start_matches('+');
    mantissa.parse::<f64>().is_ok() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn explanation(fault: CitizenIdError) -> (&'static str, &'static str) {
    match fault {
        CitizenIdError::Length | CitizenIdError::FifteenDigits => (
            "身份证号应是 18 位。别的证件请不要填在这一列。",
            "An id number has 18 characters. Leave other documents out of this column.",
        ),
        CitizenIdError::Characters => (
            "身份证号里有不该有的字符,应是 17 位数字加 1 位数字或 X。",
            "The id number has a character that cannot stand there: 17 digits and a digit or X are right.",
        ),
        CitizenIdError::BirthDate | CitizenIdError::InFuture => (
            "身份证号里的出生日期不存在,或在今天之后。",
            "The birth date in the id number does not exist or is in the future.",
        ),
        CitizenIdError::CheckCharacter => (
            "身份证号校验位不对,请核对每一位。",
            "The check digit of the id number is wrong; compare every digit.",
        ),
    }
}
