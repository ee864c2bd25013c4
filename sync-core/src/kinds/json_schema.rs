//! Writes a kind as standard JSON Schema (2020-12), complete enough to replace our checker
//! where nobody wants Rust. Says the same as `check.rs` with two exceptions, stated in
//! each schema: 1.0 counts as whole there, and texts need not be NFC.

use serde_json::{Map, Value, json};

use super::catalogue::Kinds;
use super::field::{Choice, Field, Members, Shape};
use super::kind::{Family, Kind};
use super::name::{Labels, Language, Name};
use super::print::print;
use super::rule::Rule;
use super::text;
use super::visible::{Condition, Scalar, Test};

const EXCEPTIONS: &str =
    "Menpai also refuses numbers written with a fraction (1.0) and texts that are not Unicode NFC.";

/// Every kind's name and its schema as the text of a file.
#[must_use]
pub fn generate_all(kinds: &Kinds) -> Vec<(String, String)> {
    kinds
        .iter()
        .map(|kind| (kind.name.to_string(), print(&json_schema(kind))))
        .collect()
}

/// The schema of a kind's body; for a registry type, of an entity as an object from field
/// (or `set:member`) to value.
#[must_use]
pub fn json_schema(kind: &Kind) -> Value {
    let mut schema = object(&kind.fields, kind.schema, kind.family);
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert(
        "$id".into(),
        json!(format!("urn:menpai:kind:{}:{}", kind.name, kind.schema)),
    );
    schema.insert("$comment".into(), json!(EXCEPTIONS));
    schema.insert("title".into(), json!(bilingual(&kind.labels)));
    Value::Object(schema)
}

fn bilingual(labels: &Labels) -> String {
    format!("{} / {}", labels.get(Language::Zh), labels.get(Language::En))
}

