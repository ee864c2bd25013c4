//! Who is on a care plan here and when each is due: the clocks of `folds::care_clock` over
//! what this phone has, its own unsent records included.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::NaiveDate;

use super::seen::Records;
use super::view::CarePlanCard;
use super::words::value_label;
use super::{Phone, Replica};
use crate::folds::care_clock::{CarePlan, Contact, Due, due};
use crate::ids::{EntityId, WorkerId};
use crate::kinds::{Kind, Schedules};
use crate::replica::Row;
use crate::time::{Instant, read_day};

/// The plan by which a subject is visited. Of several, the one that is most pressing.
pub(super) struct Cared<'a> {
    plan: EntityId,
    row: &'a Row,
    kind: &'a Kind,
    schedules: &'a Schedules,
    /// `None` while the plan lacks what its clocks need.
    pub(super) due: Option<Due>,
}

impl Cared<'_> {
    /// Who is to go; empty: nobody was named.
    pub(super) fn responsible(&self) -> impl Iterator<Item = WorkerId> {
        self.row
            .members(self.schedules.responsible.as_str())
            .filter_map(|worker| worker.parse().ok())
    }

    pub(super) fn card(&self, today: NaiveDate) -> CarePlanCard {
        CarePlanCard {
            id: self.plan,
            level: self
                .row
                .get("level")
                .and_then(|level| value_label(self.kind, "level", level)),
            interval_days: self.row.integer(self.schedules.interval_days.as_str()),
            in_person_every_days: self.row.integer(self.schedules.in_person_every_days.as_str()),
            due_on: self.due.map(|due| due.due_on().to_string()),
            days_overdue: self.due.map_or(0, |due| due.days_overdue(today)),
            wants_in_person: self.due.is_some_and(|due| due.wants_in_person(today)),
        }
    }

    /// Later days, then earlier due dates come first, a plan without clocks last; the id settles
    /// the rest.
    fn urgency(&self, today: NaiveDate) -> (u64, Reverse<NaiveDate>, Reverse<EntityId>) {
        let late = self.due.map_or(0, |due| due.days_overdue(today));
        let on = self.due.map_or(NaiveDate::MAX, |due| due.due_on());
        (late, Reverse(on), Reverse(self.plan))
    }
}

impl Phone {
    /// Subject → every contact with it that counts.
    pub(super) fn contacts(&self, records: &Records<'_>, now: Instant) -> HashMap<EntityId, Vec<Contact>> {
        let mut contacts: HashMap<EntityId, Vec<Contact>> = HashMap::new();
        for seen in records.counting() {
            let contact = self
                .kinds
                .get(&seen.entry.kind)
                .and_then(|kind| Contact::of(kind, seen.entry, seen.made_ms, now.offset_minutes));
            if let (Some((subject, contact)), Some(replica)) = (contact, &self.replica) {
                let subject = replica.canonical(subject);
                contacts.entry(subject).or_default().push(contact);
            }
        }
        contacts
    }

    /// Subject → plan, for every plan that has not ended.
    pub(super) fn care<'a>(
        &'a self,
        replica: &'a Replica,
        contacts: &HashMap<EntityId, Vec<Contact>>,
        now: Instant,
    ) -> HashMap<EntityId, Cared<'a>> {
        let today = now.local_date();
        let mut care: HashMap<EntityId, Cared<'a>> = HashMap::new();
        for (plan, row) in replica.rows() {
            let Some(kind) = self.kinds.get(&row.entity_type) else {
                continue;
            };
            let Some(schedules) = &kind.effects.schedules else {
                continue;
            };
            let ended = row.text(schedules.ends_on.as_str()).and_then(read_day);
            let Some(subject) = replica
                .leads_to(row, schedules.subject.as_str())
                .filter(|_| ended.is_none_or(|last| today <= last))
            else {
                continue;
            };
            let clocks = CarePlan::read(schedules, |field| row.get(field).cloned());
            let met = contacts.get(&subject).into_iter().flatten().copied();
            let cared = Cared {
                plan,
                row,
                kind,
                schedules,
                due: clocks.and_then(|clocks| due(&clocks, met, today)),
            };
            match care.get(&subject) {
                Some(other) if other.urgency(today) >= cared.urgency(today) => {}
                _ => {
                    care.insert(subject, cared);
                }
            }
        }
        care
    }
}
