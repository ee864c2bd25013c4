//! Erasure of somebody or something, in one transaction (docs/protocol.md section 16): the
//! office's records say that it was, bodies that name it go, rows and values of it go, and the
//! documents go on as epochs without it. What names it later: [`later`].

pub(super) mod later;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::erase::{names_erased, remains, subject_hash};
use menpai_sync_core::ids::{EntityId, GridId, Hash};
use menpai_sync_core::kinds::{Erases, Kind, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::verdict::{Reason, Verdict};
use serde_json::json;

use self::later::Left;
use super::community::Community;
use super::decide::note_held;
use super::office_device::append_as_office;
use super::scribe::Scribe;
use super::state::Work;
use crate::erasures::{Ledger, Noted, Remaining, Subject};
use crate::store::community::epochs::EpochReason;
use crate::store::community::erased::{self, Entity, Remains};
use crate::store::community::projection::MergedEntry;
use crate::store::community::{StoreError, lines};

/// Letters of an id.
const ID_LENGTH: usize = 36;

/// What is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An entity, with what goes along.
    Entity(EntityId),
    /// What was erased once already, elsewhere or in a later life of this file.
    Again(Vec<Subject>),
}

/// An erasure that somebody asked for.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// What.
    pub target: Target,
    /// On which ground; a choice of the kind's.
    pub basis: String,
    /// The day it was asked for.
    pub requested_on: Option<String>,
}

/// What an erasure came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many entities.
    pub subjects: usize,
    /// How many entries lost their bodies.
    pub entries: usize,
    /// The parts whose documents went on without them.
    pub parts: BTreeSet<Part>,
}

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is no such entity.
    #[error("there is nothing with the id {0}")]
    Unknown(EntityId),
    /// Entities of its type are not erased: doors stay, people go.
    #[error("{0} is not of a kind that can be erased")]
    NotErasable(EntityId),
    /// The ground is none that the kind file has.
    #[error("there is no such basis")]
    Basis,
    /// Whoever asked took it for something else.
    #[error("{0} is a {1}")]
    OtherType(EntityId, String),
    /// The ledger beside the files could not be written first.
    #[error("the ledger of erasures: {0}")]
    Ledger(#[from] std::io::Error),
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Community {
    /// Erases; when this returns it is durable, and nothing of it stands in the file or its
    /// write-ahead log. The ledger has it before the file does.
    ///
    /// # Errors
    /// [`EraseError`]; then everything is as it was, but perhaps for a line of the ledger, which
    /// the next opening goes by.
    pub fn erase(&self, scribe: &Scribe, erasure: Erasure, ledger: &Arc<Ledger>) -> Result<Erased, EraseError> {
        let (scribe, ledger) = (scribe.clone(), Arc::clone(ledger));
        self.write(move |work| {
            erase(work, &scribe, &erasure, &ledger).map_err(|error| match error {
                EraseError::Store(error) => error,
                other => StoreError::NotErased(Box::new(other)),
            })
        })
        .map_err(|error| match error {
            StoreError::NotErased(error) => *error,
            error => EraseError::Store(error),
        })
    }

    /// What the ledger names and this file still has, or could take up again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn not_erased_yet(&self, noted: Vec<Noted>) -> Result<Vec<Noted>, StoreError> {
        let known = self.query(erased::subjects)?;
        let missing = noted.into_iter().filter_map(|mut noted| {
            noted.subjects.retain(|subject| !known.contains(&subject.hash));
            (!noted.subjects.is_empty()).then_some(noted)
        });
        Ok(missing.collect())
    }
}

