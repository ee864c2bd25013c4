//! `visible_if`: the closed grammar that hides a field by the answers before it.
//!   {"field": f, "equals": v} · {"field": f, "in": [v, …]} · {"field": f, "not": v}
//!   {"all": [c, …]} · {"any": [c, …]} · {"not": c}
//! A field without a value counts as null, so {"field": f, "not": null} is "f is given".
//! Fields are named among their siblings; a member of a registry set is `set:member`.

use serde_json::{Map, Value};

use crate::json::{FromJson, JsonError};

/// When a field is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// About the value of one field.
    Field {
        /// Its name, or `set:member`.
        field: String,
        /// What about it.
        test: Test,
    },
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

/// What is asked of one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is that.
    Equals(Scalar),
    /// It is one of those.
    In(Vec<Scalar>),
    /// It is anything but that.
    Not(Scalar),
}

/// A value that a condition may compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A choice.
    Text(String),
}

impl Scalar {
    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::from(*value),
            Scalar::Integer(value) => Value::from(*value),
            Scalar::Text(value) => Value::from(value.as_str()),
        }
    }

    fn is(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Scalar::Null, None | Some(Value::Null)) => true,
            (Scalar::Bool(want), Some(Value::Bool(have))) => want == have,
            (Scalar::Integer(want), Some(Value::Number(have))) => have.as_i64() == Some(*want),
            (Scalar::Text(want), Some(Value::String(have))) => want == have,
            _ => false,
        }
    }
}

impl Condition {
    /// Whether it holds among these answers.
    #[must_use]
    pub fn holds(&self, answers: &Map<String, Value>) -> bool {
        match self {
            Condition::Field { field, test } => {
                let value = answers.get(field);
                match test {
                    Test::Equals(want) => want.is(value),
                    Test::In(wants) => wants.iter().any(|want| want.is(value)),
                    Test::Not(want) => !want.is(value),
                }
            }
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(answers)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(answers)),
            Condition::Not(condition) => !condition.holds(answers),
        }
    }

    /// Calls `visit` with each field named and each value it is compared with.
    pub(super) fn each_comparison<'a>(&'a self, visit: &mut impl FnMut(&'a str, &'a Scalar)) {
        match self {
            Condition::Field { field, test } => match test {
                Test::Equals(value) | Test::Not(value) => visit(field, value),
                Test::In(values) => values.iter().for_each(|value| visit(field, value)),
            },
            Condition::All(conditions) | Condition::Any(conditions) => {
                conditions.iter().for_each(|condition| condition.each_comparison(visit));
            }
            Condition::Not(condition) => condition.each_comparison(visit),
        }
    }
}

/// Deeper nesting than this is refused; no form needs it and the reader is recursive.
const MAX_DEPTH: usize = 4;

impl FromJson for Condition {
    fn from_json(value: Value) -> Result<Condition, JsonError> {
        read(value, MAX_DEPTH).map_err(JsonError::new)
    }
}

fn read(value: Value, depth: usize) -> Result<Condition, &'static str> {
    let Value::Object(mut members) = value else {
        return Err("a condition is an object");
    };
    if depth == 0 {
        return Err("a condition is nested too deep");
    }
    let (field, rest) = (members.remove("field"), members);
    let mut rest = rest.into_iter();
    let (Some((word, operand)), None) = (rest.next(), rest.next()) else {
        return Err("a condition says exactly one of equals, in, not, all, any");
    };
    match (field, word.as_str()) {
        (Some(Value::String(field)), word) => Ok(Condition::Field {
            field,
            test: read_test(word, operand)?,
        }),
        (Some(_), _) => Err("field is a name"),
        (None, "all") => Ok(Condition::All(read_all(operand, depth)?)),
        (None, "any") => Ok(Condition::Any(read_all(operand, depth)?)),
        (None, "not") => Ok(Condition::Not(Box::new(read(operand, depth - 1)?))),
        (None, _) => Err("a condition without a field says all, any or not"),
    }
}

fn read_all(operand: Value, depth: usize) -> Result<Vec<Condition>, &'static str> {
    match operand {
        Value::Array(items) if !items.is_empty() => items.into_iter().map(|item| read(item, depth - 1)).collect(),
        _ => Err("all and any take a list of conditions"),
    }
}

fn read_test(word: &str, operand: Value) -> Result<Test, &'static str> {
    match (word, operand) {
        ("equals", value) => Ok(Test::Equals(read_scalar(value)?)),
        ("not", value) => Ok(Test::Not(read_scalar(value)?)),
        ("in", Value::Array(values)) if !values.is_empty() => {
            Ok(Test::In(values.into_iter().map(read_scalar).collect::<Result<_, _>>()?))
        }
        ("in", _) => Err("in takes a list of values"),
        _ => Err("a condition on a field says equals, in or not"),
    }
}

fn read_scalar(value: Value) -> Result<Scalar, &'static str> {
    match value {
        Value::Null => Ok(Scalar::Null),
        Value::Bool(value) => Ok(Scalar::Bool(value)),
        Value::Number(value) => value
            .as_i64()
            .map(Scalar::Integer)
            .ok_or("conditions compare whole numbers"),
        Value::String(value) => Ok(Scalar::Text(value)),
        Value::Array(_) | Value::Object(_) => Err("conditions compare plain values"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(condition: Value, answers: &Value) -> bool {
        let condition = Condition::from_json(condition).unwrap();
        condition.holds(answers.as_object().unwrap())
    }

    #[test]
    fn a_field_without_a_value_counts_as_null() {
        assert!(holds(json!({"field": "a", "equals": null}), &json!({})));
        assert!(!holds(json!({"field": "a", "not": null}), &json!({"a": null})));
        assert!(holds(json!({"field": "a", "not": null}), &json!({"a": false})));
        assert!(holds(json!({"not": {"field": "a", "equals": true}}), &json!({})));
    }

    #[test]
    fn conditions_combine() {
        let either = json!({"any": [{"field": "a", "in": ["x", "y"]}, {"all": [{"field": "b", "equals": 3}, {"field": "c", "not": "z"}]}]});
        assert!(holds(either.clone(), &json!({"a": "y"})));
        assert!(holds(either.clone(), &json!({"b": 3})));
        assert!(!holds(either, &json!({"b": 3, "c": "z"})));
    }

    #[test]
    fn the_grammar_is_closed() {
        for wrong in [
            json!("a"),
            json!({}),
            json!({"field": "a"}),
            json!({"field": "a", "equals": 1, "in": [1]}),
            json!({"field": "a", "in": []}),
            json!({"field": "a", "over": 3}),
            json!({"field": "a", "equals": 1.5}),
            json!({"field": "a", "equals": [1]}),
            json!({"field": 1, "equals": 1}),
            json!({"all": []}),
            json!({"equals": 1}),
            json!({"not": {"not": {"not": {"not": {"field": "a", "equals": 1}}}}}),
        ] {
            assert!(Condition::from_json(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
