//! The secretary decides about a held entry: in the name of her account, once for each id that
//! her page gives. What is written and what follows is `sync/held.rs`'s to say.

use menpai_sync_core::entry::{Draft, EDIT_KIND, Entry, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntryId, Hash, Seq, WorkerId};
use menpai_sync_core::kinds::{BodyError, Kinds, Labels, Problem};
use menpai_sync_core::text::nfc;
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::Verdict;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::records::HELD_DECISION;
use super::{Office, OfficeError, open, schema_of};
use crate::clock;
use crate::home::Home;
use crate::store::community::{StoreError, device_logs, entries, lines};
use crate::sync::{Community, HeldRefusal, Reader, Ruling, Wish};

/// Fields of the record of a decision, and of the edits that it makes.
const DEVICE: &str = "held_device";
const SEQ: &str = "held_seq";
const ENTRY: &str = "held_entry";
const DECISION: &str = "decision";
const NOTE: &str = "note";
const SOURCE: &str = "source";
const HELD_RELEASE: &str = "held_release";

/// What is decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Id of the office's record: the same again is the same decision.
    pub id: EntryId,
    /// Whose log the held entry is in.
    pub device: DeviceId,
    /// Where in that log.
    pub seq: Seq,
    /// What is to become of it.
    pub wish: Wish,
    /// Heads of the document that the decider looked at.
    pub seen: Vec<Hash>,
    /// Why.
    pub note: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = HeldDecided)]
pub struct Decided {
    /// The held entry's verdict now.
    #[schema(value_type = crate::openapi::Verdict)]
    pub verdict: Verdict,
    /// How many entries that needed it counted with it.
    pub freed: usize,
}

/// Why nothing was decided; then nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum DecideHeldError {
    /// The home says why not.
    #[error(transparent)]
    Refused(#[from] HeldRefusal),
    /// Something else was written under that id.
    #[error("the id is another entry's")]
    OtherEntry,
    /// The community's or the node's file.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StoreError> for DecideHeldError {
    fn from(error: StoreError) -> DecideHeldError {
        DecideHeldError::Office(error.into())
    }
}

/// Decides about a held entry in the name of an account; durable when it returns.
///
/// # Errors
/// [`DecideHeldError`].
pub fn decide(
    home: &Home,
    code: CommunityCode,
    account: &str,
    worker: WorkerId,
    decision: &Decision,
) -> Result<Decided, DecideHeldError> {
    let community = open(home, code)?;
    if let Some(decided) = written(&community, decision)? {
        return Ok(decided);
    }
    let ruling = ruling(&community, worker, clock::now(), decision)?;
    let office = Office::of_account(home, code, account, worker)?;
    match community.rule(&office.device, ruling)? {
        Ok(ruled) => Ok(Decided {
            verdict: ruled.verdict,
            freed: ruled.freed,
        }),
        // The same request twice at once.
        Err(refusal) => written(&community, decision)?.ok_or_else(|| refusal.into()),
    }
}

/// What the home is to do about a decision made at `at`.
///
/// # Errors
/// [`DecideHeldError`] where the note or a text is not allowed.
pub fn ruling(
    community: &Community,
    worker: WorkerId,
    at: Instant,
    decision: &Decision,
) -> Result<Ruling, DecideHeldError> {
    let kinds = community.kinds();
    let note = decision.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let entry = community.read(|reader| Ok(held_entry(reader, decision)?.and_then(|stored| stored.id)))?;
    let mut body = object(json!({ DEVICE: decision.device, SEQ: decision.seq }));
    if let Some(entry) = entry {
        body.insert(ENTRY.to_owned(), json!(entry));
    }
    body.insert(DECISION.to_owned(), Value::from(name_of(&decision.wish)));
    let mut edit_body = object(json!({ SOURCE: HELD_RELEASE }));
    if let Some(note) = note {
        body.insert(NOTE.to_owned(), Value::from(nfc(note)));
        edit_body.insert(NOTE.to_owned(), Value::from(nfc(note)));
    }
    let schema = schema_of(kinds, HELD_DECISION);
    check(kinds, HELD_DECISION, schema, &body)?;
    let record = Draft::record(decision.id, HELD_DECISION, schema, None, worker, at, body);
    Ok(Ruling {
        record: record.make().map_err(OfficeError::from)?.bytes,
        device: decision.device,
        seq: decision.seq,
        wish: composed(decision.wish.clone()),
        seen: decision.seen.clone(),
        edit_body,
        edit_schema: schema_of(kinds, EDIT_KIND),
        worker,
        at,
    })
}

