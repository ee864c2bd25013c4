//! Which records of long ago say nothing any more: later ones of the same subject have overtaken
//! them. Of kinds that only mark doors, reset care clocks, list visits or close days; by their
//! effects, never by name. The last old ones of a subject stay, and whatever is part of a
//! withdrawal or correction: so that nothing new that is withdrawn uncovers a gap. Whoever goes
//! without these records sees what everybody sees, until something that was old then is itself
//! withdrawn, or a campaign runs that began before ([`is_needed_for`]).

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{Datelike, Months, NaiveDate, NaiveTime};

use super::care_clock::Contact;
use super::coverage::{Campaign, DoorStatement};
use super::{Stated, text};
use crate::clock::COMMUNITY_OFFSET_MINUTES;
use crate::entry::Entry;
use crate::ids::{EntityId, EntryId};
use crate::kinds::{Effects, Kind, Kinds};
use crate::time::read_day;

const DAY_MS: i64 = 86_400_000;

/// What of the past still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// From this day on everything does.
    pub since: NaiveDate,
    /// Campaigns that were over by then.
    pub over: BTreeSet<EntityId>,
}

impl Horizon {
    /// The horizon of a day: the last month and this one count, and as many days before as a
    /// campaign began that runs or will. One that ended yesterday runs still where clocks are behind.
    #[must_use]
    pub fn of(today: NaiveDate, campaigns: &[Campaign]) -> Horizon {
        let this_month = today.with_day(1).unwrap_or(today);
        let last_month = this_month.checked_sub_months(Months::new(1)).unwrap_or(this_month);
        let yesterday = today.pred_opt().unwrap_or(today);
        let counting = campaigns.iter().filter(|campaign| campaign.ends_on >= yesterday);
        let since = counting.map(|campaign| campaign.starts_on).fold(last_month, Ord::min);
        let over = campaigns.iter().filter(|campaign| campaign.ends_on < since);
        Horizon {
            since,
            over: over.map(|campaign| campaign.id).collect(),
        }
    }
}

/// What was made before this instant is old: a day more than the day says, so that it falls on an
/// earlier day wherever on earth somebody counts days.
#[must_use]
pub fn old_before_ms(since: NaiveDate) -> i64 {
    let midnight = since.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    midnight - i64::from(COMMUNITY_OFFSET_MINUTES) * 60_000 - DAY_MS
}

/// Whether a campaign counts what may have been left out: it is not over, and began before `since`,
/// or was over when something that names it was left out.
#[must_use]
pub fn is_needed_for(campaign: &Campaign, today: NaiveDate, since: NaiveDate, over: &[EntityId]) -> bool {
    campaign.ends_on >= today && (campaign.starts_on < since || over.contains(&campaign.id))
}

/// What may be left out of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overtaken {
    /// These records.
    pub records: HashSet<EntryId>,
    /// The campaigns that they name; all of them are over.
    pub campaigns: BTreeSet<EntityId>,
}

/// The records of one part, each with its made-time, that say nothing any more. `disputed` are
/// those that any record, of whatever part, withdraws or corrects.
#[must_use]
pub fn overtaken<'e>(
    kinds: &Kinds,
    horizon: &Horizon,
    disputed: &HashSet<EntryId>,
    records: impl IntoIterator<Item = (&'e Entry, i64)>,
) -> Overtaken {
    let old_before = old_before_ms(horizon.since);
    let mut old: Vec<(EntryId, Option<EntityId>)> = Vec::new();
    let mut last: HashMap<(&str, Of, EntityId), Last> = HashMap::new();
    for (entry, made_ms) in records {
        let withdraws = entry.retracts.or(entry.supersedes).is_some();
        let Some(kind) = kinds.get(&entry.kind).filter(|kind| only_the_last_speaks(kind)) else {
            continue;
        };
        if made_ms >= old_before || withdraws || disputed.contains(&entry.id) || !is_past(kind, entry, horizon.since) {
            continue;
        }
        let door = DoorStatement::of(kind, entry, made_ms);
        if kind.effects.closes.is_some() && door.is_none() {
            continue;
        }
        let contact = Contact::of(kind, entry, made_ms, COMMUNITY_OFFSET_MINUTES);
        let campaign = door.as_ref().and_then(|door| door.campaign);
        let of_door = door.map(|door| (Of::Door, door.dwelling, door.stated, door.closes));
        let of_care = contact.map(|(subject, contact)| (Of::Care, subject, contact.stated, contact.in_person));
        for (of, subject, stated, telling) in of_door.into_iter().chain(of_care) {
            let last = last.entry((kind.name.as_str(), of, subject)).or_default();
            last.any = last.any.max(Some(stated));
            if telling {
                last.telling = last.telling.max(Some(stated));
            }
        }
        if campaign.is_none_or(|campaign| horizon.over.contains(&campaign)) {
            old.push((entry.id, campaign));
        }
    }
    let stays: HashSet<EntryId> = last
        .into_values()
        .flat_map(|last| last.any.into_iter().chain(last.telling))
        .map(|stated| stated.entry)
        .collect();
    old.retain(|(entry, _)| !stays.contains(entry));
    Overtaken {
        records: old.iter().map(|(entry, _)| *entry).collect(),
        campaigns: old.iter().filter_map(|(_, campaign)| *campaign).collect(),
    }
}

