//! The registry documents a writer holds. A document taken out for a transaction goes back
//! as it then is only after the commit; if anything fails it is dropped and read again from
//! the file, which costs less than cloning it for every transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::{DeriveError, Document};
use menpai_sync_core::verdict::Derived;
use rusqlite::{Connection, Transaction};

use super::document_budget::Share;
use crate::fail_points;
use crate::store::community::parts::Parts;
use crate::store::community::projection::{Projection, stored_document};
use crate::store::community::{BodyCodec, StoreError, entries, epochs, lines};

/// After so many changes a document is stored whole again.
const CHANGES_BETWEEN_STORES: usize = 256;

/// Documents by part.
pub(super) struct Documents {
    community: CommunityCode,
    share: Share,
    loaded: BTreeMap<Part, Loaded>,
    /// Changed by the request that is being worked on.
    touched: BTreeSet<Part>,
}

#[derive(Debug)]
struct Loaded {
    document: Document,
    /// The line of its last change.
    lsn: Lsn,
    /// Changes since it was last stored whole.
    unstored: usize,
}

/// What became of an edit.
#[derive(Debug)]
pub(super) struct Change {
    /// For its verdict line.
    pub(super) derived: Derived,
    /// The fields it set.
    pub(super) touched: Vec<(EntityId, String)>,
}

/// Why an edit became no change.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoChange {
    /// The core says why.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The core panicked; it will again, so the entry is held and never retried.
    #[error("panicked")]
    Panic,
}

