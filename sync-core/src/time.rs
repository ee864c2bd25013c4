//! Instants as they travel: RFC 3339, milliseconds, offset.
//! No clock here: every reading is an argument. Read and written by hand: chrono's general
//! parsers and formatters would be a fiftieth of the core that phones download.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::ids::text_serde;

/// A clock reading with the offset from UTC its writer lived in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instant {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: i64,
    /// Offset from UTC in minutes, east positive; 480 in China.
    pub offset_minutes: i32,
}

/// A text that is not an instant of this protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an instant like 2026-11-24T09:12:40.123+08:00")]
pub struct InstantError;

impl Instant {
    /// A reading in UTC.
    #[must_use]
    pub const fn utc(unix_ms: i64) -> Instant {
        Instant {
            unix_ms,
            offset_minutes: 0,
        }
    }

    /// Whole seconds since 1970, rounded down: the time of a derived change.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.unix_ms.div_euclid(1000)
    }

    /// The calendar day where the writer lived.
    #[must_use]
    pub fn local_date(self) -> NaiveDate {
        self.local().map(|at| at.date()).unwrap_or_default()
    }

    fn local(self) -> Option<NaiveDateTime> {
        let local_ms = self.unix_ms.checked_add(i64::from(self.offset_minutes) * 60_000)?;
        Some(DateTime::from_timestamp_millis(local_ms)?.naive_utc())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error here would panic in whoever prints: no number that arrives may do that.
        let at = self.local().unwrap_or_default();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            self.unix_ms.rem_euclid(1_000),
        )?;
        if self.offset_minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for Instant {
    type Err = InstantError;
    fn from_str(text: &str) -> Result<Instant, InstantError> {
        read_instant(text)
            .filter(|instant| (0..253_402_300_800_000).contains(&instant.unix_ms))
            .ok_or(InstantError)
    }
}

/// The day that a text like `2026-11-24` names.
#[must_use]
pub fn read_day(text: &str) -> Option<NaiveDate> {
    let [year @ .., b'-', month_1, month_2, b'-', day_1, day_2] = text.as_bytes() else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(
        i32::try_from(digits(year)?).ok()?,
        digits(&[*month_1, *month_2])?,
        digits(&[*day_1, *day_2])?,
    )
}

/// A leap second names none: it would not print as it was read.
fn read_instant(text: &str) -> Option<Instant> {
    let (day, rest) = text.split_at_checked(10)?;
    let [b'T', time @ .., b'.', milli_1, milli_2, milli_3] = rest.as_bytes().get(..13)? else {
        return None;
    };
    let [hour_1, hour_2, b':', minute_1, minute_2, b':', second_1, second_2] = time else {
        return None;
    };
    let local = read_day(day)?.and_hms_milli_opt(
        digits(&[*hour_1, *hour_2])?,
        digits(&[*minute_1, *minute_2])?,
        digits(&[*second_1, *second_2])?,
        digits(&[*milli_1, *milli_2, *milli_3])?,
    )?;
    let offset_minutes = match &rest.as_bytes()[13..] {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), hour_1, hour_2, b':', minute_1, minute_2] => {
            let (hours, minutes) = (digits(&[*hour_1, *hour_2])?, digits(&[*minute_1, *minute_2])?);
            let minutes = i32::try_from(hours * 60 + minutes)
                .ok()
                .filter(|_| hours < 24 && minutes < 60)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    Some(Instant {
        unix_ms: local.and_utc().timestamp_millis() - i64::from(offset_minutes) * 60_000,
        offset_minutes,
    })
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let digit = |b: &u8| b.is_ascii_digit().then(|| u32::from(b - b'0'));
    bytes.iter().try_fold(0, |number, b| Some(number * 10 + digit(b)?))
}

text_serde!(Instant);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_as_they_were_read() {
        for text in [
            "2026-11-24T09:12:40.123+08:00",
            "2026-11-24T01:12:40.000Z",
            "2024-02-29T23:59:59.999-03:30",
        ] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), text);
        }
        for text in [
            "2026-11-24T09:12:40+08:00",
            "2026-11-24 09:12:40.123+08:00",
            "2026-02-30T09:12:40.123Z",
            "2026-11-24T09:12:40.123",
            "1969-12-31T23:59:59.999Z",
            "",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_that_no_calendar_has_prints_as_the_beginning_of_time() {
        for unix_ms in [i64::MIN, i64::MAX] {
            assert!(Instant::utc(unix_ms).to_string().starts_with("1970-01-01T"));
        }
    }
}
