//! Id number, birth date and sex of a row, which have to agree. The number is read first; it
//! fills what the other two columns leave open and contradicts what they say wrongly.

use chrono::NaiveDate;
use menpai_sync_core::kinds::citizen_id::{self, CitizenId, CitizenIdError};

use super::Check;
use crate::codes::Sex;
use crate::findings::RejectionCode;
use crate::headings::Column;
use crate::parse::date;
use crate::{normalise, words};

impl Check<'_> {
    pub(super) fn id_number(&mut self) -> Option<CitizenId> {
        let text = self.word(Column::IdNumber)?;
        let (zh, en) = if normalise::has_lost_digits(self.cell(Column::IdNumber)) {
            (
                "身份证号存成了数字,后几位已丢失。请把这一列设为文本再重新填写。",
                "The id number is stored as a number and has lost its last digits. Set the column to text and enter \
                 it again.",
            )
        } else {
            match checked(&text, self.today) {
                Ok(id) => return Some(id),
                Err(fault) => explain(fault),
            }
        };
        self.reject(Column::IdNumber, RejectionCode::IdChecksum, zh, en);
        None
    }

    pub(super) fn birth_date(&mut self, id: Option<&CitizenId>) -> Option<NaiveDate> {
        let in_id = id.map(|id| id.birth_date);
        let Some(text) = self.word(Column::BirthDate) else {
            if in_id.is_some_and(|in_id| !date::is_birth_date(in_id, self.today)) {
                self.implausible(Column::IdNumber);
            }
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
            self.implausible(Column::BirthDate);
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

    fn implausible(&mut self, column: Column) {
        self.reject(
            column,
            RejectionCode::BadDate,
            "出生日期在今天之后,或在 120 多年以前。",
            "The birth date is in the future or more than 120 years ago.",
        );
    }

    pub(super) fn sex(&mut self, id: Option<&CitizenId>) -> Option<Sex> {
        let in_id = id.map(|id| Sex::from(id.sex));
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
}

/// Numbers of fifteen digits are converted for comparing; nothing keeps them.
fn checked(text: &str, today: NaiveDate) -> Result<CitizenId, CitizenIdError> {
    match citizen_id::check(text, today) {
        Err(CitizenIdError::FifteenDigits) => citizen_id::convert_fifteen(text, today),
        other => other,
    }
}

fn explain(fault: CitizenIdError) -> (&'static str, &'static str) {
    match fault {
        CitizenIdError::Length | CitizenIdError::FifteenDigits => {
            ("身份证号应是 18 位。", "An id number has 18 characters.")
        }
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