fn erase(work: &mut Work<'_>, scribe: &Scribe, erasure: &Erasure, ledger: &Ledger) -> Result<Erased, EraseError> {
    let code = work.state.identity.code;
    let all = erased::entities(work.transaction)?;
    let (gone, subjects) = match &erasure.target {
        Target::Entity(id) => {
            let gone = with_dependents(work, &all, *id)?;
            let subject = |entity: &Entity| Subject {
                hash: subject_hash(code, entity.id),
                subject_type: entity.entity_type.clone(),
            };
            let subjects: Vec<Subject> = gone.iter().map(subject).collect();
            (gone, subjects)
        }
        Target::Again(subjects) => {
            let hashes: HashSet<Hash> = subjects.iter().map(|subject| subject.hash).collect();
            let is_gone = |entity: &Entity| hashes.contains(&subject_hash(code, entity.id));
            (all.into_iter().filter(is_gone).collect(), subjects.clone())
        }
    };
    let grid_of: BTreeMap<Hash, Option<GridId>> = gone
        .iter()
        .map(|entity| (subject_hash(code, entity.id), entity.grid))
        .collect();
    let said: Vec<(Subject, Option<GridId>)> = subjects
        .iter()
        .map(|subject| (subject.clone(), grid_of.get(&subject.hash).copied().flatten()))
        .collect();
    say(work, scribe, erasure, said.iter().cloned())?;
    if subjects
        .iter()
        .any(|subject| !work.state.erased.contains(&subject.hash))
    {
        // Held, since a value is no choice: then nothing of this stands.
        return Err(EraseError::Basis);
    }
    let ids: HashSet<EntityId> = gone.iter().map(|entity| entity.id).collect();
    let hashes: HashSet<Hash> = subjects.iter().map(|subject| subject.hash).collect();
    // A copy may have records of somebody whom it does not know yet.
    let is_unknown = |id| ids.len() < hashes.len() && hashes.contains(&subject_hash(code, id));
    let Wiped {
        entries,
        mut parts,
        remaining,
    } = wipe_entries(work, &ids, &|id| ids.contains(&id) || is_unknown(id))?;
    for entity in &gone {
        parts.extend(parts_showing(work, entity)?);
        work.state.projection.remove_entity(work.transaction, entity)?;
    }
    // Where it was before it moved, phones have records of it that are their own.
    for grid in parts.iter().map(|part| part.grid).collect::<BTreeSet<_>>() {
        let untold = said.iter().filter(|(_, told)| told.is_some() && *told != grid);
        say(
            work,
            scribe,
            erasure,
            untold.map(|(subject, _)| (subject.clone(), grid)),
        )?;
    }
    for part in &parts {
        scribe.rotate(work, *part, EpochReason::Erasure)?;
    }
    work.state.wipes_journal = true;
    // Last, so that the ledger names nothing that could not be erased; the commit follows.
    if let Target::Again(_) = &erasure.target {
        ledger.keep(code, remaining)?;
    } else {
        let noted = Noted {
            community: code,
            at: scribe.at,
            basis: erasure.basis.clone(),
            requested_on: erasure.requested_on.clone(),
            subjects: subjects.clone(),
        };
        ledger.note(&noted, &remaining)?;
    }
    Ok(Erased {
        subjects: subjects.len(),
        entries,
        parts,
    })
}

/// The entity, and every erasable one that shows a reference to one of them where its kind says
/// what it belongs to.
fn with_dependents(work: &Work<'_>, all: &[Entity], id: EntityId) -> Result<Vec<Entity>, EraseError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let find = |id: EntityId| all.iter().find(|entity| entity.id == id);
    let erasable = |entity_type: &str| kinds.get(entity_type).is_some_and(|kind| kind.effects.erasable);
    let first = find(id).ok_or(EraseError::Unknown(id))?;
    if !erasable(&first.entity_type) {
        return Err(EraseError::NotErasable(id));
    }
    let mut gone: BTreeMap<EntityId, Entity> = BTreeMap::new();
    let mut open = vec![first.clone()];
    while let Some(entity) = open.pop() {
        for kind in kinds.iter() {
            let Some(belongs) = kind.effects.belongs.as_ref().filter(|_| kind.effects.erasable) else {
                continue;
            };
            let found = erased::referring(work.transaction, kind.name.as_str(), belongs.to.as_str(), entity.id)?;
            let fresh = found
                .into_iter()
                .filter(|id| !gone.contains_key(id) && *id != entity.id);
            open.extend(fresh.filter_map(find).cloned());
        }
        gone.insert(entity.id, entity);
    }
    Ok(gone.into_values().collect())
}

/// One record of the office for each, with neither id nor content, in the grid given with it.
fn say(
    work: &mut Work<'_>,
    scribe: &Scribe,
    erasure: &Erasure,
    subjects: impl Iterator<Item = (Subject, Option<GridId>)>,
) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let (kind, erases) = erasing(&kinds)?;
    let mut entries = Vec::new();
    for (subject, grid) in subjects {
        let mut body = serde_json::Map::new();
        body.insert(erases.subject.to_string(), json!(subject.hash));
        body.insert("subject_type".to_owned(), json!(subject.subject_type));
        body.insert("basis".to_owned(), json!(erasure.basis));
        if let Some(day) = &erasure.requested_on {
            body.insert("requested_on".to_owned(), json!(day));
        }
        entries.push(scribe.record(kind, grid, body)?);
    }
    append_as_office(work, &scribe.office, scribe.at.unix_ms, entries).map(drop)
}

/// The kind that says what was erased.
fn erasing(kinds: &Kinds) -> Result<(&Kind, &Erases), StoreError> {
    let kind = kinds
        .iter()
        .find_map(|kind| Some((kind, kind.effects.erases.as_ref()?)));
    kind.ok_or_else(|| StoreError::damaged("no kind says what was erased"))
}

