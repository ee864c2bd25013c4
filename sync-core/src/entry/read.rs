//! From bytes to an entry. Every fault is typed; none is repaired.

use super::reader::{self, StrictError};
use super::strict::{self, Members, Read};
use super::{EDIT_KIND, Edit, Entry, MAX_BASE_HASHES, MAX_ENTRY_BYTES, MAX_SET_ITEMS, Scalar, SetItem};
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
    Json(#[from] StrictError),
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
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        return Err(EntryError::LineBreak);
    }
    let Read::Object(mut members) = reader::parse(bytes)? else {
        return Err(EntryError::NotAnObject);
    };
    let (base, set) = (take(&mut members, "base"), take(&mut members, "set"));
    let body = take(&mut members, "body");
    let kind = text(&members, "kind")?;
    if !crate::kinds::Name::accepts(kind) {
        return Err(EntryError::Member("kind"));
    }
    let edit = match (kind == EDIT_KIND, base, set) {
        (true, Some(base), Some(set)) => Some(edit(base, set)?),
        (true, None, _) => return Err(EntryError::Member("base")),
        (true, _, None) => return Err(EntryError::Member("set")),
        (false, None, None) => None,
        (false, ..) => return Err(EntryError::Member("only an edit has base and set")),
    };
    let Some(Read::Object(body)) = body else {
        return Err(EntryError::Member("body"));
    };
    Ok(Entry {
        id: id(&members, "id")?,
        kind: kind.to_owned(),
        schema: match find(&members, "schema") {
            Some(Read::Integer(schema)) => u32::try_from(*schema).ok(),
            _ => None,
        }
        .filter(|schema| *schema > 0)
        .ok_or(EntryError::Member("schema"))?,
        grid: match find(&members, "grid") {
            Some(Read::Null) => None,
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
        body: strict::object(body),
    })
}

fn edit(base: Read<'_>, set: Read<'_>) -> Result<Edit, EntryError> {
    let Read::Array(base) = base else {
        return Err(EntryError::Member("base"));
    };
    let Read::Array(set) = set else {
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
        .map(|hash| match hash {
            Read::Text(text) => text.parse().map_err(|_| EntryError::Member("base")),
            _ => Err(EntryError::Member("base")),
        })
        .collect::<Result<_, _>>()?;
    let set = set.into_iter().map(set_item).collect::<Result<_, _>>()?;
    Ok(Edit { base, set })
}

fn set_item(item: Read<'_>) -> Result<SetItem, EntryError> {
    let Read::Object(mut members) = item else {
        return Err(EntryError::Member("set"));
    };
    let value = match take(&mut members, "value") {
        Some(Read::Null) => Scalar::Null,
        Some(Read::Boolean(value)) => Scalar::Boolean(value),
        Some(Read::Integer(value)) => Scalar::Integer(value),
        Some(Read::Text(text)) => Scalar::Text(text.into_owned()),
        Some(Read::Array(_) | Read::Object(_)) | None => return Err(EntryError::Member("value")),
    };
    Ok(SetItem {
        entity_type: text(&members, "type")?.to_owned(),
        id: id(&members, "id")?,
        field: text(&members, "field")?.to_owned(),
        value,
    })
}

fn find<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Read<'a>> {
    members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn take<'a>(members: &mut Members<'a>, name: &str) -> Option<Read<'a>> {
    let index = members.iter().position(|(key, _)| key == name)?;
    Some(members.swap_remove(index).1)
}

fn text<'m>(members: &'m Members<'_>, name: &'static str) -> Result<&'m str, EntryError> {
    match find(members, name) {
        Some(Read::Text(text)) => Ok(text),
        _ => Err(EntryError::Member(name)),
    }
}

fn id<T: std::str::FromStr>(members: &Members<'_>, name: &'static str) -> Result<T, EntryError> {
    text(members, name)?.parse().map_err(|_| EntryError::Member(name))
}

fn optional_id<T: std::str::FromStr>(members: &Members<'_>, name: &'static str) -> Result<Option<T>, EntryError> {
    match find(members, name) {
        Some(_) => id(members, name).map(Some),
        None => Ok(None),
    }
}
