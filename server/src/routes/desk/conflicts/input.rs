//! How another value of a registry field is written at the desk, as its kind file says.
//! What is an id, or more than one piece, has no input: only a value that is there is chosen.

use menpai_sync_core::kinds::{Field, Kinds, Labels, Shape};
use serde::Serialize;

/// The shape of an input.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in super::super) enum Input {
    Text {
        max_length: u32,
        lines: bool,
    },
    Integer {
        min: i64,
        max: i64,
        #[schema(value_type = Option<crate::openapi::Labels>)]
        unit: Option<Labels>,
    },
    Bool,
    Choice {
        choices: Vec<Offered>,
    },
    Date,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InputOffered)]
pub(in super::super) struct Offered {
    value: String,
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
}

/// The input for a field, or for `field:member` of a set.
pub(in super::super) fn of(kinds: &Kinds, registry_type: &str, field: &str) -> Option<Input> {
    let own = field.split_once(':').map_or(field, |(own, _)| own);
    let field = kinds.registry_type(registry_type)?.field(own)?;
    match &field.shape {
        // One key per member of a set: in it or not.
        Shape::Set(_) => Some(Input::Bool),
        _ => of_field(field),
    }
}

/// The input for a field that holds one piece.
pub(in super::super) fn of_field(field: &Field) -> Option<Input> {
    match &field.shape {
        Shape::Text { max_length, lines, .. } => Some(Input::Text {
            max_length: *max_length,
            lines: *lines,
        }),
        Shape::Integer { min, max } => Some(Input::Integer {
            min: *min,
            max: *max,
            unit: field.unit.clone(),
        }),
        Shape::Bool => Some(Input::Bool),
        Shape::Choice { choices, .. } => Some(Input::Choice {
            choices: choices
                .iter()
                .map(|choice| Offered {
                    value: choice.value.clone(),
                    labels: choice.labels.clone(),
                })
                .collect(),
        }),
        Shape::Date { .. } => Some(Input::Date),
        Shape::Set(_) | Shape::Instant | Shape::Ref { .. } | Shape::List { .. } | Shape::Object { .. } => None,
    }
}
