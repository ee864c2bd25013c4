//! Birth dates: the notations in which a whole date stands (1950-03-01, 1950/3/1, 1950.3.1,
//! 1950年3月1日, 19500301), and which dates a living person can have. A date without its day
//! is not completed.

use chrono::{Months, NaiveDate};

/// Older than this nobody in the roster can be; 1900-01-01 is what forms put into an empty
/// date.
const OLDEST_AGE_YEARS: u32 = 120;

/// The date that a text states.
pub(crate) fn parse(text: &str) -> Option<NaiveDate> {
    let text = text.strip_suffix('日').unwrap_or(text);
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return date(&text[..4], &text[4..6], &text[6..]);
    }
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    date(year, month, day)
}

/// Whether somebody who is alive today can have been born on this date.
pub(crate) fn is_birth_date(date: NaiveDate, today: NaiveDate) -> bool {
    let oldest = today.checked_sub_months(Months::new(12 * OLDEST_AGE_YEARS));
    date <= today && oldest.is_none_or(|oldest| date >= oldest)
}

fn date(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(digits(year)? as i32, digits(month)?, digits(day)?)
}

/// A number of one to four digits; `str::parse` would take a sign as well.
fn digits(text: &str) -> Option<u32> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn whole_dates_are_read_in_every_usual_notation() {
        for text in [
            "1950-03-01",
            "1950-3-1",
            "1950/3/1",
            "1950.03.01",
            "1950年3月1日",
            "1950年03月01",
            "19500301",
        ] {
            assert_eq!(parse(text), Some(day(1950, 3, 1)), "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_date_is_no_date() {
        for text in [
            "1950",
            "1950-03",
            "1950年3月",
            "50-03-01",
            "1950-02-30",
            "1950-13-01",
            "1950-03-01-01",
            "1950-+3-01",
            "五〇年三月",
            "18323",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn nobody_is_born_tomorrow_or_older_than_everybody() {
        let today = day(2026, 11, 1);
        assert!(is_birth_date(today, today));
        assert!(!is_birth_date(day(2026, 11, 2), today));
        assert!(is_birth_date(day(1906, 11, 1), today));
        assert!(!is_birth_date(day(1900, 1, 1), today));
    }
}
