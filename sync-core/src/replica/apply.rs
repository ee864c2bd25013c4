//! Lines go in, confirmed state comes out. A line that does not fit leaves everything as
//! it was and names its part, so that the caller can fetch that part again.

use std::sync::Arc;

use serde_json::Value;

use super::{Held, KnownDevice, MergedRecord, Replica, StoredDocument, shown};
use crate::community_log::Envelope;
use crate::entry::{Entry, EntryError};
use crate::ids::{EntityId, Hash, Lsn};
use crate::judge::OFFICE_ROLE;
use crate::part::Part;
use crate::registry::{DeriveError, Document, DocumentError, NextEpoch, next_epoch};
use crate::snapshot::SnapshotFacts;
use crate::verdict::Verdict;

/// The field of a device record that says whether it is a phone or of the office.
const DEVICE_TYPE: &str = "type";

/// Why a line could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Its entry is not readable, though it is merged.
    #[error("line {lsn}: {error}")]
    Entry {
        /// The line.
        lsn: Lsn,
        /// What is wrong.
        error: EntryError,
    },
    /// A merged edit without what it was derived from.
    #[error("line {0}: a merged edit without derived")]
    NotDerived(Lsn),
    /// Its change could not be derived.
    #[error("line {lsn}: {error}")]
    Derive {
        /// The line.
        lsn: Lsn,
        /// What is wrong.
        error: DeriveError,
    },
    /// The document of that part does not become the epoch that the home began.
    #[error("{part} does not go on as epoch {epoch}")]
    Epoch {
        /// The part.
        part: Part,
        /// The epoch.
        epoch: u64,
    },
    /// A document could not be begun or loaded.
    #[error("document of {part}: {error}")]
    Document {
        /// The part.
        part: Part,
        /// What is wrong.
        error: Box<DocumentError>,
    },
}

/// What a line did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// A record joined the set.
    Record,
    /// These registry fields changed.
    Registry(Vec<(EntityId, String)>),
    /// It does not count, or was here already.
    Nothing,
}

impl Replica {
    /// Applies one line whose entry the caller holds.
    ///
    /// # Errors
    /// [`ApplyError`]; the state is as before.
    pub fn apply(&mut self, envelope: &Envelope, entry_bytes: &[u8]) -> Result<Applied, ApplyError> {
        let applied = self.take_up(envelope, entry_bytes)?;
        let lsn = envelope.lsn;
        self.settle(envelope.part)
            .map_err(|error| ApplyError::Derive { lsn, error })?;
        Ok(applied)
    }

    /// The same for one of many lines: edits show after [`Replica::settle`] or
    /// [`Replica::settle_all`], which take many up for a fraction of what each alone costs.
    ///
    /// # Errors
    /// [`ApplyError`]; the state is as before.
    pub fn take_up(&mut self, envelope: &Envelope, entry_bytes: &[u8]) -> Result<Applied, ApplyError> {
        if envelope.verdict != Verdict::Merged {
            return Ok(Applied::Nothing);
        }
        let entry = Entry::parse(entry_bytes).map_err(|error| ApplyError::Entry {
            lsn: envelope.lsn,
            error,
        })?;
        if entry.edit.is_some() {
            return self.apply_edit(envelope, &entry);
        }
        let rotated = self.rotate(&entry);
        let applied = self.add_record(MergedRecord {
            hash: Hash::of(entry_bytes),
            entry,
            part: envelope.part,
            device: envelope.device,
            made_ms: envelope.made_ms,
            lsn: Some(envelope.lsn),
        });
        rotated.map(|()| applied)
    }

    /// Shows the edits of a part that were taken up.
    ///
    /// # Errors
    /// [`DeriveError`]: then forget the part.
    pub fn settle(&mut self, part: Part) -> Result<(), DeriveError> {
        let Some(fields) = self.unshown.remove(&part) else {
            return Ok(());
        };
        if let Some(document) = self.documents.get_mut(&part).and_then(Held::document_mut) {
            document.settle()?;
            self.reread(part, &fields);
        }
        Ok(())
    }

    /// The same of all parts; gives those to be forgotten.
    pub fn settle_all(&mut self) -> Vec<Part> {
        let parts: Vec<Part> = self.unshown.keys().copied().collect();
        parts.into_iter().filter(|part| self.settle(*part).is_err()).collect()
    }

