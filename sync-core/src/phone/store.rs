//! Where a phone keeps things: named stores of keys and values, the same in a browser, in a
//! simulator and in tests. Only `log` can not be fetched again.

use serde::Serialize;

use crate::ids::{Lsn, Seq};
use crate::part::Part;

pub(super) const ENROLMENT: &str = "enrolment";
pub(super) const CONTACT: &str = "contact";
pub(super) const CURSOR: &str = "cursor";
pub(super) const RECEIPT: &str = "receipt/";
pub(super) const OWN_STATES: &str = "own_states";

/// The stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stored {
    /// Own entries, exact bytes, by seq.
    Log,
    /// Merged records of others, by lsn: envelope line, newline, entry line.
    Line,
    /// Registry documents, by part: the epoch in text, newline, automerge bytes.
    Document,
    /// Small JSON values by name, and receipts by seq.
    Meta,
}

impl Stored {
    /// Every store.
    pub const ALL: [Stored; 4] = [Stored::Log, Stored::Line, Stored::Document, Stored::Meta];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stored::Log => "log",
            Stored::Line => "line",
            Stored::Document => "document",
            Stored::Meta => "meta",
        }
    }

    /// The store of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Stored> {
        Stored::ALL.into_iter().find(|store| store.name() == name)
    }
}

/// What to keep under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteValue {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing: delete the key.
    Delete,
}

/// One thing to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// In which store.
    pub store: Stored,
    /// Under which key.
    pub key: String,
    /// What.
    pub value: WriteValue,
}

impl Write {
    pub(super) fn text(store: Stored, key: impl Into<String>, text: String) -> Write {
        Write {
            store,
            key: key.into(),
            value: WriteValue::Text(text),
        }
    }

    pub(super) fn bytes(store: Stored, key: impl Into<String>, bytes: Vec<u8>) -> Write {
        Write {
            store,
            key: key.into(),
            value: WriteValue::Bytes(bytes),
        }
    }

    pub(super) fn delete(store: Stored, key: impl Into<String>) -> Write {
        Write {
            store,
            key: key.into(),
            value: WriteValue::Delete,
        }
    }

    /// Plain structures of texts and numbers always serialise.
    pub(super) fn json(store: Stored, key: &str, value: &impl Serialize) -> Write {
        Write::text(store, key, serde_json::to_string(value).unwrap_or_default())
    }
}

/// Numbers as keys sort as numbers.
pub(super) fn seq_key(seq: Seq) -> String {
    format!("{seq:016}")
}

pub(super) fn lsn_key(lsn: Lsn) -> String {
    format!("{lsn:016}")
}

pub(super) fn document_key(part: Part) -> String {
    part.to_string()
}

pub(super) fn document_value(epoch: u64, bytes: &[u8]) -> Vec<u8> {
    [format!("{epoch}\n").as_bytes(), bytes].concat()
}

pub(super) fn read_document_value(value: &[u8]) -> Option<(u64, &[u8])> {
    let newline = value.iter().position(|byte| *byte == b'\n')?;
    let epoch = std::str::from_utf8(&value[..newline]).ok()?.parse().ok()?;
    Some((epoch, &value[newline + 1..]))
}
