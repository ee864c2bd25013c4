//! From stored rows to a phone. What can be fetched again may be damaged: then its part is
//! forgotten and fetched. The own log may not: a row that cannot be read stops everything
//! before anything is overwritten.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::elsewhere::Elsewhere;
use super::own_log::{OwnLog, OwnState, OwnStates};
use super::{Contact, Enrolment, Phone, Stored, WriteValue, store};
use crate::community_log::Envelope;
use crate::entry::EntryError;
use crate::ids::Seq;
use crate::json::{self, FromJson};
use crate::kinds::Kinds;
use crate::part::Part;
use crate::replica::Replica;
use crate::snapshot::SnapshotFacts;
use crate::verdict::Verdict;
use crate::wire::{Cursor, PROTOCOL};

/// Why the rows make no phone. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An own entry cannot be read.
    #[error("own entry {seq}: {error}")]
    Entry {
        /// Its place in the log.
        seq: Seq,
        /// What is wrong.
        error: EntryError,
    },
    /// An own entry is missing.
    #[error("the own log lacks entry {0}")]
    Gap(Seq),
    /// A row that must be readable is not.
    #[error("row {0} cannot be read")]
    Row(String),
}

struct Rows {
    log: Vec<(String, Vec<u8>)>,
    line: Vec<(String, Vec<u8>)>,
    document: Vec<(String, Vec<u8>)>,
    meta: Vec<(String, Vec<u8>)>,
}

impl Phone {
    /// A phone from all its rows; none at all is a new phone.
    ///
    /// # Errors
    /// [`OpenError`] if the own log cannot be read.
    pub fn open(
        kinds: Arc<Kinds>,
        rows: impl IntoIterator<Item = (Stored, String, WriteValue)>,
    ) -> Result<Phone, OpenError> {
        let rows = Rows::collect(rows);
        let enrolment: Option<Enrolment> = rows.meta_json(store::ENROLMENT)?.flatten();
        let contact: Contact = rows.meta_json(store::CONTACT)?.unwrap_or_default();
        let mut phone = Phone {
            kinds,
            enrolment,
            own: None,
            replica: None,
            receipts: BTreeMap::new(),
            elsewhere: Vec::new(),
            contact,
            in_flight: None,
            packet: None,
            asked_courier_key: false,
            unsure: true,
            kept: 0,
            reading: None,
            snapshots: false,
            protocol: PROTOCOL,
        };
        let Some(enrolment) = &phone.enrolment else {
            return Ok(phone);
        };
        let code = enrolment.community.code;

        let mut own = OwnLog::empty(code, enrolment.device.id);
        let states = read_json::<OwnStates>(&rows.meta, store::OWN_STATES)?.unwrap_or_default();
        own.begin(states.former);
        for (key, bytes) in rows.log {
            let place: Seq = key.parse().map_err(|_| OpenError::Row(format!("log/{key}")))?;
            let next = own.places() + 1;
            if place != next {
                return Err(OpenError::Gap(next));
            }
            own.push_row(bytes)
                .map_err(|error| OpenError::Entry { seq: place, error })?;
        }
        if own.places() < states.former {
            return Err(OpenError::Gap(own.places() + 1));
        }
        own.restore(&states);

        let mut replica = Replica::empty(code, phone.kinds.clone());
        for (part, lsn) in read_json::<Cursor>(&rows.meta, store::CURSOR)?.unwrap_or_default() {
            replica.see(part, lsn);
        }
        let began_with = read_json::<BTreeMap<Part, SnapshotFacts>>(&rows.meta, store::BEGAN_WITH)?;
        for facts in began_with.unwrap_or_default().into_values() {
            replica.begin_with(facts);
        }
        let mut damaged: Vec<Part> = Vec::new();
        for row in store::DocumentRow::all(&rows.document) {
            let part = row.as_ref().map_or_else(|part| *part, |row| row.part);
            if !replica.cursor().contains_key(&part) {
                continue;
            }
            let loaded = row.is_ok_and(|row| {
                let held = row
                    .stored()
                    .is_some_and(|stored| replica.hold_document(part, stored).is_ok());
                held || replica.load_document(part, row.epoch, row.bytes).is_ok()
            });
            if !loaded {
                damaged.push(part);
            }
        }
        for (_, value) in &rows.line {
            let read = read_line(value);
            match read {
                Some((envelope, entry)) if envelope.verdict != Verdict::Merged => {
                    phone.elsewhere.extend(Elsewhere::read(&envelope, entry));
                }
                // A part this phone may no longer see shows nothing, whatever is still stored.
                Some((envelope, _)) if !replica.cursor().contains_key(&envelope.part) => {}
                Some((envelope, entry)) if replica.apply(&envelope, entry).is_ok() => {}
                Some((envelope, _)) => damaged.push(envelope.part),
                // It cannot even be said which part it is of.
                None => damaged.extend(replica.cursor().keys().copied().collect::<Vec<_>>()),
            }
        }
        for part in damaged {
            replica.forget(part);
        }
        let made = rows.meta.iter().filter_map(|(key, value)| read_made(key, value));
        for (place, made_ms, arrived_ms) in made {
            // Those of a device that this phone was come as lines.
            if let Some(entry) = place
                .checked_sub(states.former)
                .and_then(|seq| own.get_mut(seq))
                .filter(|entry| entry.state == OwnState::Merged && entry.entry.edit.is_none())
                && let Some(record) = entry.record(&phone.kinds, enrolment.device.id, made_ms)
                // Of a part that is not here, or to be fetched from its beginning, nothing is shown.
                && replica.cursor().get(&record.part).is_some_and(|seen| *seen > 0)
            {
                entry.arrived_ms = arrived_ms;
                replica.add_record(record);
            }
        }
        let receipts = rows.meta.into_iter().filter_map(|(key, value)| {
            let place = key.strip_prefix(store::RECEIPT)?.parse().ok()?;
            Some((place, value))
        });
        phone.receipts = receipts.collect();
        phone.own = Some(own);
        phone.replica = Some(replica);
        Ok(phone)
    }
}

