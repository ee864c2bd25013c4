//! Checks one value against the shape of its field. Pure; the first thing wrong with a
//! value is reported, and everything wrong inside lists and objects.

use serde_json::Value;

use super::check::check_siblings;
use super::field::{Choice, Members, Shape};
use super::problem::{Code, Problem};
use super::text;

/// Checks a value that is there and visible; `path` is where.
pub(super) fn check_shape(shape: &Shape, schema: u32, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    match (shape, value) {
        (Shape::Set(members), Value::Array(items)) => check_set(members, items, path, problems),
        (Shape::List { max_items, fields }, Value::Array(rows)) => {
            check_count(rows.len(), Some(*max_items), path, problems);
            for (index, row) in rows.iter().enumerate() {
                let path = format!("{path}/{index}");
                match row {
                    Value::Object(row) => check_siblings(fields, schema, row, &path, problems),
                    _ => problems.push(Problem::at(path, Code::WrongType)),
                }
            }
        }
        (Shape::Object { fields }, Value::Object(inner)) => {
            check_count(inner.len(), None, path, problems);
            check_siblings(fields, schema, inner, path, problems);
        }
        _ => problems.extend(check_scalar(shape, value).err().map(|problem| Problem {
            path: path.to_owned(),
            ..problem
        })),
    }
}

/// Checks a value of one piece. The problem's path is left empty.
pub(super) fn check_scalar(shape: &Shape, value: &Value) -> Result<(), Problem> {
    let code = match (shape, value) {
        (
            Shape::Text {
                max_length,
                rule,
                lines,
            },
            Value::String(value),
        ) => match text::check_text(value, *max_length, *lines) {
            Err(Code::TooLong) => {
                return Err(Problem {
                    max: Some(i64::from(*max_length)),
                    ..Problem::at("", Code::TooLong)
                });
            }
            Err(code) => code,
            Ok(()) => match rule {
                Some(rule) if !rule.accepts(value) => rule.code(),
                _ => return Ok(()),
            },
        },
        (Shape::Integer { min, max }, Value::Number(number)) => match number.as_i64() {
            Some(number) if (min..=max).contains(&&number) => return Ok(()),
            // Beyond i64 is a whole number still; with a fraction it is not one.
            None if !number.is_u64() => Code::WrongType,
            _ => {
                return Err(Problem {
                    min: Some(*min),
                    max: Some(*max),
                    ..Problem::at("", Code::OutOfRange)
                });
            }
        },
        (Shape::Bool, Value::Bool(_)) => return Ok(()),
        (Shape::Choice { choices, .. }, Value::String(value)) if is_choice(choices, value) => {
            return Ok(());
        }
        (Shape::Choice { .. }, Value::String(_)) => Code::NotAChoice,
        (Shape::Date { .. }, Value::String(value)) if text::read_date(value).is_some() => {
            return Ok(());
        }
        (Shape::Date { .. }, Value::String(_)) => Code::BadDate,
        (Shape::Instant, Value::String(value)) if text::read_instant(value).is_some() => {
            return Ok(());
        }
        (Shape::Instant, Value::String(_)) => Code::BadInstant,
        (Shape::Ref { .. }, Value::String(value)) if text::is_id(value) => return Ok(()),
        (Shape::Ref { .. }, Value::String(_)) => Code::BadId,
        _ => Code::WrongType,
    };
    Err(Problem::at("", code))
}

/// Whether `member` can be in the set.
pub(super) fn check_member(members: &Members, member: &str) -> Result<(), Code> {
    match members {
        Members::Choices(choices) if is_choice(choices, member) => Ok(()),
        Members::Choices(_) => Err(Code::NotAChoice),
        Members::Refs { .. } if text::is_id(member) => Ok(()),
        Members::Refs { .. } => Err(Code::BadId),
    }
}

fn check_set(members: &Members, items: &[Value], path: &str, problems: &mut Vec<Problem>) {
    let max_items = match members {
        Members::Refs { max_items, .. } => *max_items,
        Members::Choices(_) => None,
    };
    check_count(items.len(), max_items, path, problems);
    for (index, item) in items.iter().enumerate() {
        let fault = match item {
            _ if items[..index].contains(item) => Err(Code::Duplicate),
            Value::String(member) => check_member(members, member),
            _ => Err(Code::WrongType),
        };
        if let Err(code) = fault {
            problems.push(Problem::at(format!("{path}/{index}"), code));
        }
    }
}

fn check_count(count: usize, max_items: Option<u32>, path: &str, problems: &mut Vec<Problem>) {
    if count == 0 {
        problems.push(Problem::at(path, Code::Empty));
    } else if let Some(max) = max_items.filter(|max| count > *max as usize) {
        problems.push(Problem {
            max: Some(i64::from(max)),
            ..Problem::at(path, Code::TooMany)
        });
    }
}

fn is_choice(choices: &[Choice], value: &str) -> bool {
    choices.iter().any(|choice| choice.value == value)
}
