//! What the new grid is told of records that stay in the old one.

use std::future::Future;

use super::town::Town;
use crate::core_phones::CorePhone;
use crate::phones;
use menpai_server::clock;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::phone::OwnState;
use serde_json::json;

#[test]
fn the_new_grids_phones_know_at_once_what_was_done_at_the_doors() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [mut old, mut new] = town.phones();
    let (door, person) = (town.goes.door, town.goes.person);
    let is_due = |phone: &CorePhone| {
        let today = phone.phone.today(clock::now(), None);
        today
            .due
            .iter()
            .chain(&today.overdue)
            .any(|visit| visit.subject == person)
    };
    let words = "谁也不该再看到的话";
    old.record(
        "door_check",
        one,
        json!({"dwelling_id": door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": words}),
    );
    old.check(one, door, "absent");
    old.check(one, town.stays.door, "met");
    old.record(
        "care_visit",
        one,
        json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": words}),
    );
    let hazard =
        |place: EntityId| json!({"place_id": place, "hazard_kind": "gas", "severity": "mid", "description": words});
    let opened = old.record("hazard", one, hazard(town.goes.building));
    let settled = old.record("hazard", one, hazard(door));
    old.record("hazard_step", one, json!({"hazard_id": settled, "stage": "verified"}));
    old.sync(&town.world);
    assert!(!is_due(&new) && new.phone.door(door, clock::now()).is_none());

    let moved = town.moves(one, two);
    assert_eq!(moved.told, 4, "two checks, a visit and the hazard that is open");
    new.sync(&town.world);
    let card = new.phone.door(door, clock::now()).unwrap();
    assert!(card.state.closed, "somebody was met");
    assert_eq!(card.state.mark, Some("absent"), "that is the last of it");
    assert_eq!(card.state.worker_name.as_deref(), Some("老网格员"));
    assert_eq!(
        card.matters.iter().map(|matter| matter.entry).collect::<Vec<_>>(),
        [opened]
    );
    assert!(!is_due(&new), "somebody was there today");
    assert!(!new.kept_of_others().contains(words));
    new.assert_equal_to(&town.world);

    // What was made before anybody had heard arrives after: it counts there as well.
    let late = old.check(one, door, "refused");
    old.retract(opened);
    old.sync(&town.world);
    assert_eq!(old.state(late).0, OwnState::Merged);
    new.sync(&town.world);
    let card = new.phone.door(door, clock::now()).unwrap();
    assert_eq!(card.state.mark, Some("refused"));
    assert_eq!(card.matters.len(), 0, "its finder took it back");
    new.restart(&town.world);
    assert_eq!(new.phone.door(door, clock::now()).unwrap().state.mark, Some("refused"));
    for phone in [&mut old, &mut new] {
        phone.sync(&town.world);
        phone.assert_equal_to(&town.world);
    }
    town.assert_whole();

    // Back again: the old grid has its own records, and what the new one recorded meanwhile.
    new.check(two, door, "met");
    new.sync(&town.world);
    town.moves(two, one);
    old.sync(&town.world);
    assert_eq!(old.phone.door(door, clock::now()).unwrap().state.mark, Some("checked"));
    new.sync(&town.world);
    assert!(new.phone.door(door, clock::now()).is_none());
    old.assert_equal_to(&town.world);
}

#[test]
fn who_sees_both_grids_counts_a_record_that_was_handed_over_once() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let mut both = CorePhone::new(&town.world, "网格长", &[one, two]);
    let mut other = CorePhone::new(&town.world, "老网格员", &[one]);
    both.check(one, town.goes.door, "met");
    other.check(one, town.goes.door, "absent");
    both.sync(&town.world);
    other.sync(&town.world);
    town.moves(one, two);
    both.sync(&town.world);
    let card = both.phone.door(town.goes.door, clock::now()).unwrap();
    assert_eq!(card.records.len(), 2);
    assert!(card.records.iter().any(|record| record.own));
    both.restart(&town.world);
    assert_eq!(both.phone.door(town.goes.door, clock::now()).unwrap().records.len(), 2);
    both.assert_equal_to(&town.world);
}

#[test]
fn a_silent_phone_of_the_old_grid_could_have_been_at_a_moved_door() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [old, _new] = town.phones();
    let standing = || {
        let cookie = futures(town.world.sign_in("secretary"));
        let answer = futures(town.world.read(&format!("doors?grid={two}&standing=missing"), &cookie));
        answer["doors"][0]["standing"].clone()
    };
    town.moves(one, two);
    assert_eq!(standing(), "not_visited", "both phones told all today");
    town.world
        .forget_contacts(old.device, clock::now_ms() - 2 * 24 * phones::HOUR_MS);
    assert_eq!(standing(), "not_heard_from");
}

/// Waits for an answer of the app in this thread.
fn futures<T>(answer: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(answer)
}
