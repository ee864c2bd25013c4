//! Grids split and merge: what moves and what follows, who sees what of it then, and that nothing
//! is lost of those who had not heard.

use std::collections::BTreeSet;
use std::future::Future;

use crate::core_phones::CorePhone;
use crate::desk_world::{World, day, object};
use crate::phones::{self, set, text};
use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use actix_web::test::{TestRequest, read_body};
use menpai_server::clock;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::office::grids::{self, Change, ChangeError, Target};
use menpai_server::office::{erasures, held};
use menpai_server::store::community::parts::Parts;
use menpai_server::store::community::projection::heads;
use menpai_server::sync::Wish;
use menpai_server::sync::moving::{MoveError, Moved};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId, WorkerId};
use menpai_sync_core::phone::OwnState;
use menpai_sync_core::verdict::{Reason, Verdict};
use serde_json::json;

/// In no fixture and no word of the program.
const CANARY: &str = "金丝雀QX7";

/// Two buildings of grid 1, each with a door, a household, a person and a plan.
struct Town {
    world: World,
    one: GridId,
    two: GridId,
    stays: House,
    goes: House,
}

#[derive(Clone, Copy)]
struct House {
    building: EntityId,
    door: EntityId,
    household: EntityId,
    person: EntityId,
    plan: EntityId,
}

fn refers(entity_type: &str, id: EntityId, field: &str, to: EntityId) -> SetItem {
    set(entity_type, id, field, text(&to.to_string()))
}

fn house(world: &World, grid: GridId, name: &str, person_name: &str) -> House {
    let entry = clock::new_entry_id();
    let id = |k| EntityId::made_by(entry, k);
    let (building, door, household, person, contact) = (id(0), id(1), id(2), id(3), id(4));
    edit(
        world,
        Some(grid),
        entry,
        vec![
            set("place", building, "type", text("building")),
            set("place", building, "name", text(name)),
            refers("dwelling", door, "building_id", building),
            set("dwelling", door, "unit", text("1")),
            set("dwelling", door, "room", text("101")),
            refers("household", household, "dwelling_id", door),
            set("person", person, "name", text(person_name)),
            set("person", person, "phone", text("13700000001")),
            refers("person", person, "household_id", household),
            refers("family_contact", contact, "person_id", person),
            set("family_contact", contact, "name", text("家属")),
        ],
    );
    let entry = clock::new_entry_id();
    let plan = EntityId::made_by(entry, 0);
    let note = format!("{person_name}听力弱");
    let care = clock::new_entry_id();
    edit(
        world,
        Some(grid),
        care,
        vec![set("person", person, "health_note", text(&note))],
    );
    edit(
        world,
        Some(grid),
        entry,
        vec![
            refers("care_plan", plan, "subject_id", person),
            set("care_plan", plan, "interval_days", Scalar::Integer(2)),
            set(
                "care_plan",
                plan,
                "starts_on",
                text(&day(clock::now_ms() - 40 * 24 * phones::HOUR_MS)),
            ),
        ],
    );
    House {
        building,
        door,
        household,
        person,
        plan,
    }
}

impl Town {
    fn new() -> Town {
        let world = World::new();
        let (one, two) = (make_grid(&world, "第1网格"), make_grid(&world, "第2网格"));
        let stays = house(&world, one, "1号楼", "赵留");
        let goes = house(&world, one, "2号楼", &format!("钱走{CANARY}"));
        Town {
            world,
            one,
            two,
            stays,
            goes,
        }
    }

    /// The building that goes moves from one grid to another.
    fn moves(&self, from: GridId, to: GridId) -> Moved {
        let building = BTreeSet::from([self.goes.building]);
        let change = change(from, Target::Known(to), Some(building));
        let (_, moved) = grids::change(&self.world.office, change).unwrap();
        self.assert_whole();
        moved
    }

    fn grid_of(&self, id: EntityId) -> Option<GridId> {
        let found = self.world.community().query(|connection| {
            let sql = "SELECT grid FROM entity WHERE id = ?1";
            Ok(connection.query_row(sql, [id.as_bytes()], |row| row.get::<_, Option<[u8; 16]>>(0))?)
        });
        found.unwrap().map(GridId::from_bytes)
    }

