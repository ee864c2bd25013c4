//! The community's days. Instants leave the server at the community's offset, so that no
//! browser's own time zone decides what day something was.

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use menpai_sync_core::time::Instant;

use crate::clock;

/// How the community counts time.
#[derive(Debug, Clone, Copy)]
pub struct LocalTime {
    /// Offset from UTC, east positive.
    pub offset_minutes: i32,
}

impl LocalTime {
    /// China's one time zone.
    #[must_use]
    pub fn of_community() -> LocalTime {
        LocalTime {
            offset_minutes: clock::now().offset_minutes,
        }
    }

    /// An instant as the community writes it.
    #[must_use]
    pub fn instant(self, unix_ms: i64) -> Instant {
        Instant {
            unix_ms,
            offset_minutes: self.offset_minutes,
        }
    }

    /// The day of an instant.
    #[must_use]
    pub fn day(self, unix_ms: i64) -> NaiveDate {
        DateTime::from_timestamp_millis(unix_ms + self.offset_ms())
            .unwrap_or_default()
            .date_naive()
    }

    /// From local midnight to the next.
    #[must_use]
    pub fn range(self, day: NaiveDate) -> std::ops::Range<i64> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - self.offset_ms();
        midnight(day)..midnight(day.checked_add_days(Days::new(1)).unwrap_or(day))
    }

    fn offset_ms(self) -> i64 {
        i64::from(self.offset_minutes) * 60_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_local_midnight() {
        let local = LocalTime { offset_minutes: 480 };
        let day: NaiveDate = "2026-11-24".parse().unwrap();
        let range = local.range(day);
        assert_eq!(local.instant(range.start).to_string(), "2026-11-24T00:00:00.000+08:00");
        assert_eq!(range.end - range.start, 86_400_000);
        assert_eq!(local.day(range.start), day);
        assert_eq!(local.day(range.start - 1), "2026-11-23".parse::<NaiveDate>().unwrap());
        assert_eq!(local.day(range.end - 1), day);
    }
}
