//! What a form needs while it is being filled in: which fields to show, what is still
//! missing, what is wrong, and the body that 保存 would keep. Only here does the calendar
//! count: a verdict made later must not depend on the day it is made.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};

use super::catalogue::Kinds;
use super::check::{BodyError, is_visible, pointer};
use super::field::{Field, Shape};
use super::kind::{Family, Kind};
use super::problem::{Code, Problem};
use super::rule::Rule;
use super::text;

/// How a draft stands. Paths are JSON Pointers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Fields to show, in the order of the form.
    pub visible: Vec<String>,
    /// Visible required fields without a value.
    pub missing: Vec<String>,
    /// What else keeps it from being saved.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// Whether it may be saved as it is.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.problems.is_empty()
    }
}

impl Kinds {
    /// How a draft stands on the day `today`; `None` if there is no such kind. Values
    /// left over in hidden fields do not count: [`Kinds::tidy`] drops them.
    #[must_use]
    pub fn check_draft(&self, kind: &str, draft: &Map<String, Value>, today: NaiveDate) -> Option<Draft> {
        let kind = self.get(kind)?;
        let body = tidy_siblings(&kind.fields, kind.schema, draft);
        let checked = match kind.family {
            Family::Registry => self.check_entity(kind.name.as_str(), &body),
            _ => self.check_body(kind.name.as_str(), kind.schema, &body),
        };
        let mut problems = match checked {
            Err(BodyError::Problems(problems)) => problems,
            _ => Vec::new(),
        };
        let mut visible = Vec::new();
        look_around(&kind.fields, kind.schema, &body, "", &mut |field, at, value| {
            let born = match (&field.shape, value) {
                (
                    Shape::Date {
                        rule: Some(Rule::BirthDate),
                    },
                    Some(Value::String(value)),
                ) => text::read_date(value),
                _ => None,
            };
            if born.is_some_and(|born| born > today) {
                problems.push(Problem::at(at.as_str(), Code::InFuture));
            }
            visible.push(at);
        });
        let missing = problems
            .iter()
            .filter(|p| p.code == Code::Missing)
            .map(|p| p.path.clone())
            .collect();
        problems.retain(|problem| problem.code != Code::Missing);
        Some(Draft {
            visible,
            missing,
            problems,
        })
    }

    /// The body that saving the draft keeps: without hidden fields, nulls and blanks, and
    /// with texts trimmed. What it does not know it leaves for the check to name.
    /// `None` if there is no such kind.
    #[must_use]
    pub fn tidy(&self, kind: &str, draft: &Map<String, Value>) -> Option<Map<String, Value>> {
        self.get(kind)
            .map(|kind: &Kind| tidy_siblings(&kind.fields, kind.schema, draft))
    }
}

/// Conditions look only at fields before them, so one pass from the top settles it.
fn tidy_siblings(fields: &[Field], schema: u32, draft: &Map<String, Value>) -> Map<String, Value> {
    let of = |field: &Field, key: &str| field.name == *key.split_once(':').map_or(key, |(name, _)| name);
    let mut body: Map<String, Value> = draft
        .iter()
        .filter(|(key, value)| !value.is_null() && !fields.iter().any(|field| of(field, key)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for field in fields.iter().filter(|field| field.is_in(schema)) {
        if !is_visible(field, &body) {
            continue;
        }
        let mut found = Vec::new();
        for (key, value) in draft.iter().filter(|(key, _)| of(field, key)) {
            found.extend(tidy_value(&field.shape, schema, value).map(|value| (key.clone(), value)));
        }
        body.extend(found);
    }
    body
}

fn tidy_value(shape: &Shape, schema: u32, value: &Value) -> Option<Value> {
    let tidied = match (shape, value) {
        (Shape::Object { fields }, Value::Object(inner)) => Value::Object(tidy_siblings(fields, schema, inner)),
        (Shape::List { fields, .. }, Value::Array(rows)) => {
            let row = |row: &Value| match row {
                Value::Object(row) => Value::Object(tidy_siblings(fields, schema, row)),
                other => other.clone(),
            };
            rows.iter().map(row).filter(|row| !is_nothing(row)).collect()
        }
        (_, Value::String(text)) => Value::from(text.trim_matches(text::is_space)),
        (_, other) => other.clone(),
    };
    (!is_nothing(&tidied)).then_some(tidied)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Calls `see` with every visible field, its place and its value.
fn look_around(
    fields: &[Field],
    schema: u32,
    body: &Map<String, Value>,
    path: &str,
    see: &mut impl FnMut(&Field, String, Option<&Value>),
) {
    for field in fields
        .iter()
        .filter(|field| field.is_in(schema) && is_visible(field, body))
    {
        let at = pointer(path, field.name.as_str());
        let value = body.get(field.name.as_str());
        see(field, at.clone(), value);
        match (&field.shape, value) {
            (Shape::Object { fields }, inner) => {
                let empty = Map::new();
                let inner = inner.and_then(Value::as_object).unwrap_or(&empty);
                look_around(fields, schema, inner, &at, see);
            }
            (Shape::List { fields, .. }, Some(Value::Array(rows))) => {
                for (index, row) in rows.iter().enumerate() {
                    if let Value::Object(row) = row {
                        look_around(fields, schema, row, &format!("{at}/{index}"), see);
                    }
                }
            }
            _ => {}
        }
    }
}
