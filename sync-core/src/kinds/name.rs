//! Names and labels as kind files write them.
//! A name is lower-case ASCII, digits and `_`, at most 40 long, so that it can stand in
//! JSON, SQL and a path unquoted; a label always has both languages.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::json::{FromJson, JsonError, deserialize_from_json, json_object};

/// The name of a kind, a field, a step or a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name, or the text back if it cannot be one.
    pub(super) fn new(text: String) -> Result<Name, String> {
        if Name::accepts(&text) {
            Ok(Name(text))
        } else {
            Err(text)
        }
    }

    /// Whether `text` could be a name.
    #[must_use]
    pub fn accepts(text: &str) -> bool {
        (1..=40).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }
}

impl FromJson for Name {
    fn from_json(value: Value) -> Result<Name, JsonError> {
        Name::new(String::from_json(value)?).map_err(|text| JsonError::new(format!("not a name: {text:?}")))
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One label in the two languages of the screens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Labels {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

json_object! { Labels { zh, en } }
deserialize_from_json!(Labels);

/// The language of a sentence or a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Labels {
    /// The label in one language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}
