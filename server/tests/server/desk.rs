//! The desk through the real app: what phones sent, as the secretary reads it; who may ask;
//! and that one community never shows in another.

use crate::desk_world::{World, account, appoint, change, day, labelled};
use crate::phones::{grid, set, text};
use actix_web::http::StatusCode;
use menpai_server::clock;
use menpai_server::office::Office;
use menpai_server::sync::Contact;
use menpai_sync_core::ids::WorkerId;
use menpai_sync_core::time::Instant;
use serde_json::{Value, json};

const OTHER: &str = "410102002006";

#[actix_web::test]
async fn nobody_reads_without_signing_in() {
    let world = World::new();
    for path in [
        "records",
        "conflicts",
        "filters",
        "overview",
        "coverage",
        "wall",
        "doors",
        "visits",
        "events",
    ] {
        let (status, body) = world.get(path, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(body["code"], "not_signed_in", "{path}");
    }
}

#[actix_web::test]
async fn a_door_check_is_read_with_exact_values_and_both_clocks() {
    let world = World::new();
    let (door, _, _) = world.registry();
    let mut phone = world.phone("林秋禾", "红米 12C");
    let entry = phone.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": 3, "guidance_given": true}),
    );
    world.sync(&phone, -3_000);
    let cookie = world.sign_in("secretary").await;
    let answer = world.read("records?limit=1", &cookie).await;
    let record = &answer["records"][0];
    let made_at = Instant {
        unix_ms: phone.clock_ms,
        offset_minutes: 480,
    };
    assert_eq!(record["entry"], entry.to_string());
    assert_eq!(record["kind"], "door_check");
    assert_eq!(record["kind_labels"], json!({"zh": "入户登记", "en": "Door check"}));
    assert_eq!(record["worker"], json!({"id": phone.worker, "name": "林秋禾"}));
    assert_eq!(
        record["device"],
        json!({"id": phone.device, "name": "红米 12C", "office": false})
    );
    assert_eq!(record["seq"], 1);
    assert_eq!(record["made_at"], made_at.to_string());
    assert_eq!(record["offset_ms"], -3_000);
    assert_eq!(record["made_ms"], phone.clock_ms - 3_000);
    assert_eq!(record["verdict"], "merged");
    assert_eq!(record["rung"], "merged");
    assert_eq!(record["reason"], Value::Null);
    assert_eq!(
        record["address"],
        json!({"compound": null, "building": "3号楼", "unit": "2", "room": "302"})
    );
    assert_eq!(
        record["summary"],
        json!({"zh": "上门・见到", "en": "At the door · Met"})
    );
    assert_eq!(labelled(record, "户室")["zh"], "3号楼 2单元 302");
    assert_eq!(labelled(record, "在家人数"), &json!({"zh": "3 人", "en": "3 people"}));
    assert_eq!(labelled(record, "已宣传"), &json!({"zh": "是", "en": "Yes"}));
    assert!(record["received"].as_str().unwrap().ends_with("+08:00"));
}

#[actix_web::test]
async fn a_withdrawal_says_which_record_it_takes_back_and_that_record_says_by_whom() {
    let world = World::new();
    let (door, _, _) = world.registry();
    let mut phone = world.phone("林秋禾", "红米 12C");
    let check = phone.door_check(grid(1), door);
    phone.retract("door_check", Some(grid(1)), check);
    let mut other = world.phone("何建平", "荣耀畅玩");
    let kept = other.door_check(grid(1), door);
    phone.retract("door_check", Some(grid(1)), kept);
    world.sync(&phone, 0);
    world.sync(&other, 0);
    let cookie = world.sign_in("secretary").await;
    let answer = world.read("records?kind=door_check", &cookie).await;
    let [of_other, of_kept, withdrawal, withdrawn] = [0, 1, 2, 3].map(|at| &answer["records"][at]);
    assert_eq!(withdrawn["entry"], check.to_string());
    assert_eq!(
        withdrawn["taken_back"],
        json!({"by": {"id": phone.worker, "name": "林秋禾"}, "corrected": false})
    );
    assert_eq!(withdrawal["summary"]["zh"], "撤销：上门・无人");
    assert_eq!(withdrawal["address"]["room"], "302");
    assert_eq!(withdrawal["taken_back"], Value::Null);
    assert_eq!(labelled(withdrawal, "那条是谁记的")["zh"], "林秋禾");
    assert_eq!(labelled(withdrawal, "那条的编号")["zh"], check.to_string());
    // Only its author and the office take a record back.
    assert_eq!(of_kept["summary"]["zh"], "没有撤成：上门・无人");
    assert_eq!(of_other["taken_back"], Value::Null);
}

