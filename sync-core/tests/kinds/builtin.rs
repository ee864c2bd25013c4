//! The kind files as a whole: they parse, hang together, fit an entry, and the committed
//! JSON Schemas are what they generate. Names of kinds stand here and in no other code.

use std::collections::BTreeSet;
use std::path::Path;

use menpai_sync_core::kinds::{Class, Family, Field, Kind, Kinds, Members, Shape, generate_all, tables};
use serde_json::{Map, Value, json};

fn kinds() -> Kinds {
    Kinds::builtin().unwrap()
}

fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(folder);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// `Kinds::builtin` reads them without checking: here they are checked.
#[test]
fn the_kind_files_compiled_in_are_good() {
    Kinds::from_files(Kinds::builtin_files().iter().copied()).unwrap();
}

#[test]
fn every_kind_file_is_a_kind() {
    let from_files: BTreeSet<String> = names("kinds");
    let built_in: BTreeSet<String> = kinds().iter().map(|kind| format!("{}.json", kind.name)).collect();
    assert_eq!(from_files, built_in);
}

#[test]
fn committed_schemas_are_what_the_kind_files_generate() {
    let kinds = kinds();
    let generated = generate_all(&kinds);
    let expected: BTreeSet<String> = generated
        .iter()
        .map(|(kind, _)| format!("{kind}.schema.json"))
        .collect();
    assert_eq!(names("json-schema"), expected, "run the example generate_schemas");
    for (kind, text) in generated {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../schemas/json-schema")
            .join(format!("{kind}.schema.json"));
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == text, "{kind}: run the example generate_schemas");
    }
}

#[test]
fn health_and_hardship_are_never_open() {
    let kinds = kinds();
    let class = |kind: &str| kinds.get(kind).unwrap().class();
    assert_eq!(class("door_check"), Some(Class::Open));
    assert_eq!(class("hazard"), Some(Class::Open));
    assert_eq!(class("care_visit"), Some(Class::Care));
    assert_eq!(class("person"), None);
    for field in ["name", "sex", "phone", "birth_date"] {
        assert_eq!(kinds.class_of("person", field), Some(Class::Open));
    }
    for field in [
        "care_categories:living_alone",
        "hearing",
        "disability_grade",
        "health_note",
    ] {
        assert_eq!(kinds.class_of("person", field), Some(Class::Care));
    }
    for field in &kinds.get("care_plan").unwrap().fields {
        assert_eq!(field.class, Some(Class::Care));
    }
    assert_eq!(kinds.class_of("person", "id_number"), None);
    assert_eq!(kinds.class_of("person", "id_last_four"), Some(Class::Care));
    assert_eq!(kinds.class_of("door_check", "outcome"), None);
}

/// And what stands for everybody's eyes is a field that there is.
#[test]
fn only_records_are_sealed_and_their_text_is_no_column() {
    let kinds = kinds();
    let sealed: Vec<&Kind> = kinds.iter().filter(|kind| kind.effects.seals.is_some()).collect();
    assert_eq!(
        sealed.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(),
        ["id_number"]
    );
    assert!(
        sealed
            .iter()
            .all(|kind| kind.class() == Some(Class::Sealed) && kind.family == Family::Record)
    );
    for kind in kinds.iter().filter(|kind| kind.effects.seals.is_none()) {
        assert!(
            kind.fields.iter().all(|field| field.class != Some(Class::Sealed)),
            "{}",
            kind.name
        );
    }
    for kind in sealed {
        let seals = kind.effects.seals.as_ref().unwrap();
        let columns: Vec<String> = tables(kind)
            .remove(0)
            .columns
            .into_iter()
            .map(|column| column.name)
            .collect();
        assert!(columns.contains(&seals.subject.to_string()) && !columns.contains(&seals.number.to_string()));
        assert!(kind.seals_numbers_of("person") && !kind.seals_numbers_of("household"));
        assert_eq!(kinds.class_of("person", seals.last_four.as_str()), Some(Class::Care));
    }
}

#[test]
fn refused_and_absent_leave_a_door_open() {
    let kinds = kinds();
    let kind = kinds.get("door_check").unwrap();
    let closes = kind.effects.closes.as_ref().unwrap();
    let Shape::Choice { choices, .. } = &kind.field(closes.by.as_str()).unwrap().shape else {
        panic!("a choice")
    };
    let closing: Vec<&str> = choices
        .iter()
        .filter(|c| c.closes == Some(true))
        .map(|c| c.value.as_str())
        .collect();
    assert_eq!(closing, ["met", "empty", "moved", "not_found"]);
}

#[test]
fn the_largest_body_fits_an_entry() {
    // 16,384 bytes less the envelope's members; Chinese takes three bytes a character.
    const ROOM: usize = 16_384 - 700;
    for kind in kinds().iter().filter(|kind| kind.family != Family::Registry) {
        let largest = serde_json::to_string(&largest(&kind.fields)).unwrap().len();
        assert!(largest < ROOM, "{}: {largest}", kind.name);
    }
}

fn largest(fields: &[Field]) -> Value {
    let mut body = Map::new();
    for field in fields {
        body.insert(field.name.to_string(), largest_value(&field.shape));
    }
    Value::Object(body)
}

fn largest_value(shape: &Shape) -> Value {
    const ID: &str = "00000000-0000-0000-0000-000000000000";
    match shape {
        Shape::Text { max_length, .. } => json!("门".repeat(*max_length as usize)),
        Shape::Integer { min, max } => json!(min.min(max)),
        Shape::Bool => json!(false),
        Shape::Choice { choices, .. } => {
            json!(choices.iter().map(|c| &c.value).max_by_key(|v| v.len()))
        }
        Shape::Date { .. } | Shape::Instant => json!("2026-11-24T09:12:40.123+08:00"),
        Shape::Ref { .. } => json!(ID),
        Shape::Set(Members::Choices(choices)) => choices.iter().map(|c| json!(c.value)).collect(),
        Shape::Set(Members::Refs { max_items, .. }) => json!(vec![ID; max_items.unwrap() as usize]),
        Shape::List { max_items, fields } => json!(vec![largest(fields); *max_items as usize]),
        Shape::Object { fields } => largest(fields),
    }
}

#[test]
fn nobody_writes_office_records_but_the_office() {
    for kind in kinds().iter().filter(|kind| kind.family == Family::Office) {
        let roles: Vec<&str> = kind.writers.iter().map(menpai_sync_core::kinds::Name::as_str).collect();
        assert_eq!(roles, ["office"], "{}", kind.name);
    }
}

#[test]
fn every_form_page_has_fields() {
    for kind in kinds().iter() {
        let on = |step: &str| {
            kind.fields
                .iter()
                .any(|f: &Field| f.step.as_ref().is_some_and(|s| *s == *step))
        };
        assert!(kind.steps.iter().all(|step| on(step.name.as_str())), "{}", kind.name);
        let all_placed = |kind: &Kind| kind.fields.iter().all(|field| field.step.is_some());
        assert!(kind.steps.is_empty() || all_placed(kind), "{}", kind.name);
    }
}
