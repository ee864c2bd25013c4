//! Texts that mean something – lines, dates, instants, ids – each as a function and as
//! the pattern that says the same in the generated JSON Schema. A test compares the two;
//! change both or neither. Unicode NFC is the entry's rule, not repeated here.

use chrono::{Datelike, NaiveDate};

use super::problem::Code;
use crate::time::{Instant, read_day};

/// Every real day of the given centuries, leap years included.
macro_rules! day {
    ($centuries:literal) => {
        concat!(
            "(?:",
            "(?:",
            $centuries,
            ")(?:0[48]|[2468][048]|[13579][26])-02-29|2000-02-29|",
            "(?:",
            $centuries,
            ")[0-9]{2}-(?:",
            "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|",
            "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|",
            "02-(?:0[1-9]|1[0-9]|2[0-8])))"
        )
    };
}

/// One line that is not blank.
pub(super) const LINE_PATTERN: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u3000][^\u0000-\u001f\u007f-\u009f]*$";
/// Lines that are not all blank.
pub(super) const LINES_PATTERN: &str = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u3000][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$";
/// A calendar day of the years 1900 to 2199.
pub(super) const DATE_PATTERN: &str = concat!("^", day!("19|20|21"), "$");
/// An instant of the years 2000 to 2199.
pub(super) const INSTANT_PATTERN: &str = concat!(
    "^",
    day!("20|21"),
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$"
);
/// A UUID in lower case.
pub(super) const ID_PATTERN: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// What is wrong with a text as such, if anything.
pub(super) fn check_text(text: &str, max_length: u32, lines: bool) -> Result<(), Code> {
    if text.chars().any(|c| c.is_control() && !(lines && c == '\n')) {
        Err(Code::ControlCharacter)
    } else if is_blank(text) {
        Err(Code::Empty)
    } else if text.chars().count() > max_length as usize {
        Err(Code::TooLong)
    } else {
        Ok(())
    }
}

/// Whether there is nothing to see.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// Spaces of keyboards and spreadsheets, and line breaks.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\u{a0}' | '\u{3000}')
}

/// The day a text names.
pub(super) fn read_date(text: &str) -> Option<NaiveDate> {
    read_day(text).filter(|day| (1900..2200).contains(&day.year()))
}

/// The instant a text names, in milliseconds since 1970, UTC.
pub(super) fn read_instant(text: &str) -> Option<i64> {
    let instant: Instant = text.parse().ok()?;
    let (year, most_minutes) = (read_date(&text[..10])?.year(), 15 * 60);
    (year >= 2000 && instant.offset_minutes.abs() < most_minutes).then_some(instant.unix_ms)
}

/// Whether a text is an id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, b)| match index {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2024-02-29", "2000-02-29", "1900-01-01", "2199-12-31"] {
            assert!(read_date(good).is_some(), "{good}");
        }
        for bad in [
            "2023-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-04-31",
            "1899-12-31",
            "2200-01-01",
            "2026-1-1",
            "20260101",
            "+026-01-01",
            "",
        ] {
            assert!(read_date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn instants_have_milliseconds_and_an_offset() {
        assert_eq!(read_instant("2026-11-24T09:12:40.123+08:00"), Some(1_795_482_760_123));
        assert_eq!(read_instant("2026-11-24T01:12:40.123Z"), Some(1_795_482_760_123));
        for bad in [
            "2026-11-24T09:12:40+08:00",
            "2026-11-24T09:12:40.123",
            "2026-11-24T24:00:00.000Z",
            "2026-11-24T23:59:60.000Z",
            "2026-11-24T09:12:40.123+15:00",
            "1999-11-24T09:12:40.123Z",
            "2026-11-24T09:12:40.123+0800",
            "２026-11-24T09:12:40.1Z",
        ] {
            assert!(read_instant(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn blank_texts_and_control_characters_are_refused() {
        assert_eq!(check_text(" \u{3000}", 9, false), Err(Code::Empty));
        assert_eq!(check_text("", 9, false), Err(Code::Empty));
        assert_eq!(check_text("a\nb", 9, false), Err(Code::ControlCharacter));
        assert_eq!(check_text("a\nb", 9, true), Ok(()));
        assert_eq!(check_text("a\tb", 9, true), Err(Code::ControlCharacter));
        assert_eq!(check_text("门牌门牌", 3, false), Err(Code::TooLong));
    }
}
