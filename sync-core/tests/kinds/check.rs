//! Outcomes beyond right and wrong: unknown kinds, newer and older versions, and single
//! values of the registry.

use menpai_sync_core::kinds::{BodyError, Class, Code, Kinds, Problem, ValueError};
use serde_json::{Map, Value, json};

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn codes(error: BodyError) -> Vec<(String, Code)> {
    match error {
        BodyError::Problems(problems) => problems.into_iter().map(|p| (p.path, p.code)).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn unknown_kinds_and_newer_versions_are_told_from_wrong_bodies() {
    let kinds = Kinds::builtin().unwrap();
    let newest = kinds.get("door_check").unwrap().schema;
    let body = map(json!({"later_field": 1}));
    assert_eq!(kinds.check_body("tea_round", 1, &body), Err(BodyError::UnknownKind));
    assert_eq!(
        kinds.check_body("person", 1, &body),
        Err(BodyError::UnknownKind),
        "registry types are set by edits"
    );
    assert_eq!(
        kinds.check_body("door_check", newest + 1, &body),
        Err(BodyError::NewerSchema { newest })
    );
    assert!(matches!(
        kinds.check_body("door_check", newest, &body),
        Err(BodyError::Problems(_))
    ));
}

#[test]
fn a_withdrawal_lacks_nothing_but_its_kind_must_be_known() {
    let kinds = Kinds::builtin().unwrap();
    let newest = kinds.get("door_check").unwrap().schema;
    assert_eq!(kinds.check_withdrawal("door_check", newest), Ok(()));
    assert_eq!(kinds.check_withdrawal("tea_round", 1), Err(BodyError::UnknownKind));
    assert_eq!(kinds.check_withdrawal("person", 1), Err(BodyError::UnknownKind));
    assert_eq!(
        kinds.check_withdrawal("door_check", newest + 1),
        Err(BodyError::NewerSchema { newest })
    );
}

#[test]
fn a_body_is_checked_by_the_version_it_was_made_with() {
    let labels = json!({"zh": "项", "en": "Item"});
    let file = json!({"kind": "check", "family": "record", "schema": 3, "labels": labels, "class": "open",
        "fields": [
            {"name": "always", "type": "bool", "labels": labels, "required": true},
            {"name": "newer", "type": "bool", "labels": labels, "required": true, "since": 2},
            {"name": "given_up", "type": "bool", "labels": labels, "required": true, "until": 2}],
        "effects": {}, "writers": ["office"], "review": "none", "retention": null});
    let kinds = Kinds::from_files([("check", file.to_string().as_str())]).unwrap();
    let check = |schema, body: Value| kinds.check_body("check", schema, &map(body)).map_err(codes);
    assert_eq!(check(1, json!({"always": true, "given_up": true})), Ok(()));
    assert_eq!(
        check(2, json!({"always": true, "newer": true, "given_up": true})),
        Ok(())
    );
    assert_eq!(check(3, json!({"always": true, "newer": true})), Ok(()));
    assert_eq!(
        check(1, json!({"always": true, "given_up": true, "newer": true})),
        Err(vec![("/newer".into(), Code::UnknownField)])
    );
    assert_eq!(
        check(3, json!({"always": true, "newer": true, "given_up": true})),
        Err(vec![("/given_up".into(), Code::UnknownField)])
    );
    assert_eq!(
        check(2, json!({"always": true, "given_up": true})),
        Err(vec![("/newer".into(), Code::Missing)])
    );
}

#[test]
fn everything_wrong_with_a_body_is_reported_at_once() {
    let kinds = Kinds::builtin().unwrap();
    let body = map(json!({"dwelling_id": "x", "outcome": "absent", "people_present": 2, "a/b": 1}));
    let error = kinds.check_body("door_check", 1, &body).unwrap_err();
    let found = codes(error);
    for expected in [
        ("/a~1b", Code::UnknownField),
        ("/dwelling_id", Code::BadId),
        ("/mode", Code::Missing),
        ("/people_present", Code::NotVisible),
    ] {
        assert!(
            found.contains(&(expected.0.into(), expected.1)),
            "{expected:?} in {found:?}"
        );
    }
    assert_eq!(found.len(), 4);
}

#[test]
fn a_whole_number_with_a_fraction_is_refused_though_json_schema_takes_it() {
    let kinds = Kinds::builtin().unwrap();
    let text =
        r#"{"dwelling_id":"5f0c3e52-7d1a-8c44-9b1e-000000000001","mode":"door","outcome":"met","people_present":1.0}"#;
    let error = kinds
        .check_body("door_check", 1, &serde_json::from_str(text).unwrap())
        .unwrap_err();
    assert_eq!(codes(error), [("/people_present".into(), Code::WrongType)]);
}

#[test]
fn a_registry_value_is_checked_by_itself_and_tells_its_class() {
    let kinds = Kinds::builtin().unwrap();
    let check = |field: &str, value: Value| kinds.check_value("person", field, &value);
    assert_eq!(check("phone", json!("13800138000")), Ok(Class::Open));
    assert_eq!(check("care_categories:living_alone", json!(true)), Ok(Class::Care));
    assert_eq!(check("care_categories:living_alone", Value::Null), Ok(Class::Care));
    assert_eq!(check("phone", Value::Null), Ok(Class::Open), "null clears");
    assert_eq!(
        kinds.check_value(
            "care_plan",
            "responsible:0198f3a0-0000-7000-8000-000000000101",
            &json!(false)
        ),
        Ok(Class::Care)
    );
    // What the other fields say does not matter: fields merge one by one.
    assert_eq!(check("inflow_reason", json!("01")), Ok(Class::Open));

    let problem = |path: &str, code| {
        Err(ValueError::Problem(Problem {
            path: path.into(),
            code,
            min: None,
            max: None,
        }))
    };
    assert_eq!(check("phone", json!("1380013800")), problem("/phone", Code::BadPhone));
    assert_eq!(check("name", Value::Null), problem("/name", Code::Missing));
    assert_eq!(
        check("care_categories:living_alone", json!("yes")),
        problem("/care_categories:living_alone", Code::WrongType)
    );
    for unknown in [
        "care_categories",
        "care_categories:rich",
        "phone:home",
        "id_number",
        "_type",
        "",
    ] {
        assert_eq!(check(unknown, json!(true)), Err(ValueError::UnknownField), "{unknown}");
    }
    assert_eq!(
        kinds.check_value("door_check", "mode", &json!("door")),
        Err(ValueError::UnknownType)
    );
    assert_eq!(
        kinds.check_value("ship", "name", &json!("x")),
        Err(ValueError::UnknownType)
    );
}
