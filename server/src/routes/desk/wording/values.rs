//! One value in words: a choice by its label, a number with its unit, an id by what it
//! stands for. What the kind file does not know is shown as it is, never hidden.

use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::{Choice, Field, Labels, Members, Rule, Shape, Targets};
use serde_json::Value;

use super::super::Desk;
use super::{joined, labels, same};
use crate::store::community::StoreError;
use crate::store::review::register::Address;

/// What a registry field is called; a member of a set by both names.
pub(in super::super) fn registry_field(
    desk: &mut Desk<'_>,
    registry_type: &str,
    name: &str,
) -> Result<Labels, StoreError> {
    let (own, member) = name
        .split_once(':')
        .map_or((name, None), |(own, member)| (own, Some(member)));
    let kinds = desk.kinds;
    let Some(field) = kinds.registry_type(registry_type).and_then(|kind| kind.field(own)) else {
        return Ok(same(name));
    };
    let Some(member) = member else {
        return Ok(field.labels.clone());
    };
    let member = match &field.shape {
        Shape::Set(members) => member_words(desk, members, member)?,
        _ => same(member),
    };
    Ok(joined(&[field.labels.clone(), member], "：", ": "))
}

/// A registry value in words. A cleared field has none.
pub(in super::super) fn registry_value(
    desk: &mut Desk<'_>,
    registry_type: &str,
    name: &str,
    value: &Value,
) -> Result<Labels, StoreError> {
    if value.is_null() {
        return Ok(same(""));
    }
    let kinds = desk.kinds;
    match kinds.registry_type(registry_type).and_then(|kind| kind.field(name)) {
        Some(field) => field_value(desk, field, value),
        None => plain(value),
    }
}

/// A value of a kind's body in words.
pub(in super::super) fn body_value(
    desk: &mut Desk<'_>,
    kind: &str,
    name: &str,
    value: &Value,
) -> Result<Labels, StoreError> {
    let kinds = desk.kinds;
    match kinds.get(kind).and_then(|kind| kind.field(name)) {
        Some(field) => field_value(desk, field, value),
        None => plain(value),
    }
}

/// A value of a field in words.
pub(in super::super) fn field_value(desk: &mut Desk<'_>, field: &Field, value: &Value) -> Result<Labels, StoreError> {
    match (&field.shape, value) {
        (
            Shape::Text {
                rule: Some(Rule::Sealed),
                ..
            },
            _,
        ) => Ok(labels("只有服务器能打开", "only the server can open it")),
        (Shape::Choice { choices, .. }, Value::String(chosen)) => Ok(choice_words(choices, chosen)),
        (Shape::Integer { .. }, Value::Number(number)) => Ok(match &field.unit {
            Some(unit) => labels(format!("{number} {}", unit.zh), format!("{number} {}", unit.en)),
            None => same(number.to_string()),
        }),
        (Shape::Instant, Value::String(text)) => Ok(same(instant_words(text))),
        (Shape::Ref { to }, Value::String(id)) => reference(desk, to, id),
        (Shape::Set(members), Value::Array(values)) => {
            let mut words = Vec::new();
            for member in values.iter().filter_map(Value::as_str) {
                words.push(member_words(desk, members, member)?);
            }
            Ok(joined(&words, "、", ", "))
        }
        (Shape::Object { fields }, Value::Object(_)) => row(desk, fields, value),
        (Shape::List { fields, .. }, Value::Array(rows)) => {
            let rows = rows
                .iter()
                .map(|value| row(desk, fields, value))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(joined(&rows, "\n", "\n"))
        }
        _ => plain(value),
    }
}

/// The fields of a list's row or of an object, labelled, on one line.
fn row(desk: &mut Desk<'_>, fields: &[Field], value: &Value) -> Result<Labels, StoreError> {
    let mut words = Vec::new();
    for field in fields {
        if let Some(value) = value.get(field.name.as_str()) {
            words.push(joined(
                &[field.labels.clone(), field_value(desk, field, value)?],
                " ",
                " ",
            ));
        }
    }
    Ok(joined(&words, "，", ", "))
}

fn member_words(desk: &mut Desk<'_>, members: &Members, member: &str) -> Result<Labels, StoreError> {
    match members {
        Members::Choices(choices) => Ok(choice_words(choices, member)),
        Members::Refs { to, .. } => reference(desk, to, member),
    }
}

pub(super) fn choice_words(choices: &[Choice], value: &str) -> Labels {
    choices
        .iter()
        .find(|choice| choice.value == value)
        .map_or_else(|| same(value), |choice| choice.labels.clone())
}

/// What an id stands for: the name of a person or place, else where it is.
fn reference(desk: &mut Desk<'_>, to: &Targets, id: &str) -> Result<Labels, StoreError> {
    let points_to = |name: &str| to.names().iter().any(|target| target.as_str() == name);
    let name = if points_to("worker") {
        id.parse()
            .ok()
            .and_then(|worker| desk.register.worker(worker))
            .map(same)
    } else if points_to("device") {
        id.parse().ok().map(|device| same(desk.device(device).named.name))
    } else {
        // A grid is the place of the same id. An entry has no name; its id stays.
        match id.parse::<EntityId>() {
            Ok(entity) => {
                let known = desk.register.entity(entity)?;
                let place = Some(address_words(&known.address)).filter(|words| !words.zh.is_empty());
                known.name.map(same).or(place)
            }
            Err(_) => None,
        }
    };
    Ok(name.unwrap_or_else(|| same(id)))
}

fn address_words(address: &Address) -> Labels {
    let unit = address.unit.as_deref().filter(|unit| *unit != "无");
    let words: Vec<Labels> = [
        address.compound.as_deref().map(same),
        address.building.as_deref().map(same),
        unit.map(|unit| labels(format!("{unit}单元"), format!("unit {unit}"))),
        address.room.as_deref().map(same),
    ]
    .into_iter()
    .flatten()
    .collect();
    joined(&words, " ", " ")
}

/// The minute, as it was written.
fn instant_words(text: &str) -> String {
    text.get(..16)
        .map_or_else(|| text.to_owned(), |minute| minute.replace('T', " "))
}

fn plain(value: &Value) -> Result<Labels, StoreError> {
    Ok(match value {
        Value::Bool(true) => labels("是", "Yes"),
        Value::Bool(false) => labels("否", "No"),
        Value::String(text) => same(text.as_str()),
        other => same(other.to_string()),
    })
}
