//! The secretary decides a conflict: one edit by the office device of her account, made on
//! exactly what her page was drawn from, so that a value written since stays beside it. A
//! value that its field refuses, or a conflict that is over, writes nothing.

use menpai_sync_core::entry::{Draft, EDIT_KIND, Edit, Entry, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::kinds::{BodyError, Kinds, Labels, Problem, ValueError};
use menpai_sync_core::text::nfc;
use menpai_sync_core::verdict::Verdict;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Office, OfficeError, open, schema_of};
use crate::clock;
use crate::home::Home;
use crate::store::community::{StoreError, entries, lines};
use crate::store::review::conflicts;
use crate::sync::Reader;

/// What the edit says about where its value is known from.
pub(super) const SOURCE: &str = "source";
/// The source that a decision names.
pub(crate) const SECRETARY_DECISION: &str = "secretary_decision";
const NOTE: &str = "note";

/// What is to hold.
pub struct Decision {
    /// The edit's id: the same again is the same decision.
    pub id: EntryId,
    /// The field and its value.
    pub item: SetItem,
    /// Heads of the document that the decider looked at.
    pub seen: Vec<Hash>,
    /// Why.
    pub note: Option<String>,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictDecided)]
pub struct Decided {
    /// The edit's.
    #[schema(value_type = crate::openapi::Verdict)]
    pub verdict: Verdict,
    /// How many values the field has now: more than one if somebody wrote meanwhile.
    pub values: u64,
}

/// Why nothing was decided; then nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The value or the note breaks a rule.
    #[error("{problem}")]
    Value {
        /// Which rule.
        problem: Problem,
        /// What the form calls the field.
        label: Labels,
    },
    /// The registry has no such field.
    #[error("no such field")]
    NoSuchField,
    /// The field has one value by now.
    #[error("the conflict is over")]
    Gone,
    /// Something else was written under that id.
    #[error("the id is another entry's")]
    OtherEntry,
    /// The community's or the node's file.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StoreError> for DecideError {
    fn from(error: StoreError) -> DecideError {
        DecideError::Office(error.into())
    }
}

/// How a decision stands in the file.
enum Standing {
    Written(Decided),
    OtherEntry,
    Open { entity_type: String, grid: Option<GridId> },
    Gone,
}

/// Decides a conflict in the name of an account; durable when it returns.
///
/// # Errors
/// [`DecideError`].
pub fn decide(
    home: &Home,
    code: CommunityCode,
    account: &str,
    worker: WorkerId,
    mut decision: Decision,
) -> Result<Decided, DecideError> {
    let community = open(home, code)?;
    let kinds = community.kinds();
    if let Scalar::Text(text) = &mut decision.item.value {
        *text = nfc(text.trim()).into_owned();
    }
    check_item(kinds, &decision.item)?;
    let body = body(kinds, decision.note.as_deref())?;
    let stands = || community.read(|reader| standing(reader, decision.id, &decision.item));
    let grid = match stands()? {
        Standing::Written(decided) => return Ok(decided),
        Standing::OtherEntry => return Err(DecideError::OtherEntry),
        Standing::Gone => return Err(DecideError::Gone),
        Standing::Open { entity_type, .. } if entity_type != decision.item.entity_type => {
            return Err(DecideError::NoSuchField);
        }
        Standing::Open { grid, .. } => grid,
    };
    let office = Office::of_account(home, code, account, worker)?;
    let at = clock::now();
    let edit = Edit {
        base: decision.seen.clone(),
        set: vec![decision.item.clone()],
    };
    let draft = Draft::edit(decision.id, schema_of(kinds, EDIT_KIND), grid, worker, at, edit, body);
    let (id, item) = (decision.id, decision.item.clone());
    office.decide(at, &[draft], move |connection| {
        let is_open = conflicts::find_open(connection, item.id, &item.field)?.is_some();
        Ok(!is_open || entries::owner_of_id(connection, id)?.is_some())
    })?;
    match stands()? {
        Standing::Written(decided) => Ok(decided),
        Standing::OtherEntry => Err(DecideError::OtherEntry),
        Standing::Open { .. } | Standing::Gone => Err(DecideError::Gone),
    }
}

fn check_item(kinds: &Kinds, item: &SetItem) -> Result<(), DecideError> {
    match kinds.check_value(&item.entity_type, &item.field, &item.value.to_json()) {
        Ok(_) => Ok(()),
        Err(ValueError::Problem(problem)) => Err(DecideError::Value {
            problem,
            label: label(kinds, &item.entity_type, &item.field),
        }),
        Err(ValueError::UnknownType | ValueError::UnknownField) => Err(DecideError::NoSuchField),
    }
}

fn body(kinds: &Kinds, note: Option<&str>) -> Result<Map<String, Value>, DecideError> {
    let mut body = Map::new();
    body.insert(SOURCE.to_owned(), Value::from(SECRETARY_DECISION));
    if let Some(note) = note.map(str::trim).filter(|note| !note.is_empty()) {
        body.insert(NOTE.to_owned(), Value::from(nfc(note)));
    }
    match kinds.check_body(EDIT_KIND, schema_of(kinds, EDIT_KIND), &body) {
        Err(BodyError::Problems(problems)) => match problems.into_iter().next() {
            Some(problem) => Err(DecideError::Value {
                label: label(kinds, EDIT_KIND, problem.path.trim_start_matches('/')),
                problem,
            }),
            None => Ok(body),
        },
        // The kind is this server's own.
        Ok(()) | Err(_) => Ok(body),
    }
}

fn label(kinds: &Kinds, kind: &str, field: &str) -> Labels {
    let own = field.split_once(':').map_or(field, |(own, _)| own);
    let known = kinds.get(kind).and_then(|kind| kind.field(own));
    known.map_or_else(
        || Labels {
            zh: field.to_owned(),
            en: field.to_owned(),
        },
        |field| field.labels.clone(),
    )
}

fn standing(reader: &mut Reader, id: EntryId, item: &SetItem) -> Result<Standing, StoreError> {
    let open = conflicts::find_open(&reader.connection, item.id, &item.field)?;
    let Some(owner) = entries::owner_of_id(&reader.connection, id)? else {
        return Ok(match open {
            Some(open) => Standing::Open {
                entity_type: open.entity_type,
                grid: open.grid,
            },
            None => Standing::Gone,
        });
    };
    let bytes = entries::get(&reader.connection, &mut reader.codec, owner)?.bytes;
    let written = bytes.and_then(|bytes| Entry::parse(&bytes).ok()?.edit);
    let line = lines::last_of(&reader.connection, owner)?;
    Ok(match (written, line) {
        (Some(edit), Some(line)) if edit.set == [item.clone()] => Standing::Written(Decided {
            verdict: line.envelope.verdict,
            values: open.map_or(1, |open| open.values),
        }),
        _ => Standing::OtherEntry,
    })
}