fn object(fields: &[Field], schema: u32, family: Family) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut patterns = Map::new();
    let mut required = Vec::new();
    let mut rules = Vec::new();
    for field in fields.iter().filter(|field| field.is_in(schema)) {
        match (family, &field.shape) {
            (Family::Registry, Shape::Set(members)) => {
                patterns.insert(
                    member_pattern(field, members),
                    annotated(field, json!({"type": ["boolean", "null"]})),
                );
            }
            _ => {
                let value = value_schema(&field.shape, schema, family);
                let value = if family == Family::Registry {
                    or_null(value)
                } else {
                    value
                };
                properties.insert(field.name.to_string(), annotated(field, value));
            }
        }
        let given = given(field, family);
        match &field.visible_if {
            None if field.required && is_plain(field, family) => required.push(json!(field.name)),
            None => {}
            Some(condition) => {
                let mut rule = json!({"if": holds(condition), "else": hidden(field, family)});
                if field.required {
                    rule["then"] = given.clone();
                }
                rules.push(rule);
            }
        }
        // A registry field that is there as null is as good as absent.
        if field.required && field.visible_if.is_none() && family == Family::Registry {
            rules.push(given);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("additionalProperties".into(), json!(false));
    for (keyword, value) in [
        ("patternProperties", Value::Object(patterns)),
        ("required", json!(required)),
        ("allOf", json!(rules)),
    ] {
        if value.as_object().is_none_or(|map| !map.is_empty()) && value.as_array().is_none_or(|list| !list.is_empty()) {
            schema.insert(keyword.into(), value);
        }
    }
    schema
}

/// Whether the field is one key, rather than one per member.
fn is_plain(field: &Field, family: Family) -> bool {
    !(family == Family::Registry && matches!(field.shape, Shape::Set(_)))
}

/// The object has a value of the field.
fn given(field: &Field, family: Family) -> Value {
    let name = field.name.as_str();
    if !is_plain(field, family) {
        let others = json!({ format!("^{name}:"): {"not": {"const": true}} });
        json!({"not": {"patternProperties": others}})
    } else if family == Family::Registry {
        json!({"properties": {name: {"not": {"type": "null"}}}, "required": [name]})
    } else {
        json!({"required": [name]})
    }
}

/// The object has no value of the field.
fn hidden(field: &Field, family: Family) -> Value {
    let name = field.name.as_str();
    if !is_plain(field, family) {
        json!({"patternProperties": { format!("^{name}:"): {"enum": [false, null]} }})
    } else if family == Family::Registry {
        json!({"properties": {name: {"type": "null"}}})
    } else {
        json!({"properties": {name: false}})
    }
}

fn holds(condition: &Condition) -> Value {
    match condition {
        Condition::Field {
            field,
            test: Test::Equals(value),
        } => is_one_of(field, std::slice::from_ref(value)),
        Condition::Field {
            field,
            test: Test::In(values),
        } => is_one_of(field, values),
        Condition::Field {
            field,
            test: Test::Not(value),
        } => json!({"not": is_one_of(field, std::slice::from_ref(value))}),
        Condition::All(conditions) => {
            json!({"allOf": conditions.iter().map(holds).collect::<Vec<_>>()})
        }
        Condition::Any(conditions) => {
            json!({"anyOf": conditions.iter().map(holds).collect::<Vec<_>>()})
        }
        Condition::Not(condition) => json!({"not": holds(condition)}),
    }
}

fn is_one_of(field: &str, values: &[Scalar]) -> Value {
    let wanted: Vec<Value> = values.iter().map(Scalar::to_json).collect();
    let wanted = match wanted.as_slice() {
        [one] => json!({"const": one}),
        several => json!({"enum": several}),
    };
    // An absent field counts as null.
    if values.contains(&Scalar::Null) {
        json!({"properties": {field: wanted}})
    } else {
        json!({"properties": {field: wanted}, "required": [field]})
    }
}

fn value_schema(shape: &Shape, schema: u32, family: Family) -> Value {
    match shape {
        Shape::Text {
            max_length,
            rule,
            lines,
        } => {
            let shape = if *lines {
                text::LINES_PATTERN
            } else {
                text::LINE_PATTERN
            };
            let pattern = rule.and_then(Rule::pattern).unwrap_or(shape);
            json!({"type": "string", "maxLength": max_length, "pattern": pattern})
        }
        Shape::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Choice { choices, .. } => one_of(choices),
        Shape::Date { .. } => {
            json!({"type": "string", "format": "date", "pattern": text::DATE_PATTERN})
        }
        Shape::Instant => {
            json!({"type": "string", "format": "date-time", "pattern": text::INSTANT_PATTERN})
        }
        Shape::Ref { .. } => {
            json!({"type": "string", "format": "uuid", "pattern": text::ID_PATTERN})
        }
        Shape::Set(members) => {
            let (items, max_items) = match members {
                Members::Choices(choices) => (one_of(choices), None),
                Members::Refs { max_items, .. } => (json!({"type": "string", "pattern": text::ID_PATTERN}), *max_items),
            };
            let mut set = json!({"type": "array", "items": items, "minItems": 1, "uniqueItems": true});
            if let Some(max_items) = max_items {
                set["maxItems"] = json!(max_items);
            }
            set
        }
        Shape::List { max_items, fields } => {
            json!({"type": "array", "items": object(fields, schema, family), "minItems": 1, "maxItems": max_items})
        }
        Shape::Object { fields } => {
            let mut inner = object(fields, schema, family);
            inner.insert("minProperties".into(), json!(1));
            Value::Object(inner)
        }
    }
}

fn one_of(choices: &[Choice]) -> Value {
    json!({"enum": choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>()})
}

fn or_null(mut value: Value) -> Value {
    if let Some(list) = value.get_mut("enum").and_then(Value::as_array_mut) {
        list.push(Value::Null);
    } else {
        value["type"] = json!([value["type"], "null"]);
    }
    value
}

fn member_pattern(field: &Field, members: &Members) -> String {
    match members {
        Members::Choices(choices) => {
            let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
            format!("^{}:(?:{})$", field.name, values.join("|"))
        }
        Members::Refs { .. } => format!("^{}:{}", field.name, text::ID_PATTERN.trim_start_matches('^')),
    }
}

fn annotated(field: &Field, mut value: Value) -> Value {
    value["title"] = json!(bilingual(&field.labels));
    let to = match &field.shape {
        Shape::Ref { to } | Shape::Set(Members::Refs { to, .. }) => Some(to),
        _ => None,
    };
    let to = to.map(|to| {
        let names: Vec<&str> = to.names().iter().map(Name::as_str).collect();
        format!("id of a {}", names.join(" or "))
    });
    let unit = field.unit.as_ref().map(bilingual);
    let notes: Vec<String> = field.code_table.clone().into_iter().chain(to).chain(unit).collect();
    if !notes.is_empty() {
        value["$comment"] = json!(notes.join("; "));
    }
    value
}
