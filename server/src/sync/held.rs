//! The office decides about a held entry: in one transaction its record of the decision, the
//! entries that say in its place what it said, and further lines about the held entry itself
//! (docs/adr/0009). Nothing held is changed or deleted. Refuses what would still break a rule:
//! then nothing is written.

mod release;

pub(crate) use release::{in_grid_now, release_refused};

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::entry::{Entry, SetItem};
use menpai_sync_core::ids::{DeviceId, EntryId, Hash, Seq, WorkerId};
use menpai_sync_core::kinds::{BodyError, Family, Labels, Problem};
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::{Reason, Verdict};
use serde_json::{Map, Value};

use super::community::Community;
use super::decide::{note_entities, note_held};
use super::ingest::{Contact, SliceOutcome, ingest};
use super::office_device::OfficeDevice;
use super::slice::CheckedSlice;
use super::state::Work;
use crate::store::community::{StoreError, device_logs, entries, lines};

/// What the office wants.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The office's record of it, as it will be kept.
    pub record: Vec<u8>,
    /// Whose log the held entry is in.
    pub device: DeviceId,
    /// Where in that log.
    pub seq: Seq,
    /// What is to become of it.
    pub wish: Wish,
    /// Heads of the document that the decider looked at.
    pub seen: Vec<Hash>,
    /// Body of the edits that take a held edit's place.
    pub edit_body: Map<String, Value>,
    /// Version of the kind of edits that they are made with.
    pub edit_schema: u32,
    /// Who decides.
    pub worker: WorkerId,
    /// When.
    pub at: Instant,
}

/// What is to become of a held entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// It counts as it was made.
    Release,
    /// It counts with another body.
    AmendRecord(Map<String, Value>),
    /// It counts with other values.
    AmendEdit(Vec<SetItem>),
    /// It does not count.
    SetAside,
}

/// Why a ruling was not made; then nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeldRefusal {
    /// No such entry is here.
    #[error("no such entry is here")]
    NotHere,
    /// It counts already, or is set aside already.
    #[error("decided already: {}", .0.code())]
    Decided(Verdict),
    /// Nobody can say what it says: it can only be set aside.
    #[error("it cannot be read")]
    Unreadable,
    /// Only the office itself writes this kind: it can only be set aside.
    #[error("only the office writes this")]
    OfficeOnly,
    /// It withdraws a record and says nothing else: there is nothing to amend.
    #[error("there is nothing to amend")]
    NothingToAmend,
    /// It would break a rule still.
    #[error("it would still be held: {}", .0.code())]
    StillHeld(Reason, Option<String>),
    /// The amended body breaks a rule.
    #[error("{problem}")]
    Value {
        /// Which rule.
        problem: Problem,
        /// What the form calls the field.
        label: Labels,
    },
    /// With what the release adds it is over the size of an entry.
    #[error("it is too long")]
    TooLong,
}

/// What became of a ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruled {
    /// The held entry's.
    pub verdict: Verdict,
    /// How many entries that needed it counted with it.
    pub freed: usize,
    /// The office's log after it.
    pub end: LogHead,
}

/// The held entry, as the file has it.
struct Held {
    /// Its row.
    number: i64,
    hash: Hash,
    /// Its last line.
    envelope: Envelope,
    /// `None` where it cannot be read or is not kept.
    entry: Option<Entry>,
    /// Another entry has its id.
    id_taken: bool,
}

/// What a ruling comes to, before anything is written.
#[derive(Default)]
struct Plan {
    /// The office's entries after its record.
    entries: Vec<Vec<u8>>,
    /// Further lines about held entries.
    further: Vec<Further>,
}

/// One further line about a held entry.
struct Further {
    held: Held,
    verdict: Verdict,
    reason: Option<Reason>,
    detail: Option<String>,
}

impl Community {
    /// Rules about a held entry; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written, as after a [`HeldRefusal`].
    pub fn rule(&self, office: &OfficeDevice, ruling: Ruling) -> Result<Result<Ruled, HeldRefusal>, StoreError> {
        let office = office.clone();
        self.write(move |work| match plan(work, &ruling)? {
            Ok(plan) => carry_out(work, &office, &ruling, plan).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        })
    }
}

fn plan(work: &mut Work<'_>, ruling: &Ruling) -> Result<Result<Plan, HeldRefusal>, StoreError> {
    let Some(held) = find(work, ruling.device, ruling.seq)? else {
        return Ok(Err(HeldRefusal::NotHere));
    };
    let now = held.envelope.verdict;
    let open = match now {
        Verdict::Held | Verdict::Waiting => true,
        Verdict::SetAside => ruling.wish != Wish::SetAside,
        Verdict::Merged | Verdict::Released => false,
    };
    if !open {
        return Ok(Err(HeldRefusal::Decided(now)));
    }
    if ruling.wish == Wish::SetAside {
        let decision = Entry::parse(&ruling.record).map_err(|error| StoreError::damaged(error.to_string()))?;
        return Ok(Ok(Plan {
            further: vec![Further::through(held, Verdict::SetAside, decision.id)],
            ..Plan::default()
        }));
    }
    let kinds = work.state.projection.kinds();
    let family = held
        .entry
        .as_ref()
        .map(|entry| kinds.get(&entry.kind).map(|kind| kind.family));
    match family {
        None => Ok(Err(HeldRefusal::Unreadable)),
        Some(Some(Family::Office)) => Ok(Err(HeldRefusal::OfficeOnly)),
        Some(_) => release::plan(work, ruling, held),
    }
}

