//! Coverage and care clocks as the desk reads them, over real HTTP with phones that sync:
//! closed, visited but open, not visited and not yet heard from never share a number.

use crate::desk_world::http::{Served, SignedIn};
use crate::desk_world::{day, object};
use crate::phones::{self, HOUR_MS, grid, set, text};
use menpai_server::clock;
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * HOUR_MS;

fn check(phone: &mut SignedIn, door: EntityId, outcome: &str) -> String {
    let body = json!({"dwelling_id": door, "mode": "door", "outcome": outcome});
    phone.phone.record("door_check", Some(grid(1)), body).to_string()
}

/// The four numbers and their sum.
fn counts(row: &Value) -> [u64; 5] {
    ["closed", "visited_open", "not_visited", "not_heard_from", "doors"].map(|name| row[name].as_u64().unwrap())
}

fn rooms(answer: &Value) -> Vec<String> {
    let doors = answer["doors"].as_array().unwrap();
    doors
        .iter()
        .map(|door| door["address"]["room"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn two_checks_of_one_door_count_once_and_are_two_in_its_history() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 2);
    let mut one = served.phone("liu", "林秋禾", 1);
    let mut two = served.phone("he", "何建平", 1);
    check(&mut one, doors[0], "met");
    check(&mut two, doors[0], "met");
    served.sync(&one);
    served.sync(&two);
    let cookie = served.sign_in();
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&coverage["total"]), [1, 0, 1, 0, 2]);
    assert_eq!(counts(&coverage["grids"][0]), [1, 0, 1, 0, 2]);
    assert_eq!(counts(&coverage["grids"][0]["buildings"][0]), [1, 0, 1, 0, 2]);
    let closed = served.read("doors?standing=closed", &cookie);
    assert_eq!(closed["doors"][0]["last"]["attempts"], 2);
    let history = served.read("records?kind=door_check", &cookie);
    assert_eq!(history["records"].as_array().unwrap().len(), 2);
}

#[test]
fn of_two_hundred_doors_the_one_not_checked_is_named() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 200);
    let mut phone = served.phone("liu", "林秋禾", 1);
    for (index, door) in doors.iter().enumerate() {
        if index != 136 {
            check(&mut phone, *door, "met");
        }
    }
    served.sync(&phone);
    let cookie = served.sign_in();
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&coverage["total"]), [199, 0, 1, 0, 200]);
    let missing = served.read("doors?standing=missing", &cookie);
    assert_eq!(
        (rooms(&missing), &missing["total"]),
        (vec!["137".to_owned()], &json!(1))
    );
    assert_eq!(missing["doors"][0]["id"], doors[136].to_string());
    assert_eq!(missing["doors"][0]["address"]["building"], "3号楼");
    assert_eq!(missing["doors"][0]["last"], Value::Null);
    let wall = served.read("wall", &cookie);
    let cells = wall["buildings"][0]["doors"].as_array().unwrap();
    let due: Vec<&Value> = cells.iter().filter(|cell| cell["state"] == "due").collect();
    assert_eq!((cells.len(), due.len(), &due[0]["room"]), (200, 1, &json!("137")));
    // Counted as people count, page by page.
    let second = served.read("doors?offset=100&limit=3", &cookie);
    assert_eq!(
        (rooms(&second), &second["total"]),
        (vec!["101".to_owned(), "102".to_owned(), "103".to_owned()], &json!(200))
    );
}

#[test]
fn nobody_home_and_a_refusal_leave_the_door_open() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 4);
    let mut phone = served.phone("liu", "林秋禾", 1);
    check(&mut phone, doors[0], "absent");
    check(&mut phone, doors[1], "refused");
    check(&mut phone, doors[2], "empty");
    // A later try does not open a closed door again.
    check(&mut phone, doors[2], "absent");
    served.sync(&phone);
    let cookie = served.sign_in();
    let total = &served.read("coverage", &cookie)["total"];
    assert_eq!(counts(total), [1, 2, 1, 0, 4]);
    assert_eq!(total["refused"], 1);
    let open = served.read("doors?standing=visited_open", &cookie);
    assert_eq!(rooms(&open), ["1", "2"]);
    let last = &open["doors"][0]["last"];
    assert_eq!(last["outcome"], json!({"zh": "无人", "en": "Nobody home"}));
    assert_eq!(last["worker"]["name"], "林秋禾");
    assert_eq!(rooms(&served.read("doors?standing=missing", &cookie)), ["1", "2", "4"]);
}

