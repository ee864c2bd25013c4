//! The columns of a row that stand for themselves: phone, relation to head, care categories,
//! the care plan in the note; and cells that hold the error of a formula.

use chrono::NaiveDate;

use super::{Check, shortened};
use crate::codes::{CareCategory, RelationToHead};
use crate::column::Column;
use crate::findings::{NoticeCode, RejectionCode};
use crate::normalise;
use crate::parse::{care_plan, phone};
use crate::row::CarePlan;
use crate::table::Cell;
use crate::words;

impl Check<'_> {
    /// The phone numbers of the row, two at most; the registry has no third.
    pub(super) fn phones(&mut self) -> Vec<String> {
        const MOST: usize = 2;
        let mut all: Vec<String> = Vec::new();
        for column in [Column::Phone, Column::SecondPhone] {
            let texts: Vec<String> = self
                .cells(column)
                .filter_map(normalise::text)
                .map(|text| text.trim_start_matches(['\'', '’', '‘', '`']).to_owned())
                .filter(|text| !normalise::says_unknown(&normalise::compact(text)))
                .collect();
            for text in texts {
                match phone::parse_all(&text) {
                    Some(found) => all.extend(found),
                    None => self.reject(
                        column,
                        RejectionCode::BadPhone,
                        "电话不对:手机应是 11 位,座机应带区号;写几个时用“/”隔开。",
                        "This is no phone number: a mobile has 11 digits, a landline its area code; put / between \
                         several.",
                    ),
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        all.retain(|one| seen.insert(one.clone()));
        if all.len() > MOST {
            let further = all.split_off(MOST).join("、");
            self.notice(
                Column::Phone,
                NoticeCode::MorePhones,
                &format!("只登记前两个电话,没有登记:{further}。"),
                &format!("Two numbers were taken over; not these: {further}."),
            );
        }
        all
    }

    pub(super) fn relation(&mut self) -> Option<RelationToHead> {
        let Some(text) = self.word(Column::RelationToHead) else {
            return self.relation_of_heading();
        };
        let relation = words::relation(&text);
        if relation.is_none() {
            let seen = shortened(&text);
            self.notice(
                Column::RelationToHead,
                NoticeCode::UnknownRelation,
                &format!("“{seen}”看不准是什么关系,与户主关系留空。可写户主、配偶、子、女、儿媳、父亲、母亲等。"),
                &format!(
                    "“{seen}” does not tell one relation; it stays open. Write 户主, 配偶, 子, 女, 儿媳 or the like."
                ),
            );
        }
        relation
    }

    pub(super) fn care_categories(&mut self, birth_date: Option<NaiveDate>) -> Vec<CareCategory> {
        let texts: Vec<String> = self.cells(Column::CareCategories).filter_map(normalise::text).collect();
        let mut all = Vec::new();
        for text in texts {
            let compact = normalise::compact(&text);
            // A blank may stand inside a word.
            let words: Vec<&str> = if words::categories(&compact).is_some() {
                vec![&compact]
            } else {
                text.split(['、', ',', '，', '/', '／', ';', '；', '+', '|', '和', ' '])
                    .collect()
            };
            for word in words
                .into_iter()
                .filter(|word| !word.is_empty() && !normalise::says_unknown(word))
            {
                match words::categories(word) {
                    Some(found) => {
                        all.extend(found.care);
                        if found.advanced_age {
                            self.advanced_age(birth_date);
                        }
                    }
                    None => self.unknown_category(word),
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn unknown_category(&mut self, word: &str) {
        let seen = shortened(word);
        let (zh, en) = match words::could_be(word) {
            Some(meanings) => (
                format!("“{seen}”看不准是哪一类,请写清楚:{meanings}。"),
                format!("“{seen}” may be one of several categories; write one of {meanings}."),
            ),
            None => (
                format!("不认识人员类别“{seen}”。"),
                format!("The category “{seen}” is not known."),
            ),
        };
        self.reject(Column::CareCategories, RejectionCode::UnknownCategory, &zh, &en);
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
        for column in Column::all() {
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
