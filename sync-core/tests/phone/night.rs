//! The home's list of due visits on the phone.

use menpai_sync_core::ids::EntityId;
use menpai_sync_core::phone::Night;
use menpai_sync_core::time::Instant;
use serde_json::{Value, json};

use super::home::{Home, OFFICE};
use super::today::{ME, elder, march, phone, plan, visit};

/// 04:00 in China on a day of March 2026.
fn night(day: i64) -> Instant {
    Instant {
        unix_ms: march(day).unix_ms - 6 * 3_600_000,
        ..march(day)
    }
}

/// The home knew everything that any line of these tests says.
const ALL: u64 = 1_000;

fn list(day: i64, known_through: u64, counts: (u64, u64), visits: &[(EntityId, EntityId)]) -> Value {
    let visits: Vec<Value> = visits
        .iter()
        .map(|(plan, subject)| {
            json!({"plan_id": plan.to_string(), "subject_id": subject.to_string(), "clock": "any", "due_on": "2026-03-24"})
        })
        .collect();
    json!({
        "day": format!("2026-03-{day}"), "known_through": known_through, "page": 1, "pages": 1,
        "due": counts.0, "overdue": counts.1, "visits": visits,
    })
}

fn page_two(mut list: Value) -> Value {
    list["page"] = json!(2);
    list
}

fn counts(night: Option<&Night>) -> Option<(u64, u64, u64)> {
    night.map(|night| (night.due, night.overdue, night.contacted))
}

#[test]
fn the_homes_list_is_told_on_its_day_with_whom_this_phone_knows_contacted_since() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name).person);
    let [of_chen, of_wu] = [chen, wu].map(|subject| plan(&mut home, subject, 2, None, ME));
    home.record(
        OFFICE,
        "due_visits",
        night(24),
        list(24, ALL, (0, 2), &[(of_chen, chen), (of_wu, wu)]),
    );
    let mut device = phone(&mut home);
    let today = device.phone.today(march(24), None);
    assert_eq!(counts(today.night.as_ref()), Some((0, 2, 0)));
    assert!(today.night.unwrap().at.starts_with("2026-03-24T04:00"));
    device.record("care_visit", visit(chen, "phone", "self"), march(24));
    let today = device.phone.today(march(24), None);
    assert_eq!(counts(today.night.as_ref()), Some((0, 2, 1)));
    for other in [23, 25] {
        assert_eq!(device.phone.today(march(other), None).night, None);
    }
}

#[test]
fn of_several_lists_the_newest_counts_and_its_pages_once() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name).person);
    let [of_chen, of_wu] = [chen, wu].map(|subject| plan(&mut home, subject, 2, None, ME));
    home.record(OFFICE, "due_visits", night(23), list(24, 1, (9, 9), &[]));
    home.record(
        OFFICE,
        "due_visits",
        night(24),
        list(24, ALL, (3, 2), &[(of_chen, chen)]),
    );
    home.record(
        OFFICE,
        "due_visits",
        night(24),
        page_two(list(24, ALL, (3, 2), &[(of_wu, wu)])),
    );
    let mut device = phone(&mut home);
    device.record("care_visit", visit(wu, "door", "self"), march(24));
    assert_eq!(
        counts(device.phone.today(march(24), None).night.as_ref()),
        Some((3, 2, 1))
    );
}

#[test]
fn what_this_phone_recorded_before_the_list_and_sent_after_it_is_news() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name).person);
    let of_chen = plan(&mut home, chen, 2, None, ME);
    let of_wu = plan(&mut home, wu, 30, None, ME);
    let mut device = phone(&mut home);
    device.record("care_visit", visit(chen, "door", "self"), march(23));
    home.record(
        OFFICE,
        "due_visits",
        night(24),
        list(24, ALL, (2, 0), &[(of_chen, chen), (of_wu, wu)]),
    );
    device.sync(&mut home);
    let today = device.phone.today(march(24), None);
    assert_eq!(counts(today.night.as_ref()), Some((2, 0, 1)));
}
