//! Lists the visits that are due on a day, grid by grid, for phones and for the desk: pages of
//! one list, written together or not at all. A grid where nobody is due has an empty page.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use menpai_sync_core::folds::care_clock::due;
use menpai_sync_core::ids::GridId;
use menpai_sync_core::time::Instant;

use super::NightError;
use super::records::{DueClock, DueVisit, DueVisits, PAGE_VISITS, body};
use crate::fail_points;
use crate::local_time::LocalTime;
use crate::office::{Office, records};
use crate::store::review::{counts, plans, returns, statements};

/// A visit with the days it is late.
type Late = (u64, DueVisit);

/// Writes the list for `day`, unless it is written; says how long it is.
///
/// # Errors
/// [`NightError`]; then nothing is written.
pub(super) fn list(office: &Office, day: NaiveDate, now: Instant, local: LocalTime) -> Result<String, NightError> {
    let community = &office.community;
    let day_text = day.to_string();
    let found = community.query(|connection| {
        if returns::has_list(connection, &day_text)? {
            return Ok(None);
        }
        let kinds = community.kinds();
        let directory = community.directory();
        let withdrawn = statements::withdrawn_records(connection, |device| directory.is_office(device))?;
        let contacts = statements::contacts(connection, kinds, &withdrawn, local.offset_minutes)?;
        let mut lists: BTreeMap<Option<GridId>, Vec<Late>> = BTreeMap::new();
        for plan in plans::all(connection, kinds)? {
            let list = lists.entry(plan.grid).or_default();
            let known = contacts.get(&plan.clocks.subject).into_iter().flatten().copied();
            let Some(due) = due(&plan.clocks, known, day).filter(|due| due.is_due(day)) else {
                continue;
            };
            let (clock, of) = match due.in_person.filter(|clock| clock.is_due(day)) {
                Some(in_person) => (DueClock::InPerson, in_person),
                None => (DueClock::Any, due.any),
            };
            let visit = DueVisit {
                plan_id: plan.id,
                subject_id: plan.clocks.subject,
                clock,
                due_on: of.due_on.to_string(),
            };
            list.push((due.days_overdue(day), visit));
        }
        Ok(Some((lists, counts::last_lsn(connection)?)))
    })?;
    let Some((lists, known_through)) = found else {
        return Ok("listed already".to_owned());
    };
    let (mut drafts, mut due, mut overdue) = (Vec::new(), 0, 0);
    for (grid, list) in lists {
        for page in pages(list, &day_text, known_through) {
            if page.page == 1 {
                due += page.due;
                overdue += page.overdue;
            }
            drafts.push(office.record_at(now, records::DUE_VISITS, grid, body(&page)));
        }
    }
    if drafts.is_empty() {
        return Ok("no care plans".to_owned());
    }
    let asked = day_text.clone();
    office.decide(now, &drafts, move |connection| returns::has_list(connection, &asked))?;
    fail_points::pass("list: written");
    if !community.query(|connection| returns::has_list(connection, &day_text))? {
        return Err(NightError::Held(day_text));
    }
    Ok(format!("due {due}, overdue {overdue} on {day_text}"))
}

fn pages(mut list: Vec<Late>, day: &str, known_through: u64) -> Vec<DueVisits> {
    list.sort_by_key(|(late, visit)| (Reverse(*late), visit.plan_id));
    let overdue = list.iter().filter(|(late, _)| *late > 0).count() as u64;
    let due = list.len() as u64 - overdue;
    let count = list.len().div_ceil(PAGE_VISITS).max(1) as u64;
    let visits: Vec<DueVisit> = list.into_iter().map(|(_, visit)| visit).collect();
    (1..=count)
        .map(|page| {
            let from = usize::try_from(page - 1).unwrap_or(0) * PAGE_VISITS;
            DueVisits {
                day: day.to_owned(),
                known_through,
                page,
                pages: count,
                due,
                overdue,
                visits: visits.iter().skip(from).take(PAGE_VISITS).cloned().collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use menpai_sync_core::ids::EntityId;

    use super::*;

    fn late(number: u8, days: u64) -> Late {
        let visit = DueVisit {
            plan_id: EntityId::from_bytes([number; 16]),
            subject_id: EntityId::from_bytes([number; 16]),
            clock: DueClock::Any,
            due_on: "2026-11-24".to_owned(),
        };
        (days, visit)
    }

    #[test]
    fn a_long_list_becomes_pages_that_all_fit_an_entry() {
        let list = (0..=200).map(|number| late(number, u64::from(number))).collect();
        let pages = pages(list, "2026-11-24", 7);
        assert_eq!(
            pages.iter().map(|page| page.visits.len()).collect::<Vec<_>>(),
            [80, 80, 41]
        );
        assert!(
            pages
                .iter()
                .all(|page| (page.due, page.overdue, page.pages) == (1, 200, 3))
        );
        assert_eq!(pages[0].visits[0].plan_id, EntityId::from_bytes([200; 16]));
        assert!(
            pages
                .iter()
                .all(|page| serde_json::to_vec(page).unwrap().len() < 15_000)
        );
    }

    #[test]
    fn nobody_due_is_one_empty_page() {
        let pages = pages(Vec::new(), "2026-11-24", 7);
        assert_eq!((pages.len(), pages[0].due, pages[0].overdue), (1, 0, 0));
    }
}
