//! Our small checker and a full JSON Schema validator on the generated schemas give the
//! same verdict on thousands of random bodies per kind.

use crate::support::random::{Random, body};
use crate::support::{examples, problems};
use menpai_sync_core::kinds::{Kinds, json_schema};
use serde_json::{Map, Value, json};

const SEED: u64 = 20_261_124;
const CASES: u64 = 5_000;

#[test]
fn both_checkers_agree_on_random_bodies() {
    let kinds = Kinds::builtin().unwrap();
    for kind in kinds.iter() {
        let schema = jsonschema::validator_for(&json_schema(kind)).unwrap();
        // `format` is a remark to most validators; to one that checks it, it must not
        // refuse more than the patterns do.
        let with_formats = jsonschema::options()
            .should_validate_formats(true)
            .build(&json_schema(kind))
            .unwrap();
        let valid = examples(kind, "valid");
        let mut passed = 0;
        for case in 0..CASES {
            let seed = SEED.wrapping_add(case);
            let body = body(kind, &valid, &mut Random(seed));
            let found = problems(&kinds, kind, &body);
            let body = Value::Object(body);
            let theirs = schema
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect::<Vec<_>>();
            assert_eq!(
                found.is_empty(),
                theirs.is_empty(),
                "{} seed {seed}: {body}\nours: {found:?}\ntheirs: {theirs:#?}",
                kind.name
            );
            assert_eq!(
                found.is_empty(),
                with_formats.is_valid(&body),
                "{} seed {seed}: {body}",
                kind.name
            );
            passed += u64::from(found.is_empty());
        }
        // A generator that only makes rubbish, or only good bodies, would prove nothing.
        assert!(
            (CASES / 20..CASES * 19 / 20).contains(&passed),
            "{}: {passed} of {CASES} passed",
            kind.name
        );
    }
}

#[test]
fn both_checkers_know_every_day_of_the_calendar() {
    let file = json!({
        "kind": "day", "family": "record", "schema": 1, "labels": {"zh": "日", "en": "Day"}, "class": "open",
        "fields": [{"name": "day", "type": "date", "labels": {"zh": "日", "en": "Day"}}],
        "effects": {}, "writers": ["office"], "review": "none", "retention": null
    });
    let kinds = Kinds::from_files([("day", file.to_string().as_str())]).unwrap();
    let kind = kinds.get("day").unwrap();
    let schema = jsonschema::validator_for(&json_schema(kind)).unwrap();
    let mut days = 0;
    for year in 1898..=2201 {
        for month in 0..=13 {
            for day in 0..=32 {
                let body = Map::from_iter([("day".to_owned(), json!(format!("{year}-{month:02}-{day:02}")))]);
                let ours = problems(&kinds, kind, &body).is_empty();
                assert_eq!(
                    ours,
                    schema.is_valid(&Value::Object(body)),
                    "{year}-{month:02}-{day:02}"
                );
                days += u32::from(ours);
            }
        }
    }
    assert_eq!(days, 109_573);
}
