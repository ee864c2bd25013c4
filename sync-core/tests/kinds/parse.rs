//! Kind files that must not become kinds, each with one thing wrong, and catalogues that
//! do not hang together.

use std::slice::from_ref;

use menpai_sync_core::kinds::{AttributeFault, ConditionFault, Kind, KindFileError, Kinds, KindsError};
use serde_json::{Value, json};

/// A record of one field beside the given ones.
fn file(fields: &[Value]) -> Value {
    let outcome = json!({"name": "outcome", "type": "choice", "labels": labels(), "required": true,
        "choices": [{"value": "met", "labels": labels()}, {"value": "absent", "labels": labels()}]});
    let fields: Vec<Value> = std::iter::once(outcome).chain(fields.iter().cloned()).collect();
    json!({"kind": "check", "family": "record", "schema": 2, "labels": labels(), "class": "open",
        "fields": fields, "effects": {}, "writers": ["office"], "review": "none", "retention": null})
}

fn labels() -> Value {
    json!({"zh": "项", "en": "Item"})
}

fn parse(file: &Value) -> Result<Kind, KindFileError> {
    Kind::parse(&file.to_string())
}

fn with(mut file: Value, key: &str, value: Value) -> Value {
    file[key] = value;
    file
}

#[track_caller]
fn refuses_attribute(field: &Value, attribute: &str, fault: AttributeFault) {
    match parse(&file(from_ref(field))) {
        Err(KindFileError::Attribute {
            attribute: a, fault: f, ..
        }) => assert_eq!((a, f), (attribute, fault), "{field}"),
        other => panic!("{field}: {other:?}"),
    }
}

#[track_caller]
fn refuses_condition(condition: &Value, expected: ConditionFault) {
    let field = json!({"name": "late", "type": "bool", "labels": labels(), "visible_if": condition});
    let more = json!({"name": "later", "type": "bool", "labels": labels()});
    match parse(&file(&[
        json!({"name": "note", "type": "text", "labels": labels(), "max_length": 9}),
        field,
        more,
    ])) {
        Err(KindFileError::Condition { field, fault }) => assert_eq!((field.as_str(), fault), ("late", expected)),
        other => panic!("{condition}: {other:?}"),
    }
}

#[test]
fn the_plain_file_is_a_kind() {
    let kind = parse(&file(&[])).unwrap();
    assert_eq!((kind.name.as_str(), kind.schema, kind.fields.len()), ("check", 2, 1));
}

#[test]
fn misspelt_members_and_unknown_types_are_refused() {
    let typo = json!({"name": "a", "type": "bool", "labels": labels(), "requried": true});
    let float = json!({"name": "a", "type": "float", "labels": labels()});
    let one_language = json!({"name": "a", "type": "bool", "labels": {"zh": "项"}});
    let bad_name = json!({"name": "Größe", "type": "bool", "labels": labels()});
    let bad_rule = json!({"name": "a", "type": "text", "labels": labels(), "max_length": 5, "validate": "email"});
    let bad_condition =
        json!({"name": "a", "type": "bool", "labels": labels(), "visible_if": {"field": "outcome", "over": 3}});
    for field in [typo, float, one_language, bad_name, bad_rule, bad_condition] {
        assert!(
            matches!(parse(&file(from_ref(&field))), Err(KindFileError::Json(_))),
            "{field}"
        );
    }
    for (key, value) in [
        ("colour", json!("red")),
        ("family", json!("ledger")),
        ("review", json!("maybe")),
        ("effects", json!({"awards": {}})),
    ] {
        assert!(
            matches!(parse(&with(file(&[]), key, value)), Err(KindFileError::Json(_))),
            "{key}"
        );
    }
    assert!(matches!(Kind::parse("{"), Err(KindFileError::Json(_))));
}

#[test]
fn two_fields_of_one_name_are_refused() {
    let twice = file(&[json!({"name": "outcome", "type": "bool", "labels": labels()})]);
    assert!(matches!(parse(&twice), Err(KindFileError::DuplicateField(name)) if name == "outcome"));
    let inner = json!({"name": "a", "type": "bool", "labels": labels()});
    let nested = file(&[json!({"name": "o", "type": "object", "labels": labels(), "fields": [inner, inner]})]);
    assert!(matches!(parse(&nested), Err(KindFileError::DuplicateField(name)) if name == "o.a"));
}

#[test]
fn the_fields_of_a_record_have_one_class() {
    let care = json!({"name": "mood", "type": "bool", "labels": labels(), "class": "care"});
    assert!(matches!(
        parse(&file(from_ref(&care))),
        Err(KindFileError::MixedClasses)
    ));
    let office = with(file(from_ref(&care)), "family", json!("office"));
    assert!(matches!(parse(&office), Err(KindFileError::MixedClasses)));
    let registry = with(file(&[care]), "family", json!("registry"));
    assert!(parse(&registry).is_ok());
    let mut silent = file(&[]);
    silent.as_object_mut().unwrap().remove("class");
    assert!(matches!(parse(&silent), Err(KindFileError::NoClass(field)) if field == "outcome"));
    let edit = with(silent, "family", json!("edit"));
    assert_eq!(parse(&edit).unwrap().class(), None);
    assert!(matches!(
        parse(&with(edit, "class", json!("open"))),
        Err(KindFileError::ClassOfEdit)
    ));
}

