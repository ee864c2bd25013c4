//! What is left today: visits overdue and due, the doors of the running sweeps, and what this
//! phone has recorded. Figures are the phone's own, over what it has heard and its unsent
//! records. A subject is listed once, whichever clock is due; nobody who moved away or died is.

use std::collections::HashMap;

use super::care::Cared;
use super::night::night;
use super::own_log::{OwnEntry, OwnState};
use super::place::{Address, Homes, LEAVES, dwelling_of, natural};
use super::seen::{Records, Seen};
use super::view::{DueVisit, Night, Today, VisitLine};
use super::words::{age, care_categories, record_summary, warnings};
use super::{Phone, Replica};
use crate::entry::Scalar;
use crate::folds::Stated;
use crate::ids::{EntityId, EntryId};
use crate::kinds::{Rule, Shape};
use crate::replica::Row;
use crate::time::{Instant, read_day};

impl Phone {
    /// Today as of `now`; the doors to go on with are looked for from the building `from`.
    #[must_use]
    pub fn today(&self, now: Instant, from: Option<EntityId>) -> Today {
        let records = self.records();
        let now = self.own_clock().by_home(now);
        let (night, visits) = self.due_visits(&records, now);
        let mut today = Today {
            night,
            overdue: Vec::new(),
            due: Vec::new(),
            sweeps: self.sweeps(&records, now, from),
            done: self.done(&records, now),
        };
        for visit in visits {
            let list = if visit.plan.days_overdue > 0 {
                &mut today.overdue
            } else {
                &mut today.due
            };
            list.push(visit);
        }
        today
    }

    fn due_visits(&self, records: &Records<'_>, now: Instant) -> (Option<Night>, Vec<DueVisit>) {
        let Some(replica) = &self.replica else {
            return (None, Vec::new());
        };
        let homes = Homes::gather(replica).without(&self.gone_here());
        let visits = Visits::of(self, records, now);
        let contacts = self.contacts(records, now);
        let mut due: Vec<DueVisit> = self
            .care(replica, &contacts, now)
            .into_iter()
            .filter(|(_, cared)| cared.due.is_some_and(|due| due.is_due(now.local_date())))
            .filter_map(|(subject, cared)| self.due_visit(replica, &homes, &visits, subject, &cared, now))
            .collect();
        // Whom somebody tried to reach today already can wait until the others were seen.
        due.sort_by(|a, b| {
            (!a.mine, a.tried.is_some(), std::cmp::Reverse(a.plan.days_overdue))
                .cmp(&(!b.mine, b.tried.is_some(), std::cmp::Reverse(b.plan.days_overdue)))
                .then_with(|| natural(&a.address, &b.address))
                .then_with(|| natural(&a.room, &b.room))
                .then_with(|| a.subject.cmp(&b.subject))
        });
        (night((replica, &self.kinds), records, &contacts, &due, now), due)
    }

    /// Who died or moved away as far as only this phone knows: the door's card still shows them,
    /// with the date that was written, but nobody is sent to them.
    fn gone_here(&self) -> Vec<EntityId> {
        let mut gone = Vec::new();
        let unmerged = |own: &&OwnEntry| matches!(own.state, OwnState::OnPhone | OwnState::Waiting(_));
        for item in self
            .own_entries()
            .filter(unmerged)
            .flat_map(|own| own.entry.edit.iter().flat_map(|edit| &edit.set))
            .filter(|item| LEAVES.contains(&item.field.as_str()))
        {
            // Both are never known of anybody: the last word counts.
            gone.retain(|id| *id != item.id);
            if item.value != Scalar::Null {
                gone.push(item.id);
            }
        }
        gone
    }

