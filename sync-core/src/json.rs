//! From JSON to types, member by member. What serde derives is quicker and two to four times as
//! long; of three dozen types read once at a start or a contact that was a fortieth of the core that
//! phones download. What is read a thousand times (entries, envelopes) is not read here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// Why a value is not what it should be, with the members that lead there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl JsonError {
    pub(crate) fn new(why: impl Into<String>) -> JsonError {
        JsonError(why.into())
    }
}

/// Reads a text of JSON.
///
/// # Errors
/// [`JsonError`] if it is none, or not of this type.
pub fn read<T: FromJson>(text: &[u8]) -> Result<T, JsonError> {
    let value = serde_json::from_slice(text).map_err(|why| JsonError(why.to_string()))?;
    T::from_json(value)
}

/// What can be read from a value of JSON.
pub trait FromJson: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`JsonError`] if the value is of another shape.
    fn from_json(value: Value) -> Result<Self, JsonError>;

    /// What a missing member is, if it may be missing.
    #[must_use]
    fn missing() -> Option<Self> {
        None
    }
}

/// The members of an object; each is taken once.
pub(crate) struct Members(Map<String, Value>);

impl Members {
    pub(crate) fn of(value: Value) -> Result<Members, JsonError> {
        Map::from_json(value).map(Members)
    }

    pub(crate) fn take<T: FromJson>(&mut self, name: &str) -> Result<T, JsonError> {
        match self.0.remove(name) {
            Some(value) => T::from_json(value).map_err(|why| within(name, &why)),
            None => T::missing().ok_or_else(|| JsonError(format!("{name} is missing"))),
        }
    }

    pub(crate) fn take_or_default<T: FromJson + Default>(&mut self, name: &str) -> Result<T, JsonError> {
        if self.0.contains_key(name) {
            self.take(name)
        } else {
            Ok(T::default())
        }
    }

    /// What is left.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Result<(), JsonError> {
        match self.0.keys().next() {
            Some(name) => Err(JsonError(format!("{name} is no member of it"))),
            None => Ok(()),
        }
    }
}

#[inline(never)]
fn within(name: &str, why: &JsonError) -> JsonError {
    JsonError(format!("{name}: {why}"))
}

/// What is written as text.
#[inline(never)]
pub(crate) fn parse<T: FromStr<Err: fmt::Display>>(value: Value) -> Result<T, JsonError> {
    let text = String::from_json(value)?;
    text.parse().map_err(|why: T::Err| JsonError(why.to_string()))
}

/// `json_object! { Type { members; members with a default } }` reads an object that has no other
/// members; with `..` at the end of them it may. A member that may be missing is an `Option`, or
/// has a default. The name of one that is a word of Rust ends in `_` here.
macro_rules! json_object {
    ($type:ident { $($member:ident),* $(; $($default:ident),*)? }) => {
        crate::json::json_object!(@ $type [$($member)*] [$($($default)*)?] |members| members.end()?);
    };
    ($type:ident { $($member:ident),* $(; $($default:ident),*)?, .. }) => {
        crate::json::json_object!(@ $type [$($member)*] [$($($default)*)?] |_| ());
    };
    (@ $type:ident [$($member:ident)*] [$($default:ident)*] |$rest:pat_param| $end:expr) => {
        impl crate::json::FromJson for $type {
            fn from_json(value: serde_json::Value) -> Result<$type, crate::json::JsonError> {
                let mut members = crate::json::Members::of(value)?;
                let read = $type {
                    $($member: members.take(stringify!($member).trim_end_matches('_'))?,)*
                    $($default: members.take_or_default(stringify!($default))?,)*
                };
                let $rest = members;
                $end;
                Ok(read)
            }
        }
    };
}
pub(crate) use json_object;

/// `json_words! { Type { Variant = "word" } }` reads a word of a closed list.
macro_rules! json_words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl crate::json::FromJson for $type {
            fn from_json(value: serde_json::Value) -> Result<$type, crate::json::JsonError> {
                match value.as_str() {
                    $(Some($word) => Ok($type::$variant),)*
                    _ => Err(crate::json::JsonError::new("not one of its words")),
                }
            }
        }
    };
}
pub(crate) use json_words;

