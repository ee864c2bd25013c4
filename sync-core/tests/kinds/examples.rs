//! The examples in `schemas/examples/`: every kind has some, our checker and the
//! generated JSON Schema agree on each, and each invalid one fails for the one reason in
//! its name: `<code>--<path with dots>.json`.

use crate::support::{examples, problems};
use menpai_sync_core::kinds::{Code, Kinds, json_schema};
use serde_json::Value;

#[test]
fn valid_examples_pass_both_checkers() {
    let kinds = Kinds::builtin().unwrap();
    for kind in kinds.iter() {
        let schema = jsonschema::options()
            .should_validate_formats(true)
            .build(&json_schema(kind))
            .unwrap();
        let examples = examples(kind, "valid");
        assert!(examples.len() >= 2, "{}: too few valid examples", kind.name);
        for example in examples {
            assert_eq!(
                problems(&kinds, kind, &example.body),
                [],
                "{}/{}",
                kind.name,
                example.name
            );
            let verdict = schema
                .validate(&Value::Object(example.body))
                .map_err(|error| error.to_string());
            assert_eq!(verdict, Ok(()), "{}/{}", kind.name, example.name);
        }
    }
}

#[test]
fn invalid_examples_fail_for_the_reason_in_their_name() {
    let kinds = Kinds::builtin().unwrap();
    for kind in kinds.iter() {
        let schema = jsonschema::validator_for(&json_schema(kind)).unwrap();
        let examples = examples(kind, "invalid");
        assert!(examples.len() >= 2, "{}: too few invalid examples", kind.name);
        for example in examples {
            let found: Vec<String> = problems(&kinds, kind, &example.body)
                .iter()
                .map(|problem| {
                    let path = problem.path.trim_start_matches('/').replace(['/', ':'], ".");
                    format!("{}--{path}", problem.code.as_str())
                })
                .collect();
            assert_eq!(found, [example.name.as_str()], "{}", kind.name);
            assert!(
                !schema.is_valid(&Value::Object(example.body)),
                "{}/{}",
                kind.name,
                example.name
            );
        }
    }
}

#[test]
fn every_code_that_a_body_can_earn_has_an_example() {
    let kinds = Kinds::builtin().unwrap();
    let names: Vec<String> = kinds
        .iter()
        .flat_map(|kind| examples(kind, "invalid"))
        .map(|example| example.name)
        .collect();
    // Only drafts are held against the calendar.
    for code in Code::ALL.iter().filter(|code| **code != Code::InFuture) {
        assert!(
            names
                .iter()
                .any(|name| name.starts_with(&format!("{}--", code.as_str()))),
            "{}",
            code.as_str()
        );
    }
}
