//! The columns of a row that stand for themselves: phone, relation to head, care categories,
//! the care plan in the note; and cells that hold the error of a formula.

use chrono::NaiveDate;

use super::Check;
use crate::codes::{CareCategory, RelationToHead};
use crate::findings::{NoticeCode, RejectionCode};
use crate::headings::Column;
use crate::normalise;
use crate::parse::{care_plan, phone};
use crate::row::CarePlan;
use crate::table::Cell;
use crate::words::{self, Category};

impl Check<'_> {
    pub(super) fn phone(&mut self) -> Option<String> {
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

    pub(super) fn relation(&mut self) -> Option<RelationToHead> {
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

    pub(super) fn care_categories(&mut self, birth_date: Option<NaiveDate>) -> Vec<CareCategory> {
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

    pub(super) fn care_plan(&mut self, note: Option<&str>) -> Option<CarePlan> {
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

    pub(super) fn formula_errors(&mut self) {
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
