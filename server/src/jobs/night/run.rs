//! One night from its beginning to its end: which days are to be closed, which steps each
//! community needs, and what became of each. A step that is done is not done again; one that
//! fails is noted and stops no other.

use std::sync::{Arc, PoisonError};

use chrono::{Days, NaiveDate};
use menpai_sync_core::ids::CommunityCode;
use menpai_sync_core::time::Instant;

use super::{NODE, NightError, NightReport, StepReport, backup, close, list};
use crate::clock;
use crate::fail_points;
use crate::home::Home;
use crate::jobs::{compact, verify};
use crate::local_time::LocalTime;
use crate::office::Office;
use crate::store::node::{self, NightStep};
use crate::store::review::returns;
use crate::sync::Community;

/// No more days than this are made up at once, however long the server stood still.
const MOST_DAYS: u64 = 400;
/// Findings that fit into a sentence.
const SHOWN_FINDINGS: usize = 3;

/// Which nights a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Yesterday's, and every one missed.
    Yesterday,
    /// Only those of communities that there were on that day.
    Missed,
}

/// Runs what is to be done at `now`: every day before today's is over.
///
/// # Errors
/// The operating system's, if the communities cannot be listed. Whatever else fails is in
/// the report.
pub fn run(home: &Home, now: Instant, which: Which) -> std::io::Result<NightReport> {
    // Two nights at once would do everything twice to find it done.
    let _alone = home.night.lock().unwrap_or_else(PoisonError::into_inner);
    let local = LocalTime::of_community();
    let today = local.day(now.unix_ms);
    let mut night = Night {
        home,
        now,
        local,
        today,
        yesterday: today.checked_sub_days(Days::new(1)).unwrap_or(today),
        report: NightReport::default(),
    };
    let communities = home.communities.list()?;
    for code in &communities {
        night.community(*code, which);
    }
    if !night.report.steps.is_empty() {
        night.step(NODE, night.yesterday, Step::Backup, |night| {
            backup::node(night.home, night.yesterday)
        });
        let kept = backup::prune(&home.folder.backups(), &communities);
        if let Err(error) = kept {
            tracing::error!(%error, "old copies are not removed");
        }
    }
    Ok(night.report)
}

/// A step's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Verify,
    Close,
    List,
    Backup,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Verify => "verify",
            Step::Close => "close",
            Step::List => "list",
            Step::Backup => "backup",
        }
    }
}

struct Night<'h> {
    home: &'h Home,
    now: Instant,
    local: LocalTime,
    today: NaiveDate,
    yesterday: NaiveDate,
    report: NightReport,
}

impl Night<'_> {
    fn community(&mut self, code: CommunityCode, which: Which) {
        let (now, local, today, yesterday) = (self.now, self.local, self.today, self.yesterday);
        let opened = self.home.communities.get(code).map_err(NightError::from);
        let days = opened.and_then(|community| match community {
            Some(community) => Ok(Some((self.days(&community)?, community))),
            None => Ok(None),
        });
        let (days, community) = match days {
            Ok(Some((days, community))) if which == Which::Yesterday || !days.is_empty() => (days, community),
            Ok(_) => return,
            Err(error) => return self.note(&code.to_string(), yesterday, Step::Verify, Err(error)),
        };
        let code_text = code.to_string();
        self.step(&code_text, yesterday, Step::Verify, |_| verify_one(&community));
        let office = match Office::of_night(self.home, code) {
            Ok(office) => office,
            Err(error) => return self.note(&code_text, yesterday, Step::Close, Err(error.into())),
        };
        for day in days {
            // A day that cannot be closed must not be passed over: the next one waits for it.
            if !self.step(&code_text, day, Step::Close, |_| close::close(&office, day, now, local)) {
                break;
            }
        }
        self.step(&code_text, yesterday, Step::List, |_| {
            list::list(&office, today, now, local)
        });
        self.step(&code_text, yesterday, Step::Backup, |night| {
            // First, so that the copy has no history that nobody needs.
            let compacted = compact::compact(&office, None, compact::NIGHTLY_RATIO)?;
            let copied = backup::community(night.home, &community, yesterday)?;
            Ok(match compacted.len() {
                0 => copied,
                parts => format!("{copied}; {parts} registers compacted"),
            })
        });
    }

    /// The days that are to be closed, in order; none where there was no community yet.
    fn days(&self, community: &Arc<Community>) -> Result<Vec<NaiveDate>, NightError> {
        let (closed, begun_ms) =
            community.query(|connection| Ok((returns::last_day(connection)?, returns::begun_ms(connection)?)))?;
        let after_closed = closed.and_then(|day| day.parse::<NaiveDate>().ok()?.checked_add_days(Days::new(1)));
        let begun = self.local.day(begun_ms);
        let earliest = self.yesterday.checked_sub_days(Days::new(MOST_DAYS)).unwrap_or(begun);
        // The last day is looked at even where it is closed: its other steps may be open.
        let first = after_closed
            .unwrap_or(begun)
            .max(earliest)
            .min(self.yesterday.max(begun));
        Ok(first.iter_days().take_while(|day| *day <= self.yesterday).collect())
    }

    /// Does a step unless it is done, and notes what became of it; says whether it is done now.
    fn step(
        &mut self,
        community: &str,
        day: NaiveDate,
        step: Step,
        work: impl FnOnce(&Self) -> Result<String, NightError>,
    ) -> bool {
        let day_text = day.to_string();
        let is_done = self.home.node_store().read(|connection| {
            let steps = node::night_steps(connection, community, &day_text)?;
            Ok(steps
                .iter()
                .any(|known| known.step == step.name() && known.done == Some(true)))
        });
        let begun = match is_done {
            Ok(true) => return true,
            Ok(false) => self.home.node_store().write(|transaction| {
                node::begin_night_step(transaction, community, &day_text, step.name(), clock::now_ms())
            }),
            Err(error) => Err(error),
        };
        fail_points::pass(step.name());
        let outcome = begun.map_err(NightError::from).and_then(|()| work(self));
        let done = outcome.is_ok();
        self.note(community, day, step, outcome);
        done
    }

    fn note(&mut self, community: &str, day: NaiveDate, step: Step, outcome: Result<String, NightError>) {
        let (done, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(error) => (false, error.to_string()),
        };
        let day = day.to_string();
        if done {
            tracing::info!(community, day, step = step.name(), detail, "night");
        } else {
            tracing::error!(community, day, step = step.name(), detail, "night: a step failed");
        }
        let ended = NightStep {
            step: step.name().to_owned(),
            started_ms: 0,
            finished_ms: Some(clock::now_ms()),
            done: Some(done),
            detail: detail.clone(),
        };
        let noted = self
            .home
            .node_store()
            .write(|transaction| node::end_night_step(transaction, community, &day, &ended));
        if let Err(error) = noted {
            tracing::error!(%error, "the night cannot note what it did; it will look again");
        }
        self.report.steps.push(StepReport {
            community: community.to_owned(),
            day,
            step: step.name().to_owned(),
            done,
            detail,
        });
    }
}

fn verify_one(community: &Community) -> Result<String, NightError> {
    let report = verify::verify(community)?;
    if report.is_clean() {
        return Ok(format!(
            "{} lines, {} entries, {} devices",
            report.lines, report.entries, report.devices
        ));
    }
    let shown: Vec<String> = report
        .findings
        .iter()
        .take(SHOWN_FINDINGS)
        .map(ToString::to_string)
        .collect();
    Err(NightError::Findings(format!(
        "{} findings: {}",
        report.findings.len(),
        shown.join("; ")
    )))
}