fn name_of(wish: &Wish) -> &'static str {
    match wish {
        Wish::Release => "release",
        Wish::AmendRecord(_) | Wish::AmendEdit(_) => "amend",
        Wish::SetAside => "set_aside",
    }
}

/// Keyboards may type decomposed characters; entries hold composed ones.
fn composed(wish: Wish) -> Wish {
    match wish {
        Wish::AmendRecord(body) => Wish::AmendRecord(body.into_iter().map(|(key, value)| (key, text(value))).collect()),
        Wish::AmendEdit(set) => Wish::AmendEdit(
            set.into_iter()
                .map(|item| SetItem {
                    value: match item.value {
                        Scalar::Text(text) => Scalar::Text(nfc(text.trim()).into_owned()),
                        other => other,
                    },
                    ..item
                })
                .collect(),
        ),
        Wish::Release | Wish::SetAside => wish,
    }
}

fn text(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(nfc(text.trim())),
        Value::Array(items) => Value::Array(items.into_iter().map(text).collect()),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, text(value))).collect(),
        other => other,
    }
}

fn check(kinds: &Kinds, kind: &str, schema: u32, body: &Map<String, Value>) -> Result<(), HeldRefusal> {
    match kinds.check_body(kind, schema, body) {
        Err(BodyError::Problems(problems)) => Err(value_refused(kinds, kind, problems)),
        // The kind is this server's own.
        Ok(()) | Err(_) => Ok(()),
    }
}

fn value_refused(kinds: &Kinds, kind: &str, problems: Vec<Problem>) -> HeldRefusal {
    let Some(problem) = problems.into_iter().next() else {
        return HeldRefusal::NothingToAmend;
    };
    let name = problem.path.trim_start_matches('/').to_owned();
    let known = kinds.get(kind).and_then(|kind| kind.field(&name));
    let label = known.map_or_else(
        || Labels {
            zh: name.clone(),
            en: name.clone(),
        },
        |field| field.labels.clone(),
    );
    HeldRefusal::Value { problem, label }
}

/// The held entry's row.
fn held_entry(reader: &mut Reader, decision: &Decision) -> Result<Option<entries::StoredEntry>, StoreError> {
    match device_logs::find(&reader.connection, decision.device)? {
        Some(log) => entries::find(&reader.connection, &mut reader.codec, log.number, decision.seq),
        None => Ok(None),
    }
}

/// What became of a decision that was written already; another entry's id is refused.
fn written(community: &Community, decision: &Decision) -> Result<Option<Decided>, DecideHeldError> {
    community.read(|reader| {
        let Some(owner) = entries::owner_of_id(&reader.connection, decision.id)? else {
            return Ok(Ok(None));
        };
        let bytes = entries::get(&reader.connection, &mut reader.codec, owner)?.bytes;
        let same = bytes.and_then(|bytes| Entry::parse(&bytes).ok()).is_some_and(|entry| {
            let is = |field: &str, value: Value| entry.body.get(field) == Some(&value);
            entry.kind == HELD_DECISION
                && is(DEVICE, json!(decision.device))
                && is(SEQ, json!(decision.seq))
                && is(DECISION, Value::from(name_of(&decision.wish)))
        });
        let line = match held_entry(reader, decision)? {
            Some(held) if same => lines::last_of(&reader.connection, held.number)?,
            _ => None,
        };
        Ok(line.map_or(Err(DecideHeldError::OtherEntry), |line| {
            Ok(Some(Decided {
                verdict: line.envelope.verdict,
                freed: 0,
            }))
        }))
    })?
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
