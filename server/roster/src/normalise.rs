//! Makes one text of a cell before anything reads it, so that a blank, a full-width digit or
//! a number format never decides what a row means. What comes out is NFC, trimmed and not
//! empty, Latin letters and digits plain; a mark that stands for "nothing" (无, 一 stroke) comes out as nothing.

use unicode_normalization::UnicodeNormalization;

use crate::table::Cell;

/// What offices write into a cell to say that there is nothing to say.
const NOTHING: &[&str] = &[
    "无", "暂无", "-", "--", "—", "——", "/", "／", "\\", "NULL", "null", "N/A", "n/a",
];

/// What they write where a person ought to know and nobody does.
const UNKNOWN: &[&str] = &[
    "不详",
    "不清楚",
    "不知道",
    "未知",
    "没有",
    "未提供",
    "未登记",
    "待核实",
    "待补充",
    "空",
];

/// From this size on a number cell has lost digits: spreadsheets keep fifteen.
const FIRST_INEXACT_NUMBER: f64 = 1e15;

/// The text of a cell with single spaces inside, or nothing.
pub(crate) fn text(cell: &Cell) -> Option<String> {
    let raw = match cell {
        Cell::Empty | Cell::FormulaError(_) => return None,
        Cell::Text(text) => as_text_formula(text).nfc().map(plain_letter).collect::<String>(),
        Cell::Number(number) => number_text(*number),
        Cell::Date(date) => date.format("%Y-%m-%d").to_string(),
    };
    let mut out = String::with_capacity(raw.len());
    let mut words = raw
        .split(|letter: char| letter.is_whitespace() || letter.is_control() || is_invisible(letter))
        .filter(|word| !word.is_empty());
    if let Some(first) = words.next() {
        out.push_str(first);
    }
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
    (!out.is_empty() && !NOTHING.contains(&out.as_str())).then_some(out)
}

/// The same text for reading codes, numbers and single words: without any space, full-width
/// Latin letters, digits and signs as the plain ones.
pub(crate) fn compact(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .map(half_width)
        .collect()
}

/// The text in `="…"`, by which CSV files keep spreadsheets from reading it as a number.
fn as_text_formula(text: &str) -> &str {
    let inside = text.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(text)
}

/// Whether a text says that something is not known; to be asked of a compact text.
pub(crate) fn says_unknown(text: &str) -> bool {
    UNKNOWN.contains(&text)
}

/// The same text without any blank: for names, which have none in Chinese. Words in Latin
/// letters stay apart, and one dot parts the syllables of a translated name.
pub(crate) fn name(text: &str) -> String {
    let text = text.replace(['•', '・', '．', '‧', '∙'], "·");
    let mut out = String::with_capacity(text.len());
    for word in text.split(' ') {
        let latin = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        if latin(out.chars().next_back()) && latin(word.chars().next()) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether a number cell is so large that the spreadsheet has lost digits of it.
pub(crate) fn has_lost_digits(cell: &Cell) -> bool {
    matches!(cell, Cell::Number(number) if number.abs() >= FIRST_INEXACT_NUMBER)
}

fn number_text(number: f64) -> String {
    if number.fract() == 0.0 {
        // Without the exponent that `Display` would give to nothing a roster holds anyway.
        format!("{number:.0}")
    } else {
        number.to_string()
    }
}

/// Full-width letters and digits as plain ones; the punctuation of a note stays Chinese.
fn plain_letter(letter: char) -> char {
    let plain = half_width(letter);
    if plain.is_ascii_alphanumeric() { plain } else { letter }
}

fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xff01 + 0x21).unwrap_or(letter),
        other => other,
    }
}

/// Characters without width that come with text pasted from web pages, address books and chat
/// programs, those that only set the direction of writing among them.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> Option<String> {
        text(&Cell::Text(raw.into()))
    }

    #[test]
    fn blanks_of_every_kind_are_trimmed_and_single() {
        assert_eq!(
            of("\u{feff}\u{3000} 听力  不好\u{200b}\r\n上门 "),
            Some("听力 不好 上门".into())
        );
        assert_eq!(of(" \u{3000}\t"), None);
    }

    #[test]
    fn marks_for_nothing_are_nothing() {
        assert_eq!(of("无"), None);
        assert_eq!(of(" — "), None);
        assert_eq!(of("无名巷"), Some("无名巷".into()));
    }

    #[test]
    fn a_text_that_is_kept_from_being_a_number_is_that_text() {
        assert_eq!(of("=\"0371\""), Some("0371".into()));
        assert_eq!(of("=A1"), Some("=A1".into()));
    }

    #[test]
    fn numbers_come_without_a_decimal_point() {
        assert_eq!(text(&Cell::Number(301.0)), Some("301".into()));
        assert_eq!(text(&Cell::Number(15_400_001_234.0)), Some("15400001234".into()));
        assert_eq!(text(&Cell::Number(1.5)), Some("1.5".into()));
        assert!(has_lost_digits(&Cell::Number(1.1e17)));
        assert!(!has_lost_digits(&Cell::Number(15_400_001_234.0)));
    }

    #[test]
    fn full_width_letters_and_digits_are_plain() {
        assert_eq!(of("桐柏路６１号院Ｂ座，东侧"), Some("桐柏路61号院B座，东侧".into()));
    }

    #[test]
    fn names_have_no_blanks_but_between_latin_words() {
        assert_eq!(name("张 三"), "张三");
        assert_eq!(name("John Smith"), "John Smith");
        assert_eq!(name("阿依古丽•买买提"), "阿依古丽·买买提");
    }

    #[test]
    fn compact_text_has_plain_digits_and_no_blanks() {
        assert_eq!(compact("１５４ 0000　１２３４"), "15400001234");
        assert_eq!(compact("小区／院"), "小区/院");
    }

    #[test]
    fn texts_are_composed() {
        assert_eq!(of("e\u{301}"), Some("\u{e9}".into()));
    }
}
