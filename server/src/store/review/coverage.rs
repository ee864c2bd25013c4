//! Every door with where it stands: closed, visited but open, not visited, not yet heard
//! from. The rules are sync-core's; here they get their statements.

use std::collections::HashSet;

use menpai_sync_core::folds::coverage::{Campaign, CoverageWindow, DoorFold, Standing, fold_doors};
use menpai_sync_core::ids::{EntryId, GridId};
use menpai_sync_core::kinds::{Kinds, Mark};
use rusqlite::Connection;

use super::places::{Door, Places};
use super::silence::Silence;
use super::statements::{self, Wanted};
use crate::store::community::StoreError;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Only doors in its scope, only records that count for it; `None`: all time.
    pub campaign: Option<&'a Campaign>,
    /// First instant of its first day; records before it are not read.
    pub since_ms: Option<i64>,
    /// Where clocks are that much ahead of UTC.
    pub offset_minutes: i32,
    /// Records that no longer speak.
    pub withdrawn: &'a HashSet<EntryId>,
    /// Whose phones are silent.
    pub silence: &'a Silence,
}

/// One door.
#[derive(Debug, Clone)]
pub struct CoveredDoor {
    /// Which.
    pub door: Door,
    /// What was stated about it.
    pub fold: Option<DoorFold>,
    /// Where it stands.
    pub standing: Standing,
}

impl CoveredDoor {
    /// What was last found there.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.fold.as_ref().and_then(|fold| fold.last.mark)
    }
}

/// Every door in question, in the order people count.
///
/// # Errors
/// [`StoreError`].
pub fn doors(
    connection: &Connection,
    kinds: &Kinds,
    places: &Places,
    question: Question<'_>,
) -> Result<Vec<CoveredDoor>, StoreError> {
    let wanted = question.campaign.map_or_else(Wanted::default, |campaign| Wanted {
        record_kind: Some(&campaign.record_kind),
        since_ms: question.since_ms,
        campaign: Some(campaign.id),
    });
    let window = question
        .campaign
        .map_or(CoverageWindow::Everything, |campaign| CoverageWindow::Campaign {
            campaign,
            offset_minutes: question.offset_minutes,
        });
    let mut folds = fold_doors(
        statements::of_doors(connection, kinds, question.withdrawn, wanted)?,
        window,
    );
    let grids: HashSet<Option<GridId>> = places.doors.iter().map(|door| door.grid).collect();
    let silent: HashSet<Option<GridId>> = grids
        .into_iter()
        .filter(|grid| question.silence.of_grid(*grid).next().is_some())
        .collect();
    let asked = places.doors.iter().filter(|door| {
        question
            .campaign
            .is_none_or(|campaign| campaign.covers(places.around(door)))
    });
    Ok(asked
        .map(|door| {
            let fold = folds.remove(&door.id);
            CoveredDoor {
                standing: Standing::of(fold.as_ref(), silent.contains(&door.grid)),
                fold,
                door: door.clone(),
            }
        })
        .collect())
}

/// How many doors stand where. The four standings add up to `doors`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = CoverageCounts)]
pub struct Counts {
    /// All of them.
    pub doors: usize,
    /// Done for coverage.
    pub closed: usize,
    /// Of the closed: nobody lives there.
    pub empty: usize,
    /// Somebody was there; not done.
    pub visited_open: usize,
    /// Of those visited and open: did not let anybody in.
    pub refused: usize,
    /// Every phone that could have been there says it was not.
    pub not_visited: usize,
    /// A phone that could have been there is silent.
    pub not_heard_from: usize,
}

impl Counts {
    /// Counts one more door.
    pub fn add(&mut self, door: &CoveredDoor) {
        self.doors += 1;
        match door.standing {
            Standing::Closed => {
                self.closed += 1;
                self.empty += usize::from(door.mark() == Some(Mark::Empty));
            }
            Standing::VisitedOpen => {
                self.visited_open += 1;
                self.refused += usize::from(door.mark() == Some(Mark::Refused));
            }
            Standing::NotVisited => self.not_visited += 1,
            Standing::NotHeardFrom => self.not_heard_from += 1,
        }
    }
}
