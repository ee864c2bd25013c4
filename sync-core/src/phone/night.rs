//! The list of due visits that the home wrote for today in the night, beside this phone's own
//! reckoning. Of each grid its newest list counts. A list travels in the part of the plans and
//! contacts it was made from, after them: whoever has it knows what the home knew, or more.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Replica;
use super::seen::{Records, Seen};
use super::view::{DueVisit, Night};
use crate::folds::care_clock::Contact;
use crate::ids::EntityId;
use crate::kinds::{Kinds, Lists, Name};
use crate::time::Instant;

/// The home's list for the day of `now`, if it has come; `due` are those that this phone finds due.
pub(super) fn night(
    (replica, kinds): (&Replica, &Kinds),
    records: &Records<'_>,
    contacts: &HashMap<EntityId, Vec<Contact>>,
    due: &[DueVisit],
    now: Instant,
) -> Option<Night> {
    let day = now.local_date().to_string();
    let mut pages: Vec<(Seen<'_>, &Lists)> = Vec::new();
    for seen in records.counting() {
        if let Some(lists) = kinds.get(&seen.entry.kind).and_then(|kind| kind.effects.lists.as_ref())
            && text(&seen.entry.body, &lists.day) == Some(&day)
        {
            pages.push((seen, lists));
        }
    }
    let mut night: Option<Night> = None;
    for (page, lists) in &pages {
        let newer = |(other, _): &(Seen<'_>, _)| other.entry.grid == page.entry.grid && other.made_ms > page.made_ms;
        if pages.iter().any(newer) {
            continue;
        }
        let body = &page.entry.body;
        let night = night.get_or_insert_with(|| Night {
            at: page.at().to_string(),
            due: 0,
            overdue: 0,
            contacted: 0,
        });
        // Every page says how long the whole list is.
        if number(body, &lists.page) == 1 {
            night.due += number(body, &lists.due);
            night.overdue += number(body, &lists.overdue);
        }
        let Some(Value::Array(visits)) = body.get(lists.visits.as_str()) else {
            continue;
        };
        let known_through = number(body, &lists.known_through);
        for visit in visits {
            let subject = visit.as_object().and_then(|visit| text(visit, &lists.subject));
            let Some(subject) = subject.and_then(|id| id.parse().ok()) else {
                continue;
            };
            let subject = replica.canonical(subject);
            let last = contacts.get(&subject).and_then(|known| known.iter().max());
            let is_due = due.iter().any(|visit| visit.subject == subject);
            if last.is_some_and(|last| is_news(replica, (page, known_through), last, is_due)) {
                night.contacted += 1;
            }
        }
    }
    night
}

/// Whether the home did not know of a contact when it wrote the list. Of this phone's own no
/// line is known: one that settles the visit was not there, else it would not be listed.
fn is_news(replica: &Replica, (page, known_through): (&Seen<'_>, u64), contact: &Contact, is_due: bool) -> bool {
    let line = replica.record(contact.stated.entry).and_then(|record| record.lsn);
    contact.stated.at_ms >= page.made_ms || line.map_or(!is_due, |line| line > known_through)
}

#[inline(never)]
fn text<'a>(body: &'a Map<String, Value>, field: &Name) -> Option<&'a str> {
    body.get(field.as_str())?.as_str()
}

#[inline(never)]
fn number(body: &Map<String, Value>, field: &Name) -> u64 {
    body.get(field.as_str()).and_then(Value::as_u64).unwrap_or(0)
}