#[test]
fn heads_that_make_no_sense_are_refused() {
    for (key, value) in [
        ("kind", json!("check2")),
        ("schema", json!(0)),
        ("fields", json!([])),
        ("writers", json!([])),
        ("retention", json!({"days": 0})),
        (
            "steps",
            json!([{"name": "a", "labels": labels()}, {"name": "a", "labels": labels()}]),
        ),
    ] {
        assert!(parse(&with(file(&[]), key, value)).is_err(), "{key}");
    }
}

#[test]
fn attributes_fit_the_type() {
    use AttributeFault::{Invalid, Missing, Unexpected};
    let field = |more: Value| {
        let mut field = json!({"name": "a", "labels": labels()});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        field
    };
    let inner = json!([{"name": "x", "type": "bool", "labels": labels()}]);
    for (more, attribute, fault) in [
        (json!({"type": "text"}), "max_length", Missing),
        (json!({"type": "text", "max_length": 0}), "max_length", Invalid),
        (
            json!({"type": "text", "max_length": 5, "validate": "birth_date"}),
            "validate",
            Invalid,
        ),
        (
            json!({"type": "text_long", "max_length": 5, "validate": "phone"}),
            "validate",
            Invalid,
        ),
        (json!({"type": "date", "validate": "phone"}), "validate", Invalid),
        (json!({"type": "bool", "max_length": 5}), "max_length", Unexpected),
        (json!({"type": "bool", "unit": labels()}), "unit", Unexpected),
        (json!({"type": "bool", "default": "yes"}), "default", Unexpected),
        (json!({"type": "bool", "required": true, "once": true}), "once", Invalid),
        (json!({"type": "date", "once": true}), "once", Invalid),
        (json!({"type": "integer", "min": 1}), "max", Missing),
        (json!({"type": "integer", "min": 2, "max": 1}), "min", Invalid),
        (json!({"type": "integer", "min": 0, "max": 1_i64 << 53}), "max", Invalid),
        (json!({"type": "choice"}), "choices", Missing),
        (json!({"type": "choice", "choices": []}), "choices", Invalid),
        (
            json!({"type": "choice", "choices": [{"value": "a", "labels": labels()}, {"value": "a", "labels": labels()}]}),
            "choices",
            Invalid,
        ),
        (
            json!({"type": "choice", "choices": [{"value": "a:b", "labels": labels()}]}),
            "choices",
            Invalid,
        ),
        (
            json!({"type": "choice", "choices": [{"value": "a", "labels": labels()}], "default": "b"}),
            "default",
            Invalid,
        ),
        (json!({"type": "ref"}), "to", Missing),
        (json!({"type": "ref", "to": []}), "to", Invalid),
        (json!({"type": "set", "to": "worker"}), "max_items", Missing),
        (
            json!({"type": "set", "choices": [{"value": "a", "labels": labels()}], "to": "worker"}),
            "to",
            Unexpected,
        ),
        (json!({"type": "list", "fields": inner}), "max_items", Missing),
        (json!({"type": "list", "max_items": 3}), "fields", Missing),
        (json!({"type": "object", "fields": []}), "fields", Invalid),
        (
            json!({"type": "object", "fields": [{"name": "x", "type": "object", "labels": labels(), "fields": inner}]}),
            "type",
            Invalid,
        ),
        (
            json!({"type": "object", "fields": [{"name": "x", "type": "bool", "labels": labels(), "class": "open"}]}),
            "class",
            Unexpected,
        ),
        (json!({"type": "bool", "step": "nowhere"}), "step", Invalid),
        (json!({"type": "bool", "since": 3}), "since", Invalid),
        (json!({"type": "bool", "until": 2}), "until", Invalid),
    ] {
        refuses_attribute(&field(more), attribute, fault);
    }
    let list = with(
        file(&[field(json!({"type": "list", "max_items": 2, "fields": inner}))]),
        "family",
        json!("registry"),
    );
    assert!(matches!(
        parse(&list),
        Err(KindFileError::Attribute { attribute: "type", .. })
    ));
    let full = with(
        file(&[field(json!({"type": "set", "to": "worker", "max_items": 3}))]),
        "family",
        json!("registry"),
    );
    assert!(matches!(
        parse(&full),
        Err(KindFileError::Attribute {
            attribute: "max_items",
            ..
        })
    ));
}

