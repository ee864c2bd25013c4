//! What the secretary says about two entities that look alike: that they are one (an edit that
//! names in the one what it was merged into), that they are two (a record), and that neither
//! holds any more. Histories stay where they are; nothing is moved.

use menpai_sync_core::entry::{Draft, EDIT_KIND, Edit, Entry, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, EntryId, WorkerId};
use menpai_sync_core::kinds::{Class, Distinguishes, Kind, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::verdict::Verdict;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::decisions::SOURCE;
use super::{Office, OfficeError, open, schema_of};
use crate::clock;
use crate::home::Home;
use crate::store::community::{StoreError, entries, lines};
use crate::store::review::aliases::Aliases;
use crate::store::review::duplicates::{self, ordered};
use crate::store::review::statements;
use crate::store::roster::{StoredEntity, entity};
use crate::sync::Reader;

/// What the edits say about where their value is known from.
const DUPLICATES: &str = "duplicates";

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// `alias` is what `into` is.
    Merge {
        /// Stands for nothing itself from then on.
        alias: EntityId,
        /// What it stands for.
        into: EntityId,
    },
    /// It stands for itself again.
    Part {
        /// Which.
        alias: EntityId,
    },
    /// They are two.
    Distinguish {
        /// The one.
        one: EntityId,
        /// The other.
        other: EntityId,
    },
    /// They may be one after all.
    Reconsider {
        /// The one.
        one: EntityId,
        /// The other.
        other: EntityId,
    },
}

/// Why nothing was said; then nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// There is no such entity, or the two are not of one type that can be merged.
    #[error("these cannot be merged")]
    NotAlike,
    /// It stands so already, or something else was said meanwhile.
    #[error("it is not as it was")]
    Gone,
    /// Something else was written under that id.
    #[error("the id is another entry's")]
    OtherEntry,
    /// The home did not merge it.
    #[error("held")]
    Held,
    /// The community's or the node's file.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StoreError> for SayError {
    fn from(error: StoreError) -> SayError {
        SayError::Office(error.into())
    }
}

/// How it stands before.
enum Standing {
    Written,
    Other,
    Gone,
    NotAlike,
    Open(Box<Plan>),
}

/// What is to be written.
enum Plan {
    Set { entity: StoredEntity, item: SetItem },
    Record { kind: String, body: Map<String, Value> },
    Withdraw { kind: String, record: EntryId },
}

/// Says it in the name of an account; durable when it returns. The same under the same id
/// again writes nothing.
///
/// # Errors
/// [`SayError`].
pub fn say(
    home: &Home,
    code: CommunityCode,
    account: &str,
    worker: WorkerId,
    (id, saying): (EntryId, Saying),
) -> Result<(), SayError> {
    let community = open(home, code)?;
    let kinds = community.kinds();
    let directory = community.directory();
    let is_office = |device| directory.is_office(device);
    let look = || community.read(|reader| standing(reader, kinds, &is_office, (id, saying)));
    let plan = match look()? {
        Standing::Written => return Ok(()),
        Standing::Other => return Err(SayError::OtherEntry),
        Standing::Gone => return Err(SayError::Gone),
        Standing::NotAlike => return Err(SayError::NotAlike),
        Standing::Open(plan) => plan,
    };
    let office = Office::of_account(home, code, account, worker)?;
    let at = clock::now();
    let draft = match *plan {
        Plan::Set { entity, item } => {
            let part = Part {
                grid: entity.grid,
                class: Class::Open,
            };
            let edit = Edit {
                base: community.heads(part)?,
                set: vec![item],
            };
            let body = Map::from_iter([(SOURCE.to_owned(), Value::from(DUPLICATES))]);
            let schema = schema_of(kinds, EDIT_KIND);
            Draft::edit(id, schema, entity.grid, office.worker, at, edit, body)
        }
        Plan::Record { kind, body } => {
            let schema = schema_of(kinds, &kind);
            Draft::record(id, &kind, schema, None, office.worker, at, body)
        }
        Plan::Withdraw { kind, record } => {
            let schema = schema_of(kinds, &kind);
            let mut draft = Draft::record(id, &kind, schema, None, office.worker, at, Map::new());
            draft.retracts = Some(record);
            draft
        }
    };
    office.decide(at, &[draft], move |connection| {
        Ok(entries::owner_of_id(connection, id)?.is_some())
    })?;
    match look()? {
        Standing::Written => Ok(()),
        _ => Err(SayError::Held),
    }
}

fn standing(
    reader: &mut Reader,
    kinds: &Kinds,
    is_office: &dyn Fn(DeviceId) -> bool,
    (id, saying): (EntryId, Saying),
) -> Result<Standing, StoreError> {
    let planned = plan(&reader.connection, kinds, is_office, saying)?;
    let Some(owner) = entries::owner_of_id(&reader.connection, id)? else {
        return Ok(planned);
    };
    let bytes = entries::get(&reader.connection, &mut reader.codec, owner)?.bytes;
    let written = bytes.and_then(|bytes| Entry::parse(&bytes).ok());
    let merged =
        lines::last_of(&reader.connection, owner)?.is_some_and(|line| line.envelope.verdict == Verdict::Merged);
    Ok(match written {
        Some(entry) if merged && says(&entry, kinds, saying) => Standing::Written,
        _ => Standing::Other,
    })
}

