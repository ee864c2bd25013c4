//! What names somebody erased comes again: from a stale phone, a clone, or with the receipts of a
//! home that was put back.

use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use serde_json::json;

use super::world::{CANARY, raw_hits, world};
use crate::phones::{Phone, grid, set, text};

#[test]
fn nothing_that_is_sent_brings_it_back() {
    let mut world = world();
    world.erase(world.person).unwrap();
    let (office, person) = (&world.office, world.person);
    let lines = office.count("log_line");
    // The very same slice again makes no line.
    office.taken(&world.phone, world.phone.slice(1, 4));
    assert_eq!(office.count("log_line"), lines);
    // What a stale phone still has about it.
    let phone = &mut world.phone;
    let base = vec![];
    phone.edit(Some(grid(1)), base, vec![set("person", person, "name", text(CANARY))]);
    phone.record(
        "care_visit",
        Some(grid(1)),
        json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY}),
    );
    phone.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": world.door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": CANARY}),
    );
    phone.raw(format!("{CANARY}:{person}").as_bytes());
    phone.door_check(grid(1), world.door);
    office.taken(phone, phone.slice(5, phone.last()));
    let reasons: Vec<String> = (5..=phone.last()).map(|seq| office.reason(phone, seq)).collect();
    // The door check counts, without what it says of the person.
    assert_eq!(
        reasons,
        ["merged", "erased", "erased", "erased", "merged", "erased", "merged"]
    );
    assert_eq!(
        office.count("record_door_check WHERE met_person_id IS NULL AND diary IS NULL"),
        4
    );
    // A clone sends the entries under another device.
    let mut clone = Phone::new();
    clone.worker = phone.worker;
    clone.entries = phone.entries.clone();
    world.office.register(&clone);
    world.office.assign(&clone, "grid_worker", Some(grid(1)));
    world.office.taken(&clone, clone.all());
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    world.office.reopen();
    assert_eq!(raw_hits(world.office.folder.path()), 0);
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}

#[test]
fn what_a_home_once_merged_stays_erased_though_a_phone_shows_the_receipt() {
    let mut world = world();
    world.erase(world.person).unwrap();
    let person = world.person;
    // Its entries came after the copy that this home was put back from, and are sent again.
    let mut phone = world.office.worker_of_grid(1);
    let visit = json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
    phone.record("care_visit", Some(grid(1)), visit);
    phone.edit(Some(grid(1)), vec![], vec![set("person", person, "name", text(CANARY))]);
    let check =
        json!({"dwelling_id": world.door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": CANARY});
    phone.record("door_check", Some(grid(1)), check);
    phone.door_check(grid(1), world.door);
    let refilled = world.office.refilled(&phone);
    let taken = refilled.taken.map(|taken| (taken.first, taken.end));
    assert_eq!(taken, Some((1, phone.head(4))));
    let reasons: Vec<String> = (1..=4).map(|seq| world.office.reason(&phone, seq)).collect();
    assert_eq!(reasons, ["erased", "erased", "merged", "merged"]);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}
