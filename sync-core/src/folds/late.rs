//! What came late: a record of a day that had been closed when its line was written. It counts
//! like any other; the figures that were closed do not change, so that it says so itself.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::text;
use crate::ids::GridId;
use crate::kinds::Kind;
use crate::time::read_day;

/// Days that a record of the office closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedPeriod {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// In this grid; `None`: in the whole community.
    pub grid: Option<GridId>,
    /// The line that closed it; or when it was closed, for who knows no lines of what it compares.
    pub closed_by: u64,
}

impl ClosedPeriod {
    /// What a record closes; `None` if its kind closes nothing or it is a withdrawal.
    #[must_use]
    pub fn read(kind: &Kind, body: &Map<String, Value>, grid: Option<GridId>, closed_by: u64) -> Option<ClosedPeriod> {
        let period = kind.effects.closes_period.as_ref()?;
        Some(ClosedPeriod {
            from: read_day(text(body, &period.from)?)?,
            until: read_day(text(body, &period.until)?)?,
            grid,
            closed_by,
        })
    }
}

/// Whether a record of that day and grid, merged by that line (or come at that time), came after its
/// day was closed.
#[must_use]
pub fn is_late(closed: &[ClosedPeriod], day: NaiveDate, grid: Option<GridId>, came_by: u64) -> bool {
    closed.iter().any(|period| {
        period.closed_by < came_by
            && (period.from..=period.until).contains(&day)
            && (period.grid.is_none() || period.grid == grid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: &str, until: &str, grid: Option<u8>, closed_by: u64) -> ClosedPeriod {
        ClosedPeriod {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            grid: grid.map(|grid| GridId::from_bytes([grid; 16])),
            closed_by,
        }
    }

    #[test]
    fn what_comes_after_its_day_was_closed_is_late() {
        let closed = [
            period("2026-11-24", "2026-11-24", None, 10),
            period("2026-10-01", "2026-12-31", Some(1), 20),
        ];
        let late = |day: &str, grid: u8, lsn| {
            is_late(&closed, day.parse().unwrap(), Some(GridId::from_bytes([grid; 16])), lsn)
        };
        assert!(late("2026-11-24", 2, 11));
        assert!(!late("2026-11-24", 2, 9), "it came before the day was closed");
        assert!(!late("2026-11-25", 2, 11), "its day is not closed");
        assert!(late("2026-12-31", 1, 21));
        assert!(!late("2026-12-31", 2, 21), "another grid's quarter");
        assert!(!late("2026-12-31", 1, 20));
    }
}