/// What a statement is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Door,
    Care,
}

/// The last old statements about a subject.
#[derive(Default)]
struct Last {
    any: Option<Stated>,
    /// That closed the door, or was in person.
    telling: Option<Stated>,
}

/// Whether a kind has no effect but those of which only the last record of a subject speaks.
fn only_the_last_speaks(kind: &Kind) -> bool {
    let speaking = Effects {
        closes: None,
        resets: None,
        lists: None,
        closes_period: None,
        ..kind.effects.clone()
    };
    speaking == Effects::default() && kind.effects != Effects::default()
}

/// Whether the days are over that a record lists visits for, or closes. Which records came after
/// their day was closed is marked at the desk, where every record is.
fn is_past(kind: &Kind, entry: &Entry, since: NaiveDate) -> bool {
    let effects = &kind.effects;
    let listed = effects.lists.as_ref().map(|lists| &lists.day);
    let closed = effects.closes_period.as_ref().map(|period| &period.until);
    let mut days = listed.into_iter().chain(closed);
    days.all(|field| {
        text(&entry.body, field)
            .and_then(read_day)
            .is_some_and(|day| day < since)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entry::Draft;
    use crate::ids::WorkerId;
    use crate::time::Instant;

    /// 1 September 2026, midnight in China.
    const SEPTEMBER_MS: i64 = 1_788_192_000_000;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn entity(n: u8) -> EntityId {
        EntityId::from_bytes([n; 16])
    }

    fn campaign(n: u8, starts_on: &str, ends_on: &str) -> Campaign {
        Campaign {
            id: entity(n),
            name: "拉网排查".into(),
            record_kind: "door_check".into(),
            scope: BTreeSet::new(),
            starts_on: day(starts_on),
            ends_on: day(ends_on),
        }
    }

    fn entry(n: u8, kind: &str, september: i64, body: &Value) -> Entry {
        let at = Instant {
            unix_ms: SEPTEMBER_MS + (september - 1) * DAY_MS + 1,
            offset_minutes: 480,
        };
        let id = EntryId::from_clock(at.unix_ms, [n; 10]);
        let body = body.as_object().unwrap().clone();
        let draft = Draft::record(id, kind, 1, None, WorkerId::from_bytes([1; 16]), at, body);
        draft.make().unwrap().entry
    }

    fn check(n: u8, september: i64, door: u8, outcome: &str) -> Entry {
        let body = json!({"dwelling_id": entity(door), "mode": "door", "outcome": outcome});
        entry(n, "door_check", september, &body)
    }

    /// The places of those that may be left out.
    fn left_out(entries: &[Entry], horizon: &Horizon, disputed: &[usize]) -> Vec<usize> {
        let disputed = disputed.iter().map(|at| entries[*at].id).collect();
        let records = entries.iter().map(|entry| (entry, entry.made_at.unix_ms));
        let gone = overtaken(&Kinds::builtin().unwrap(), horizon, &disputed, records);
        (0..entries.len())
            .filter(|at| gone.records.contains(&entries[*at].id))
            .collect()
    }

    fn november() -> Horizon {
        Horizon::of(day("2026-11-20"), &[])
    }

    #[test]
    fn the_horizon_is_the_first_of_last_month_or_the_first_day_of_a_campaign_that_is_not_over() {
        assert_eq!(november().since, day("2026-10-01"));
        assert_eq!(Horizon::of(day("2026-01-31"), &[]).since, day("2025-12-01"));
        let campaigns = [
            campaign(1, "2026-08-15", "2026-11-20"),
            campaign(2, "2026-06-01", "2026-08-14"),
            campaign(3, "2026-05-01", "2026-11-18"),
        ];
        let horizon = Horizon::of(day("2026-11-20"), &campaigns);
        assert_eq!(horizon.since, day("2026-08-15"));
        assert_eq!(horizon.over, BTreeSet::from([entity(2)]));
        let over = [entity(2)];
        let needed = |campaign: &Campaign| is_needed_for(campaign, day("2026-11-20"), horizon.since, &over);
        assert_eq!(campaigns.each_ref().map(needed), [false, false, false]);
        assert!(needed(&campaign(4, "2026-08-14", "2026-11-20")));
        assert!(needed(&campaign(2, "2026-11-01", "2026-12-01")));
    }

    #[test]
    fn of_a_door_the_last_old_check_and_the_last_that_closed_it_stay() {
        let checks = [
            check(1, 1, 1, "met"),
            check(2, 2, 1, "empty"),
            check(3, 3, 1, "absent"),
            check(4, 4, 1, "refused"),
            check(5, 2, 2, "absent"),
            // Whatever is new overtakes nothing: it may be withdrawn.
            check(6, 60, 1, "met"),
            check(7, 61, 2, "met"),
        ];
        assert_eq!(left_out(&checks, &november(), &[]), [0, 2]);
        assert_eq!(left_out(&checks, &november(), &[3]), [0], "the last one is disputed");
    }

    #[test]
    fn a_day_before_the_month_begins_is_not_old_yet() {
        // 29 and 30 September, just after midnight.
        let checks = [
            check(1, 29, 1, "absent"),
            check(2, 30, 1, "absent"),
            check(3, 29, 1, "met"),
        ];
        assert_eq!(left_out(&checks, &november(), &[]), [0]);
    }

    #[test]
    fn of_somebody_cared_for_the_last_contact_and_the_last_in_person_stay() {
        let visit = |n: u8, mode: &str, met: &str| {
            let body = json!({"subject_id": entity(9), "mode": mode, "met": met, "contact_person": "self"});
            entry(n, "care_visit", i64::from(n), &body)
        };
        let visits = [
            visit(1, "door", "met"),
            visit(2, "door", "met"),
            visit(3, "phone", "met"),
            visit(4, "phone", "met"),
            visit(5, "door", "not_home"),
        ];
        assert_eq!(left_out(&visits, &november(), &[]), [0, 2, 4]);
    }

    #[test]
    fn what_names_a_campaign_stays_until_that_is_over() {
        let naming = |n: u8, campaign: u8| {
            let body =
                json!({"dwelling_id": entity(1), "mode": "door", "outcome": "absent", "campaign_id": entity(campaign)});
            entry(n, "door_check", i64::from(n), &body)
        };
        let checks = [naming(1, 21), naming(2, 22), naming(3, 23), check(4, 4, 1, "absent")];
        let campaigns = [
            campaign(21, "2026-08-01", "2026-09-30"),
            campaign(22, "2026-10-01", "2026-12-01"),
        ];
        let horizon = Horizon::of(day("2026-11-20"), &campaigns);
        assert_eq!(left_out(&checks, &horizon, &[]), [0], "nobody knows the third");
        let records = checks.iter().map(|entry| (entry, entry.made_at.unix_ms));
        let gone = overtaken(&Kinds::builtin().unwrap(), &horizon, &HashSet::new(), records);
        assert_eq!(gone.campaigns, BTreeSet::from([entity(21)]));
    }

    #[test]
    fn lists_and_closed_days_go_when_they_are_over_and_whatever_else_a_kind_does_stays() {
        let list = |n: u8, day: &str| entry(n, "due_visits", 1, &json!({"day": day, "page": 1}));
        let entries = [
            list(1, "2026-09-02"),
            list(2, "2026-11-01"),
            entry(
                3,
                "settlement",
                1,
                &json!({"from": "2026-06-01", "until": "2026-08-31"}),
            ),
            entry(
                4,
                "hazard",
                1,
                &json!({"place_id": entity(1), "hazard_kind": "gas", "severity": "low"}),
            ),
            entry(
                5,
                "hazard_step",
                2,
                &json!({"hazard_id": EntryId::from_clock(1, [4; 10]), "stage": "planned"}),
            ),
            entry(6, "assignment", 1, &json!({"worker": entity(3), "worker_name": "刘敏"})),
            entry(
                7,
                "held_decision",
                1,
                &json!({"held_device": entity(3), "held_seq": 1, "decision": "released"}),
            ),
        ];
        assert_eq!(left_out(&entries, &november(), &[]), [0, 2]);
    }

    #[test]
    fn what_is_part_of_a_correction_stays_and_overtakes_nothing() {
        let mut checks = [
            check(1, 1, 1, "absent"),
            check(2, 2, 1, "absent"),
            check(3, 3, 1, "absent"),
            check(4, 4, 1, "absent"),
        ];
        checks[3].supersedes = Some(checks[2].id);
        assert_eq!(left_out(&checks, &november(), &[2]), [0]);
    }
}
