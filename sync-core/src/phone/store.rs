//! Where a phone keeps things: named stores of keys and values, the same in a browser, in a
//! simulator and in tests. Only `log` can not be fetched again.

use serde::Serialize;

use crate::ids::{Hash, Lsn, Seq};
use crate::part::Part;
use crate::registry::Document;
use crate::replica::{Replica, StoredDocument};

pub(super) const ENROLMENT: &str = "enrolment";
pub(super) const CONTACT: &str = "contact";
pub(super) const CURSOR: &str = "cursor";
pub(super) const BEGAN_WITH: &str = "began_with";
pub(super) const RECEIPT: &str = "receipt/";
pub(super) const OWN_STATES: &str = "own_states";

/// The stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stored {
    /// Own entries, exact bytes, by seq.
    Log,
    /// Merged records of others, by lsn: envelope line, newline, entry line.
    Line,
    /// Registry documents, by part: a line with epoch and heads, then automerge bytes. Beside them, for
    /// quick starts, the same line and what the document shows.
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

/// Where a replica stands.
pub(super) fn standing(replica: &Replica) -> [Write; 2] {
    [
        Write::json(Stored::Meta, CURSOR, replica.cursor()),
        Write::json(Stored::Meta, BEGAN_WITH, replica.began_with()),
    ]
}

/// Numbers as keys sort as numbers.
pub(super) fn seq_key(seq: Seq) -> String {
    format!("{seq:016}")
}

/// Where it stands when an own record was made.
pub(super) fn made_key(place: Seq) -> String {
    format!("made/{}", seq_key(place))
}

pub(super) fn lsn_key(lsn: Lsn) -> String {
    format!("{lsn:016}")
}

/// A document to keep, without what it shows: that is written when there is time
/// ([`Phone::keep_shown`](super::Phone::keep_shown)), and never stays beside another document.
pub(super) fn document_writes(part: Part, document: &Document) -> [Write; 2] {
    let value = [&document_line(document)[..], b"\n", &document.save_plain()].concat();
    [
        Write::bytes(Stored::Document, part.to_string(), value),
        Write::delete(Stored::Document, shown_key(part)),
    ]
}

pub(super) fn shown_write(document: &Document, shown: &[u8]) -> Write {
    let value = [&document_line(document)[..], b"\n", shown].concat();
    Write::bytes(Stored::Document, shown_key(document.part()), value)
}

pub(super) fn document_deletes(part: Part) -> [Write; 2] {
    let keys = [part.to_string(), shown_key(part)];
    keys.map(|key| Write::delete(Stored::Document, key))
}

fn shown_key(part: Part) -> String {
    format!("{part}/shown")
}

/// Epoch and heads: the first line of a document, and of what it shows.
fn document_line(document: &Document) -> Vec<u8> {
    let mut line = document.epoch().to_string();
    for head in document.heads() {
        line.push(' ');
        line.push_str(&head.to_string());
    }
    line.into_bytes()
}

/// A stored document.
pub(super) struct DocumentRow<'a> {
    pub(super) part: Part,
    pub(super) epoch: u64,
    pub(super) bytes: &'a [u8],
    /// Its heads, and what it shows, if that is there.
    shown: Option<(Vec<Hash>, &'a [u8])>,
}

impl DocumentRow<'_> {
    /// The documents among the rows of their store; `Err`: one that cannot be read.
    pub(super) fn all(rows: &[(String, Vec<u8>)]) -> impl Iterator<Item = Result<DocumentRow<'_>, Part>> {
        let parts = rows.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value)));
        parts.map(|(part, value)| {
            let key = shown_key(part);
            let shown = rows.iter().find(|(found, _)| *found == key);
            DocumentRow::read(part, value, shown.map(|(_, shown)| shown.as_slice())).ok_or(part)
        })
    }

    fn read<'a>(part: Part, value: &'a [u8], shown: Option<&'a [u8]>) -> Option<DocumentRow<'a>> {
        let (line, bytes) = split_line(value)?;
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        let epoch = words.next()?.parse().ok()?;
        let heads: Vec<Hash> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        let shown = shown.and_then(split_line).filter(|(of, _)| *of == line);
        Some(DocumentRow {
            part,
            epoch,
            bytes,
            shown: shown.map(|(_, shown)| (heads, shown)),
        })
    }

    /// What is needed not to load it at once.
    pub(super) fn stored(&self) -> Option<StoredDocument> {
        let (heads, shown) = self.shown.as_ref()?;
        Some(StoredDocument {
            epoch: self.epoch,
            heads: heads.clone(),
            bytes: self.bytes.to_vec(),
            shown: shown.to_vec(),
        })
    }
}

/// What stands before the first newline, and after it.
pub(super) fn split_line(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let newline = value.iter().position(|byte| *byte == b'\n')?;
    Some((&value[..newline], &value[newline + 1..]))
}