    /// Every value that the parts of a grid show.
    fn values(&self, grid: GridId) -> Vec<String> {
        let read = |connection: &rusqlite::Connection| {
            let sql =
                "SELECT hex(e.id) || v.field || v.value FROM registry_value v JOIN entity e ON e.number = v.entity
                         JOIN part p ON p.number = v.part WHERE p.name LIKE ?1 ORDER BY 1";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([format!("{grid}/%")], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.world.community().query(read).unwrap()
    }

    /// Chains, tables and lines agree, and a rebuild changes nothing.
    fn assert_whole(&self) {
        let community = self.world.community();
        assert_eq!(verify(&community).unwrap().findings, []);
        let grids = "SELECT group_concat(hex(id) || ':' || coalesce(hex(grid), '-'), ' ') FROM (SELECT * FROM entity ORDER BY id)";
        let placed = || {
            let placed =
                community.query(|connection| Ok(connection.query_row(grids, [], |row| row.get::<_, String>(0))?));
            placed.unwrap()
        };
        let before = placed();
        let rebuilt = rebuild(&community).unwrap();
        assert!(rebuilt.is_equal(), "{rebuilt:?}");
        assert_eq!(placed(), before);
    }

    /// The office releases what it holds of a phone.
    fn release(&self, phone: &CorePhone, seq: u64, in_grid: GridId, class: &str) -> Verdict {
        let part = format!("{in_grid}/{class}").parse().unwrap();
        let community = self.world.community();
        let seen = community.query(|connection| match Parts::load(connection)?.find(part) {
            Some(number) => heads(connection, number),
            None => Ok(Vec::new()),
        });
        let decision = held::Decision {
            id: clock::new_entry_id(),
            device: phone.device,
            seq,
            wish: Wish::Release,
            seen: seen.unwrap(),
            note: None,
        };
        let (code, worker) = (self.world.code(), self.world.office.worker);
        held::decide(&self.world.home, code, "secretary", worker, &decision)
            .unwrap()
            .verdict
    }
}

/// A new grid.
fn make_grid(world: &World, name: &str) -> GridId {
    let entry = clock::new_entry_id();
    let place = EntityId::made_by(entry, 0);
    edit(
        world,
        None,
        entry,
        vec![
            set("place", place, "type", text("grid")),
            set("place", place, "name", text(name)),
        ],
    );
    GridId::from_bytes(*place.as_bytes())
}

/// The office edits something.
fn edit(world: &World, grid: Option<GridId>, id: EntryId, set: Vec<SetItem>) {
    let edit = Edit { base: Vec::new(), set };
    let body = object(json!({"source": "roster_import"}));
    let draft = Draft::edit(id, 1, grid, world.office.worker, clock::now(), edit, body);
    world.office.write(&[draft]).unwrap();
}

fn change(from: GridId, to: Target, buildings: Option<BTreeSet<EntityId>>) -> Change {
    Change {
        from,
        to,
        buildings,
        workers: Vec::new(),
        doors: None,
        apply: true,
    }
}

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
    let mut old = CorePhone::new(&town.world, "老网格员", &[one]);
    let mut new = CorePhone::new(&town.world, "新网格员", &[two]);
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
fn the_new_grids_phones_know_at_once_what_was_done_at_the_doors() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let mut old = CorePhone::new(&town.world, "老网格员", &[one]);
    let mut new = CorePhone::new(&town.world, "新网格员", &[two]);
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
fn edits_of_phones_that_had_not_heard_are_held_and_released_where_things_are_now() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let mut old = CorePhone::new(&town.world, "老网格员", &[one]);
    let mut new = CorePhone::new(&town.world, "新网格员", &[two]);
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
    old.sync(&town.world);
    assert_eq!(old.state(child).0, OwnState::Released(Some(Reason::WrongGrid)));
    assert_eq!(old.shows(town.stays.person, "phone").as_deref(), Some("13733333333"));
    for phone in [&old, &new] {
        phone.assert_equal_to(&town.world);
    }
    town.assert_whole();
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
    let mut old = CorePhone::new(&town.world, "老网格员", &[one]);
    let mut new = CorePhone::new(&town.world, "新网格员", &[two]);
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
fn somebody_who_moved_is_erased_from_both_grids() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let mut old = CorePhone::new(&town.world, "老网格员", &[one]);
    let mut new = CorePhone::new(&town.world, "新网格员", &[two]);
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
    // Nothing of it moves back, and nothing brings it.
    town.moves(two, one);
    old.sync(&town.world);
    assert_eq!(old.shows(person, "name"), None);
}

