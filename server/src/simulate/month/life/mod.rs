//! The workers and their days. Habits are by the worker's number, so that every demo has the
//! same people: number 1 loses his phone, number 5 falls silent, number 6 has a clock that is
//! slow, number 7 finds most doors closed.

use std::sync::Arc;

use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::kinds::{Class, Kinds, Mark, Shape};
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use serde_json::json;

use super::super::dice::Dice;
use super::phone::Phone;
use super::town::Town;
use super::work::{At, answers, choices, edit, items, told};
use super::{HOUR_MS, LOST_DAYS_AGO, MINUTE_MS, Member, MonthError, Plan, SILENT_DAYS_AGO};
use crate::clock::Past;
use crate::home::Home;
use crate::sync::Community;

const LOSES_PHONE: usize = 1;
const FALLS_SILENT: usize = 5;
const SLOW_CLOCK: usize = 6;
const UNLUCKY: usize = 7;
const SLOW_BY_MS: i64 = 3 * MINUTE_MS + 5_000;
/// Days ago on which both workers of a grid correct one phone number without signal.
const CONFLICT_DAYS_AGO: [i64; 3] = [1, 3, 6];
/// Days ago on which somebody records a door in another grid.
const STRAY_DAYS_AGO: i64 = 2;
/// One plan in so many is forgotten in the last days.
const FORGOTTEN: usize = 9;
const FORGOTTEN_DAYS: i64 = 11;