impl Documents {
    pub(super) fn new(community: CommunityCode, share: Share) -> Documents {
        Documents {
            community,
            share,
            loaded: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// The document of a part as the transaction sees it.
    pub(super) fn load(
        &mut self,
        transaction: &Transaction<'_>,
        codec: &mut BodyCodec,
        parts: &Parts,
        part: Part,
    ) -> Result<&Document, StoreError> {
        let loaded = match self.loaded.entry(part) {
            std::collections::btree_map::Entry::Occupied(loaded) => loaded.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(read(transaction, codec, parts.find(part), self.community, part)?)
            }
        };
        Ok(&loaded.document)
    }

    /// The document that a part's newest epoch began with, or an empty one, for a part that has
    /// none loaded: for a replay from the first line.
    pub(super) fn begin(&mut self, connection: &Connection, parts: &Parts, part: Part) -> Result<(), StoreError> {
        if self.loaded.contains_key(&part) {
            return Ok(());
        }
        if let Some(number) = parts.find(part)
            && let Some(base) = epochs::base(connection, number)?
        {
            let document = read_bytes(&base.bytes, self.community, part, base.epoch, base.lsn)?;
            self.replace(part, document, base.lsn);
        }
        if let std::collections::btree_map::Entry::Vacant(place) = self.loaded.entry(part) {
            let document = Document::genesis(self.community, part).map_err(|error| StoreError::Registry {
                part: part.to_string(),
                lsn: 0,
                cause: error.to_string(),
            })?;
            place.insert(Loaded {
                document,
                lsn: 0,
                unstored: 0,
            });
        }
        Ok(())
    }

    /// Puts the document of a new epoch in the place of the one before.
    pub(super) fn replace(&mut self, part: Part, document: Document, lsn: Lsn) {
        self.touched.insert(part);
        self.loaded.insert(
            part,
            Loaded {
                document,
                lsn,
                unstored: 0,
            },
        );
    }

    /// The document of a part that is loaded.
    pub(super) fn get(&self, part: Part) -> Option<&Document> {
        self.loaded.get(&part).map(|loaded| &loaded.document)
    }

    /// Decides and applies a merged edit; `unseen` says of a late one whether somebody else wrote
    /// its fields since. After a failure to apply, or a panic, the document is dropped.
    pub(super) fn apply(
        &mut self,
        part: Part,
        entry: &Entry,
        device: DeviceId,
        unseen: bool,
        lsn: Lsn,
    ) -> Result<Change, NoChange> {
        let Some(loaded) = self.loaded.get_mut(&part) else {
            return Err(DeriveError::Automerge("the document is not loaded".to_owned()).into());
        };
        self.touched.insert(part);
        let document = &mut loaded.document;
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<Change, DeriveError> {
            fail_points::at("derive").map_err(|error| DeriveError::Automerge(error.to_string()))?;
            let plan = document.decide(entry, device, unseen)?;
            document.apply(&plan)?;
            Ok(Change {
                derived: plan.derived().clone(),
                touched: plan.touched().to_vec(),
            })
        }));
        match outcome {
            Ok(Ok(change)) => {
                loaded.lsn = lsn;
                loaded.unstored += 1;
                Ok(change)
            }
            Ok(Err(error)) => {
                if matches!(error, DeriveError::Automerge(_)) {
                    self.loaded.remove(&part);
                }
                Err(error.into())
            }
            Err(_) => {
                self.loaded.remove(&part);
                Err(NoChange::Panic)
            }
        }
    }

    /// Repeats a merged edit of a replay, and says which fields it set; documents show it after
    /// [`Documents::settle`].
    pub(super) fn replay(
        &mut self,
        part: Part,
        entry: &Entry,
        device: DeviceId,
        derived: &Derived,
        lsn: Lsn,
    ) -> Result<Vec<(EntityId, String)>, NoChange> {
        let Some(loaded) = self.loaded.get_mut(&part) else {
            return Err(DeriveError::Automerge("the document is not loaded".to_owned()).into());
        };
        self.touched.insert(part);
        let document = &mut loaded.document;
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<_, DeriveError> {
            if document.must_settle_for(entry) {
                document.settle()?;
            }
            let plan = document.derive(entry, device, derived)?;
            document.apply_unsettled(&plan);
            Ok(plan.touched().to_vec())
        }));
        let touched = outcome.map_err(|_| NoChange::Panic)??;
        loaded.lsn = lsn;
        loaded.unstored += 1;
        Ok(touched)
    }

    /// Shows what a replay has repeated.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        for (part, loaded) in &mut self.loaded {
            let document = &mut loaded.document;
            let settled = catch_unwind(AssertUnwindSafe(|| document.settle()))
                .unwrap_or_else(|_| Err(DeriveError::Automerge("panicked".to_owned())));
            settled.map_err(|error| StoreError::Registry {
                part: part.to_string(),
                lsn: loaded.lsn,
                cause: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// Writes where the touched documents stand, and whole those that have grown enough.
    pub(super) fn store(
        &mut self,
        transaction: &Transaction<'_>,
        codec: &mut BodyCodec,
        projection: &Projection,
        parts: &Parts,
        whole: bool,
    ) -> Result<(), StoreError> {
        for part in self.touched.clone() {
            // One that was dropped after a panic is read again: earlier edits of this
            // request may have moved it.
            self.load(transaction, codec, parts, part)?;
            let (Some(loaded), Some(number)) = (self.loaded.get_mut(&part), parts.find(part)) else {
                continue;
            };
            projection.write_head(transaction, number, &loaded.document, loaded.lsn)?;
            let due =
                loaded.unstored >= CHANGES_BETWEEN_STORES || fail_points::is_broken("documents are stored seldom");
            if whole || due {
                projection.write_document(transaction, number, &loaded.document, loaded.lsn)?;
                fail_points::at("document stored")?;
                loaded.unstored = 0;
            }
        }
        Ok(())
    }

    /// The request is done: what it changed stands, as far as the transaction will.
    pub(super) fn keep(&mut self, of_transaction: &mut BTreeSet<Part>) {
        of_transaction.append(&mut self.touched);
    }

    /// The request failed: what it changed is read again when next needed.
    pub(super) fn drop_touched(&mut self) {
        for part in std::mem::take(&mut self.touched) {
            self.loaded.remove(&part);
        }
    }

    /// Forgets documents: a transaction failed.
    pub(super) fn forget(&mut self, parts: impl IntoIterator<Item = Part>) {
        for part in parts {
            self.loaded.remove(&part);
        }
    }

    /// Says what is held now, so that all communities together stay within their budget.
    pub(super) fn account(&self) {
        self.share
            .hold(self.loaded.values().map(|loaded| loaded.document.memory_bytes()).sum());
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.loaded.clear();
        self.touched.clear();
    }
}

/// A part's document as the file has it; `None` before its first edit.
pub(crate) fn stored(
    connection: &Connection,
    codec: &mut BodyCodec,
    part_number: i64,
    community: CommunityCode,
    part: Part,
) -> Result<Option<Document>, StoreError> {
    let loaded = read(connection, codec, Some(part_number), community, part)?;
    Ok((loaded.lsn > 0).then_some(loaded.document))
}

fn read(
    connection: &Connection,
    codec: &mut BodyCodec,
    number: Option<i64>,
    community: CommunityCode,
    part: Part,
) -> Result<Loaded, StoreError> {
    let failed = |lsn, cause: String| StoreError::Registry {
        part: part.to_string(),
        lsn,
        cause,
    };
    let stored = match number {
        Some(number) => match stored_document(connection, number)? {
            Some(stored) => Some(stored),
            None => epochs::base(connection, number)?.map(|base| (base.epoch, base.lsn, base.bytes)),
        },
        None => None,
    };
    let (document, mut lsn) = match stored {
        Some((epoch, lsn, bytes)) => (read_bytes(&bytes, community, part, epoch, lsn)?, lsn),
        None => (
            Document::genesis(community, part).map_err(|error| failed(0, error.to_string()))?,
            0,
        ),
    };
    let mut loaded = Loaded {
        document,
        lsn,
        unstored: 0,
    };
    let Some(number) = number else { return Ok(loaded) };
    for line in lines::merged_edits_after(connection, number, lsn)? {
        lsn = line.envelope.lsn;
        let stored = entries::get(connection, codec, line.entry)?;
        let bytes = stored
            .bytes
            .ok_or_else(|| failed(lsn, "the entry's bytes are erased".to_owned()))?;
        let entry = Entry::parse(&bytes).map_err(|error| failed(lsn, error.to_string()))?;
        let derived = line
            .envelope
            .derived
            .ok_or_else(|| failed(lsn, "nothing derived".to_owned()))?;
        let plan = loaded
            .document
            .derive(&entry, line.envelope.device, &derived)
            .map_err(|error| failed(lsn, error.to_string()))?;
        loaded
            .document
            .apply(&plan)
            .map_err(|error| failed(lsn, error.to_string()))?;
        loaded.lsn = lsn;
        loaded.unstored += 1;
    }
    Ok(loaded)
}

/// A document from bytes of this file.
pub(super) fn read_bytes(
    bytes: &[u8],
    community: CommunityCode,
    part: Part,
    epoch: u64,
    lsn: Lsn,
) -> Result<Document, StoreError> {
    let failed = |cause: String| StoreError::Registry {
        part: part.to_string(),
        lsn,
        cause,
    };
    catch_unwind(AssertUnwindSafe(|| Document::load(bytes, community, part, epoch)))
        .map_err(|_| failed("the stored document panics".to_owned()))?
        .map_err(|error| failed(error.to_string()))
}