#[test]
fn conditions_that_can_never_hold_are_refused() {
    let dangling = |name: &str| ConditionFault::Dangling(name.into());
    let value = |name: &str| ConditionFault::Value(name.into());
    refuses_condition(&json!({"field": "nobody", "equals": "met"}), dangling("nobody"));
    refuses_condition(&json!({"field": "late", "equals": true}), dangling("late"));
    refuses_condition(&json!({"field": "later", "equals": true}), dangling("later"));
    refuses_condition(&json!({"field": "outcome", "equals": "mett"}), value("outcome"));
    refuses_condition(
        &json!({"any": [{"field": "outcome", "in": ["met", true]}]}),
        value("outcome"),
    );
    refuses_condition(&json!({"not": {"field": "note", "equals": "yes"}}), value("note"));
    refuses_condition(&json!({"field": "outcome:met", "equals": true}), value("outcome:met"));
    let care = json!({"name": "mood", "type": "bool", "labels": labels(), "class": "care",
        "visible_if": {"field": "outcome", "equals": "met"}});
    let across = with(file(&[care]), "family", json!("registry"));
    assert!(matches!(
        parse(&across),
        Err(KindFileError::Condition {
            fault: ConditionFault::Class(_),
            ..
        })
    ));
}

#[test]
fn effects_name_fields_that_can_carry_them() {
    let door = json!({"name": "door", "type": "ref", "labels": labels(), "required": true, "to": "entry"});
    let closes = |by: &str| json!({"closes": {"subject": "door", "by": by}});
    let plain = file(from_ref(&door));
    assert!(matches!(
        parse(&with(plain.clone(), "effects", closes("outcome"))),
        Err(KindFileError::Effects(_))
    ));
    assert!(matches!(
        parse(&with(plain.clone(), "effects", closes("nobody"))),
        Err(KindFileError::Effects(_))
    ));
    let mut marked = plain;
    for choice in marked["fields"][0]["choices"].as_array_mut().unwrap() {
        choice["mark"] = json!("checked");
        choice["closes"] = json!(true);
    }
    assert!(
        matches!(parse(&marked), Err(KindFileError::Effects(_))),
        "marks without an effect"
    );
    let marked = with(marked, "effects", closes("outcome"));
    assert!(parse(&marked).is_ok());
    assert!(matches!(
        parse(&with(marked, "family", json!("office"))),
        Err(KindFileError::Effects(_))
    ));
    let resets = json!({"resets": {"subject": "door", "when": {"field": "outcome", "equals": "gone"}, "in_person": {"field": "outcome", "equals": "met"}}});
    assert!(matches!(
        parse(&with(file(&[door]), "effects", resets)),
        Err(KindFileError::Effects(_))
    ));
}

#[test]
fn what_is_sealed_stands_in_a_record_of_its_own() {
    let person = json!({"name": "person", "type": "ref", "labels": labels(), "to": "entry", "required": true});
    let number = json!({"name": "number", "type": "text", "labels": labels(), "max_length": 132, "validate": "sealed",
                        "required": true});
    let seals = json!({"seals": {"subject": "person", "number": "number", "last_four": "end"}});
    let sealed = with(file(&[person.clone(), number.clone()]), "class", json!("sealed"));
    let good = with(sealed.clone(), "effects", seals.clone());
    assert!(parse(&good).is_ok());
    let open = with(good.clone(), "class", json!("open"));
    let text = json!({"name": "number", "type": "text", "labels": labels(), "max_length": 132, "required": true});
    let plain = with(file(&[person, text]), "class", json!("sealed"));
    for (file, why) in [
        (sealed, "without the effect"),
        (open, "of another class"),
        (with(plain, "effects", seals), "a plain text"),
        (
            with(file(&[number]), "class", json!("care")),
            "a sealed text among others",
        ),
    ] {
        assert!(matches!(parse(&file), Err(KindFileError::Effects(_))), "{why}");
    }
}

#[test]
fn a_catalogue_hangs_together() {
    let read = |name: &str, file: &Value| Kinds::from_files([(name, file.to_string().as_str())]);
    assert!(read("check", &file(&[])).is_ok());
    assert!(matches!(read("cheque", &file(&[])), Err(KindsError::FileName { .. })));
    let dangling = file(&[json!({"name": "door", "type": "ref", "labels": labels(), "to": "dwelling"})]);
    assert!(matches!(read("check", &dangling), Err(KindsError::DanglingRef { .. })));
    let role = with(file(&[]), "writers", json!(["grid_worker"]));
    assert!(matches!(read("check", &role), Err(KindsError::UnknownRole { .. })));
    // A phone's worker may be the secretary; their phone still writes nothing of the office's.
    let phones = with(
        with(file(&[]), "family", json!("office")),
        "writers",
        json!(["community_secretary", "office"]),
    );
    assert!(matches!(read("check", &phones), Err(KindsError::UnknownRole { .. })));
    let flat = json!({"name": "health_mood", "type": "bool", "labels": labels()});
    let nested = json!({"name": "health", "type": "object", "labels": labels(), "fields": [{"name": "mood", "type": "bool", "labels": labels()}]});
    assert!(matches!(
        read("check", &file(&[flat, nested])),
        Err(KindsError::SameSqlName { .. })
    ));
    let set =
        json!({"name": "step", "type": "set", "labels": labels(), "choices": [{"value": "a", "labels": labels()}]});
    let (first, second) = (
        file(&[set]).to_string(),
        with(file(&[]), "kind", json!("check_step")).to_string(),
    );
    let both = Kinds::from_files([("check", first.as_str()), ("check_step", second.as_str())]);
    assert!(matches!(both, Err(KindsError::SameSqlName { .. })));
}
