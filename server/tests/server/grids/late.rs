//! What phones sent that had not heard: edits are held, and released where things are now; of what they
//! recorded of somebody who was erased meanwhile they are told.

use super::town::{CANARY, Town};
use menpai_server::clock;
use menpai_server::office::erasures;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::phone::OwnState;
use menpai_sync_core::verdict::{Reason, Verdict};
use serde_json::json;

#[test]
fn edits_of_phones_that_had_not_heard_are_held_and_released_where_things_are_now() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [mut old, mut new] = town.phones();
    let (person, household) = (town.goes.person.to_string(), town.goes.household.to_string());
    let open = old.edit(one, &[("person", &person, "phone", "13722222222")]);
    let care = old.edit(one, &[("person", &person, "health_note", "要大声说")]);
    let child = old.edit(
        one,
        &[
            ("person", "new:0", "name", "钱小"),
            ("person", "new:0", "household_id", &household),
        ],
    );
    let born = EntityId::made_by(child, 0);
    let needing = old.edit(one, &[("person", &born.to_string(), "phone", "13744444444")]);
    let own = old.edit(
        one,
        &[("person", &town.stays.person.to_string(), "phone", "13733333333")],
    );
    town.moves(one, two);
    old.sync(&town.world);
    for (entry, in_grid, class) in [(open, two, "open"), (care, two, "care"), (child, two, "open")] {
        let (state, seq) = old.state(entry);
        assert_eq!(state, OwnState::Held(Some(Reason::WrongGrid)));
        assert_eq!(town.release(&old, seq, in_grid, class), Verdict::Released);
    }
    assert_eq!(old.state(own).0, OwnState::Merged);
    new.sync(&town.world);
    assert_eq!(new.shows(town.goes.person, "phone").as_deref(), Some("13722222222"));
    assert_eq!(new.shows(town.goes.person, "health_note").as_deref(), Some("要大声说"));
    let card = new.phone.door(town.goes.door, clock::now()).unwrap();
    assert_eq!(card.persons.len(), 2, "the child lives there");
    assert_eq!(
        new.shows(born, "phone").as_deref(),
        Some("13744444444"),
        "with what needed it"
    );
    old.sync(&town.world);
    assert_eq!(old.state(child).0, OwnState::Released(Some(Reason::WrongGrid)));
    assert_eq!(old.state(needing).0, OwnState::Released(Some(Reason::Needs)));
    assert_eq!(old.shows(town.stays.person, "phone").as_deref(), Some("13733333333"));
    for phone in [&old, &new] {
        phone.assert_equal_to(&town.world);
    }
    town.assert_whole();
}

#[test]
fn a_phone_of_the_old_grid_is_told_that_somebody_was_erased_in_the_new_one() {
    let town = Town::new();
    let [mut old, mut new] = town.phones();
    let person = town.goes.person;
    let body = json!({"dwelling_id": town.goes.door, "mode": "door", "outcome": "met", "met_person_id": person,
                      "diary": CANARY});
    old.record("door_check", town.one, body);
    town.moves(town.one, town.two);
    erasures::erase(
        &town.world.home,
        &town.world.office,
        person,
        Some("person"),
        "requested",
        None,
    )
    .unwrap();
    for phone in [&mut old, &mut new] {
        phone.sync(&town.world);
        phone.assert_equal_to(&town.world);
    }
    assert!(new.is_closed(town.goes.door));
    let own = old.phone.own_entries().last().unwrap();
    assert_eq!(own.state, OwnState::Merged);
    assert!(!own.entry.body.contains_key("diary"), "{:?}", own.entry.body);
    town.assert_whole();
}
