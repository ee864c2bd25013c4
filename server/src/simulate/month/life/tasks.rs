//! What a worker does on a day: corrections of the registry, visits that are due, doors one
//! after the other, hazards and what becomes of them. Which kinds serve, their effects say.

use std::sync::Arc;

use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::kinds::{Mark, Shape};
use menpai_sync_core::time::Instant;
use serde_json::json;

use super::super::work::{At, answers, choices, edit, items, told};
use super::super::{LOST_DAYS_AGO, MINUTE_MS, MonthError};
use super::{Life, OpenHazard, quarrels};
use crate::simulate::dice::Dice;

/// The worker who finds most doors closed.
const UNLUCKY: usize = 7;
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

impl Life {
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

    pub(super) fn checks(
        &mut self,
        number: usize,
        days_ago: i64,
        clock_ms: &mut i64,
        until_ms: i64,
    ) -> Result<(), MonthError> {
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

    pub(super) fn visits(
        &mut self,
        number: usize,
        days_ago: i64,
        clock_ms: &mut i64,
        until_ms: i64,
    ) -> Result<(), MonthError> {
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

    pub(super) fn matters(
        &mut self,
        number: usize,
        days_ago: i64,
        clock_ms: &mut i64,
        until_ms: i64,
    ) -> Result<(), MonthError> {
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

    pub(super) fn corrections(
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
