//! The registry documents a writer holds. A document taken out for a transaction goes back
//! as it then is only after the commit; if anything fails it is dropped and read again from
//! the file, which costs less than cloning it for every transaction. A few changes of a request are
//! each taken up as they are decided, many together; unless that failed once: from then on each
//! by itself.

mod loaded;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::{DeriveError, Document, Plan};
use menpai_sync_core::verdict::Derived;
use rusqlite::{Connection, Transaction};

pub(super) use self::loaded::read_bytes;
pub(crate) use self::loaded::stored;
use self::loaded::{How, Loaded, TakeUpError, read, settle};
use super::document_budget::Share;
use crate::fail_points;
use crate::store::community::parts::Parts;
use crate::store::community::projection::Projection;
use crate::store::community::{BodyCodec, StoreError, epochs};

/// After so many changes a document is stored whole again.
const CHANGES_BETWEEN_STORES: usize = 512;

/// Documents by part.
pub(super) struct Documents {
    community: CommunityCode,
    share: Share,
    loaded: BTreeMap<Part, Loaded>,
    /// Changed by the request that is being worked on.
    touched: BTreeSet<Part>,
    /// The fields it set, until they are shown.
    fields: Fields,
    /// Few edits come.
    few: bool,
    one_by_one: bool,
}

/// Fields by the part of their document.
pub(super) type Fields = BTreeMap<Part, BTreeSet<(EntityId, String)>>;

/// Why an edit became no change.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoChange {
    /// The core says why.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The core panicked; it will again, so the entry is held and never retried.
    #[error("panicked")]
    Panic,
    /// It cannot be taken up by itself as it is now. The document is dropped and the request to be
    /// taken back; another time it can.
    #[error("{0}")]
    NotNow(StoreError),
}

impl Documents {
    pub(super) fn new(community: CommunityCode, share: Share) -> Documents {
        Documents {
            community,
            share,
            loaded: BTreeMap::new(),
            touched: BTreeSet::new(),
            fields: Fields::new(),
            few: false,
            one_by_one: false,
        }
    }

    /// Says whether few edits come: each by itself costs less then than the walk over all entities
    /// that many share.
    pub(super) fn expect_few(&mut self, few: bool) {
        self.few = few;
    }

    /// The document of a part as the transaction sees it.
    pub(super) fn load(
        &mut self,
        transaction: &Transaction<'_>,
        codec: &mut BodyCodec,
        parts: &Parts,
        part: Part,
    ) -> Result<&Document, StoreError> {
        self.load_unsettled(transaction, codec, parts, part)?;
        self.settled(part)
    }

    /// The same, so far as to derive a change from this edit; of others it need not show all yet.
    pub(super) fn load_for(
        &mut self,
        transaction: &Transaction<'_>,
        codec: &mut BodyCodec,
        parts: &Parts,
        part: Part,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        self.load_unsettled(transaction, codec, parts, part)?;
        self.ready_for(part, entry)
    }

    fn load_unsettled(
        &mut self,
        transaction: &Transaction<'_>,
        codec: &mut BodyCodec,
        parts: &Parts,
        part: Part,
    ) -> Result<(), StoreError> {
        if let std::collections::btree_map::Entry::Vacant(place) = self.loaded.entry(part) {
            place.insert(read(transaction, codec, parts.find(part), self.community, part)?);
        }
        Ok(())
    }

    fn ready_for(&mut self, part: Part, entry: &Entry) -> Result<(), StoreError> {
        match self.get(part) {
            Some(document) if document.must_settle_for(entry) => self.settled(part).map(drop),
            _ => Ok(()),
        }
    }

    /// The document of a part that is loaded, showing every change.
    ///
    /// # Errors
    /// [`StoreError::Registry`] where automerge does not take them; the request is to be taken
    /// back, and from now on each is taken up by itself.
    pub(super) fn settled(&mut self, part: Part) -> Result<&Document, StoreError> {
        let not_loaded = StoreError::Other("the document is not loaded");
        let loaded = self.loaded.get_mut(&part).ok_or(not_loaded)?;
        settle(&mut loaded.document).map_err(|error| {
            self.one_by_one = true;
            StoreError::Registry {
                part: part.to_string(),
                lsn: loaded.lsn,
                cause: error.to_string(),
            }
        })?;
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

    /// Decides a merged edit; `unseen` says of a late one whether somebody else wrote its fields
    /// since. The document shows it once settled. After a failure to apply, or a panic, the
    /// document is dropped.
    pub(super) fn decide(
        &mut self,
        part: Part,
        entry: &Entry,
        device: DeviceId,
        unseen: bool,
        lsn: Lsn,
    ) -> Result<Derived, NoChange> {
        self.apply(part, lsn, |document| {
            fail_points::at("derive").map_err(|error| DeriveError::Automerge(error.to_string()))?;
            document.decide(entry, device, unseen)
        })
    }

    /// Repeats a merged edit of a replay.
    pub(super) fn replay(
        &mut self,
        part: Part,
        entry: &Entry,
        device: DeviceId,
        derived: &Derived,
        lsn: Lsn,
    ) -> Result<(), StoreError> {
        self.ready_for(part, entry)?;
        self.apply(part, lsn, |document| document.derive(entry, device, derived))
            .map(drop)
            .map_err(|error| StoreError::Registry {
                part: part.to_string(),
                lsn,
                cause: error.to_string(),
            })
    }

    fn how(&self) -> How {
        match (self.one_by_one, self.few) {
            (true, _) => How::OneByOne,
            (false, true) => How::Alone,
            (false, false) => How::Together,
        }
    }

    fn apply(
        &mut self,
        part: Part,
        lsn: Lsn,
        plan: impl FnOnce(&Document) -> Result<Plan, DeriveError>,
    ) -> Result<Derived, NoChange> {
        let how = self.how();
        let Some(loaded) = self.loaded.get_mut(&part) else {
            return Err(DeriveError::Automerge("the document is not loaded".to_owned()).into());
        };
        self.touched.insert(part);
        let outcome = catch_unwind(AssertUnwindSafe(|| loaded.apply(how, plan)));
        match outcome {
            Ok(Ok(plan)) => {
                loaded.lsn = lsn;
                loaded.unstored += 1;
                self.fields
                    .entry(part)
                    .or_default()
                    .extend(plan.touched().iter().cloned());
                Ok(plan.derived().clone())
            }
            Ok(Err(TakeUpError::Derive(error))) => {
                if matches!(error, DeriveError::Automerge(_)) {
                    self.loaded.remove(&part);
                }
                Err(error.into())
            }
            Ok(Err(TakeUpError::Alone(error))) => {
                self.loaded.remove(&part);
                self.one_by_one = true;
                Err(NoChange::NotNow(StoreError::Registry {
                    part: part.to_string(),
                    lsn,
                    cause: error.to_string(),
                }))
            }
            Err(_) => {
                self.loaded.remove(&part);
                Err(NoChange::Panic)
            }
        }
    }

    /// The fields that were set and are not shown yet: to be shown now.
    pub(super) fn take_fields(&mut self) -> Fields {
        std::mem::take(&mut self.fields)
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
        self.fields.clear();
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
        self.fields.clear();
    }
}