/// The same for callers that go by serde.
macro_rules! deserialize_from_json {
    ($($type:ident),*) => {
        $(impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                crate::json::FromJson::from_json(value).map_err(serde::de::Error::custom)
            }
        })*
    };
}
pub(crate) use deserialize_from_json;

macro_rules! numbers {
    ($($type:ty: $read:ident),*) => {
        $(impl FromJson for $type {
            fn from_json(value: Value) -> Result<$type, JsonError> {
                let number = value.$read().and_then(|number| number.try_into().ok());
                number.ok_or_else(|| JsonError::new("not a number, or too large"))
            }
        })*
    };
}

numbers!(u64: as_u64, u32: as_u64, usize: as_u64, i64: as_i64);

impl FromJson for Value {
    fn from_json(value: Value) -> Result<Value, JsonError> {
        Ok(value)
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<bool, JsonError> {
        value.as_bool().ok_or_else(|| JsonError::new("neither true nor false"))
    }
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<String, JsonError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(JsonError::new("not a text")),
        }
    }
}

impl FromJson for Map<String, Value> {
    fn from_json(value: Value) -> Result<Map<String, Value>, JsonError> {
        match value {
            Value::Object(members) => Ok(members),
            _ => Err(JsonError::new("not an object")),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: Value) -> Result<Option<T>, JsonError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }

    fn missing() -> Option<Option<T>> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Vec<T>, JsonError> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_json).collect(),
            _ => Err(JsonError::new("not an array")),
        }
    }
}

/// An array of a seq and two numbers, as serde writes a tuple.
impl FromJson for (u64, i64, i64) {
    fn from_json(value: Value) -> Result<(u64, i64, i64), JsonError> {
        let read = || match value.as_array()?.as_slice() {
            [seq, one, other] => Some((seq.as_u64()?, one.as_i64()?, other.as_i64()?)),
            _ => None,
        };
        read().ok_or_else(|| JsonError::new("not an array"))
    }
}

impl<K: FromStr + Ord, T: FromJson> FromJson for BTreeMap<K, T> {
    fn from_json(value: Value) -> Result<BTreeMap<K, T>, JsonError> {
        let members = Map::from_json(value)?;
        let member = |(name, value): (String, Value)| {
            let key = name.parse().map_err(|_| JsonError(format!("{name} is no key of it")))?;
            Ok((key, T::from_json(value).map_err(|why| within(&name, &why))?))
        };
        members.into_iter().map(member).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Door {
        room: String,
        floor: Option<i64>,
        type_: u32,
        marks: Vec<bool>,
    }
    json_object! { Door { room, floor, type_; marks } }

    #[derive(Debug, PartialEq)]
    struct Open {
        room: String,
    }
    json_object! { Open { room, .. } }

    fn why<T: FromJson + fmt::Debug>(text: &str) -> String {
        read::<T>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn members_are_read_by_their_names() {
        let read: Door = read(br#"{"type":7,"room":"101","marks":[true],"floor":-1}"#).unwrap();
        let door = Door {
            room: "101".to_owned(),
            floor: Some(-1),
            type_: 7,
            marks: vec![true],
        };
        assert_eq!(read, door);
    }

    #[test]
    fn what_may_be_missing_may_and_nothing_else() {
        for text in [r#"{"type":7,"room":"101"}"#, r#"{"type":7,"room":"101","floor":null}"#] {
            let read: Door = read(text.as_bytes()).unwrap();
            assert_eq!((read.floor, read.marks), (None, Vec::new()));
        }
        assert_eq!(why::<Door>(r#"{"type":7}"#), "room is missing");
        assert_eq!(why::<Door>(r#"{"type":7,"room":null}"#), "room: not a text");
        assert_eq!(
            why::<Door>(r#"{"type":7,"room":"101","marks":null}"#),
            "marks: not an array"
        );
    }

    #[test]
    fn an_unknown_member_is_refused_unless_it_may_be_there() {
        assert_eq!(
            why::<Door>(r#"{"type":7,"room":"101","rom":"1"}"#),
            "rom is no member of it"
        );
        assert!(read::<Open>(br#"{"room":"101","rom":"1"}"#).is_ok());
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        for wrong in ["4294967296", "-1", "7.5", "7.0", "1e400", "\"7\"", "true"] {
            let text = format!(r#"{{"type":{wrong},"room":"101"}}"#);
            assert!(read::<Door>(text.as_bytes()).is_err(), "{wrong}");
        }
    }
}