/// What lost its bodies.
#[derive(Default)]
struct Wiped {
    entries: usize,
    /// Where something counted that does no longer.
    parts: BTreeSet<Part>,
    /// What remains of records, for the ledger.
    remaining: Vec<Remaining>,
}

/// Erases the bodies of all entries that name what is gone.
fn wipe_entries(
    work: &mut Work<'_>,
    ids: &HashSet<EntityId>,
    is_gone: &dyn Fn(EntityId) -> bool,
) -> Result<Wiped, StoreError> {
    let mut named: Vec<(i64, Vec<u8>)> = Vec::new();
    let names = |bytes: &[u8]| match Entry::parse(bytes) {
        Ok(entry) => names_erased(&entry, is_gone),
        Err(_) => unreadable_names(bytes, is_gone),
    };
    erased::for_each_kept(work.transaction, &mut work.state.codec, |number, bytes| {
        if names(&bytes) {
            named.push((number, bytes));
        }
        Ok(())
    })?;
    erased::forget_made(work.transaction, ids)?;
    let mut wiped = Wiped {
        entries: named.len(),
        ..Wiped::default()
    };
    for (number, bytes) in &named {
        wipe(work, *number, bytes, is_gone, &mut wiped)?;
    }
    Ok(wiped)
}

/// What cannot be read is searched for ids as they are written.
fn unreadable_names(bytes: &[u8], is_gone: &dyn Fn(EntityId) -> bool) -> bool {
    bytes
        .windows(ID_LENGTH)
        .filter(|window| window[8] == b'-')
        .filter_map(|window| std::str::from_utf8(window).ok()?.parse().ok())
        .any(is_gone)
}

/// Erases one body.
fn wipe(
    work: &mut Work<'_>,
    number: i64,
    bytes: &[u8],
    is_gone: &dyn Fn(EntityId) -> bool,
    wiped: &mut Wiped,
) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let last = lines::last_of(work.transaction, number)?;
    let merged = last.as_ref().filter(|line| line.envelope.verdict == Verdict::Merged);
    let entry = Entry::parse(bytes).ok();
    if let Some(line) = merged {
        // Read while all its edits still have their bodies: the next epoch begins with it.
        let (state, part) = (&mut *work.state, line.envelope.part);
        state
            .documents
            .load(work.transaction, &mut state.codec, &state.parts, part)?;
    }
    let mut rest = Remains::default();
    if let (Some(entry), Some(_)) = (&entry, merged) {
        rest.entry = remains(entry, &kinds, is_gone);
        rest.makes = entry
            .entities()
            .into_iter()
            .filter(|named| named.creates && !is_gone(named.id))
            .map(|named| (named.entity_type.to_owned(), named.id))
            .collect();
    }
    let stored = crate::store::community::entries::get(work.transaction, &mut work.state.codec, number)?;
    erased::erase_body(work.transaction, number, stored.hash, work.state.head.lsn, &rest)?;
    if let (Some(entry), Some(line)) = (&entry, merged) {
        work.state
            .projection
            .remove_merged(work.transaction, number, &entry.kind)?;
        if let Some(bytes) = rest.entry
            && let Ok(entry) = Entry::parse(&bytes)
        {
            let merged = MergedEntry {
                number,
                lsn: line.envelope.lsn,
                made_ms: line.envelope.made_ms,
                entry: &entry,
            };
            work.add_merged(&merged)?;
            wiped
                .remaining
                .extend(work.remaining(stored.hash, &Left { entry, bytes }));
        }
        wiped.parts.insert(line.envelope.part);
        return Ok(());
    }
    for named in entry.iter().flat_map(Entry::entities).filter(|named| named.creates) {
        work.state
            .projection
            .remove_held_entity(work.transaction, named.id, number)?;
    }
    if let Some(line) = last {
        // What the office decided about it stays decided.
        let (verdict, detail) = match line.envelope.verdict {
            decided @ (Verdict::Released | Verdict::SetAside) => (decided, line.envelope.detail),
            _ => (Verdict::Held, None),
        };
        let envelope = Envelope {
            lsn: work.state.head.lsn + 1,
            verdict,
            reason: Some(Reason::Erased),
            detail,
            ..line.envelope
        };
        work.append(&envelope, number, stored.hash)?;
        note_held(work, number, &envelope)?;
    }
    Ok(())
}

fn parts_showing(work: &Work<'_>, entity: &Entity) -> Result<Vec<Part>, StoreError> {
    let numbers = work.state.projection.parts_showing(work.transaction, entity)?;
    let parts = &work.state.parts;
    Ok(parts
        .all()
        .filter(|part| parts.find(*part).is_some_and(|part| numbers.contains(&part)))
        .collect())
}