#[test]
fn a_withdrawn_check_counts_no_more() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 1);
    let mut phone = served.phone("liu", "林秋禾", 1);
    let wrong = check(&mut phone, doors[0], "met");
    let body = object(json!({"dwelling_id": doors[0], "mode": "door", "outcome": "absent"}));
    phone
        .phone
        .correct("door_check", Some(grid(1)), wrong.parse().unwrap(), body);
    served.sync(&phone);
    let cookie = served.sign_in();
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [0, 1, 0, 0, 1]);
}

#[test]
fn a_silent_phone_moves_unchecked_doors_to_not_heard_from_until_it_syncs() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 3);
    served.world.doors(2, "5号楼", 2);
    let mut here = served.phone("liu", "林秋禾", 1);
    let silent = served.phone("he", "何建平", 1);
    let elsewhere = served.phone("zhou", "周桂兰", 2);
    check(&mut here, doors[0], "met");
    check(&mut here, doors[1], "absent");
    served.sync(&here);
    served.sync(&elsewhere);
    let cookie = served.sign_in();

    // Never heard from: only unchecked doors of its grid are unknown.
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&coverage["total"]), [1, 1, 2, 1, 5]);
    let of_grid = |coverage: &Value, number: u8| -> Value {
        let rows = coverage["grids"].as_array().unwrap();
        rows.iter()
            .find(|row| row["id"] == grid(number).to_string())
            .unwrap()
            .clone()
    };
    let first = of_grid(&coverage, 1);
    assert_eq!(counts(&first), [1, 1, 0, 1, 3]);
    assert_eq!(counts(&of_grid(&coverage, 2)), [0, 0, 2, 0, 2]);
    assert_eq!(of_grid(&coverage, 2)["silent"], json!([]));
    assert_eq!(
        (&first["phones"], first["silent"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert_eq!(first["silent"][0]["worker"]["name"], "何建平");
    assert_eq!(first["silent"][0]["device"]["name"], "红米 12C");
    assert_eq!(first["silent"][0]["last_contact"], Value::Null);
    let listed = served.read("doors?standing=not_heard_from", &cookie);
    assert_eq!(rooms(&listed), ["3"]);
    assert_eq!(listed["silent"][grid(1).to_string()][0]["worker"]["name"], "何建平");
    assert_eq!(rooms(&served.read("doors?standing=not_visited", &cookie)).len(), 2);

    // One sync without any news, and the same door is known to be not visited.
    served.sync(&silent);
    served.world.settled();
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&coverage["total"]), [1, 1, 3, 0, 5]);
    assert_eq!(of_grid(&coverage, 1)["silent"], json!([]));

    // Heard from yesterday only, it is silent again.
    let community = served.world.community();
    community.note_contact(elsewhere.phone.device, phones::heard(0, clock::now_ms()));
    served
        .world
        .forget_contacts(silent.phone.device, clock::now_ms() - DAY_MS);
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&of_grid(&coverage, 1)), [1, 1, 0, 1, 3]);
    let since = of_grid(&coverage, 1)["silent"][0]["last_contact"].clone();
    assert_eq!(since.as_str().unwrap()[..10], day(clock::now_ms() - DAY_MS));
}

#[test]
fn a_phone_that_has_more_than_it_sent_is_not_heard_from_wholly() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 2);
    let mut phone = served.phone("liu", "林秋禾", 1);
    check(&mut phone, doors[0], "met");
    served.sync(&phone);
    let cookie = served.sign_in();
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [1, 0, 1, 0, 2]);
    // The connection broke after the header: it said it had two, one is here.
    served
        .world
        .forget_contacts(phone.phone.device, clock::now_ms() - DAY_MS);
    served
        .world
        .community()
        .note_contact(phone.phone.device, phones::heard(2, clock::now_ms()));
    served.world.settled();
    let coverage = served.read("coverage", &cookie);
    assert_eq!(counts(&coverage["total"]), [1, 0, 0, 1, 2]);
    let silent = &coverage["grids"][0]["silent"][0];
    assert_eq!(silent["incomplete"], true);
    let missing = &silent["missing"][0];
    assert_eq!((&missing["first"], &missing["last"]), (&json!(2), &json!(2)));
    assert_eq!(missing["since"], silent["last_contact"]);
}

#[test]
fn revoked_phones_and_ended_assignments_make_nothing_unknown() {
    let served = Served::new();
    served.world.doors(1, "3号楼", 1);
    let heard = served.phone("liu", "林秋禾", 1);
    served.sync(&heard);
    let lost = served.phone("he", "何建平", 1);
    let left = served.phone("zhou", "周桂兰", 1);
    let cookie = served.sign_in();
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [0, 0, 0, 1, 1]);
    served.world.revoke(&lost.phone);
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [0, 0, 0, 1, 1]);
    served.world.end_assignments(&left.phone);
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [0, 0, 1, 0, 1]);
}

