//! JSON as entries may use it: no floats, integers below 2^53, no duplicate keys, NFC
//! text without NUL, nesting at most 8. Anything else is refused with the first fault.
//! Texts are borrowed from the bytes where nothing is escaped: most are read once and dropped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::text::is_nfc;

/// Deepest nesting of objects and arrays.
pub const MAX_DEPTH: usize = 8;
/// Integers lie strictly between −2^53 and 2^53.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A value as it was read.
#[derive(Debug)]
pub(super) enum Read<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    Array(Vec<Read<'a>>),
    Object(Members<'a>),
}

/// The members of an object, sorted by their names.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Read<'a>)>;

/// Reads one JSON value under the rules above; the message says what was wrong.
pub(super) fn parse(bytes: &[u8]) -> Result<Read<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

impl From<Read<'_>> for Value {
    fn from(read: Read<'_>) -> Value {
        match read {
            Read::Null => Value::Null,
            Read::Boolean(value) => Value::Bool(value),
            Read::Integer(value) => Value::from(value),
            Read::Text(text) => Value::String(text.into_owned()),
            Read::Array(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            Read::Object(members) => Value::Object(object(members)),
        }
    }
}

/// The same members as a map.
pub(super) fn object(members: Members<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, value) in members {
        object.insert(key.into_owned(), Value::from(value));
    }
    object
}

/// Whether a text may stand in an entry.
#[must_use]
pub fn is_entry_text(text: &str) -> bool {
    is_nfc(text) && !text.contains('\0')
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Strict, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Strict { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Read<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, integer, true, false, null, array or object")
    }

    fn visit_unit<E: Error>(self) -> Result<Read<'de>, E> {
        Ok(Read::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Read<'de>, E> {
        Ok(Read::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Read<'de>, E> {
        if value.unsigned_abs() > MAX_INTEGER.unsigned_abs() {
            return Err(E::custom("an integer at or beyond 2^53"));
        }
        Ok(Read::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Read<'de>, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::custom("an integer at or beyond 2^53")),
        }
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Read<'de>, E> {
        Err(E::custom("a number that is not a plain integer"))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Read<'de>, E> {
        entry_text(text).map(|()| Read::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Read<'de>, E> {
        entry_text(text).map(|()| Read::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Read<'de>, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Read::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Read<'de>, A::Error> {
        let inner = self.inner()?;
        let mut object = Vec::with_capacity(8);
        // A key is a text like others; the depth is not its own.
        while let Some(key) = members.next_key_seed(self)? {
            let Read::Text(key) = key else {
                return Err(A::Error::custom("a key that is no text"));
            };
            object.push((key, members.next_value_seed(inner)?));
        }
        object.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if object.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom("a key twice in one object"));
        }
        Ok(Read::Object(object))
    }
}

fn entry_text<E: Error>(text: &str) -> Result<(), E> {
    if is_entry_text(text) {
        Ok(())
    } else {
        Err(E::custom("text that is not NFC or holds a NUL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_pass() {
        let text = r#"{"a":[1,-9007199254740991,true,null,{"b":"门牌"}]}"#;
        assert_eq!(
            Value::from(parse(text.as_bytes()).unwrap()),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "123456789012345678901234567890",
            "1.0",
            "1e3",
            "-0",
            "\"e\u{301}\"",
            r#""\u0000""#,
            r#""\ud800""#,
            "[[[[[[[[[1]]]]]]]]]",
            "1 2",
            "",
            "{",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(parse("[[[[[[[[1]]]]]]]]".as_bytes()).is_ok());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
