//! Drafts: what a form shows, lacks and would save.

use chrono::NaiveDate;
use menpai_sync_core::kinds::{Code, Kinds};
use serde_json::{Map, Value, json};

const DOOR: &str = "5f0c3e52-7d1a-8c44-9b1e-000000000001";

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

#[test]
fn an_empty_draft_shows_the_first_questions_and_lacks_the_required_ones() {
    let kinds = Kinds::builtin().unwrap();
    let draft = kinds.check_draft("door_check", &Map::new(), today()).unwrap();
    assert_eq!(draft.missing, ["/dwelling_id", "/mode", "/outcome"]);
    assert!(draft.visible.contains(&"/diary".into()));
    assert!(!draft.visible.contains(&"/people_present".into()));
    assert!(draft.problems.is_empty());
    assert!(!draft.is_complete());
    assert_eq!(kinds.check_draft("tea_round", &Map::new(), today()), None);
}

#[test]
fn answers_bring_up_questions_and_changing_them_takes_the_values_along() {
    let kinds = Kinds::builtin().unwrap();
    let mut body = map(json!({"dwelling_id": DOOR, "mode": "door", "outcome": "met", "residents_changed": "joined"}));
    let draft = kinds.check_draft("door_check", &body, today()).unwrap();
    assert_eq!(draft.missing, ["/people_joined"]);
    body.insert("people_joined".into(), json!(2));
    assert!(kinds.check_draft("door_check", &body, today()).unwrap().is_complete());
    // The worker changes his mind: what hung on the first answer goes, twice removed too.
    body.insert("outcome".into(), json!("absent"));
    assert!(kinds.check_draft("door_check", &body, today()).unwrap().is_complete());
    let saved = kinds.tidy("door_check", &body).unwrap();
    assert_eq!(
        Value::Object(saved.clone()),
        json!({"dwelling_id": DOOR, "mode": "door", "outcome": "absent"})
    );
    assert_eq!(kinds.check_body("door_check", 1, &saved), Ok(()));
}

#[test]
fn blanks_do_not_count_as_answers() {
    let kinds = Kinds::builtin().unwrap();
    let body = map(
        json!({"subject_id": DOOR, "mode": "door", "met": "met", "contact_person": "self",
        "note": " 女儿周末来。\u{3000}", "health": {"mood": null}, "service_needs": [],
        "items_brought": [{"item": "  "}, {"item": "面条 ", "quantity": 1}]}),
    );
    let saved = kinds.tidy("care_visit", &body).unwrap();
    assert_eq!(
        Value::Object(saved),
        json!({"subject_id": DOOR, "mode": "door", "met": "met", "contact_person": "self", "note": "女儿周末来。",
            "items_brought": [{"item": "面条", "quantity": 1}]})
    );
    let draft = kinds.check_draft("care_visit", &body, today()).unwrap();
    assert!(draft.is_complete());
    assert!(draft.visible.contains(&"/health/mood".into()) && draft.visible.contains(&"/items_brought/0/item".into()));
    assert!(!draft.visible.contains(&"/health/watch_for".into()));
}

#[test]
fn what_is_wrong_stays_wrong_in_a_draft() {
    let kinds = Kinds::builtin().unwrap();
    let body = map(json!({"dwelling_id": DOOR, "mode": "door", "outcome": "met", "people_present": 100, "stray": 1}));
    let draft = kinds.check_draft("door_check", &body, today()).unwrap();
    let codes: Vec<(&str, Code)> = draft.problems.iter().map(|p| (p.path.as_str(), p.code)).collect();
    assert_eq!(
        codes,
        [("/stray", Code::UnknownField), ("/people_present", Code::OutOfRange)]
    );
    assert_eq!((draft.problems[1].min, draft.problems[1].max), (Some(1), Some(99)));
}

#[test]
fn nobody_is_born_tomorrow() {
    let kinds = Kinds::builtin().unwrap();
    let born = |day: &str| {
        let draft = kinds
            .check_draft(
                "person",
                &map(json!({"name": "聂小满", "sex": "9", "birth_date": day})),
                today(),
            )
            .unwrap();
        draft.problems.iter().map(|p| p.code).collect::<Vec<_>>()
    };
    assert_eq!(born("2026-11-24"), []);
    assert_eq!(born("2026-11-25"), [Code::InFuture]);
    // The verdict does not depend on the day it is made.
    assert!(kinds.check_value("person", "birth_date", &json!("2026-11-25")).is_ok());
}

#[test]
fn registry_drafts_keep_members_and_lose_what_is_hidden() {
    let kinds = Kinds::builtin().unwrap();
    let body = map(
        json!({"type": "shop", "name": " 街角便利店 ", "floors": 2, "buildings:5f0c3e52-7d1a-8c44-9b1e-000000000002": true}),
    );
    let saved = kinds.tidy("place", &body).unwrap();
    assert_eq!(Value::Object(saved), json!({"type": "shop", "name": "街角便利店"}));
    let grid = map(json!({"type": "grid", "name": "第一网格", "buildings:5f0c3e52-7d1a-8c44-9b1e-000000000002": true}));
    assert_eq!(kinds.tidy("place", &grid).unwrap(), grid);
    let plan = map(json!({"subject_id": DOOR, "level": "key", "interval_days": 30, "starts_on": "2026-01-01"}));
    assert_eq!(
        kinds.check_draft("care_plan", &plan, today()).unwrap().missing,
        ["/responsible"]
    );
}
