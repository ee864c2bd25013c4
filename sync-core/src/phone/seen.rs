//! The records as the phone's screens see them: merged ones and its own that are not yet.
//! What is held or withdrawn is listed but does not count.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::clock::{NOTICEABLE_MS, OwnClock};
use super::elsewhere::Elsewhere;
use super::own_log::{OwnEntry, OwnState, is_record_of};
use super::view::{DoorState, Rung};
use super::{Phone, Replica};
use crate::clock::COMMUNITY_OFFSET_MINUTES;
use crate::entry::Entry;
use crate::folds::coverage::{Campaign, CoverageWindow, DoorFold, DoorStatement, fold_doors, outcome};
use crate::folds::late::ClosedPeriod;
use crate::folds::overtaken::old_before_ms;
use crate::folds::withdrawn::{Speaker, withdrawn};
use crate::ids::{EntityId, EntryId};
use crate::kinds::Mark;
use crate::replica::MergedRecord;
use crate::time::{Instant, read_day};

/// A record with what is known about it beside its bytes.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) entry: &'a Entry,
    pub(super) made_ms: i64,
    pub(super) rung: Rung,
    pub(super) own: bool,
    pub(super) office: bool,
    pub(super) state: Option<OwnState>,
}

impl Seen<'_> {
    /// Made-time, where the clock it was made by showed clearly another.
    pub(super) fn home_at(&self) -> Option<Instant> {
        let differs = self.made_ms.saturating_sub(self.entry.made_at.unix_ms).saturating_abs() >= NOTICEABLE_MS;
        differs.then_some(Instant {
            unix_ms: self.made_ms,
            offset_minutes: COMMUNITY_OFFSET_MINUTES,
        })
    }

    /// Made-time, as far as it is known here.
    pub(super) fn at(&self) -> Instant {
        Instant {
            unix_ms: self.made_ms,
            ..self.entry.made_at
        }
    }
}

/// Every record this phone knows, and which of them no longer speak.
pub(super) struct Records<'a> {
    pub(super) all: Vec<Seen<'a>>,
    pub(super) clock: OwnClock,
    /// Days that the office closed, once anybody asks.
    pub(super) closed: OnceCell<Vec<ClosedPeriod>>,
    withdrawn: HashSet<EntryId>,
    /// Own ones that the home left out of their part: the last word is another's.
    left_out: HashSet<EntryId>,
}

impl<'a> Records<'a> {
    /// What counts, in no order: not held, not withdrawn, not overtaken, and saying something itself.
    pub(super) fn counting(&self) -> impl Iterator<Item = Seen<'a>> {
        let silent = |entry: EntryId| self.is_withdrawn(entry) || self.left_out.contains(&entry);
        self.all
            .iter()
            .copied()
            .filter(move |seen| seen.rung.counts() && seen.entry.retracts.is_none() && !silent(seen.entry.id))
    }

    /// Whether it was said anew.
    pub(super) fn is_corrected(&self, entry: EntryId) -> bool {
        let anew = |seen: &Seen<'_>| seen.rung.counts() && seen.entry.supersedes == Some(entry);
        self.is_withdrawn(entry) && self.all.iter().any(anew)
    }

    /// Whether its author or the office took it back.
    pub(super) fn is_withdrawn(&self, entry: EntryId) -> bool {
        self.withdrawn.contains(&entry)
    }
}