const AT_THE_DOOR: [&str; 6] = [
    "一切正常，已嘱咐用电安全。",
    "租客刚搬来，下次补登记。",
    "反映水压小，已转物业。",
    "孩子在外地上学，寒假回来。",
    "新换了门锁，家里都好。",
    "问了医保缴费，已说明。",
];
const HAZARDS: [&str; 6] = [
    "楼道堆了纸箱，挡住一半通道。",
    "飞线充电，从二楼拉下来。",
    "燃气软管老化，接头有味。",
    "消防栓箱门打不开。",
    "外墙皮松动，下面常有人走。",
    "线路裸露，雨天打火。",
];

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

    /// What stands on a worker's phone next, by the phone's clock.
    fn at(&mut self, number: usize, clock_ms: &mut i64, minutes: (i64, i64)) -> At<'_> {
        *clock_ms += self.dice.between(minutes.0 * MINUTE_MS, minutes.1 * MINUTE_MS);
        let worker = &self.workers[number];
        let made_ms = *clock_ms + worker.phone.clock_ms;
        At {
            kinds: &self.kinds,
            grid: worker.member.grid,
            worker: worker.member.worker,
            made_at: Instant {
                unix_ms: made_ms,
                offset_minutes: 480,
            },
            id: EntryId::from_clock(made_ms, self.dice.bytes()),
        }
    }

    fn checks(&mut self, number: usize, days_ago: i64, clock_ms: &mut i64, until_ms: i64) -> Result<(), MonthError> {
        let kinds = Arc::clone(&self.kinds);
        let Some((kind, closes)) = kinds
            .iter()
            .find_map(|kind| Some((kind, kind.effects.closes.as_ref()?)))
        else {
            return Ok(());
        };
        let mut doors: Vec<EntityId> = Vec::new();
        let fresh = self.dice.between(14, 24);
        let worker = &mut self.workers[number];
        doors.extend(worker.again.drain(..).take(5));
        for _ in 0..fresh {
            // Without a sweep the round begins again; a sweep ends at its last door.
            if worker.next >= worker.doors.len() && self.sweep.is_some() {
                break;
            }
            if let Some(door) = worker.doors.get(worker.next % worker.doors.len().max(1)) {
                doors.push(*door);
            }
            worker.next += 1;
        }
        for door in doors {
            if *clock_ms > until_ms - 30 * MINUTE_MS {
                break;
            }
            let mark = self.mark(number);
            let outcomes: Vec<_> = choices(kind, closes.by.as_str())
                .iter()
                .filter(|choice| choice.mark == Some(mark))
                .collect();
            let unusual = self.dice.percent(10);
            let outcome = if unusual {
                self.dice.pick(&outcomes).copied()
            } else {
                outcomes.first().copied()
            };
            let Some(outcome) = outcome else { continue };
            let mut body = answers([
                (closes.subject.as_str(), json!(door)),
                (closes.by.as_str(), json!(outcome.value)),
            ]);
            if let (Some(field), Some(sweep)) = (&closes.campaign, self.sweep) {
                body.insert(field.to_string(), json!(sweep));
            }
            if mark == Mark::Checked && self.dice.percent(15) {
                let text = self.dice.pick(&AT_THE_DOOR).copied().unwrap_or_default();
                told(kind, text, &mut body);
            }
            let residents = self.town.residents.get(&door).cloned().unwrap_or_default();
            let mut dice = Dice::new(self.dice.throw());
            let draft = self.at(number, clock_ms, (3, 12)).record(
                kind,
                &body,
                vec![("person", residents)],
                25,
                &mut dice,
                |_| true,
            );
            let Some(draft) = draft else { continue };
            if mark == Mark::Absent {
                self.workers[number].again.push(door);
            }
            self.keep(number, days_ago, draft)?;
        }
        Ok(())
    }

    /// Saves it; what goes wrong on purpose goes wrong here.
    fn keep(&mut self, number: usize, days_ago: i64, mut draft: Draft) -> Result<(), MonthError> {
        let strays = days_ago == STRAY_DAYS_AGO && number == 0 && self.dice.percent(12);
        if strays && let Some(other) = self.workers.last() {
            draft.grid = Some(other.member.grid);
        }
        // The finder of the lost phone goes on with it.
        let found = days_ago == LOST_DAYS_AGO - 1 && self.dice.percent(20);
        let worker = &mut self.workers[number];
        match &mut worker.lost {
            Some(lost) if found => lost.save(&draft),
            _ => worker.phone.save(&draft),
        }
    }

    fn mark(&mut self, number: usize) -> Mark {
        let absent = if number == UNLUCKY { 45 } else { 18 };
        match self.dice.between(0, 99) {
            throw if throw < absent => Mark::Absent,
            throw if throw < absent + 3 => Mark::Refused,
            throw if throw < absent + 9 => Mark::Empty,
            _ => Mark::Checked,
        }
    }

    fn visits(&mut self, number: usize, days_ago: i64, clock_ms: &mut i64, until_ms: i64) -> Result<(), MonthError> {
        let kinds = Arc::clone(&self.kinds);
        let Some((kind, resets)) = kinds
            .iter()
            .find_map(|kind| Some((kind, kind.effects.resets.as_ref()?)))
        else {
            return Ok(());
        };
        let grid = self.workers[number].member.grid;
        let plans = self
            .town
            .grids
            .get(&grid)
            .map_or_else(Vec::new, |grid| grid.plans.clone());
        for (index, plan) in plans.iter().enumerate().filter(|(index, _)| index % 2 == number % 2) {
            let forgotten = index % FORGOTTEN == 4 && days_ago < FORGOTTEN_DAYS;
            let due = plan.last_days_ago - days_ago >= plan.every_days;
            if forgotten || !due || !self.dice.percent(85) || *clock_ms > until_ms - 30 * MINUTE_MS {
                continue;
            }
            let met = self.dice.percent(88);
            let mut body = answers([(resets.subject.as_str(), json!(plan.subject))]);
            let things = vec![(plan.plan_type.as_str(), vec![plan.plan])];
            // The plan that the visit is for, where the form asks for it.
            for field in &kind.fields {
                if let Shape::Ref { to } = &field.shape
                    && to.names().iter().any(|name| *name == *plan.plan_type.as_str())
                {
                    body.insert(field.name.to_string(), json!(plan.plan));
                }
            }
            let mut dice = Dice::new(self.dice.throw());
            let draft = self
                .at(number, clock_ms, (8, 25))
                .record(kind, &body, things, 45, &mut dice, |body| {
                    resets.when.holds(body) == met
                });
            let Some(draft) = draft else { continue };
            if met && let Some(grid) = self.town.grids.get_mut(&grid) {
                grid.plans[index].last_days_ago = days_ago;
            }
            self.workers[number].phone.save(&draft)?;
        }
        Ok(())
    }

    fn matters(&mut self, number: usize, days_ago: i64, clock_ms: &mut i64, until_ms: i64) -> Result<(), MonthError> {
        let kinds = Arc::clone(&self.kinds);
        let opening = kinds.iter().find_map(|kind| Some((kind, kind.effects.opens.as_ref()?)));
        let moving = kinds.iter().find_map(|kind| Some((kind, kind.effects.moves.as_ref()?)));
        if *clock_ms > until_ms - 30 * MINUTE_MS {
            return Ok(());
        }
        if let Some((kind, opens)) = opening
            && self.dice.percent(22)
            && let Some(door) = self.dice.pick(&self.workers[number].doors).copied()
        {
            let mut body = answers([(opens.subject.as_str(), json!(door))]);
            told(kind, self.dice.pick(&HAZARDS).copied().unwrap_or_default(), &mut body);
            let mut dice = Dice::new(self.dice.throw());
            let draft = self
                .at(number, clock_ms, (5, 15))
                .record(kind, &body, Vec::new(), 10, &mut dice, |_| true);
            if let Some(draft) = draft {
                self.hazards.push(OpenHazard {
                    entry: draft.id,
                    owner: number,
                    stage: 0,
                    days_ago,
                });
                self.workers[number].phone.save(&draft)?;
            }
        }
        let Some((kind, moves)) = moving else { return Ok(()) };
        for index in 0..self.hazards.len() {
            let chance = self.dice.percent(45);
            let hazard = &self.hazards[index];
            let stages = choices(kind, moves.by.as_str());
            // Planned, rectified, verified: the first three of the list.
            let ripe = hazard.owner == number && hazard.stage < 3 && hazard.days_ago - days_ago >= 2;
            let Some(stage) = stages.get(hazard.stage).filter(|_| ripe && chance) else {
                continue;
            };
            let body = answers([
                (moves.opened_by.as_str(), json!(hazard.entry)),
                (moves.by.as_str(), json!(stage.value)),
            ]);
            let mut dice = Dice::new(self.dice.throw());
            let draft = self
                .at(number, clock_ms, (5, 15))
                .record(kind, &body, Vec::new(), 15, &mut dice, |_| true);
            if let Some(draft) = draft {
                self.hazards[index].stage += 1;
                self.hazards[index].days_ago = days_ago;
                self.workers[number].phone.save(&draft)?;
            }
        }
        Ok(())
    }

    fn corrections(
        &mut self,
        number: usize,
        days_ago: i64,
        base: &[Hash],
        clock_ms: &mut i64,
    ) -> Result<(), MonthError> {
        let quarrel = quarrels(number, days_ago);
        if !quarrel && !self.dice.percent(35) {
            return Ok(());
        }
        let grid = self.workers[number].member.grid;
        let people: &[EntityId] = self.town.grids.get(&grid).map_or(&[], |grid| &grid.people);
        // Both workers of the grid meet the same person on that day.
        let person = if quarrel {
            people.get(usize::try_from(days_ago).unwrap_or(0) * 7)
        } else {
            self.dice.pick(people)
        };
        let Some(person) = person.copied() else { return Ok(()) };
        // 199 is given to nobody.
        let phone = format!("199{:08}", self.dice.between(0, 99_999_999));
        let kinds = Arc::clone(&self.kinds);
        let at = self.at(number, clock_ms, (5, 15));
        let set = items("person", person, &[("phone", phone.into())]);
        let draft = edit(&kinds, at.id, Some(grid), at.worker, at.made_at, base.to_vec(), set);
        self.workers[number].phone.save(&draft)
    }
}

/// Whether a worker and the other one of the grid write down two phone numbers of one person
/// that day.
fn quarrels(number: usize, days_ago: i64) -> bool {
    CONFLICT_DAYS_AGO.iter().position(|day| *day == days_ago) == Some(number / 2)
}