#[actix_web::test]
async fn the_list_is_narrowed_and_paged_newest_first() {
    let world = World::new();
    let (door, household, head) = world.registry();
    let mut one = world.phone("林秋禾", "红米 12C");
    let mut two = world.phone("何建平", "荣耀畅玩");
    let checks: Vec<String> = (0..3).map(|_| one.door_check(grid(1), door).to_string()).collect();
    let visit = two.record(
        "care_visit",
        Some(grid(1)),
        json!({"subject_id": head, "mode": "door", "met": "met", "contact_person": "self"}),
    );
    change(
        &mut two,
        world.heads(),
        set("household", household, "phone", text("13900001175")),
        "neighbour",
    );
    world.sync(&one, 0);
    world.sync(&two, 0);
    let cookie = world.sign_in("secretary").await;
    let entries = |answer: &Value| -> Vec<String> {
        answer["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["entry"].as_str().unwrap().to_owned())
            .collect()
    };

    let visits = world.read("records?kind=care_visit", &cookie).await;
    assert_eq!(entries(&visits), [visit.to_string()]);
    assert_eq!(
        visits["records"][0]["summary"]["zh"]
            .as_str()
            .unwrap()
            .split('：')
            .next(),
        Some("陈玉珍")
    );
    assert_eq!(visits["next"], Value::Null);

    let by_one = world.read(&format!("records?worker={}", one.worker), &cookie).await;
    assert_eq!(entries(&by_one), checks.iter().rev().cloned().collect::<Vec<_>>());

    let first = world
        .read(&format!("records?worker={}&limit=2", one.worker), &cookie)
        .await;
    assert_eq!(entries(&first), [checks[2].clone(), checks[1].clone()]);
    let next = first["next"].as_u64().unwrap();
    let second = world
        .read(&format!("records?worker={}&limit=2&before={next}", one.worker), &cookie)
        .await;
    assert_eq!(entries(&second), [checks[0].clone()]);
    assert_eq!(second["next"], Value::Null);

    let without_edits = world.read("records?kind=family:record", &cookie).await;
    assert_eq!(entries(&without_edits).len(), 4);
    let edits = world
        .read(&format!("records?kind=edit&worker={}", two.worker), &cookie)
        .await;
    assert_eq!(edits["records"][0]["summary"]["zh"], "陈玉珍：家庭电话 → 13900001175");
    assert_eq!(edits["records"][0]["address"]["room"], "302");
    // A roster row makes door, household and person at once, and they refer to each other.
    let roster = world.read("records?kind=edit", &cookie).await;
    let row = &roster["records"][1];
    assert_eq!(row["summary"]["zh"], "陈玉珍：新建户室、家庭、居民");
    assert_eq!(row["address"]["room"], "302");
    assert_eq!(labelled(row, "家庭・户室")["zh"], "3号楼 2单元 302");
    assert_eq!(row["device"]["office"], true);
    assert_eq!(labelled(&edits["records"][0], "依据")["zh"], "邻居");

    let today = world
        .read(&format!("records?day={}&kind=door_check", day(one.clock_ms)), &cookie)
        .await;
    assert_eq!(entries(&today).len(), 3);
    let long_ago = world.read("records?day=2020-01-01", &cookie).await;
    assert_eq!(entries(&long_ago), Vec::<String>::new());
    let here = world
        .read(&format!("records?grid={}&kind=door_check", grid(1)), &cookie)
        .await;
    assert_eq!(entries(&here).len(), 3);
    let elsewhere = world.read(&format!("records?grid={}", grid(2)), &cookie).await;
    assert_eq!(entries(&elsewhere), Vec::<String>::new());

    let (status, body) = world.get("records?day=yesterday", Some(&cookie)).await;
    assert_eq!(
        (status, &body["details"]["what"]),
        (StatusCode::BAD_REQUEST, &json!("day"))
    );
}

#[actix_web::test]
async fn what_is_held_stands_apart_with_its_reason() {
    let world = World::new();
    let (door, _, _) = world.registry();
    let mut phone = world.phone("林秋禾", "红米 12C");
    let elsewhere = phone.door_check(grid(2), door);
    phone.raw(b"not an entry");
    world.sync(&phone, 0);
    let cookie = world.sign_in("secretary").await;
    let merged = world.read(&format!("records?worker={}", phone.worker), &cookie).await;
    assert_eq!(merged["records"], json!([]));
    let held = world.read("records?verdict=held", &cookie).await;
    let rows = held["records"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["entry"], &rows[0]["kind"], &rows[0]["rung"]),
        (&Value::Null, &Value::Null, &json!("held"))
    );
    assert_eq!(rows[0]["reason"], "unreadable");
    assert_eq!(rows[1]["entry"], elsewhere.to_string());
    assert_eq!(rows[1]["reason"], "not_assigned");
    assert_eq!(rows[1]["reason_text"]["zh"], "记录时不负责这个网格，等书记决定");
    assert_eq!(rows[1]["summary"]["zh"], "上门・无人");
    let narrowed = world
        .read(
            &format!("records?verdict=held&kind=door_check&worker={}", phone.worker),
            &cookie,
        )
        .await;
    assert_eq!(narrowed["records"].as_array().unwrap().len(), 1);
    let overview = world.read("overview", &cookie).await;
    assert_eq!((&overview["held"], &overview["waiting"]), (&json!(2), &json!(0)));
}