#[test]
fn a_campaign_counts_its_own_days_and_scope() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 2);
    served.world.doors(2, "5号楼", 1);
    let mut phone = served.phone("liu", "林秋禾", 1);
    phone.phone.clock_ms = clock::now_ms() - 20 * DAY_MS;
    check(&mut phone, doors[0], "met");
    phone.phone.clock_ms = clock::now_ms() - HOUR_MS;
    check(&mut phone, doors[1], "met");
    served.sync(&phone);
    let cookie = served.sign_in();
    assert_eq!(served.read("coverage", &cookie)["campaign"], Value::Null);
    assert_eq!(counts(&served.read("coverage", &cookie)["total"]), [2, 0, 1, 0, 3]);

    let (from, until) = (day(clock::now_ms() - 3 * DAY_MS), day(clock::now_ms() + 3 * DAY_MS));
    let campaign = served.world.campaign("冬季安全入户排查", &from, &until, &[grid(1)]);
    let running = served.read("coverage", &cookie);
    assert_eq!(running["campaign"]["id"], campaign.to_string());
    assert_eq!(
        (&running["campaign"]["day"], &running["campaign"]["days"]),
        (&json!(4), &json!(7))
    );
    assert_eq!(counts(&running["total"]), [1, 0, 1, 0, 2]);
    assert_eq!(rooms(&served.read("doors?standing=missing", &cookie)), ["1"]);
    assert_eq!(
        counts(&served.read("coverage?campaign=all", &cookie)["total"]),
        [2, 0, 1, 0, 3]
    );
}

fn plan(served: &Served, subject: EntityId, responsible: &SignedIn, days: i64, since: &str) -> EntityId {
    let entry = clock::new_entry_id();
    let plan = EntityId::made_by(entry, 0);
    let items: Vec<SetItem> = vec![
        set("care_plan", plan, "subject_id", text(&subject.to_string())),
        set("care_plan", plan, "level", text("high")),
        set("care_plan", plan, "interval_days", Scalar::Integer(days)),
        set(
            "care_plan",
            plan,
            &format!("responsible:{}", responsible.phone.worker),
            Scalar::Boolean(true),
        ),
        set("care_plan", plan, "starts_on", text(since)),
    ];
    served.world.edit(entry, items);
    plan
}

#[test]
fn an_overdue_visit_is_named_and_silence_is_not_lateness() {
    let served = Served::new();
    let (_, _, elder) = served.world.registry();
    let mut phone = served.phone("liu", "林秋禾", 1);
    let cookie = served.sign_in();
    let days_ago = |days: i64| day(clock::now_ms() - days * DAY_MS);
    plan(&served, elder, &phone, 2, &days_ago(5));

    // The phone was never heard from: nobody can say that nobody went.
    let visits = served.read("visits", &cookie);
    assert_eq!(
        (visits["overdue"].as_array().unwrap().len(), &visits["plans"]),
        (0, &json!(1))
    );
    let unknown = &visits["not_heard_from"][0];
    assert_eq!(
        (&unknown["name"], &unknown["days_overdue"]),
        (&json!("陈玉珍"), &json!(5))
    );
    assert_eq!(unknown["silent"][0]["worker"]["name"], "林秋禾");

    // A visit three days ago comes in: due since yesterday, one day late, and known.
    phone.phone.clock_ms = clock::now_ms() - 3 * DAY_MS;
    let visit = json!({"subject_id": elder, "mode": "phone", "met": "met", "contact_person": "self"});
    phone.phone.record("care_visit", Some(grid(1)), visit.clone());
    served.sync(&phone);
    served.world.settled();
    let visits = served.read("visits", &cookie);
    assert_eq!(visits["not_heard_from"], json!([]));
    let overdue = &visits["overdue"][0];
    assert_eq!(
        (&overdue["days_overdue"], &overdue["due_on"]),
        (&json!(1), &json!(days_ago(1)))
    );
    assert_eq!(overdue["last"], json!({"day": days_ago(3), "in_person": false}));
    assert_eq!(overdue["level"]["zh"], "高");
    assert_eq!(overdue["address"]["room"], "302");
    assert_eq!(overdue["responsible"][0]["name"], "林秋禾");

    // A visit today ends it.
    phone.phone.clock_ms = clock::now_ms() - 60_000;
    phone.phone.record("care_visit", Some(grid(1)), visit);
    served.sync(&phone);
    let visits = served.read("visits", &cookie);
    assert_eq!((&visits["overdue"], &visits["due"]), (&json!([]), &json!([])));
}
