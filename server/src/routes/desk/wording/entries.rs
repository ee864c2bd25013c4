//! One entry in words: where it was, what it says in a line, and every field of it.

use menpai_sync_core::entry::{Edit, Entry};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::{Kind, Kinds, Labels, Shape};
use serde_json::Value;

use super::super::Desk;
use super::values::{choice_words, field_value, registry_field, registry_value};
use super::{Content, joined, labels, same};
use crate::store::community::StoreError;
use crate::store::review::register::{Address, Known};

/// Fields named in the line of an edit; of a longer one the rest is counted.
const FIELDS_IN_A_LINE: usize = 3;

/// What stands for an entry that cannot be read.
pub(in super::super) fn unreadable() -> Labels {
    labels("读不出内容，原样留着", "Cannot be read; kept as it came")
}

/// Where the thing is that an entry is about.
pub(in super::super) fn address(desk: &mut Desk<'_>, entry: &Entry) -> Result<Option<Address>, StoreError> {
    Ok(subject(desk, entry)?
        .map(|known| known.address)
        .filter(|address| !address.is_empty()))
}

/// What an entry says, in a line: the answers that every such record must have, or the
/// fields that an edit sets; before it whom it is about.
pub(in super::super) fn summary(desk: &mut Desk<'_>, entry: &Entry) -> Result<Labels, StoreError> {
    let says = match (&entry.edit, desk.kinds.get(&entry.kind)) {
        (Some(edit), _) => edit_line(desk, entry, edit)?,
        (None, Some(kind)) => record_line(kind, entry),
        (None, None) => same(entry.kind.as_str()),
    };
    let name = subject(desk, entry)?.and_then(|known| {
        let of_a_place = known.address.building == known.name || known.address.compound == known.name;
        known.name.filter(|_| !of_a_place)
    });
    Ok(match name {
        Some(name) if says.zh.is_empty() => same(name),
        Some(name) => joined(&[same(name), says], "：", ": "),
        None => says,
    })
}

/// Every field of an entry, labelled, in the order of the form; what the form does not know
/// comes last, as it is.
pub(in super::super) fn contents(desk: &mut Desk<'_>, entry: &Entry) -> Result<Vec<Content>, StoreError> {
    let mut contents = Vec::new();
    if let Some(edit) = &entry.edit {
        edit_contents(desk, edit, &mut contents)?;
    }
    let kinds = desk.kinds;
    let kind = kinds.get(&entry.kind);
    for field in kind.iter().flat_map(|kind| &kind.fields) {
        let Some(value) = entry.body.get(field.name.as_str()) else {
            continue;
        };
        if let (Shape::Object { fields }, Value::Object(members)) = (&field.shape, value) {
            for inner in fields {
                if let Some(value) = members.get(inner.name.as_str()) {
                    let label = joined(&[field.labels.clone(), inner.labels.clone()], "・", " · ");
                    contents.push(Content {
                        label,
                        text: field_value(desk, inner, value)?,
                    });
                }
            }
        } else {
            contents.push(Content {
                label: field.labels.clone(),
                text: field_value(desk, field, value)?,
            });
        }
    }
    for (name, value) in &entry.body {
        if kind.and_then(|kind| kind.field(name)).is_none() {
            contents.push(Content {
                label: same(name.as_str()),
                text: same(value.to_string()),
            });
        }
    }
    Ok(contents)
}

fn edit_contents(desk: &mut Desk<'_>, edit: &Edit, contents: &mut Vec<Content>) -> Result<(), StoreError> {
    let several = edit.set.iter().any(|item| item.id != edit.set[0].id);
    for item in &edit.set {
        let mut label = registry_field(desk, &item.entity_type, &item.field)?;
        if several && let Some(kind) = desk.kinds.registry_type(&item.entity_type) {
            label = joined(&[kind.labels.clone(), label], "・", " · ");
        }
        contents.push(Content {
            label,
            text: shown_value(desk, &item.entity_type, &item.field, &item.value.to_json())?,
        });
    }
    Ok(())
}

fn record_line(kind: &Kind, entry: &Entry) -> Labels {
    let mut answers = Vec::new();
    for field in kind.fields.iter().filter(|field| field.required) {
        if let (Shape::Choice { choices, .. }, Some(Value::String(chosen))) =
            (&field.shape, entry.body.get(field.name.as_str()))
        {
            answers.push(choice_words(choices, chosen));
        }
    }
    joined(&answers, "・", " · ")
}

fn edit_line(desk: &mut Desk<'_>, entry: &Entry, edit: &Edit) -> Result<Labels, StoreError> {
    let made: Vec<Labels> = entry
        .entities()
        .iter()
        .filter(|named| named.creates)
        .map(|named| {
            let kind = desk.kinds.registry_type(named.entity_type);
            kind.map_or_else(|| same(named.entity_type), |kind| kind.labels.clone())
        })
        .collect();
    if !made.is_empty() {
        let made = joined(&made, "、", ", ");
        return Ok(labels(format!("新建{}", made.zh), format!("new: {}", made.en)));
    }
    let mut lines = Vec::new();
    for item in edit.set.iter().take(FIELDS_IN_A_LINE) {
        let field = registry_field(desk, &item.entity_type, &item.field)?;
        let value = shown_value(desk, &item.entity_type, &item.field, &item.value.to_json())?;
        lines.push(joined(&[field, value], " → ", " → "));
    }
    let line = joined(&lines, "，", ", ");
    Ok(match edit.set.len().saturating_sub(FIELDS_IN_A_LINE) {
        0 => line,
        rest => labels(
            format!("{}，另 {rest} 项", line.zh),
            format!("{}, and {rest} more", line.en),
        ),
    })
}

fn shown_value(desk: &mut Desk<'_>, entity_type: &str, field: &str, value: &Value) -> Result<Labels, StoreError> {
    if value.is_null() {
        return Ok(labels("（清空）", "(cleared)"));
    }
    registry_value(desk, entity_type, field, value)
}

/// Whom or what an entry is about: of an edit the innermost thing it sets, of a record the
/// first reference that every such record must have and the registry knows.
fn subject(desk: &mut Desk<'_>, entry: &Entry) -> Result<Option<Known>, StoreError> {
    for id in mentioned(desk.kinds, entry) {
        let known = desk.register.entity(id)?;
        if known != Known::default() {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// Whom and what an entry is about, the innermost first.
pub(in super::super) fn mentioned(kinds: &Kinds, entry: &Entry) -> Vec<EntityId> {
    match &entry.edit {
        Some(_) => entry.entities().iter().rev().map(|named| named.id).collect(),
        None => kinds
            .get(&entry.kind)
            .iter()
            .flat_map(|kind| &kind.fields)
            .filter(|field| field.required && matches!(field.shape, Shape::Ref { .. }))
            .filter_map(|field| entry.body.get(field.name.as_str())?.as_str()?.parse().ok())
            .collect(),
    }
}
