//! How a held entry is amended: a plain form over the pieces that it has, as the kind file says.
//! An object is asked piece by piece, a set member by member; what is an id or a list is kept as
//! it was.

use menpai_sync_core::entry::{Entry, SetItem};
use menpai_sync_core::kinds::{self, Family, Labels, Members, Shape};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::conflicts::input::{self, Input};
use super::super::{Desk, wording};
use crate::store::community::StoreError;
use crate::store::review::conflicts;

/// The form; what it sends back is `body` or `set` with other values.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = AmendForm)]
pub(super) enum Form {
    Record {
        #[schema(value_type = Object)]
        body: Map<String, Value>,
        fields: Vec<Field>,
    },
    Edit {
        #[schema(value_type = Vec<crate::openapi::SetItem>)]
        set: Vec<SetItem>,
        fields: Vec<Field>,
    },
}

/// One piece; of an edit the fields are in the order of `set`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AmendField)]
pub(super) struct Field {
    name: String,
    /// The object that it is a piece of.
    within: Option<String>,
    /// The member of the set `name` that it asks for.
    member: Option<String>,
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    required: bool,
    value: Value,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    text: Option<Labels>,
    /// What the registry shows now, in an edit.
    #[schema(value_type = Option<crate::openapi::Labels>)]
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
    let can_be_amended = |kind: &&kinds::Kind| !entry.is_withdrawal() && kind.effects.seals.is_none();
    let Some(kind) = kind.filter(can_be_amended) else {
        return Ok(None);
    };
    let mut fields = Vec::new();
    for field in kind.fields.iter().filter(|field| field.is_in(kind.schema)) {
        fields.extend(pieces(desk, field, entry.body.get(field.name.as_str()))?);
    }
    Ok(Some(Form::Record {
        body: entry.body.clone(),
        fields,
    }))
}

/// A field of a record as one piece or more; none of what has no value and no input.
fn pieces(desk: &mut Desk<'_>, field: &kinds::Field, value: Option<&Value>) -> Result<Vec<Field>, StoreError> {
    match &field.shape {
        Shape::Object { fields } => fields
            .iter()
            .filter_map(|piece| {
                let value = value.and_then(|object| object.get(piece.name.as_str()));
                let made = self::piece(desk, piece, value).transpose()?;
                Some(made.map(|made| Field {
                    within: Some(field.name.to_string()),
                    labels: both(&field.labels, &made.labels),
                    required: made.required && field.required,
                    ..made
                }))
            })
            .collect(),
        Shape::Set(Members::Choices(choices)) => {
            let chosen = |choice: &kinds::Choice| {
                let mut members = value.and_then(Value::as_array).into_iter().flatten();
                members.any(|member| member == choice.value.as_str())
            };
            let asked = |choice: &kinds::Choice| Field {
                name: field.name.to_string(),
                within: None,
                member: Some(choice.value.clone()),
                labels: both(&field.labels, &choice.labels),
                required: true,
                value: Value::Bool(chosen(choice)),
                text: None,
                now: None,
                input: Some(Input::Bool),
            };
            Ok(choices.iter().map(asked).collect())
        }
        _ => Ok(piece(desk, field, value)?.into_iter().collect()),
    }
}

fn piece(desk: &mut Desk<'_>, field: &kinds::Field, value: Option<&Value>) -> Result<Option<Field>, StoreError> {
    let input = input::of_field(field);
    if input.is_none() && value.is_none() {
        return Ok(None);
    }
    Ok(Some(Field {
        name: field.name.to_string(),
        within: None,
        member: None,
        labels: field.labels.clone(),
        required: field.required,
        text: value
            .map(|value| wording::field_value(desk, field, value))
            .transpose()?,
        value: value.cloned().unwrap_or(Value::Null),
        now: None,
        input,
    }))
}

fn both(whole: &Labels, piece: &Labels) -> Labels {
    Labels {
        zh: format!("{} · {}", whole.zh, piece.zh),
        en: format!("{} · {}", whole.en, piece.en),
    }
}

fn registry_field(desk: &mut Desk<'_>, item: &SetItem) -> Result<Field, StoreError> {
    let value = item.value.to_json();
    let now = conflicts::shown(desk.connection, item.id, &item.field)?;
    Ok(Field {
        name: item.field.clone(),
        within: None,
        member: None,
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
