//! From bytes to an entry. Every fault is typed; none is repaired.

use serde_json::{Map, Value};

use super::{EDIT_KIND, Edit, Entry, MAX_BASE_HASHES, MAX_ENTRY_BYTES, MAX_SET_ITEMS, Scalar, SetItem, strict};
use crate::time::Instant;

/// Why bytes are not an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// More than 16,384 bytes.
    #[error("{0} bytes; an entry has at most {MAX_ENTRY_BYTES}")]
    Oversize(usize),
    /// A raw newline would split the line.
    #[error("a raw line break")]
    LineBreak,
    /// Not JSON under the byte rules of docs/protocol.md section 2.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Not an object.
    #[error("not an object")]
    NotAnObject,
    /// A member is missing or of the wrong shape.
    #[error("{0}")]
    Member(&'static str),
}

pub(super) fn parse(bytes: &[u8]) -> Result<Entry, EntryError> {
    if bytes.len() > MAX_ENTRY_BYTES {
        return Err(EntryError::Oversize(bytes.len()));
    }
    if bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(EntryError::LineBreak);
    }
    let Value::Object(mut members) = strict::parse(bytes)? else {
        return Err(EntryError::NotAnObject);
    };
    let kind = text(&members, "kind")?.to_owned();
    if !crate::kinds::Name::accepts(&kind) {
        return Err(EntryError::Member("kind"));
    }
    let edit = match (kind == EDIT_KIND, members.remove("base"), members.remove("set")) {
        (true, Some(base), Some(set)) => Some(edit(base, set)?),
        (true, None, _) => return Err(EntryError::Member("base")),
        (true, _, None) => return Err(EntryError::Member("set")),
        (false, None, None) => None,
        (false, ..) => return Err(EntryError::Member("only an edit has base and set")),
    };
    let Some(Value::Object(body)) = members.remove("body") else {
        return Err(EntryError::Member("body"));
    };
    Ok(Entry {
        id: id(&members, "id")?,
        kind,
        schema: members
            .get("schema")
            .and_then(Value::as_u64)
            .and_then(|schema| u32::try_from(schema).ok())
            .filter(|schema| *schema > 0)
            .ok_or(EntryError::Member("schema"))?,
        grid: match members.get("grid") {
            Some(Value::Null) => None,
            _ => Some(id(&members, "grid")?),
        },
        worker: id(&members, "worker")?,
        made_at: text(&members, "made_at")?
            .parse::<Instant>()
            .map_err(|_| EntryError::Member("made_at"))?,
        supersedes: optional_id(&members, "supersedes")?,
        retracts: optional_id(&members, "retracts")?,
        releases: match (optional_id(&members, "releases")?, &edit) {
            (Some(_), None) => return Err(EntryError::Member("only an edit releases")),
            (releases, _) => releases,
        },
        edit,
        body,
    })
}

fn edit(base: Value, set: Value) -> Result<Edit, EntryError> {
    let Value::Array(base) = base else {
        return Err(EntryError::Member("base"));
    };
    let Value::Array(set) = set else {
        return Err(EntryError::Member("set"));
    };
    if base.len() > MAX_BASE_HASHES {
        return Err(EntryError::Member("base has too many hashes"));
    }
    if set.is_empty() || set.len() > MAX_SET_ITEMS {
        return Err(EntryError::Member("set"));
    }
    let base = base
        .iter()
        .map(|hash| {
            hash.as_str()
                .and_then(|text| text.parse().ok())
                .ok_or(EntryError::Member("base"))
        })
        .collect::<Result<_, _>>()?;
    let set = set.into_iter().map(set_item).collect::<Result<_, _>>()?;
    Ok(Edit { base, set })
}

fn set_item(item: Value) -> Result<SetItem, EntryError> {
    let Value::Object(mut members) = item else {
        return Err(EntryError::Member("set"));
    };
    let value = members.remove("value").and_then(Scalar::from_json);
    let value = value.ok_or(EntryError::Member("value"))?;
    Ok(SetItem {
        entity_type: text(&members, "type")?.to_owned(),
        id: id(&members, "id")?,
        field: text(&members, "field")?.to_owned(),
        value,
    })
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, EntryError> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or(EntryError::Member(name))
}

fn id<T: std::str::FromStr>(members: &Map<String, Value>, name: &'static str) -> Result<T, EntryError> {
    text(members, name)?.parse().map_err(|_| EntryError::Member(name))
}

fn optional_id<T: std::str::FromStr>(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<T>, EntryError> {
    if members.contains_key(name) {
        id(members, name).map(Some)
    } else {
        Ok(None)
    }
}
