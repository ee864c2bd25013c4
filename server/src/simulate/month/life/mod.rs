//! The workers and their days. Habits are by the worker's number, so that every demo has the
//! same people: number 1 loses his phone, number 5 falls silent, number 6 has a clock that is
//! slow, number 7 finds most doors closed.

mod tasks;

use std::sync::Arc;

use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::{Class, Kinds};
use menpai_sync_core::part::Part;

use super::phone::Phone;
use super::town::Town;
use super::{HOUR_MS, LOST_DAYS_AGO, MINUTE_MS, Member, MonthError, Plan, SILENT_DAYS_AGO};
use crate::clock::Past;
use crate::home::Home;
use crate::simulate::dice::Dice;
use crate::sync::Community;

const LOSES_PHONE: usize = 1;
const FALLS_SILENT: usize = 5;
const SLOW_CLOCK: usize = 6;
const SLOW_BY_MS: i64 = 3 * MINUTE_MS + 5_000;
/// Days ago on which both workers of a grid correct one phone number without signal.
const CONFLICT_DAYS_AGO: [i64; 3] = [1, 3, 6];

struct Worker {
    member: Member,
    phone: Phone,
    lost: Option<Phone>,
    /// Doors of the grid that are this worker's, and the next to go to.
    doors: Vec<EntityId>,
    next: usize,
    /// Where nobody was home.
    again: Vec<EntityId>,
}

struct OpenHazard {
    entry: EntryId,
    owner: usize,
    stage: usize,
    days_ago: i64,
}

/// What lives on from day to day.
pub(super) struct Life {
    community: Arc<Community>,
    kinds: Arc<Kinds>,
    town: Town,
    workers: Vec<Worker>,
    hazards: Vec<OpenHazard>,
    dice: Dice,
    /// The sweep that is on.
    pub(super) sweep: Option<EntityId>,
    swept: bool,
}

impl Life {
    pub(super) fn begin(
        home: &Home,
        community: &Arc<Community>,
        plan: &Plan,
        mut town: Town,
        dice: Dice,
    ) -> Result<Life, MonthError> {
        for visited in town.grids.values_mut().flat_map(|grid| &mut grid.plans) {
            visited.last_days_ago += i64::from(plan.days);
        }
        let mut workers = Vec::new();
        for (number, member) in plan.members.iter().enumerate() {
            let mut phone = Phone::enrol(home, community, member, "工作手机")?;
            if number == SLOW_CLOCK {
                phone.clock_ms = -SLOW_BY_MS;
            }
            let all: &[EntityId] = town.grids.get(&member.grid).map_or(&[], |grid| &grid.doors);
            let (first, second) = all.split_at(all.len() / 2);
            workers.push(Worker {
                member: member.clone(),
                phone,
                lost: None,
                doors: if number % 2 == 0 { first } else { second }.to_vec(),
                next: 0,
                again: Vec::new(),
            });
        }
        Ok(Life {
            community: Arc::clone(community),
            kinds: Arc::clone(community.kinds()),
            town,
            workers,
            hazards: Vec::new(),
            dice,
            sweep: None,
            swept: false,
        })
    }

    /// A phone is lost: revoked, and replaced by another.
    pub(super) fn lose_a_phone(&mut self, home: &Home) -> Result<(), MonthError> {
        let Some(worker) = self.workers.get_mut(LOSES_PHONE) else {
            return Ok(());
        };
        let new = Phone::enrol(home, &self.community, &worker.member, "新工作手机")?;
        let old = std::mem::replace(&mut worker.phone, new);
        old.revoke(home, &self.community, &worker.member)?;
        worker.lost = Some(old);
        Ok(())
    }

    /// A day of everybody, from eight o'clock until `until_ms`.
    pub(super) fn work_day(
        &mut self,
        past: &Past,
        days_ago: i64,
        midnight: i64,
        until_ms: i64,
    ) -> Result<(), MonthError> {
        if self.sweep.is_some() && !self.swept {
            // The sweep goes over every door once more.
            self.swept = true;
            for worker in &mut self.workers {
                worker.next = 0;
                worker.again.clear();
            }
        }
        let bases: Vec<_> = self
            .workers
            .iter()
            .map(|worker| {
                self.community.heads(Part {
                    grid: Some(worker.member.grid),
                    class: Class::Open,
                })
            })
            .collect::<Result<_, _>>()?;
        let begin_ms = midnight + 8 * HOUR_MS;
        for (number, base) in bases.iter().enumerate() {
            let silent = number == FALLS_SILENT && days_ago < SILENT_DAYS_AGO;
            let resting = days_ago > 0 && self.dice.percent(12) && !quarrels(number, days_ago);
            if resting || begin_ms >= until_ms {
                continue;
            }
            let mut clock_ms = begin_ms + self.dice.between(0, 40 * MINUTE_MS);
            self.corrections(number, days_ago, base, &mut clock_ms)?;
            self.visits(number, days_ago, &mut clock_ms, until_ms)?;
            self.checks(number, days_ago, &mut clock_ms, until_ms)?;
            self.matters(number, days_ago, &mut clock_ms, until_ms)?;
            if silent {
                continue;
            }
            let end_ms = until_ms.min(midnight + 17 * HOUR_MS) - MINUTE_MS;
            let sent_ms = end_ms + i64::try_from(number).unwrap_or(0) * 5_000;
            past.go_to(sent_ms);
            self.workers[number].phone.send(&self.community, sent_ms)?;
            if let Some(lost) = &mut self.workers[number].lost
                && days_ago == LOST_DAYS_AGO - 1
            {
                lost.send(&self.community, sent_ms + 1_000)?;
            }
        }
        Ok(())
    }
}

/// Whether a worker and the other one of the grid write down two phone numbers of one person
/// that day.
fn quarrels(number: usize, days_ago: i64) -> bool {
    CONFLICT_DAYS_AGO.iter().position(|day| *day == days_ago) == Some(number / 2)
}
