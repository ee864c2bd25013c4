//! JSON as entries may use it: no floats, integers below 2^53, no duplicate keys, NFC
//! text without NUL, nesting at most 8. Anything else is refused with the first fault.
//! Texts are borrowed from the bytes where nothing is escaped: most are read once and dropped.

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reader::parse;
    use super::*;

    /// What JSON allows and entries do not.
    const RULES_OF_ENTRIES: [&str; 6] = [
        "nested too deep",
        "an integer at or beyond 2^53",
        "a number that is not a plain integer",
        "a key twice in one object",
        "text that is not NFC or holds a NUL",
        "half a character",
    ];

    /// Pieces of JSON, right and wrong.
    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\"a\":",
            "\"b\":",
            "[]",
            "\"\"",
            "\\n",
            "\\/",
            "\\u00e9",
            "\\u",
            "\\ud83d\\ude00",
            "\\ud83d",
            "\\ude00",
            "\\u0301",
            "\\x",
            "门",
            "e",
            "-",
            "0",
            "7",
            "9007199254740991",
            "9007199254740992",
            ".5",
            "true",
            "nul",
            "null",
            " ",
            "\t",
            "\u{1}",
        ])
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
            "[ -~门牌\\n\\t]{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\\\\\"门]{0,3}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// What is accepted says what a general reader finds in it; what is refused, that one refuses
    /// too, or a rule of entries does.
    fn agrees_with_a_general_reader(text: &str) -> Result<(), TestCaseError> {
        match (parse(text.as_bytes()), serde_json::from_str::<Value>(text)) {
            (Ok(read), general) => prop_assert_eq!(Value::from(read), general.unwrap()),
            (Err(error), Ok(_)) => prop_assert!(RULES_OF_ENTRIES.contains(&error.what), "{}", error),
            (Err(_), Err(_)) => {}
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in value()) {
            for text in [value.to_string(), format!("{value:#}")] {
                prop_assert_eq!(&Value::from(parse(text.as_bytes()).unwrap()), &value);
            }
        }

        #[test]
        fn any_text_is_read_as_a_general_reader_does(pieces in prop::collection::vec(piece(), 0..16)) {
            agrees_with_a_general_reader(&pieces.concat())?;
        }

        #[test]
        fn a_damaged_text_is_read_as_a_general_reader_does(value in value(), at in any::<prop::sample::Index>(), piece in piece()) {
            let mut characters: Vec<String> = value.to_string().chars().map(String::from).collect();
            let at = at.index(characters.len());
            characters[at] = piece.to_owned();
            agrees_with_a_general_reader(&characters.concat())?;
        }
    }

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
            "01",
            "-",
            "1x",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{1:1}",
            "\"a",
            "\"\u{1f}\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\ud800\u0041""#,
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
