//! Conditions must be able to hold: they name siblings that stand before the field, have
//! its class, and are compared with values that those can have.

use super::super::field::{Field, Members, Shape};
use super::super::kind::Family;
use super::super::visible::{Condition, Scalar};
use super::error::{ConditionFault, KindFileError};

/// Checks the conditions of fields that stand beside each other, and of those in them.
pub(super) fn check_fields(fields: &[Field], family: Family) -> Result<(), KindFileError> {
    for (index, field) in fields.iter().enumerate() {
        let refuse = |fault| KindFileError::Condition {
            field: field.name.to_string(),
            fault,
        };
        if let Some(condition) = &field.visible_if {
            check_condition(condition, &fields[..index], family).map_err(refuse)?;
            let mut other_class = None;
            condition.each_comparison(&mut |name, _| {
                let named = find(name, &fields[..index]);
                if named.is_some_and(|(named, _)| named.class != field.class) {
                    other_class = Some(name.to_owned());
                }
            });
            if let Some(name) = other_class {
                return Err(refuse(ConditionFault::Class(name)));
            }
        }
        if let Shape::Object { fields } | Shape::List { fields, .. } = &field.shape {
            check_fields(fields, family)?;
        }
    }
    Ok(())
}

/// Checks one condition over `fields`.
pub(super) fn check_condition(condition: &Condition, fields: &[Field], family: Family) -> Result<(), ConditionFault> {
    let mut fault = None;
    condition.each_comparison(&mut |name, value| {
        let found = match find(name, fields) {
            None => Err(ConditionFault::Dangling(name.to_owned())),
            Some((field, member)) if can_be(field, member, value, family) => Ok(()),
            Some(_) => Err(ConditionFault::Value(name.to_owned())),
        };
        if let Err(found) = found {
            fault.get_or_insert(found);
        }
    });
    fault.map_or(Ok(()), Err)
}

/// The field that a condition names, and the member of it where it names one.
fn find<'a>(name: &'a str, fields: &'a [Field]) -> Option<(&'a Field, Option<&'a str>)> {
    let (name, member) = match name.split_once(':') {
        Some((name, member)) => (name, Some(member)),
        None => (name, None),
    };
    fields
        .iter()
        .find(|field| field.name == *name)
        .map(|field| (field, member))
}

fn can_be(field: &Field, member: Option<&str>, value: &Scalar, family: Family) -> bool {
    match (&field.shape, member) {
        (Shape::Set(Members::Choices(choices)), Some(member)) => {
            family == Family::Registry
                && choices.iter().any(|choice| choice.value == member)
                && matches!(value, Scalar::Bool(_))
        }
        (_, Some(_)) | (Shape::Set(_) | Shape::List { .. } | Shape::Object { .. }, None) => false,
        (Shape::Choice { choices, .. }, None) => match value {
            Scalar::Text(value) => choices.iter().any(|choice| choice.value == *value),
            other => *other == Scalar::Null,
        },
        (Shape::Bool, None) => matches!(value, Scalar::Bool(_) | Scalar::Null),
        (Shape::Integer { min, max }, None) => match value {
            Scalar::Integer(value) => (min..=max).contains(&value),
            other => *other == Scalar::Null,
        },
        // What people type may be given or not; comparing it would make spelling decide.
        (Shape::Text { .. } | Shape::Date { .. } | Shape::Instant | Shape::Ref { .. }, None) => *value == Scalar::Null,
    }
}
