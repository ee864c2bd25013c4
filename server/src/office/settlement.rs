//! A quarter is settled: from then on what is merged of its days is late. Once for each quarter,
//! and not before it is over.

use std::collections::HashSet;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};
use menpai_sync_core::folds::late::ClosedPeriod;
use menpai_sync_core::ids::Lsn;
use menpai_sync_core::kinds::Kinds;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::records::SETTLEMENT;
use super::{Office, OfficeError};
use crate::clock;
use crate::local_time::LocalTime;
use crate::store::community::{StoreError, device_logs};
use crate::store::review::late;

/// A quarter of a year, written `2026Q4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quarter {
    year: i32,
    number: u32,
}

/// Not a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quarter is written like 2026Q4")]
pub struct NotAQuarter;

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// It is not over.
    #[error("{0} is not over; it can be settled from {1} on")]
    NotOver(String, NaiveDate),
    /// The community's or the node's file.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl FromStr for Quarter {
    type Err = NotAQuarter;

    fn from_str(text: &str) -> Result<Quarter, NotAQuarter> {
        let (year, number) = text.split_once('Q').ok_or(NotAQuarter)?;
        let year: i32 = year.parse().map_err(|_| NotAQuarter)?;
        let number: u32 = number.parse().map_err(|_| NotAQuarter)?;
        if (2000..2200).contains(&year) && (1..=4).contains(&number) {
            Ok(Quarter { year, number })
        } else {
            Err(NotAQuarter)
        }
    }
}

impl TryFrom<String> for Quarter {
    type Error = NotAQuarter;

    fn try_from(text: String) -> Result<Quarter, NotAQuarter> {
        text.parse()
    }
}

impl From<Quarter> for String {
    fn from(quarter: Quarter) -> String {
        format!("{}Q{}", quarter.year, quarter.number)
    }
}

impl Quarter {
    /// Its first and last day.
    #[must_use]
    pub fn days(self) -> (NaiveDate, NaiveDate) {
        let first = NaiveDate::from_ymd_opt(self.year, self.number * 3 - 2, 1).unwrap_or_default();
        let next = first.checked_add_months(Months::new(3)).unwrap_or(first);
        (first, next.checked_sub_days(Days::new(1)).unwrap_or(first))
    }

    /// The one before.
    #[must_use]
    pub fn before(self) -> Quarter {
        match self.number {
            1 => Quarter {
                year: self.year - 1,
                number: 4,
            },
            number => Quarter {
                number: number - 1,
                ..self
            },
        }
    }

    /// The quarter of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Quarter {
        Quarter {
            year: day.year(),
            number: day.month0() / 3 + 1,
        }
    }
}

/// Settles a quarter of the office's community; `false`: it was settled already.
///
/// # Errors
/// [`SettleError`].
pub fn settle(office: &Office, quarter: Quarter, note: Option<&str>) -> Result<bool, SettleError> {
    let (from, until) = quarter.days();
    let now = clock::now();
    if LocalTime::of_community().day(now.unix_ms) <= until {
        return Err(SettleError::NotOver(
            quarter.into(),
            until.checked_add_days(Days::new(1)).unwrap_or(until),
        ));
    }
    let mut body = Map::new();
    body.insert("from".to_owned(), Value::from(from.to_string()));
    body.insert("until".to_owned(), Value::from(until.to_string()));
    if let Some(note) = note.map(str::trim).filter(|note| !note.is_empty()) {
        body.insert("note".to_owned(), Value::from(note));
    }
    let device = office.device.device;
    let end = || {
        let log = office
            .community
            .query(|connection| device_logs::find(connection, device));
        log.map(|log| log.map(|log| log.head.seq)).map_err(OfficeError::from)
    };
    let was = end()?;
    let draft = office.record_at(now, SETTLEMENT, None, body);
    let kinds = office.community.kinds().clone();
    office.decide(now, &[draft], move |connection| {
        Ok(settled_by(connection, &kinds, quarter)?.is_some())
    })?;
    Ok(end()? != was)
}

/// The line that settled a quarter.
///
/// # Errors
/// [`StoreError`].
pub fn settled_by(connection: &Connection, kinds: &Kinds, quarter: Quarter) -> Result<Option<Lsn>, StoreError> {
    let closed = late::closed_periods(connection, kinds, &HashSet::new())?;
    let settles = |period: &&ClosedPeriod| period.grid.is_none() && (period.from, period.until) == quarter.days();
    Ok(closed.iter().find(settles).map(|period| period.closed_by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_has_three_months() {
        let quarter: Quarter = "2026Q4".parse().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(quarter.days(), (day("2026-10-01"), day("2026-12-31")));
        assert_eq!("2024Q1".parse::<Quarter>().unwrap().days().1, day("2024-03-31"));
        assert_eq!(Quarter::of(day("2026-11-30")), quarter);
        assert_eq!(String::from(quarter.before()), "2026Q3");
        assert_eq!(String::from("2026Q1".parse::<Quarter>().unwrap().before()), "2025Q4");
        assert_eq!(String::from(quarter), "2026Q4");
        for wrong in ["2026", "2026Q0", "2026Q5", "26Q1", "2026q1", "Q1"] {
            assert_eq!(wrong.parse::<Quarter>(), Err(NotAQuarter), "{wrong}");
        }
    }
}