/// Writes the office's entries, demands that they count, and appends the further lines.
fn carry_out(work: &mut Work<'_>, office: &OfficeDevice, ruling: &Ruling, plan: Plan) -> Result<Ruled, StoreError> {
    let code = work.state.identity.code;
    let before = device_logs::find(work.transaction, office.device)?
        .map_or_else(|| LogHead::empty(code, office.device), |log| log.head);
    let mut written = vec![ruling.record.clone()];
    written.extend(plan.entries);
    let slice = CheckedSlice::of_office(code, office.device, &office.key, before, written);
    let contact = Contact {
        received_ms: ruling.at.unix_ms,
        offset_ms: 0,
        last: None,
    };
    let end = match ingest(work, &slice, contact, &[])? {
        SliceOutcome::Taken { end, .. } => end,
        SliceOutcome::Refused(refusal) => return Err(StoreError::damaged(refusal.to_string())),
    };
    let own = slice.entries.iter().filter_map(|entry| entry.parsed.as_ref().ok());
    for entry in own {
        let owner = entries::owner_of_id(work.transaction, entry.id)?;
        let line = owner
            .map(|number| lines::last_of(work.transaction, number))
            .transpose()?;
        match line.flatten().map(|line| line.envelope) {
            Some(envelope) if envelope.verdict == Verdict::Merged && envelope.device == office.device => {}
            _ => {
                return Err(StoreError::Other(
                    "what the office wrote about a held entry did not merge",
                ));
            }
        }
    }
    let verdict = plan.further.first().map_or(Verdict::Held, |first| first.verdict);
    let counts = |further: &&Further| matches!(further.verdict, Verdict::Merged | Verdict::Released);
    let freed = plan.further.iter().skip(1).filter(counts).count();
    for further in plan.further {
        further.append(work)?;
    }
    Ok(Ruled { verdict, freed, end })
}

fn find(work: &mut Work<'_>, device: DeviceId, seq: Seq) -> Result<Option<Held>, StoreError> {
    let Some(log) = device_logs::find(work.transaction, device)? else {
        return Ok(None);
    };
    let stored = entries::find(work.transaction, &mut work.state.codec, log.number, seq)?;
    stored.map_or(Ok(None), |stored| read(work, stored.number))
}

fn read(work: &mut Work<'_>, number: i64) -> Result<Option<Held>, StoreError> {
    let stored = entries::get(work.transaction, &mut work.state.codec, number)?;
    // One that another device had sent before is decided about there.
    let Some(line) = lines::last_of(work.transaction, number)? else {
        return Ok(None);
    };
    let owner = stored
        .id
        .map(|id| entries::owner_of_id(work.transaction, id))
        .transpose()?;
    Ok(Some(Held {
        number,
        hash: stored.hash,
        envelope: line.envelope,
        entry: stored.bytes.as_deref().and_then(|bytes| Entry::parse(bytes).ok()),
        id_taken: owner.flatten().is_some_and(|owner| owner != number),
    }))
}

impl Further {
    /// A line that names the office's entry; why it was held stays.
    fn through(held: Held, verdict: Verdict, by: EntryId) -> Further {
        Further {
            reason: held.envelope.reason,
            detail: Some(by.to_string()),
            held,
            verdict,
        }
    }

    fn append(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let Held {
            number,
            hash,
            envelope: before,
            entry,
            ..
        } = self.held;
        if let (Verdict::Merged, Some(entry)) = (self.verdict, &entry) {
            return release::merge_late(work, number, hash, &before, entry);
        }
        let envelope = Envelope {
            lsn: work.state.head.lsn + 1,
            verdict: self.verdict,
            reason: self.reason,
            detail: self.detail,
            derived: None,
            ..before
        };
        work.append(&envelope, number, hash)?;
        note_held(work, number, &envelope)?;
        match (self.verdict, &entry) {
            // One that waited is noted as what makes its entities, so that what names them is
            // held with it.
            (Verdict::SetAside, Some(entry)) => note_entities(work, number, entry, true),
            _ => Ok(()),
        }
    }
}

/// The first problem of an amended body, with what the form calls the field.
fn first_problem(error: BodyError, label: impl Fn(&str) -> Labels) -> Option<HeldRefusal> {
    match error {
        BodyError::Problems(problems) => problems.into_iter().next().map(|problem| HeldRefusal::Value {
            label: label(problem.path.trim_start_matches('/')),
            problem,
        }),
        BodyError::UnknownKind | BodyError::NewerSchema { .. } => None,
    }
}
