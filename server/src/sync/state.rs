//! What the writer of one community holds beside the file: where the log ends, who is who,
//! which documents are loaded. All of it can be read from the file again, and is after any
//! failure; a request that fails leaves it as it was.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use menpai_sync_core::community_log::{ChainHead, Envelope};
use menpai_sync_core::entry::Entry;
use menpai_sync_core::erase::subject_hash;
use menpai_sync_core::ids::{EntityId, GridId, Hash};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use rusqlite::{Connection, Transaction};

use super::directory::Directory;
use super::document_budget::Share;
use super::documents::Documents;
use super::handover::Untold;
use crate::erasures::Ledger;
use crate::id_numbers::{IdNumbers, carried};
use crate::signing::HomeKey;
use crate::store::community::identity::{self, Identity};
use crate::store::community::parts::Parts;
use crate::store::community::projection::{MergedEntry, Projection, add_sealed_number, merged_of_kinds};
use crate::store::community::{BodyCodec, Kept, StoreError, epochs, erased, lines};

/// The writer's side of an open community.
pub(super) struct State {
    pub(super) identity: Identity,
    pub(super) receipt_key: Arc<HomeKey>,
    pub(super) id_numbers: Option<Arc<IdNumbers>>,
    /// What was erased, outside the file; `None`: nobody keeps it.
    pub(super) ledger: Option<Arc<Ledger>>,
    pub(super) projection: Arc<Projection>,
    pub(super) codec: BodyCodec,
    pub(super) parts: Parts,
    pub(super) head: ChainHead,
    pub(super) directory: Arc<Directory>,
    pub(super) documents: Documents,
    /// Hashes of the ids that were erased.
    pub(super) erased: Arc<HashSet<Hash>>,
    /// What was erased may still stand in the write-ahead log.
    pub(super) wipes_journal: bool,
    /// What can be read from the file again is let go of after the next commit.
    pub(super) rests: bool,
    /// The document that the next record of an epoch is about, and the digest of its values.
    pub(super) prepared: Option<(Document, Hash)>,
    /// Things of this community have moved from one grid to another.
    pub(super) has_moved: bool,
    /// Records that merged in another grid than what they are about is in now.
    pub(super) untold: Vec<Untold>,
    /// Grids in which records merged that named something erased, and what.
    pub(super) unsaid: BTreeSet<(GridId, Hash)>,
    /// Documents changed by requests of the running transaction.
    changed: BTreeSet<Part>,
    /// The head that the file has signed.
    signed: ChainHead,
}

/// What a failed request is taken back to.
pub(super) struct Mark {
    parts: Parts,
    head: ChainHead,
    directory: Arc<Directory>,
    erased: Arc<HashSet<Hash>>,
    has_moved: bool,
}

/// One request's view of the writer: a transaction and the state that goes with it.
pub(super) struct Work<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) state: &'a mut State,
    pub(super) kept: Kept<'a>,
}

impl<'a> Work<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, state: &'a mut State) -> Work<'a> {
        Work {
            transaction,
            state,
            kept: Kept::new(transaction),
        }
    }
}

impl State {
    pub(super) fn load(
        connection: &Connection,
        identity: Identity,
        receipt_key: Arc<HomeKey>,
        id_numbers: Option<Arc<IdNumbers>>,
        ledger: Option<Arc<Ledger>>,
        projection: Arc<Projection>,
        share: Share,
    ) -> Result<State, StoreError> {
        let head = identity.beginning();
        let mut state = State {
            receipt_key,
            id_numbers,
            ledger,
            codec: BodyCodec::new()?,
            parts: Parts::default(),
            head,
            signed: head,
            directory: Arc::new(Directory::new(identity.founder.clone())),
            documents: Documents::new(identity.code, share),
            erased: Arc::default(),
            wipes_journal: false,
            rests: false,
            prepared: None,
            has_moved: false,
            untold: Vec::new(),
            unsaid: BTreeSet::new(),
            changed: BTreeSet::new(),
            projection,
            identity,
        };
        state.reload(connection)?;
        Ok(state)
    }

