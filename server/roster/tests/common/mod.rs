//! Makes small rosters out of text for tests.

use chrono::NaiveDate;
use menpai_roster::{Roster, RosterError};

/// The day on which the tests read.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
}

/// Reads a CSV text.
pub(crate) fn read_csv(text: &str) -> Result<Roster, RosterError> {
    menpai_roster::read_bytes("roster.csv", text.as_bytes(), today())
}
