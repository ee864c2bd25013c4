//! The night: every community's file is verified, each day that is over is closed, the visits
//! that are due are listed, a copy is kept. Each step happens once for each day whatever
//! happens: what is in the log is looked for in the transaction that would write it, the rest
//! is noted in node.sqlite. A step that fails is loud and stops no other (docs/adr/0007).

pub mod backup;
mod close;
mod figures;
mod list;
pub mod records;
mod run;
pub mod schedule;

use std::collections::BTreeMap;

use chrono::Days;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, GridId};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::age::AgeError;
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::office::{Office, OfficeError};
use crate::store::community::StoreError;
use crate::store::review::returns;
use crate::sync::Community;
use records::DailyReturn;

pub use run::{Which, run};

/// What belongs to no community.
pub const NODE: &str = "node";

/// Why a step did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum NightError {
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
    /// The community's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A copy cannot be sealed.
    #[error("sealing a copy: {0}")]
    Seal(AgeError),
    /// The file contradicts itself, or its copy does.
    #[error("{0}")]
    Findings(String),
    /// What was written does not count.
    #[error("the home held back what the night wrote for {0}")]
    Held(String),
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// Community code, or `node`.
    pub community: String,
    /// The day it is about.
    pub day: String,
    /// `verify`, `close`, `list` or `backup`.
    pub step: String,
    /// Whether it did what it should.
    pub done: bool,
    /// One sentence.
    pub detail: String,
}

/// What one run did; steps that were done before are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightReport {
    /// In order.
    pub steps: Vec<StepReport>,
}

impl NightReport {
    /// Whether every step did what it should.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.steps.iter().all(|step| step.done)
    }
}

/// Closes a day and lists the visits of the next, without copy and check: how a demo comes to
/// its past.
///
/// # Errors
/// [`NightError`].
pub fn close_and_list(home: &Home, code: CommunityCode, now: Instant) -> Result<(), NightError> {
    let local = LocalTime::of_community();
    let today = local.day(now.unix_ms);
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let office = Office::of_night(home, code)?;
    close::close(&office, yesterday, now, local)?;
    list::list(&office, today, now, local)?;
    Ok(())
}

/// The returns of a day; the community's has no grid.
///
/// # Errors
/// [`StoreError`].
pub fn returns_of(community: &Community, day: &str) -> Result<BTreeMap<Option<GridId>, DailyReturn>, StoreError> {
    let entries = community.read(|reader| returns::of_day(&reader.connection, &mut reader.codec, day))?;
    let read = |(grid, entry): (_, Entry)| {
        let body = serde_json::from_value(Value::Object(entry.body));
        Ok((grid, body.map_err(|error| StoreError::damaged(error.to_string()))?))
    };
    entries.into_iter().map(read).collect()
}