fn plan(
    connection: &Connection,
    kinds: &Kinds,
    is_office: &dyn Fn(DeviceId) -> bool,
    saying: Saying,
) -> Result<Standing, StoreError> {
    let aliases = Aliases::read(connection, kinds)?;
    Ok(match saying {
        Saying::Merge { alias, into } => {
            let Some((from, field)) = alike(connection, kinds, alias, into)? else {
                return Ok(Standing::NotAlike);
            };
            // What stands for another already, or for which the other stands, is no pair.
            if aliases.is_alias(alias) || aliases.canonical(into) == alias {
                return Ok(Standing::Gone);
            }
            set(from, field, Scalar::Text(into.to_string()))
        }
        Saying::Part { alias } => {
            let Some(from) = entity(connection, alias)? else {
                return Ok(Standing::NotAlike);
            };
            let Some(field) = merged_into(kinds, &from).map(str::to_owned) else {
                return Ok(Standing::NotAlike);
            };
            if !from.values.contains_key(&field) {
                return Ok(Standing::Gone);
            }
            set(from, field, Scalar::Null)
        }
        Saying::Distinguish { one, other } => {
            if alike(connection, kinds, one, other)?.is_none() {
                return Ok(Standing::NotAlike);
            }
            let Some((kind, fields)) = distinguishing(kinds) else {
                return Ok(Standing::NotAlike);
            };
            if dismissal(connection, kinds, is_office, one, other)?.is_some()
                || aliases.canonical(one) == aliases.canonical(other)
            {
                return Ok(Standing::Gone);
            }
            Standing::Open(Box::new(Plan::Record {
                kind: kind.name.to_string(),
                body: Map::from_iter([
                    (fields.one.to_string(), Value::from(one.to_string())),
                    (fields.other.to_string(), Value::from(other.to_string())),
                ]),
            }))
        }
        Saying::Reconsider { one, other } => {
            let Some((kind, _)) = distinguishing(kinds) else {
                return Ok(Standing::NotAlike);
            };
            match dismissal(connection, kinds, is_office, one, other)? {
                Some(record) => Standing::Open(Box::new(Plan::Withdraw {
                    kind: kind.name.to_string(),
                    record,
                })),
                None => Standing::Gone,
            }
        }
    })
}

/// Whether an entry says just that.
fn says(entry: &Entry, kinds: &Kinds, saying: Saying) -> bool {
    let names = |one: EntityId, other: EntityId| {
        distinguishing(kinds).is_some_and(|(kind, fields)| {
            let id = |field: &str| entry.body.get(field)?.as_str()?.parse().ok();
            let named = id(fields.one.as_str()).zip(id(fields.other.as_str()));
            entry.kind == kind.name.as_str() && named.is_some_and(|(a, b)| ordered(a, b) == ordered(one, other))
        })
    };
    let sets = |alias: EntityId, value: &Scalar| {
        let set = entry.edit.as_ref().map(|edit| edit.set.as_slice());
        matches!(set, Some([item]) if item.id == alias && item.value == *value)
    };
    match saying {
        Saying::Merge { alias, into } => sets(alias, &Scalar::Text(into.to_string())),
        Saying::Part { alias } => sets(alias, &Scalar::Null),
        Saying::Distinguish { one, other } => names(one, other),
        Saying::Reconsider { .. } => entry.retracts.is_some(),
    }
}

fn set(entity: StoredEntity, field: String, value: Scalar) -> Standing {
    let item = SetItem {
        entity_type: entity.entity_type.clone(),
        id: entity.id,
        field,
        value,
    };
    Standing::Open(Box::new(Plan::Set { entity, item }))
}

/// The first of two different entities of one type, and the field that merges it.
fn alike(
    connection: &Connection,
    kinds: &Kinds,
    one: EntityId,
    other: EntityId,
) -> Result<Option<(StoredEntity, String)>, StoreError> {
    let (Some(from), Some(into)) = (entity(connection, one)?, entity(connection, other)?) else {
        return Ok(None);
    };
    let same = one != other && from.entity_type == into.entity_type;
    let field = merged_into(kinds, &from).map(str::to_owned);
    Ok(field.filter(|_| same).map(|field| (from, field)))
}

fn merged_into<'k>(kinds: &'k Kinds, entity: &StoredEntity) -> Option<&'k str> {
    let merges = kinds.registry_type(&entity.entity_type)?.effects.merges.as_ref()?;
    Some(merges.into.as_str())
}

fn distinguishing(kinds: &Kinds) -> Option<(&Kind, &Distinguishes)> {
    kinds
        .iter()
        .find_map(|kind| Some((kind, kind.effects.distinguishes.as_ref()?)))
}

/// The record that says that they are two.
fn dismissal(
    connection: &Connection,
    kinds: &Kinds,
    is_office: &dyn Fn(DeviceId) -> bool,
    one: EntityId,
    other: EntityId,
) -> Result<Option<EntryId>, StoreError> {
    let withdrawn = statements::withdrawn_records(connection, is_office)?;
    let known = duplicates::distinguished(connection, kinds, &withdrawn)?;
    Ok(known.get(&ordered(one, other)).copied())
}
