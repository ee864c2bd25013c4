//! How a held entry is amended: a plain form over the pieces that it has, as the kind file says.
//! What is an id or more than one piece is kept as it was.

use menpai_sync_core::entry::{Entry, SetItem};
use menpai_sync_core::kinds::{Family, Labels};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::conflicts::input::{self, Input};
use super::super::{Desk, wording};
use crate::store::community::StoreError;
use crate::store::review::conflicts;

/// The form; what it sends back is `body` or `set` with other values.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Form {
    Record {
        body: Map<String, Value>,
        fields: Vec<Field>,
    },
    Edit {
        set: Vec<SetItem>,
        fields: Vec<Field>,
    },
}

/// One piece; of an edit the fields are in the order of `set`.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    name: String,
    labels: Labels,
    required: bool,
    value: Value,
    text: Option<Labels>,
    /// What the registry shows now, in an edit.
    now: Option<Labels>,
    /// `None`: it is kept as it was.
    input: Option<Input>,
}

pub(super) fn of(desk: &mut Desk<'_>, entry: &Entry) -> Result<Option<Form>, StoreError> {
    if let Some(edit) = &entry.edit {
        let fields = edit
            .set
            .iter()
            .map(|item| registry_field(desk, item))
            .collect::<Result<_, _>>()?;
        return Ok(Some(Form::Edit {
            set: edit.set.clone(),
            fields,
        }));
    }
    let kinds = desk.kinds;
    let kind = kinds.get(&entry.kind).filter(|kind| kind.family == Family::Record);
    let Some(kind) = kind.filter(|_| !entry.is_withdrawal()) else {
        return Ok(None);
    };
    let mut fields = Vec::new();
    for field in &kind.fields {
        let input = input::of_field(field);
        let value = entry.body.get(field.name.as_str()).cloned();
        if !field.is_in(kind.schema) || (input.is_none() && value.is_none()) {
            continue;
        }
        let text = value
            .as_ref()
            .map(|value| wording::body_value(desk, &entry.kind, field.name.as_str(), value));
        fields.push(Field {
            name: field.name.to_string(),
            labels: field.labels.clone(),
            required: field.required,
            text: text.transpose()?,
            value: value.unwrap_or(Value::Null),
            now: None,
            input,
        });
    }
    Ok(Some(Form::Record {
        body: entry.body.clone(),
        fields,
    }))
}

fn registry_field(desk: &mut Desk<'_>, item: &SetItem) -> Result<Field, StoreError> {
    let value = item.value.to_json();
    let now = conflicts::shown(desk.connection, item.id, &item.field)?;
    Ok(Field {
        name: item.field.clone(),
        labels: wording::registry_field(desk, &item.entity_type, &item.field)?,
        required: false,
        text: Some(wording::registry_value(desk, &item.entity_type, &item.field, &value)?),
        now: now
            .map(|now| wording::registry_value(desk, &item.entity_type, &item.field, &now))
            .transpose()?,
        value,
        input: input::of(desk.kinds, &item.entity_type, &item.field),
    })
}
