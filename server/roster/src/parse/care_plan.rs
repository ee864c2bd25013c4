//! The care plan in a note: only 每…探访 with a whole interval between the two words makes one
//! (每2天探访, 每两周上门探访, 每月探访一次). Words that speak of regular visits in any other
//! way are reported as unclear; a plan is never made from a guess.

use super::number;
use crate::row::CarePlan;

/// What a note says about regular visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stated {
    /// Nothing.
    Nothing,
    /// One interval.
    Plan(CarePlan),
    /// Something, but not one interval for certain.
    Unclear,
}

/// An interval longer than a year is a slip of the pen.
const LONGEST_INTERVAL_DAYS: u16 = 366;

/// What makes a phrase not a plan although it looks like one: it was one, or shall not be one.
const DOUBTS: &[&str] = &["不", "无需", "无须", "停", "取消", "原", "曾", "暂", "建议"];

/// Reads a note whose blanks have been removed and whose digits are plain.
pub(crate) fn read(note: &str) -> Stated {
    let mut found = None;
    for sentence in note.split([',', '，', '.', '。', ';', '；', '、', '(', ')', '\n']) {
        match read_sentence(sentence) {
            Stated::Nothing => {}
            Stated::Unclear => return Stated::Unclear,
            Stated::Plan(plan) if found.is_none_or(|earlier| earlier == plan) => found = Some(plan),
            Stated::Plan(_) => return Stated::Unclear,
        }
    }
    found.map_or(Stated::Nothing, Stated::Plan)
}

fn read_sentence(sentence: &str) -> Stated {
    if !sentence.contains("探访") {
        return Stated::Nothing;
    }
    let Some((before, phrase)) = sentence.split_once('每') else {
        // 隔天探访 and the like speak of an interval too.
        return if sentence.contains('隔') {
            Stated::Unclear
        } else {
            Stated::Nothing
        };
    };
    if DOUBTS.iter().any(|doubt| before.contains(doubt)) {
        return Stated::Unclear;
    }
    whole_phrase(phrase).map_or(Stated::Unclear, Stated::Plan)
}

/// `<number>?<unit>(上门|入户|到家)?探访(一次|1次)?` and nothing behind it.
fn whole_phrase(phrase: &str) -> Option<CarePlan> {
    let (number, rest) = leading_number(phrase);
    let (unit_days, rest) = UNITS
        .iter()
        .find_map(|(unit, days)| rest.strip_prefix(unit).map(|rest| (*days, rest)))?;
    let rest = ["上门", "入户", "到家"]
        .into_iter()
        .find_map(|way| rest.strip_prefix(way))
        .unwrap_or(rest)
        .strip_prefix("探访")?;
    if !matches!(rest, "" | "一次" | "1次") {
        return None;
    }
    let interval_days = number?.checked_mul(unit_days)?;
    (1..=LONGEST_INTERVAL_DAYS)
        .contains(&interval_days)
        .then_some(CarePlan { interval_days })
}

/// Longer words first, so that 个月 is not read as 个 and 季度 not as 季.
const UNITS: &[(&str, u16)] = &[
    ("天", 1),
    ("日", 1),
    ("星期", 7),
    ("周", 7),
    ("个月", 30),
    ("月", 30),
    ("季度", 90),
    ("季", 90),
];

/// The number in front of a unit, one where none stands; `None` in place of a number that
/// is not understood.
fn leading_number(phrase: &str) -> (Option<u16>, &str) {
    let digits = phrase.len() - phrase.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 {
        return (phrase[..digits].parse().ok(), &phrase[digits..]);
    }
    let words = phrase.len() - phrase.trim_start_matches(number::is_word).len();
    if words > 0 {
        let number = number::whole(&phrase[..words]);
        return (number.and_then(|number| u16::try_from(number).ok()), &phrase[words..]);
    }
    (Some(1), phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_phrases_give_their_interval() {
        for (note, days) in [
            ("每2天探访", 2),
            ("每两天探访", 2),
            ("每天探访", 1),
            ("每周探访", 7),
            ("每星期探访一次", 7),
            ("每月探访", 30),
            ("每季度探访", 90),
            ("每两周上门探访", 14),
            ("每3个月探访1次", 90),
            ("每十五天探访", 15),
            ("独居,每2天探访,听力不好", 2),
            ("子女在外地。每月入户探访。", 30),
            ("每周探访,每周探访", 7),
        ] {
            assert_eq!(read(note), Stated::Plan(CarePlan { interval_days: days }), "{note}");
        }
    }

    #[test]
    fn notes_about_something_else_state_nothing() {
        for note in ["", "听力不好", "探访时带药", "每周去医院透析", "每天下午不在家"] {
            assert_eq!(read(note), Stated::Nothing, "{note}");
        }
    }

    #[test]
    fn unclear_words_make_no_plan() {
        for note in [
            "每周二探访",
            "每周探访两次",
            "每周两次探访",
            "每2-3天探访",
            "每两天电话探访",
            "隔天探访",
            "每0天探访",
            "每500天探访",
            "每99999天探访",
            "每周探访,每月探访",
            "不再每周探访",
            "原每周探访",
            "每半月探访",
            "每二三天探访",
        ] {
            assert_eq!(read(note), Stated::Unclear, "{note}");
        }
    }
}
