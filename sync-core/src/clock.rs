//! Honest time: when an entry was made, from the clocks of its device and of its home. Phones'
//! clocks are off, are set while people work, and lose their zone; what they said stays as
//! written, and made-time is what is known of it. It is never before the device's last contact
//! preceding the entry and never after arrival, whatever the device says.

use crate::ids::Seq;
use crate::time::Instant;

/// China's one time zone: a community's days begin at its midnight, whatever a phone is set to.
pub const COMMUNITY_OFFSET_MINUTES: i32 = 480;

/// By how much a device's clock was moved while it worked: after which entries, and new reading
/// minus the one it should have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockJumps(Vec<(Seq, i64)>);

impl ClockJumps {
    /// By how much it moved after entry `seq`. An offset that is measured now was another then.
    #[must_use]
    pub fn after(&self, seq: Seq) -> i64 {
        let later = self.0.iter().filter(|(at, _)| *at > seq);
        later.fold(0, |sum: i64, (_, by_ms)| sum.saturating_add(*by_ms))
    }

    /// The offset at entry `seq`, where one of `offset_ms` was measured at the log's end `measured_at`.
    #[must_use]
    pub fn offset_at(&self, seq: Seq, measured_at: Seq, offset_ms: i64) -> i64 {
        let since_ms = self.after(seq).saturating_sub(self.after(measured_at));
        offset_ms.saturating_add(since_ms)
    }

    /// As they travel.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(Seq, i64)> {
        self.0
    }
}

impl From<Vec<(Seq, i64)>> for ClockJumps {
    fn from(pairs: Vec<(Seq, i64)>) -> ClockJumps {
        ClockJumps(pairs)
    }
}

impl FromIterator<(Seq, i64)> for ClockJumps {
    fn from_iter<I: IntoIterator<Item = (Seq, i64)>>(pairs: I) -> ClockJumps {
        ClockJumps(pairs.into_iter().collect())
    }
}

/// A device's last contact before an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastContact {
    /// Home's clock then.
    pub at_ms: i64,
    /// Home's clock minus device's clock then; `None` where nobody noted it.
    pub offset_ms: Option<i64>,
}

/// When an entry was made, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// **Made-time**, milliseconds UTC.
    pub made_ms: i64,
    /// Home's clock minus device's clock at that moment.
    pub offset_ms: i64,
}

/// Made-time: the phone's clock corrected by `offset_ms`, which is the offset measured at upload
/// and what the clock is known to have jumped by since. Where that leads out of the time in
/// which the entry must have been made, and the last contact's offset does not, the clock was set
/// after the entry and nobody noticed: then that offset counts.
#[must_use]
pub fn made_time(made_at: Instant, offset_ms: i64, before: Option<LastContact>, received_ms: i64) -> Made {
    let earliest = before.map_or(i64::MIN, |contact| contact.at_ms).min(received_ms);
    let corrected = |offset_ms: i64| made_at.unix_ms.saturating_add(offset_ms);
    let is_possible = |offset_ms: &i64| (earliest..=received_ms).contains(&corrected(*offset_ms));
    let then = before.and_then(|contact| contact.offset_ms).filter(is_possible);
    let offset_ms = then.filter(|_| !is_possible(&offset_ms)).unwrap_or(offset_ms);
    Made {
        made_ms: corrected(offset_ms).clamp(earliest, received_ms),
        offset_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;
    const MORNING: i64 = 1_795_480_000_000;
    const NOON: i64 = MORNING + 4 * HOUR;

    fn contact(offset_ms: i64) -> Option<LastContact> {
        Some(LastContact {
            at_ms: MORNING,
            offset_ms: Some(offset_ms),
        })
    }

    #[test]
    fn made_time_corrects_and_stays_within_the_contacts() {
        let at = Instant::utc(1_000_000);
        let after = |at_ms| Some(LastContact { at_ms, offset_ms: None });
        let made = |offset_ms, before| made_time(at, offset_ms, before, 2_000_000);
        assert_eq!(
            made(-3_000, None),
            Made {
                made_ms: 997_000,
                offset_ms: -3_000
            }
        );
        assert_eq!(
            made(0, after(1_500_000)),
            Made {
                made_ms: 1_500_000,
                offset_ms: 0
            }
        );
        assert_eq!(made(9_999_999, None).made_ms, 2_000_000);
        // A clock at the end of time still lands between contact and arrival.
        let last = made_time(Instant::utc(i64::MAX), 5, after(3_000_000), 2_000_000);
        assert_eq!(last.made_ms, 2_000_000);
    }

    #[test]
    fn a_clock_that_is_a_year_off_all_day_is_corrected() {
        for off in [-YEAR, YEAR] {
            let at = Instant::utc(MORNING + HOUR + off);
            let made = made_time(at, -off, contact(-off), NOON);
            assert_eq!(
                made,
                Made {
                    made_ms: MORNING + HOUR,
                    offset_ms: -off
                }
            );
        }
    }

    #[test]
    fn a_clock_set_between_an_entry_and_its_upload_leaves_the_entry_where_it_was() {
        // Right at nine, set by a year at ten, sent at noon: noon's offset is no good for nine.
        for set_by in [-YEAR, YEAR] {
            let (nine, eleven) = (Instant::utc(MORNING + HOUR), Instant::utc(MORNING + 3 * HOUR + set_by));
            let made = |at| made_time(at, -set_by, contact(0), NOON);
            assert_eq!(
                made(nine),
                Made {
                    made_ms: MORNING + HOUR,
                    offset_ms: 0
                }
            );
            assert_eq!(
                made(eleven),
                Made {
                    made_ms: MORNING + 3 * HOUR,
                    offset_ms: -set_by
                }
            );
        }
    }

    #[test]
    fn jumps_that_were_noticed_count_for_what_was_made_before_them() {
        // Set back half an hour after entry 4, and forward ten minutes after entry 6.
        let jumps = ClockJumps::from(vec![(5, -HOUR / 2), (7, HOUR / 6)]);
        assert_eq!(
            [4, 5, 6, 7, 8].map(|seq| jumps.after(seq)),
            [-HOUR / 3, HOUR / 6, HOUR / 6, 0, 0]
        );
        // Both possible: only the note of the jump tells which.
        let made = made_time(
            Instant::utc(MORNING + HOUR),
            HOUR / 2 + ClockJumps::from(vec![(5, -HOUR / 2)]).after(4),
            contact(0),
            NOON,
        );
        assert_eq!(made.made_ms, MORNING + HOUR);
        let endless = ClockJumps::from(vec![(1, i64::MAX), (2, i64::MAX)]);
        assert_eq!(endless.after(0), i64::MAX);
    }
}