impl Phone {
    /// Gathers them, once per question.
    pub(super) fn records(&self) -> Records<'_> {
        let clock = self.own_clock();
        let mut all: Vec<Seen<'_>> = Vec::new();
        let mut left_out = HashSet::new();
        if let Some(replica) = &self.replica {
            all.extend(replica.records().map(|record| self.see(replica, record)));
            let confirmed: HashSet<EntryId> = all.iter().map(|seen| seen.entry.id).collect();
            let own = || self.own_entries().filter(|own| !confirmed.contains(&own.entry.id));
            all.extend(own().map(|own| self.see_own(own, &clock)));
            left_out.extend(
                own()
                    .filter(|own| self.was_left_out(replica, own, &clock))
                    .map(|own| own.entry.id),
            );
            let here = |id| self.own.as_ref().is_some_and(|own| own.has(Some(id)));
            let told = replica.told().filter(|told| !here(told.entry.id));
            all.extend(told.map(|told| self.see(replica, told)));
        }
        let withdrawn = withdrawn(all.iter().map(|seen| {
            let said = Speaker::of(seen.entry, seen.office);
            // What is held can be taken back, but takes nothing back.
            let withdraws = said.withdraws.filter(|_| seen.rung.counts());
            Speaker { withdraws, ..said }
        }));
        Records {
            all,
            clock,
            closed: OnceCell::new(),
            withdrawn,
            left_out,
        }
    }

    /// Whether an own entry that its part has not got here was left out of it. Until its own lines
    /// have come once more, it may be newer than that part.
    fn was_left_out(&self, replica: &Replica, own: &OwnEntry, clock: &OwnClock) -> bool {
        let since = replica.began_with().iter().find_map(|(part, facts)| {
            let left_out = facts
                .left_out
                .as_ref()
                .filter(|_| is_record_of(*part, own, &self.kinds))?;
            read_day(&left_out.since)
        });
        since.is_some_and(|since| !self.asks_verdicts() || clock.made_ms(own) < old_before_ms(since))
    }

    fn see<'a>(&self, replica: &Replica, record: &'a MergedRecord) -> Seen<'a> {
        let device = self.enrolment.as_ref().map(|enrolment| enrolment.device.id);
        Seen {
            entry: &record.entry,
            made_ms: record.made_ms,
            rung: Rung::Merged,
            own: Some(record.device) == device,
            office: replica.is_office(record.device),
            state: None,
        }
    }

    /// What another phone of this worker made and the home did not simply merge.
    pub(super) fn see_elsewhere<'a>(&self, elsewhere: &'a Elsewhere) -> Seen<'a> {
        Seen {
            entry: &elsewhere.entry,
            made_ms: elsewhere.made_ms,
            rung: rung(elsewhere.state),
            own: false,
            office: false,
            state: Some(elsewhere.state),
        }
    }

    /// An own entry, as any other; its made-time is the home's where that is known here.
    pub(super) fn see_own<'a>(&self, own: &'a OwnEntry, clock: &OwnClock) -> Seen<'a> {
        let record = self.replica.as_ref().and_then(|replica| replica.record(own.entry.id));
        Seen {
            entry: &own.entry,
            made_ms: record.map_or_else(|| clock.made_ms(own), |record| record.made_ms),
            rung: rung(own.state),
            own: true,
            office: false,
            state: Some(own.state),
        }
    }

    /// The doors that something counting was recorded at, in a window of time.
    pub(super) fn doors_in(&self, records: &Records<'_>, window: CoverageWindow<'_>) -> HashMap<EntityId, DoorFold> {
        let statements = records.counting().filter_map(|seen| {
            let kind = self.kinds.get(&seen.entry.kind)?;
            let mut statement = match window {
                CoverageWindow::Campaign { campaign, .. } if campaign.record_kind != seen.entry.kind => None,
                _ => DoorStatement::of(kind, seen.entry, seen.made_ms),
            }?;
            statement.dwelling = self.replica.as_ref()?.canonical(statement.dwelling);
            Some(statement)
        });
        fold_doors(statements, window)
    }

    /// What each of these doors shows.
    pub(super) fn states_of(&self, records: &Records<'_>, doors: &HashMap<EntityId, DoorFold>) -> DoorStates {
        let last: HashSet<EntryId> = doors.values().map(|door| door.last.stated.entry).collect();
        let seen: HashMap<EntryId, Seen<'_>> = records
            .counting()
            .filter(|seen| last.contains(&seen.entry.id))
            .map(|seen| (seen.entry.id, seen))
            .collect();
        doors
            .iter()
            .filter_map(|(dwelling, door)| Some((*dwelling, self.state(door, *seen.get(&door.last.stated.entry)?))))
            .collect()
    }

    fn state(&self, door: &DoorFold, last: Seen<'_>) -> DoorState {
        let kind = self.kinds.get(&last.entry.kind);
        // Written down afterwards: the entry says when it was.
        let at = match door.last.stated.at_ms {
            earlier if earlier < last.made_ms => Instant {
                unix_ms: earlier,
                ..last.entry.made_at
            },
            _ => last.at(),
        };
        DoorState {
            mark: door.last.mark.map(mark_name),
            label: kind
                .and_then(|kind| outcome(kind, &door.last.outcome))
                .map(|choice| choice.labels.clone()),
            closed: door.closed,
            at: Some(at.to_string()),
            worker_name: self.name_of(last.entry.worker),
            rung: Some(last.rung),
        }
    }

    /// The last check of every door, whenever it was.
    pub(super) fn door_states(&self, records: &Records<'_>) -> DoorStates {
        self.states_of(records, &self.doors_in(records, CoverageWindow::Everything))
    }

    /// The campaigns that count checks of doors, in no order.
    pub(super) fn campaigns(&self) -> Vec<Campaign> {
        let rows = self.replica.iter().flat_map(Replica::rows);
        let campaigns = rows.filter_map(|(id, row)| {
            let sweeps = self.kinds.get(&row.entity_type)?.effects.sweeps.as_ref()?;
            let scope = row
                .members(sweeps.scope.as_str())
                .filter_map(|member| member.parse().ok())
                .collect();
            Campaign::read(id, sweeps, scope, |field| row.get(field).cloned())
        });
        let counts_doors = |campaign: &Campaign| {
            let kind = self.kinds.get(&campaign.record_kind);
            kind.is_some_and(|kind| kind.effects.closes.is_some())
        };
        campaigns.filter(counts_doors).collect()
    }

    /// Those that run on the day of `now`, the ones that end first first.
    pub(super) fn running_campaigns(&self, now: Instant) -> Vec<Campaign> {
        let mut running = self.campaigns();
        running.retain(|campaign| campaign.runs_on(now.local_date()));
        running.sort_by(|a, b| (a.ends_on, &a.name, a.id).cmp(&(b.ends_on, &b.name, b.id)));
        running
    }
}

/// Door → what it shows; doors without a record are not in it.
pub(super) type DoorStates = HashMap<EntityId, DoorState>;

pub(super) fn rung(state: OwnState) -> Rung {
    match state {
        OwnState::OnPhone => Rung::OnPhone,
        OwnState::Merged => Rung::Merged,
        OwnState::Held(_) => Rung::Held,
        OwnState::Waiting(_) => Rung::Waiting,
        OwnState::Released(_) => Rung::Released,
        OwnState::SetAside(_) => Rung::SetAside,
    }
}

fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::Checked => "checked",
        Mark::Absent => "absent",
        Mark::Refused => "refused",
        Mark::Empty => "empty",
    }
}