impl Rows {
    fn collect(rows: impl IntoIterator<Item = (Stored, String, WriteValue)>) -> Rows {
        let mut collected = Rows {
            log: Vec::new(),
            line: Vec::new(),
            document: Vec::new(),
            meta: Vec::new(),
        };
        for (store, key, value) in rows {
            let value = match value {
                WriteValue::Text(text) => text.into_bytes(),
                WriteValue::Bytes(bytes) => bytes,
                WriteValue::Delete => continue,
            };
            match store {
                Stored::Log => collected.log.push((key, value)),
                Stored::Line => collected.line.push((key, value)),
                Stored::Document => collected.document.push((key, value)),
                Stored::Meta => collected.meta.push((key, value)),
            }
        }
        collected.log.sort_unstable();
        collected.line.sort_unstable();
        collected
    }

    fn meta_json<T: FromJson>(&self, key: &str) -> Result<Option<T>, OpenError> {
        read_json(&self.meta, key)
    }
}

fn read_json<T: FromJson>(meta: &[(String, Vec<u8>)], key: &str) -> Result<Option<T>, OpenError> {
    meta.iter()
        .find(|(found, _)| found == key)
        .map(|(_, value)| json::read(value).map_err(|_| OpenError::Row(format!("meta/{key}"))))
        .transpose()
}

fn read_line(value: &[u8]) -> Option<(Envelope, &[u8])> {
    let (envelope, entry) = store::split_line(value)?;
    Some((serde_json::from_slice(envelope).ok()?, entry))
}

/// An older app did not keep when it arrived.
fn read_made(key: &str, value: &[u8]) -> Option<(Seq, i64, Option<i64>)> {
    let seq = key.strip_prefix("made/")?.parse().ok()?;
    let mut numbers = std::str::from_utf8(value).ok()?.split(' ').map(str::parse);
    Some((seq, numbers.next()?.ok()?, numbers.next().and_then(Result::ok)))
}