    /// Begins the epoch that a record of the office names, unless it is here already.
    fn rotate(&mut self, entry: &Entry) -> Result<(), ApplyError> {
        let Some(NextEpoch { part, epoch, heads }) = next_epoch(entry, &self.kinds) else {
            return Ok(());
        };
        if self.documents.get(&part).is_none_or(|held| held.epoch() >= epoch) {
            return Ok(());
        }
        let settled = self.settle(part).is_ok();
        let document = self.document(part).filter(|_| settled);
        let next = document.and_then(|document| document.rotate(&|_| true).ok());
        let next = next.filter(|next| next.epoch() == epoch && next.heads() == [heads]);
        let next = next.ok_or(ApplyError::Epoch { part, epoch })?;
        self.documents.insert(part, Held::at_hand(self.community, next));
        self.dirty.insert(part);
        self.read_rows(part);
        Ok(())
    }

    /// Begins the epochs that records of a part name, where those came without their lines; gives
    /// the parts whose documents do not become them.
    pub fn begin_epochs(&mut self, of: Part) -> Vec<Part> {
        let named = |record: &&MergedRecord| record.part == of && next_epoch(&record.entry, &self.kinds).is_some();
        let named: Vec<Entry> = (self.records.values().filter(named))
            .map(|record| record.entry.clone())
            .collect();
        let broken = |entry: &Entry| match self.rotate(entry) {
            Err(ApplyError::Epoch { part, .. }) => Some(part),
            _ => None,
        };
        named.iter().filter_map(broken).collect()
    }

    /// Adds a record that is known to be merged. Where its line says otherwise who made it and when than its
    /// phone had reckoned, that counts.
    pub fn add_record(&mut self, record: MergedRecord) -> Applied {
        let says_better = |known: &MergedRecord| {
            let differs = (known.device, known.made_ms) != (record.device, record.made_ms);
            differs && known.lsn.is_none() && record.lsn.is_some()
        };
        if !self.records.get(&record.entry.id).is_none_or(says_better) {
            return Applied::Nothing;
        }
        self.fold_office(&record);
        self.records.insert(record.entry.id, record);
        Applied::Record
    }

    /// Keeps of a record what remains of it after an erasure, or nothing.
    pub fn reduce_record(&mut self, remains: &Entry, hash: Option<Hash>) {
        let Some(hash) = hash else {
            self.records.remove(&remains.id);
            return;
        };
        if let Some(record) = self.records.get_mut(&remains.id) {
            record.entry = remains.clone();
            record.hash = hash;
        }
    }

