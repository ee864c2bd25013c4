//! What a device knows for certain: the confirmed state, built from lines of the community
//! log and nothing else. Whoever applies the same lines holds the same state, whatever
//! the order in which the entries had arrived.

mod apply;
mod digest;
mod held;
mod rows;
mod shown;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::entry::Entry;
use crate::folds::alias::canonical;
use crate::ids::{CommunityCode, DeviceId, EntityId, EntryId, Hash, Lsn, WorkerId};
use crate::kinds::Kinds;
use crate::part::Part;
use crate::registry::{Document, FieldValue};
use crate::snapshot::{LeftOut, SnapshotFacts};

use held::Held;

pub use apply::{Applied, ApplyError};
pub use digest::{DigestLines, record_line, value_line};
pub use held::StoredDocument;
pub use rows::Row;

/// A merged record.
#[derive(Debug, Clone)]
pub struct MergedRecord {
    /// The entry.
    pub entry: Entry,
    /// Hash of its bytes.
    pub hash: Hash,
    /// Where it belongs.
    pub part: Part,
    /// Whose log it is from.
    pub device: DeviceId,
    /// Made-time, milliseconds UTC.
    pub made_ms: i64,
    /// The line it came in; `None` for the device's own, which it has not been sent.
    pub lsn: Option<Lsn>,
}

/// A device as the office made it known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    /// Whose it is.
    pub worker: WorkerId,
    /// It is a device of the office, on the server.
    pub office: bool,
}

/// The confirmed state of some parts of one community.
#[derive(Debug)]
pub struct Replica {
    community: CommunityCode,
    kinds: Arc<Kinds>,
    documents: BTreeMap<Part, Held>,
    records: BTreeMap<EntryId, MergedRecord>,
    /// What counts of records of other grids that were handed over, by their ids.
    told: BTreeMap<EntryId, MergedRecord>,
    rows: HashMap<EntityId, Row>,
    devices: HashMap<DeviceId, KnownDevice>,
    worker_names: HashMap<WorkerId, String>,
    cursor: BTreeMap<Part, Lsn>,
    /// The snapshots with which parts began, where those left something out.
    began_with: BTreeMap<Part, SnapshotFacts>,
    /// Documents that changed since they were last taken for storing.
    dirty: BTreeSet<Part>,
    /// Fields that edits set which were taken up and are not shown yet.
    unshown: BTreeMap<Part, Vec<(EntityId, String)>>,
}

impl Replica {
    /// Knows nothing yet.
    #[must_use]
    pub fn empty(community: CommunityCode, kinds: Arc<Kinds>) -> Replica {
        Replica {
            community,
            kinds,
            documents: BTreeMap::new(),
            records: BTreeMap::new(),
            told: BTreeMap::new(),
            rows: HashMap::new(),
            devices: HashMap::new(),
            worker_names: HashMap::new(),
            cursor: BTreeMap::new(),
            began_with: BTreeMap::new(),
            dirty: BTreeSet::new(),
            unshown: BTreeMap::new(),
        }
    }

    /// The kinds it goes by.
    #[must_use]
    pub fn kinds(&self) -> &Arc<Kinds> {
        &self.kinds
    }

    /// The parts it may see, each with the last line seen.
    #[must_use]
    pub fn cursor(&self) -> &BTreeMap<Part, Lsn> {
        &self.cursor
    }

    /// The snapshots with which parts began, where those left something out.
    #[must_use]
    pub fn began_with(&self) -> &BTreeMap<Part, SnapshotFacts> {
        &self.began_with
    }

    /// What this replica has not got of a part, if anything.
    #[must_use]
    pub fn left_out(&self, part: Part) -> Option<&LeftOut> {
        self.began_with.get(&part)?.left_out.as_ref()
    }

    /// The heads of a part's document: what an edit made now states as its base. Empty
    /// before anything of that part was merged.
    #[must_use]
    pub fn heads(&self, part: Part) -> Vec<Hash> {
        self.documents.get(&part).map(Held::heads).unwrap_or_default()
    }

    /// A part's document, once it has one. It is loaded if it was not needed before.
    #[must_use]
    pub fn document(&self, part: Part) -> Option<&Document> {
        self.documents.get(&part)?.document()
    }

    /// Merged records, in order of entry id.
    pub fn records(&self) -> impl Iterator<Item = &MergedRecord> {
        self.records.values()
    }

    /// What counts of merged records that this replica may not see, as the office handed it
    /// over: they are about what its grids have now.
    pub fn told(&self) -> impl Iterator<Item = &MergedRecord> {
        self.told
            .values()
            .filter(|told| !self.records.contains_key(&told.entry.id))
    }

    /// One merged record.
    #[must_use]
    pub fn record(&self, id: EntryId) -> Option<&MergedRecord> {
        self.records.get(&id)
    }

    /// Every registry entity this replica may see.
    pub fn rows(&self) -> impl Iterator<Item = (EntityId, &Row)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// One entity.
    #[must_use]
    pub fn row(&self, id: EntityId) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// What an entity stands for here: itself, or what it was merged into.
    #[must_use]
    #[inline(never)]
    pub fn canonical(&self, id: EntityId) -> EntityId {
        canonical(id, |id| {
            let row = self.rows.get(&id)?;
            let merges = self.kinds.get(&row.entity_type)?.effects.merges.as_ref()?;
            let into = row.reference(merges.into.as_str())?;
            (self.rows.get(&into)?.entity_type == row.entity_type).then_some(into)
        })
    }

    /// The entities that stand for themselves: what lists show.
    pub fn standing(&self) -> impl Iterator<Item = (EntityId, &Row)> {
        self.rows().filter(|(id, _)| self.canonical(*id) == *id)
    }

    /// What a field of an entity points to, if that was merged into another then to that.
    #[must_use]
    pub fn leads_to(&self, row: &Row, field: &str) -> Option<EntityId> {
        row.reference(field).map(|id| self.canonical(id))
    }

    /// The values of a field, the one shown first; more than one distinct is a conflict.
    #[must_use]
    pub fn values(&self, id: EntityId, field: &str) -> &[FieldValue] {
        self.rows
            .get(&id)
            .and_then(|row| row.fields.get(field))
            .map_or(&[], Vec::as_slice)
    }

    /// The name the office gave a worker.
    #[must_use]
    pub fn worker_name(&self, worker: WorkerId) -> Option<&str> {
        self.worker_names.get(&worker).map(String::as_str)
    }

    /// Whose a device is.
    #[must_use]
    pub fn device_worker(&self, device: DeviceId) -> Option<WorkerId> {
        self.devices.get(&device).map(|known| known.worker)
    }

    /// Whether a device is one of the office's.
    #[must_use]
    pub fn is_office(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|known| known.office)
    }
}
