//! Birth dates: the notations in which a whole date stands (1950-03-01, 1950/3/1, 1950.3.1,
//! 1950年3月1日, 19500301, a spreadsheet's day number), and which dates a living person can
//! have. A date without its day and a year of two digits are not completed.

use chrono::{Days, Months, NaiveDate};

/// Older than this nobody in the roster can be; 1900-01-01 is what forms put into an empty
/// date.
const OLDEST_AGE_YEARS: u32 = 120;

/// The date that a text states; a time of day behind it says nothing.
pub(crate) fn parse(text: &str) -> Option<NaiveDate> {
    let text: String = match text.split_once([' ', 'T']) {
        Some((date, time)) if time.contains(':') => date.to_owned(),
        _ => text.split_whitespace().collect(),
    };
    let text = text.strip_suffix('生').unwrap_or(&text);
    let text = text.strip_suffix('日').unwrap_or(text);
    let text = super::number::plain(text);
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return date(&text[..4], &text[4..6], &text[6..]);
    }
    let mut parts = text.split(['-', '/', '.', '年', '月', '、']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    date(year, month, day)
}

/// The date that a spreadsheet's day number means. A number that could be a year is none:
/// nobody alive was born on those days.
pub(crate) fn from_serial(number: f64, counts_from_1904: bool) -> Option<NaiveDate> {
    const FIRST: f64 = 2_200.0;
    const LAST: f64 = 100_000.0;
    if !(FIRST..LAST).contains(&number) || number.fract() != 0.0 {
        return None;
    }
    // The spreadsheets' 1900 has a 29 February, so that their count starts two days early.
    let (year, month, day) = if counts_from_1904 { (1904, 1, 1) } else { (1899, 12, 30) };
    NaiveDate::from_ymd_opt(year, month, day)?.checked_add_days(Days::new(number as u64))
}

/// The day number that a text is, as CSV files have them.
pub(crate) fn serial_text(text: &str) -> Option<f64> {
    let five_digits = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    five_digits.then(|| text.parse().ok()).flatten()
}

/// Whether somebody who is alive today can have been born on this date.
pub(crate) fn is_birth_date(date: NaiveDate, today: NaiveDate) -> bool {
    let oldest = today.checked_sub_months(Months::new(12 * (OLDEST_AGE_YEARS + 1)));
    date <= today && oldest.is_none_or(|oldest| date > oldest)
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
            "1950年 3月 1日生",
            "1950年03月01",
            "19500301",
            "19500301.0",
            "1950-03-01 00:00:00",
            "1950-03-01T08:00:00",
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
            "50.3.1",
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
    fn a_day_number_is_the_date_that_a_spreadsheet_shows() {
        assert_eq!(from_serial(15_828.0, false), Some(day(1943, 5, 2)));
        assert_eq!(from_serial(14_366.0, true), Some(day(1943, 5, 2)));
        assert_eq!(from_serial(45_000.0, false), Some(day(2023, 3, 15)));
        // Years, months and parts of days.
        for number in [1950.0, 1943.5, 2010.0, 15_828.5, 0.0, -3.0, 195_003.0, f64::NAN] {
            assert_eq!(from_serial(number, false), None, "{number}");
        }
        assert_eq!(serial_text("15828"), Some(15_828.0));
        assert_eq!(serial_text("1950"), None);
    }

    #[test]
    fn nobody_is_born_tomorrow_or_older_than_everybody() {
        let today = day(2026, 11, 1);
        assert!(is_birth_date(today, today));
        assert!(!is_birth_date(day(2026, 11, 2), today));
        // A hundred and twenty until the day before the next birthday.
        assert!(is_birth_date(day(1906, 11, 1), today));
        assert!(is_birth_date(day(1905, 11, 2), today));
        assert!(!is_birth_date(day(1905, 11, 1), today));
        assert!(!is_birth_date(day(1900, 1, 1), today));
    }
}