    fn apply_edit(&mut self, envelope: &Envelope, entry: &Entry) -> Result<Applied, ApplyError> {
        let derived = envelope.derived.as_ref().ok_or(ApplyError::NotDerived(envelope.lsn))?;
        let part = envelope.part;
        let refused = |error| ApplyError::Document {
            part,
            error: Box::new(error),
        };
        let held = match self.documents.entry(part) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let document = Document::genesis(self.community, part).map_err(refused)?;
                place.insert(Held::at_hand(self.community, document))
            }
        };
        // What an older epoch came to is in the values that this one began with.
        if derived.epoch < held.epoch() || held.document().is_some_and(|document| document.contains(derived.hash)) {
            return Ok(Applied::Nothing);
        }
        let document = held.document_mut().ok_or_else(|| refused(DocumentError::Damaged))?;
        let failed = |error| ApplyError::Derive {
            lsn: envelope.lsn,
            error,
        };
        if document.must_settle_for(entry) {
            document.settle().map_err(failed)?;
        }
        let plan = document.derive(entry, envelope.device, derived).map_err(failed)?;
        document.apply_unsettled(&plan);
        self.dirty.insert(part);
        self.unshown.entry(part).or_default().extend_from_slice(plan.touched());
        Ok(Applied::Registry(plan.touched().to_vec()))
    }

    /// Keeps who is who, and what was handed over, from the office's records.
    fn fold_office(&mut self, record: &MergedRecord) {
        let kinds = Arc::clone(&self.kinds);
        let Some(kind) = kinds.get(&record.entry.kind) else {
            return;
        };
        let text = |field: &str| record.entry.body.get(field).and_then(Value::as_str);
        if let Some(enrols) = &kind.effects.enrols
            && let (Some(device), Some(worker)) = (text(enrols.device.as_str()), text(enrols.worker.as_str()))
            && let (Ok(device), Ok(worker)) = (device.parse(), worker.parse())
        {
            let office = text(DEVICE_TYPE) == Some(OFFICE_ROLE);
            self.devices.insert(device, KnownDevice { worker, office });
        }
        if let Some(grants) = &kind.effects.grants
            && let (Some(worker), Some(name)) = (text(grants.worker.as_str()), text(grants.worker_name.as_str()))
            && let Ok(worker) = worker.parse()
        {
            self.worker_names.insert(worker, name.to_owned());
        }
        if let Some(hands) = &kind.effects.hands_over
            && let Some(Value::Array(rows)) = record.entry.body.get(hands.said.as_str())
        {
            let told = rows.iter().filter_map(|row| {
                let bytes = row.get(hands.record.as_str())?.as_str()?.as_bytes();
                Some(MergedRecord {
                    entry: Entry::parse(bytes).ok()?,
                    hash: Hash::of(bytes),
                    part: record.part,
                    device: row.get(hands.device.as_str())?.as_str()?.parse().ok()?,
                    made_ms: row.get(hands.made.as_str())?.as_i64()?,
                    lsn: record.lsn,
                })
            });
            self.told.extend(told.map(|told| (told.entry.id, told)));
        }
    }

    /// Moves the cursor of a part.
    pub fn see(&mut self, part: Part, lsn: Lsn) {
        self.cursor.insert(part, lsn);
    }

    /// Notes that a part began with a snapshot, if that left something out.
    pub fn begin_with(&mut self, facts: SnapshotFacts) {
        if facts.left_out.is_some() {
            self.began_with.insert(facts.part, facts);
        }
    }

    /// Takes up a stored document.
    ///
    /// # Errors
    /// [`ApplyError::Document`] if the bytes are damaged: then forget the part.
    pub fn load_document(&mut self, part: Part, epoch: u64, bytes: &[u8]) -> Result<(), ApplyError> {
        let document = Document::load(bytes, self.community, part, epoch).map_err(|error| ApplyError::Document {
            part,
            error: Box::new(error),
        })?;
        self.documents.insert(part, Held::at_hand(self.community, document));
        self.read_rows(part);
        Ok(())
    }

    /// The same, but the document itself is only loaded once an edit is to be derived, or its history
    /// is asked for. Bytes that are damaged come out then.
    ///
    /// # Errors
    /// [`ApplyError::Document`] if what it shows cannot be read; nothing changed.
    pub fn hold_document(&mut self, part: Part, stored: StoredDocument) -> Result<(), ApplyError> {
        self.documents.insert(part, Held::stored(self.community, part, stored));
        if self.read_rows(part) {
            return Ok(());
        }
        self.documents.remove(&part);
        Err(ApplyError::Document {
            part,
            error: Box::new(DocumentError::Damaged),
        })
    }

    /// What documents show, for storing beside them, where that is not stored.
    pub fn take_shown(&mut self) -> Vec<(&Document, Vec<u8>)> {
        let mut taken = Vec::new();
        for held in self.documents.values_mut().filter(|held| !held.kept) {
            held.kept = true;
            if let (Some(rows), Some(document)) = (held.rows(), held.document()) {
                taken.push((document, shown::write(&rows)));
            }
        }
        taken
    }

    /// Takes up a part that another replica has read and found to be whole. Records known
    /// already by their lines stay as they are.
    pub fn adopt(&mut self, part: Part, from: Replica) {
        self.documents
            .extend(from.documents.into_iter().filter(|(of, _)| *of == part));
        self.adopt_rows(from.rows);
        for record in from.records.into_values() {
            self.add_record(record);
        }
    }

    /// Forgets a part: it is no longer visible, or is to be fetched again. Returns the lines
    /// whose stored rows must go as well.
    pub fn forget(&mut self, part: Part) -> Vec<Lsn> {
        self.cursor.remove(&part);
        self.began_with.remove(&part);
        self.dirty.remove(&part);
        self.unshown.remove(&part);
        if let Some(rows) = self.documents.remove(&part).and_then(|held| held.rows()) {
            self.drop_rows(rows);
        }
        let mut gone = Vec::new();
        self.told.retain(|_, told| told.part != part);
        self.records.retain(|_, record| {
            let stays = record.part != part;
            if !stays {
                gone.extend(record.lsn);
            }
            stays
        });
        gone
    }

    /// The documents that changed since the last call, for storing.
    pub fn take_dirty(&mut self) -> Vec<(Part, &Document)> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty
            .into_iter()
            .filter_map(|part| Some((part, self.documents.get(&part)?.document()?)))
            .collect()
    }
}
