//! The night of a running server: once a day at its hour, and at the start what was missed. A
//! thread of its own; ended in the middle, the next start goes on.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};

use super::{Which, run};
use crate::clock;
use crate::home::Home;
use crate::jobs::ticker::Ticker;
use crate::local_time::LocalTime;

/// Starts it; `at` is the local time of the night. It runs until what is returned is dropped.
///
/// # Errors
/// The operating system's, if it gives no thread.
pub fn start(home: Arc<Home>, at: NaiveTime) -> std::io::Result<Ticker> {
    let mut last = None;
    Ticker::start("night", move || {
        let now = clock::now();
        if let Some(today) = due(now.unix_ms, at, last) {
            last = Some(today);
            match run(&home, now, Which::Missed) {
                Ok(report) if !report.is_clean() => tracing::error!("the night ended with failures"),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "no night"),
            }
        }
    })
}

/// The day whose night is to be run now; `last` is the one that was.
fn due(now_ms: i64, at: NaiveTime, last: Option<NaiveDate>) -> Option<NaiveDate> {
    let local = LocalTime::of_community();
    let today = local.day(now_ms);
    let since_midnight = now_ms - local.range(today).start;
    let at_ms = at.signed_duration_since(NaiveTime::MIN).num_milliseconds();
    (since_midnight >= at_ms && last.is_none_or(|last| last < today)).then_some(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_due_once_a_day_from_its_hour_on() {
        let at = NaiveTime::from_hms_opt(2, 0, 0).unwrap();
        let midnight = LocalTime::of_community().range("2026-11-24".parse().unwrap()).start;
        let day = "2026-11-24".parse().ok();
        let hour = 3_600_000;
        assert_eq!(due(midnight + 2 * hour - 1, at, None), None);
        assert_eq!(due(midnight + 2 * hour, at, None), day);
        assert_eq!(due(midnight + 15 * hour, at, "2026-11-22".parse().ok()), day);
        assert_eq!(due(midnight + 15 * hour, at, day), None);
        assert_eq!(due(midnight + 26 * hour, at, day), "2026-11-25".parse().ok());
    }
}
