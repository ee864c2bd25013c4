//! Instants as they travel (RFC 3339, milliseconds, offset) and made-time.
//! No clock here: every reading is an argument.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};

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
        self.to_chrono().map(|at| at.date_naive()).unwrap_or_default()
    }

    fn to_chrono(self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(self.offset_minutes * 60)?;
        Some(Utc.timestamp_millis_opt(self.unix_ms).single()?.with_timezone(&offset))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(at) if self.offset_minutes == 0 => {
                write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
            }
            Some(at) => write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%S%.3f%:z")),
            None => Err(fmt::Error),
        }
    }
}

impl FromStr for Instant {
    type Err = InstantError;
    fn from_str(text: &str) -> Result<Instant, InstantError> {
        let bytes = text.as_bytes();
        let shaped = matches!(bytes.len(), 24 | 29)
            && bytes[10] == b'T'
            && bytes[19] == b'.'
            && bytes[20..23].iter().all(u8::is_ascii_digit)
            && matches!(bytes[23], b'Z' | b'+' | b'-')
            && (bytes[23] == b'Z') == (bytes.len() == 24);
        if !shaped {
            return Err(InstantError);
        }
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| InstantError)?;
        // A leap second would not print as it was read.
        let instant = Instant {
            unix_ms: at.timestamp_millis(),
            offset_minutes: at.offset().local_minus_utc() / 60,
        };
        if (0..253_402_300_800_000).contains(&instant.unix_ms) {
            Ok(instant)
        } else {
            Err(InstantError)
        }
    }
}

text_serde!(Instant);

/// **Made-time** in milliseconds UTC: the phone's clock corrected by the offset measured
/// at upload, not before the device's last contact preceding the entry (`after_ms`,
/// where there was one), not after its arrival.
#[must_use]
pub fn made_time(made_at: Instant, offset_ms: i64, after_ms: Option<i64>, received_ms: i64) -> i64 {
    let corrected = made_at.unix_ms.saturating_add(offset_ms);
    let earliest = after_ms.unwrap_or(i64::MIN).min(received_ms);
    corrected.clamp(earliest, received_ms)
}

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
    fn made_time_corrects_and_stays_within_the_contacts() {
        let at = Instant::utc(1_000_000);
        assert_eq!(made_time(at, -3_000, None, 2_000_000), 997_000);
        assert_eq!(made_time(at, 0, Some(1_500_000), 2_000_000), 1_500_000);
        assert_eq!(made_time(at, 9_999_999, None, 2_000_000), 2_000_000);
        // A clock a year ahead still lands between contact and arrival.
        assert_eq!(
            made_time(Instant::utc(i64::MAX), 5, Some(3_000_000), 2_000_000),
            2_000_000
        );
    }
}