#[test]
fn a_silent_phone_of_the_old_grid_could_have_been_at_a_moved_door() {
    let town = Town::new();
    let (one, two) = (town.one, town.two);
    let old = CorePhone::new(&town.world, "老网格员", &[one]);
    let _new = CorePhone::new(&town.world, "新网格员", &[two]);
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

#[actix_web::test]
async fn the_secretary_moves_what_her_page_shows_to_a_new_grid() {
    let town = Town::new();
    let cookie = town.world.sign_in("secretary").await;
    let worker = WorkerId::from_bytes(clock::random());
    town.world.assign(worker, "老网格员", town.one);
    let shown = town.world.read("grids", &cookie).await;
    let one = &shown["grids"][0];
    assert_eq!(
        (&one["name"], &one["workers"][0]["name"]),
        (&json!("第1网格"), &json!("老网格员"))
    );
    assert_eq!(one["workers"][0]["role"]["zh"], "网格员");
    let building = &one["buildings"][1];
    assert_eq!(
        (&building["name"], &building["doors"], &building["people"]),
        (&json!("2号楼"), &json!(1), &json!(1))
    );
    let asked = json!({"from": town.one, "to": null, "name": "第3网格", "buildings": [town.goes.building],
                       "workers": [worker], "doors": 1});
    let with = |field: &str, value: serde_json::Value| {
        let mut asked = asked.clone();
        asked[field] = value;
        asked
    };
    for (wrong, code) in [
        (with("doors", json!(2)), "grids_changed"),
        (
            with("buildings", json!([EntityId::from_bytes([7; 16])])),
            "grids_changed",
        ),
        (with("name", json!("第2网格")), "unreadable_request"),
        (with("name", json!("  ")), "unreadable_request"),
        (with("to", json!(town.two)), "unreadable_request"),
    ] {
        let (_, answer) = moves(&town.world, &cookie, &wrong).await;
        assert_eq!(answer["code"], code, "{wrong}: {answer}");
    }
    let (status, answer) = moves(&town.world, &cookie, &asked).await;
    assert_eq!(
        (status, &answer["doors"], &answer["ended"]),
        (200, &json!(1), &json!(0)),
        "{answer}"
    );
    let shown = town.world.read("grids", &cookie).await;
    let third = shown["grids"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grid| grid["name"] == "第3网格")
        .unwrap();
    assert_eq!(third["id"], answer["grid"]);
    assert_eq!(
        (&third["buildings"][0]["name"], &third["workers"][0]["name"]),
        (&json!("2号楼"), &json!("老网格员"))
    );
    town.assert_whole();
    // The same again: it is there no more.
    let (status, answer) = moves(&town.world, &cookie, &with("name", json!("第4网格"))).await;
    assert_eq!((status, &answer["code"]), (409, &json!("grids_changed")));
    assert_eq!(town.world.get("grids", None).await.0, 401);
}

async fn moves(world: &World, cookie: &str, asked: &serde_json::Value) -> (u16, serde_json::Value) {
    let request = TestRequest::post()
        .uri("/api/v1/desk/grids/moves")
        .insert_header((HOST, "localhost:8080"))
        .insert_header((ORIGIN, "http://localhost:8080"))
        .insert_header((COOKIE, cookie))
        .set_json(asked);
    let response = world.answer(request).await;
    let status = response.status().as_u16();
    let body = read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