    /// Reads everything from the file again.
    pub(super) fn reload(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.parts = Parts::load(connection)?;
        self.head = identity::head(connection)?.map_or_else(|| self.identity.beginning(), |(head, _)| head);
        self.signed = self.head;
        self.erased = Arc::new(erased::subjects(connection)?);
        self.has_moved = epochs::has_moved(connection)?;
        self.prepared = None;
        self.untold.clear();
        self.unsaid.clear();
        self.documents.clear();
        self.changed.clear();
        self.reload_directory(connection)
    }

    pub(super) fn reload_directory(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let kinds = Arc::clone(self.projection.kinds());
        let mut directory = Directory::new(self.identity.founder.clone());
        for (made_ms, bytes) in merged_of_kinds(connection, &mut self.codec, &Directory::kinds(&kinds))? {
            let entry = Entry::parse(&bytes).map_err(|error| StoreError::damaged(error.to_string()))?;
            directory.add(&kinds, &entry, made_ms);
        }
        directory.refold();
        self.directory = Arc::new(directory);
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            parts: self.parts.clone(),
            head: self.head,
            directory: Arc::clone(&self.directory),
            erased: Arc::clone(&self.erased),
            has_moved: self.has_moved,
        }
    }

    /// Whether an entity was erased.
    pub(super) fn is_erased(&self, id: EntityId) -> bool {
        !self.erased.is_empty() && self.erased.contains(&subject_hash(self.identity.code, id))
    }

    pub(super) fn keep(&mut self) {
        self.untold.clear();
        self.unsaid.clear();
        self.documents.keep(&mut self.changed);
    }

    pub(super) fn take_back(&mut self, mark: Mark) {
        self.parts = mark.parts;
        self.head = mark.head;
        self.directory = mark.directory;
        self.erased = mark.erased;
        self.has_moved = mark.has_moved;
        self.prepared = None;
        self.untold.clear();
        self.unsaid.clear();
        self.documents.drop_touched();
    }

    /// Signs the head if the transaction moved it.
    pub(super) fn sign(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        if self.head == self.signed {
            return Ok(());
        }
        let signature = self
            .receipt_key
            .sign(&self.head.message(self.identity.code, self.identity.log));
        identity::write_head(transaction, self.head, &signature)
    }

    pub(super) fn committed(&mut self) {
        self.signed = self.head;
        self.changed.clear();
    }

    /// After a transaction that did not commit.
    pub(super) fn abandon(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let changed = std::mem::take(&mut self.changed);
        self.documents.drop_touched();
        self.documents.forget(changed);
        self.reload(connection)
    }
}

impl Work<'_> {
    /// Adds a merged entry to the rows; of an id number the hash by which it is known again, where it
    /// can be opened.
    pub(super) fn add_merged(&mut self, merged: &MergedEntry<'_>) -> Result<(), StoreError> {
        let state = &*self.state;
        state.projection.add_merged(&mut self.kept, merged)?;
        let Some(carried) = carried(state.projection.kinds(), merged.entry) else {
            return Ok(());
        };
        let code = state.identity.code;
        let hash = (state.id_numbers.as_ref())
            .and_then(|numbers| Some(numbers.hash(code, &numbers.open(code, carried).ok()?)));
        add_sealed_number(self.transaction, merged.number, carried.subject, hash)
    }

    /// Appends a line to the community log.
    pub(super) fn append(&mut self, envelope: &Envelope, entry: i64, entry_hash: Hash) -> Result<(), StoreError> {
        let part = self.state.parts.number(self.transaction, envelope.part)?;
        let bytes = lines::append(&mut self.kept, envelope, entry, part)?;
        self.state.head = self.state.head.after(&bytes, entry_hash);
        debug_assert_eq!(self.state.head.lsn, envelope.lsn);
        Ok(())
    }

    /// Folds a merged record into the directory, if it is one of the office's.
    pub(super) fn fold(&mut self, entry: &Entry, made_ms: i64) -> Result<(), StoreError> {
        let state = &mut *self.state;
        let kinds = Arc::clone(state.projection.kinds());
        if !Directory::is_about(&kinds, &entry.kind) {
            return Ok(());
        }
        let directory = Arc::make_mut(&mut state.directory);
        directory.add(&kinds, entry, made_ms);
        directory.refold();
        for (worker, name) in directory.names() {
            state.projection.name_worker(self.transaction, worker, name)?;
        }
        Ok(())
    }
}
