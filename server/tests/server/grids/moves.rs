//! What moves, what stays, and who sees what of it then.

use super::town::{CANARY, Town, change, edit};
use crate::core_phones::CorePhone;
use crate::desk_world::day;
use crate::phones::{set, text};
use menpai_server::clock;
use menpai_server::office::erasures;
use menpai_server::office::grids::{self, ChangeError, Target};
use menpai_server::sync::moving::MoveError;
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::phone::OwnState;
use serde_json::json;

#[test]
fn a_building_moves_with_everybody_in_it_and_nothing_else() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let before = town.values(one);
    let moved = town.moves(one, two);
    assert_eq!((moved.doors, moved.people, moved.entities, moved.ended), (1, 1, 6, 0));
    for id in [
        town.goes.building,
        town.goes.door,
        town.goes.household,
        town.goes.person,
        town.goes.plan,
    ] {
        assert_eq!(town.grid_of(id), Some(two));
    }
    for id in [
        town.stays.building,
        town.stays.door,
        town.stays.household,
        town.stays.person,
        town.stays.plan,
    ] {
        assert_eq!(town.grid_of(id), Some(one));
    }
    // Moved back, every value is where it was.
    assert_eq!(town.values(two).len(), town.values(one).len(), "two houses alike");
    town.moves(two, one);
    assert_eq!(town.values(one), before);
    assert_eq!(town.values(two), [""; 0]);
}

#[test]
fn who_sees_only_the_old_grid_keeps_nothing_of_what_moved_and_learns_nothing_new_of_it() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [mut old, mut new] = town.phones();
    let mut both = CorePhone::new(&town.world, "网格长", &[one, two]);
    assert!(old.kept_of_others().contains(CANARY));
    assert!(!new.kept_of_others().contains(CANARY));
    town.moves(one, two);
    let fresh = CorePhone::new(&town.world, "新来的", &[one]);
    for phone in [&mut old, &mut new, &mut both] {
        phone.sync(&town.world);
        phone.assert_equal_to(&town.world);
    }
    fresh.assert_equal_to(&town.world);
    assert!(!old.kept_of_others().contains(CANARY), "{}", old.kept_of_others());
    assert!(!fresh.kept_of_others().contains(CANARY));
    assert_eq!(old.shows(town.stays.person, "name").as_deref(), Some("赵留"));
    assert_eq!(
        new.shows(town.goes.person, "health_note"),
        Some(format!("钱走{CANARY}听力弱"))
    );
    assert_eq!(new.shows(town.stays.person, "name"), None);
    assert!(both.shows(town.goes.person, "name").is_some() && both.shows(town.stays.person, "name").is_some());

    // What is written in the new grid from now on reaches those who see it.
    new.edit(
        two,
        &[("person", &town.goes.person.to_string(), "phone", "13799999999")],
    );
    new.sync(&town.world);
    old.sync(&town.world);
    both.sync(&town.world);
    assert!(!old.kept_of_others().contains("13799999999"));
    assert_eq!(both.shows(town.goes.person, "phone").as_deref(), Some("13799999999"));
    town.assert_whole();

    // An app that is closed and opened shows the same.
    for phone in [&mut old, &mut new, &mut both] {
        phone.restart(&town.world);
        phone.assert_equal_to(&town.world);
    }
    assert!(!old.kept_of_others().contains(CANARY));
}

#[test]
fn an_open_conflict_moves_with_both_its_values_and_whose_they_are() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let mut phones = ["王一", "李二"].map(|name| CorePhone::new(&town.world, name, &[one]));
    let person = town.goes.person.to_string();
    phones[0].edit(one, &[("person", &person, "phone", "13711111111")]);
    phones[1].edit(one, &[("person", &person, "phone", "13722222222")]);
    phones.iter_mut().for_each(|phone| phone.sync(&town.world));
    let shown = || {
        town.world
            .community()
            .query(|connection| {
                let sql = "SELECT value, device, at_s FROM registry_value WHERE field = 'phone' AND entity =
                             (SELECT number FROM entity WHERE id = ?1) ORDER BY rank";
                let mut statement = connection.prepare(sql)?;
                let rows = statement.query_map([town.goes.person.as_bytes()], |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, [u8; 16]>(1)?,
                        row.get::<_, i64>(2)?,
                    ))
                })?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .unwrap()
    };
    let before = shown();
    assert_eq!(before.len(), 2);
    town.moves(one, two);
    assert_eq!(shown(), before);
}

#[test]
fn a_merge_ends_the_old_grids_roles_and_sweeps_go_on() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [mut old, mut new] = town.phones();
    let today = day(clock::now_ms());
    let campaign = {
        let entry = clock::new_entry_id();
        let campaign = EntityId::made_by(entry, 0);
        let items = [
            ("name", "排查"),
            ("campaign_kind", "sweep"),
            ("record_kind", "door_check"),
        ];
        let mut items: Vec<SetItem> = items
            .into_iter()
            .chain([("starts_on", today.as_str()), ("ends_on", today.as_str())])
            .map(|(field, value)| set("campaign", campaign, field, text(value)))
            .collect();
        items.push(set(
            "campaign",
            campaign,
            &format!("scope:{one}"),
            Scalar::Boolean(true),
        ));
        edit(&town.world, None, entry, items);
        campaign
    };
    let late = old.check_a_minute_ago(one, town.stays.door, "met");
    let everything = change(one, Target::Known(two), None);
    let (_, moved) = grids::change(&town.world.office, everything).unwrap();
    assert_eq!((moved.doors, moved.people, moved.ended), (2, 2, 1));
    town.assert_whole();
    old.sync(&town.world);
    assert!(old.grids().is_empty(), "it has no grid any more");
    assert_eq!(old.state(late).0, OwnState::Merged, "what was made before merges");
    assert!(!old.kept_of_others().contains(CANARY));
    new.sync(&town.world);
    let now = clock::now();
    let sweeps = new.phone.today(now, None).sweeps;
    let sweep = sweeps.iter().find(|sweep| sweep.campaign == Some(campaign)).unwrap();
    assert_eq!((sweep.doors, sweep.closed), (2, 1));
    // There is nothing left to move.
    let again = grids::change(&town.world.office, change(one, Target::Known(two), None));
    assert!(matches!(again, Err(ChangeError::Move(MoveError::Nothing))), "{again:?}");
}

#[test]
fn somebody_who_moved_is_erased_from_both_grids() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let [mut old, mut new] = town.phones();
    let person = town.goes.person;
    let visit = json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
    old.record("care_visit", one, visit);
    old.check(one, town.goes.door, "met");
    old.sync(&town.world);
    town.moves(one, two);
    new.sync(&town.world);
    let home = &town.world.home;
    erasures::erase(home, &town.world.office, person, Some("person"), "requested", None).unwrap();
    town.assert_whole();
    for phone in [&mut old, &mut new] {
        phone.sync(&town.world);
        phone.assert_equal_to(&town.world);
        assert!(!phone.kept_of_others().contains(CANARY));
        assert!(!phone.kept_of_others().contains(&person.to_string()));
    }
    assert!(new.is_closed(town.goes.door), "that the door was closed is known still");
    let own = old
        .phone
        .own_entries()
        .map(|own| String::from_utf8_lossy(&own.bytes).into_owned());
    assert!(
        !own.collect::<String>().contains(CANARY),
        "what the phone recorded itself goes too"
    );
    // Nothing of it moves back, and nothing brings it.
    town.moves(two, one);
    old.sync(&town.world);
    assert_eq!(old.shows(person, "name"), None);
}
