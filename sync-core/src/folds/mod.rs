//! What merged records add up to. Phone, desk and night fold with these functions over the
//! same statements, ordered by (when it was, entry id): the order of arrival changes nothing,
//! and a number on one screen is the number on every other.
//! No IO, no clock: the day is an argument.

pub mod alias;
pub mod care_clock;
pub mod coverage;
pub mod late;
pub mod overtaken;
pub mod withdrawn;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::entry::Entry;
use crate::ids::EntryId;
use crate::kinds::Name;
use crate::time::Instant;

/// When and by which entry something was stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stated {
    /// When it was, milliseconds UTC: made-time, or earlier where the entry says so.
    pub at_ms: i64,
    /// The entry.
    pub entry: EntryId,
}

impl Stated {
    /// Made-time counts unless the entry names an earlier instant: nobody can have seen
    /// something after having written it down.
    #[must_use]
    pub fn new(entry: EntryId, made_ms: i64, at_ms: Option<i64>) -> Stated {
        Stated {
            at_ms: at_ms.map_or(made_ms, |at_ms| at_ms.min(made_ms)),
            entry,
        }
    }

    /// The same of an entry at hand; `at` is the effect's field that names the instant.
    #[must_use]
    pub fn by(entry: &Entry, made_ms: i64, at: Option<&Name>) -> Stated {
        let at_ms = at
            .and_then(|field| text(&entry.body, field))
            .and_then(|text| text.parse::<Instant>().ok())
            .map(|at| at.unix_ms);
        Stated::new(entry.id, made_ms, at_ms)
    }

    /// The calendar day where clocks are `offset_minutes` ahead of UTC.
    #[must_use]
    pub fn day(self, offset_minutes: i32) -> NaiveDate {
        Instant {
            unix_ms: self.at_ms,
            offset_minutes,
        }
        .local_date()
    }
}

/// The text that a field holds.
fn text<'a>(body: &'a Map<String, Value>, field: &Name) -> Option<&'a str> {
    body.get(field.as_str())?.as_str()
}