    fn due_visit(
        &self,
        replica: &Replica,
        homes: &Homes<'_>,
        visits: &Visits<'_>,
        subject: EntityId,
        cared: &Cared<'_>,
        now: Instant,
    ) -> Option<DueVisit> {
        let today = now.local_date();
        let dwelling = dwelling_of(replica, subject)?;
        let row = replica.row(subject)?;
        let (_, who) = homes.who(dwelling, subject)?;
        let kind = self.kinds.get(&who.entity_type)?;
        let address = Address::of(replica, dwelling)?;
        let me = self.enrolment.as_ref().map(|enrolment| enrolment.worker.id);
        let responsible: Vec<_> = cared.responsible().collect();
        let born = who.text("birth_date").and_then(read_day);
        let due = cared.due?;
        let wants_in_person = due.wants_in_person(today);
        let last = if wants_in_person {
            due.in_person.and_then(|clock| clock.last)
        } else {
            due.any.last
        };
        Some(DueVisit {
            subject,
            name: who.text("name").unwrap_or_default().to_owned(),
            household: row.entity_type != who.entity_type,
            age: born.and_then(|born| age(born, today)),
            care_categories: care_categories(kind, who),
            warnings: warnings(kind, who),
            phones: self.phones(who),
            grid: row.part.grid,
            dwelling,
            room: address.room.clone(),
            address: address.without_room(),
            plan: cared.card(today),
            last_contact: last.and_then(|contact| visits.line(contact.stated.entry)),
            tried: visits
                .tried_today
                .get(&subject)
                .and_then(|(_, entry)| visits.line(*entry)),
            // A plan without anybody responsible is everybody's.
            mine: responsible.is_empty() || responsible.iter().any(|worker| Some(*worker) == me),
            responsible: responsible
                .into_iter()
                .filter_map(|worker| self.name_of(worker))
                .collect(),
        })
    }

    fn phones(&self, who: &Row) -> Vec<String> {
        let fields = self
            .kinds
            .get(&who.entity_type)
            .map_or(&[][..], |kind| kind.fields.as_slice());
        fields
            .iter()
            .filter(|field| {
                matches!(
                    field.shape,
                    Shape::Text {
                        rule: Some(Rule::Phone),
                        ..
                    }
                )
            })
            .flat_map(|field| who.fields.get(field.name.as_str()).into_iter().flatten())
            .filter_map(|value| value.value.as_text().map(str::to_owned))
            .collect()
    }

    /// What this phone recorded today and has not taken back, newest first.
    fn done(&self, records: &Records<'_>, now: Instant) -> Vec<super::view::RecordRow> {
        let mut own: Vec<_> = self
            .own_entries()
            .filter(|own| own.entry.retracts.is_none() && !records.is_withdrawn(own.entry.id))
            .filter(|own| {
                // That its clock was set is nothing that anybody did.
                let kind = self.kinds.get(&own.entry.kind);
                kind.is_none_or(|kind| kind.effects.jumps.is_none())
            })
            .map(|own| self.see_own(own, &records.clock))
            .filter(|seen| {
                let at = Instant {
                    unix_ms: seen.made_ms,
                    ..now
                };
                at.local_date() == now.local_date()
            })
            .collect();
        own.reverse();
        own.into_iter().map(|seen| self.record_row(records, seen)).collect()
    }
}

/// The visits that lines are made of.
struct Visits<'a> {
    phone: &'a Phone,
    by_entry: HashMap<EntryId, Seen<'a>>,
    /// Subject → the last visit of today, whether anybody was met or not.
    tried_today: HashMap<EntityId, (Stated, EntryId)>,
}

impl<'a> Visits<'a> {
    fn of(phone: &'a Phone, records: &Records<'a>, now: Instant) -> Visits<'a> {
        let mut visits = Visits {
            phone,
            by_entry: HashMap::new(),
            tried_today: HashMap::new(),
        };
        for seen in records.counting() {
            let kind = phone.kinds.get(&seen.entry.kind);
            let Some(resets) = kind.and_then(|kind| kind.effects.resets.as_ref()) else {
                continue;
            };
            let subject = seen
                .entry
                .body
                .get(resets.subject.as_str())
                .and_then(serde_json::Value::as_str);
            let (Some(subject), Some(replica)) = (subject.and_then(|id| id.parse().ok()), &phone.replica) else {
                continue;
            };
            let subject = replica.canonical(subject);
            visits.by_entry.insert(seen.entry.id, seen);
            let stated = Stated::by(seen.entry, seen.made_ms, resets.at.as_ref());
            if stated.day(now.offset_minutes) == now.local_date() {
                let last = visits.tried_today.entry(subject).or_insert((stated, seen.entry.id));
                *last = (*last).max((stated, seen.entry.id));
            }
        }
        visits
    }

    fn line(&self, entry: EntryId) -> Option<VisitLine> {
        let seen = self.by_entry.get(&entry)?;
        let kind = self.phone.kinds.get(&seen.entry.kind)?;
        Some(VisitLine {
            entry,
            at: seen.at().to_string(),
            summary: record_summary(kind, seen.entry),
            worker_name: self.phone.name_of(seen.entry.worker),
            rung: seen.rung,
        })
    }
}
