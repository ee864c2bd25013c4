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
use crate::time::Instant;

/// The kind of `schemas/kinds/due_visits.json`.
const DUE_VISITS: &str = "due_visits";

/// The home's list for the day of `now`, if it has come; `due` are those that this phone finds due.
pub(super) fn night(
    replica: &Replica,
    records: &Records<'_>,
    contacts: &HashMap<EntityId, Vec<Contact>>,
    due: &[DueVisit],
    now: Instant,
) -> Option<Night> {
    let day = now.local_date().to_string();
    let mut pages: Vec<Seen<'_>> = Vec::new();
    for seen in records.counting() {
        if seen.entry.kind == DUE_VISITS && text(&seen.entry.body, "day") == Some(&day) {
            pages.push(seen);
        }
    }
    let mut night: Option<Night> = None;
    for page in &pages {
        let newer = |other: &Seen<'_>| other.entry.grid == page.entry.grid && other.made_ms > page.made_ms;
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
        if number(body, "page") == 1 {
            night.due += number(body, "due");
            night.overdue += number(body, "overdue");
        }
        let Some(Value::Array(visits)) = body.get("visits") else {
            continue;
        };
        for visit in visits {
            let subject = visit.as_object().and_then(|visit| text(visit, "subject_id"));
            let Some(subject) = subject.and_then(|id| id.parse().ok()) else {
                continue;
            };
            let last = contacts.get(&subject).and_then(|known| known.iter().max());
            let is_due = due.iter().any(|visit| visit.subject == subject);
            if last.is_some_and(|last| is_news(replica, page, last, is_due)) {
                night.contacted += 1;
            }
        }
    }
    night
}

/// Whether the home did not know of a contact when it wrote the list. Of this phone's own no
/// line is known: one that settles the visit was not there, else it would not be listed.
fn is_news(replica: &Replica, page: &Seen<'_>, contact: &Contact, is_due: bool) -> bool {
    let line = replica.record(contact.stated.entry).and_then(|record| record.lsn);
    contact.stated.at_ms >= page.made_ms
        || line.map_or(!is_due, |line| line > number(&page.entry.body, "known_through"))
}

#[inline(never)]
fn text<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    body.get(field)?.as_str()
}

#[inline(never)]
fn number(body: &Map<String, Value>, field: &str) -> u64 {
    body.get(field).and_then(Value::as_u64).unwrap_or(0)
}