#[actix_web::test]
async fn an_edit_past_a_gap_waits_on_the_server() {
    let world = World::new();
    let (door, household, _) = world.registry();
    let mut phone = world.phone("林秋禾", "红米 12C");
    phone.door_check(grid(1), door);
    change(
        &mut phone,
        world.heads(),
        set("household", household, "phone", text("13900007715")),
        "phone_call",
    );
    let contact = Contact {
        received_ms: clock::now_ms(),
        offset_ms: 0,
        last: None,
    };
    let community = world.home.communities.get(world.code()).unwrap().unwrap();
    community.ingest(phone.device, phone.slice(2, 2), contact).unwrap();
    let cookie = world.sign_in("secretary").await;
    let waiting = world.read("records?verdict=waiting", &cookie).await;
    assert_eq!(waiting["records"][0]["rung"], "on_server");
    assert_eq!(waiting["records"][0]["reason"], "after_gap");
    // The gap is filled: the entry stands at its later line, once.
    community.ingest(phone.device, phone.slice(1, 1), contact).unwrap();
    let all = world
        .read(&format!("records?verdict=all&worker={}", phone.worker), &cookie)
        .await;
    let rungs: Vec<&str> = all["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["rung"].as_str().unwrap())
        .collect();
    assert_eq!(rungs, ["merged", "merged"]);
}

#[actix_web::test]
async fn a_conflict_shows_every_value_and_what_both_had_seen() {
    let world = World::new();
    let (_, household, _) = world.registry();
    let mut one = world.phone("周桂兰", "红米 12C");
    let mut two = world.phone("何建平", "荣耀畅玩");
    let seen = world.heads();
    change(
        &mut one,
        seen.clone(),
        set("household", household, "phone", text("13900007715")),
        "asked_in_person",
    );
    change(
        &mut two,
        seen,
        set("household", household, "phone", text("13900001175")),
        "neighbour",
    );
    world.sync(&one, -3_000);
    world.sync(&two, 41_000);
    let cookie = world.sign_in("secretary").await;
    let answer = world.read("conflicts", &cookie).await;
    assert_eq!(answer["conflicts"].as_array().unwrap().len(), 1);
    let conflict = &answer["conflicts"][0];
    assert_eq!(conflict["type"], "household");
    assert_eq!(conflict["entity"], household.to_string());
    assert_eq!(conflict["entity_name"], "陈玉珍");
    assert_eq!(conflict["address"]["room"], "302");
    assert_eq!(conflict["field"], "phone");
    assert_eq!(conflict["labels"], json!({"zh": "家庭电话", "en": "Phone"}));
    let values = conflict["values"].as_array().unwrap();
    let of = |value: &str| values.iter().find(|known| known["value"] == value).unwrap();
    assert_eq!(values.len(), 2);
    assert_eq!(
        values
            .iter()
            .map(|value| value["shown"].as_bool().unwrap())
            .collect::<Vec<_>>(),
        [true, false]
    );
    let left = of("13900007715");
    assert_eq!(left["worker"]["name"], "周桂兰");
    assert_eq!(left["device"]["name"], "红米 12C");
    assert_eq!(
        left["made_at"],
        Instant {
            unix_ms: one.clock_ms,
            offset_minutes: 480
        }
        .to_string()
    );
    assert_eq!(left["offset_ms"], -3_000);
    assert_eq!(left["source"], json!({"zh": "当面问", "en": "Asked in person"}));
    let right = of("13900001175");
    assert_eq!(
        (&right["worker"]["name"], &right["offset_ms"]),
        (&json!("何建平"), &json!(41_000))
    );
    assert_eq!(conflict["before"]["value"], "13800002206");
    assert_eq!(conflict["before"]["source"]["zh"], "名册导入");

    // Who has seen both and writes again settles it; nothing is left to show.
    change(
        &mut one,
        world.heads(),
        set("household", household, "phone", text("13900007715")),
        "asked_in_person",
    );
    world.sync(&one, -3_000);
    assert_eq!(world.read("conflicts", &cookie).await["conflicts"], json!([]));
}

#[actix_web::test]
async fn counts_are_of_what_the_lists_list() {
    let world = World::new();
    let (door, household, _) = world.registry();
    let mut one = world.phone("周桂兰", "红米 12C");
    let mut two = world.phone("何建平", "荣耀畅玩");
    one.clock_ms = clock::now_ms();
    let seen = world.heads();
    one.door_check(grid(1), door);
    one.door_check(grid(2), door);
    change(
        &mut one,
        seen.clone(),
        set("household", household, "phone", text("13900007715")),
        "asked_in_person",
    );
    change(
        &mut two,
        seen,
        set("household", household, "phone", text("13900001175")),
        "neighbour",
    );
    world.sync(&one, 0);
    world.sync(&two, 0);
    let cookie = world.sign_in("secretary").await;
    let filters = world.read("filters", &cookie).await;
    let count = |of: &str, key: &str, value: &str| -> u64 {
        let rows = filters[of].as_array().unwrap();
        rows.iter()
            .find(|row| row[key] == value)
            .map_or(0, |row| row["count"].as_u64().unwrap())
    };
    assert_eq!(count("kinds", "kind", "door_check"), 1);
    assert_eq!(count("kinds", "kind", "edit"), 4);
    assert_eq!(count("workers", "name", "周桂兰"), 2);
    assert_eq!(count("grids", "id", &grid(1).to_string()), 5);
    assert_eq!(count("verdicts", "verdict", "held"), 1);
    assert_eq!(count("verdicts", "verdict", "merged"), 5);
    let days: u64 = filters["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["count"].as_u64().unwrap())
        .sum();
    assert_eq!(days, 5);

    let overview = world.read("overview", &cookie).await;
    assert_eq!(overview["conflicts"], 1);
    assert_eq!(overview["held"], 1);
    let newest = world.read("records?verdict=all&limit=1", &cookie).await;
    assert_eq!(overview["lsn"], newest["records"][0]["lsn"]);
    let today = overview["today"].as_str().unwrap();
    let listed = world
        .read(&format!("records?kind=family:record&day={today}&limit=200"), &cookie)
        .await;
    assert_eq!(
        overview["records_today"].as_u64().unwrap(),
        listed["records"].as_array().unwrap().len() as u64
    );
    let names: Vec<&str> = overview["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "phones only: {names:?}");
}

#[actix_web::test]
async fn another_community_never_appears() {
    let world = World::new();
    let (door, _, _) = world.registry();
    let mut phone = world.phone("林秋禾", "红米 12C");
    phone.door_check(grid(1), door);
    world.sync(&phone, 0);
    let other = Office::found(&world.home, OTHER.parse().unwrap()).unwrap();
    let neighbour = account(&world.home, "neighbour", "沈岚", OTHER);
    appoint(&other, neighbour, "沈岚", "community_secretary");
    let cookie = world.sign_in("neighbour").await;
    let worker: WorkerId = phone.worker;
    for path in [
        "records?verdict=all".to_owned(),
        format!("records?verdict=all&grid={}&worker={worker}", grid(1)),
    ] {
        assert_eq!(world.read(&path, &cookie).await["records"], json!([]), "{path}");
    }
    assert_eq!(world.read("conflicts", &cookie).await["conflicts"], json!([]));
    let filters = world.read("filters", &cookie).await;
    assert_eq!(
        (&filters["grids"], &filters["workers"], &filters["days"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let overview = world.read("overview", &cookie).await;
    assert_eq!((&overview["lsn"], &overview["devices"]), (&json!(1), &json!([])));
}
