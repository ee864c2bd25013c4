//! Whose a device is, with which key it signs, and who may do what where: folded from the
//! office's merged records, in the order of made-time and id, so that every replay of the
//! log gives the same. Superseded and retracted records do not count.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId, WorkerId};
use menpai_sync_core::judge::{Assignment, DeviceFacts, ORDINARY_END};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::kinds::{Enrols, Grants, Kind, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::time::Instant;
use serde_json::Value;

use crate::rights::{Action, Actor, Scope, authorize};
use crate::store::community::identity::Founder;

/// The field and the value that make a device one of the office (docs/protocol.md section 7).
const DEVICE_TYPE: &str = "type";
/// The field and the value that say that a phone was lost.
const REVOKED_BECAUSE: &str = "revoked_because";
const LOST: &str = "lost";
const OFFICE: &str = "office";
/// The fields of an assignment that say below its grid what it is for; they narrow no right.
pub(super) const ASSIGNED_PLACE: &str = "place";
pub(super) const ASSIGNED_UNIT: &str = "unit";

/// How the office stands to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is somebody's, or nobody's yet.
    Known,
    /// It was stopped: another took its place, or it was abused.
    Stopped,
    /// It was reported lost: whatever can be read on it is to go.
    Lost,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    /// What verdicts go by.
    pub facts: DeviceFacts,
    /// It was stopped since it was lost.
    pub lost: bool,
    /// What its slices are signed with.
    pub public_key: PublicKey,
}

/// Devices and roles of one community.
#[derive(Debug, Clone)]
pub struct Directory {
    founder: Founder,
    records: BTreeMap<(i64, EntryId), OfficeRecord>,
    replaced: HashSet<EntryId>,
    devices: HashMap<DeviceId, KnownDevice>,
    assignments: HashMap<WorkerId, Vec<Assignment>>,
    names: HashMap<WorkerId, String>,
}

/// A role and the record that gives it.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    /// That record.
    pub record: EntryId,
    /// Whose role.
    pub worker: WorkerId,
    /// As the office calls the worker there.
    pub name: Option<&'a str>,
    /// Which role, where and when.
    pub assignment: &'a Assignment,
    /// The compound, building or dwelling that it is for.
    pub place: Option<EntityId>,
    /// And which of a building's stairwells.
    pub unit: Option<&'a str>,
}

/// What one record of the office says.
#[derive(Debug, Clone)]
enum OfficeRecord {
    Device(DeviceId, KnownDevice),
    Assignment {
        worker: WorkerId,
        name: Option<String>,
        assignment: Assignment,
        place: Option<EntityId>,
        unit: Option<String>,
    },
}

impl Directory {
    /// Knows the founding device only.
    #[must_use]
    pub fn new(founder: Founder) -> Directory {
        let mut directory = Directory {
            founder,
            records: BTreeMap::new(),
            replaced: HashSet::new(),
            devices: HashMap::new(),
            assignments: HashMap::new(),
            names: HashMap::new(),
        };
        directory.refold();
        directory
    }

    /// The kinds whose records it folds over.
    #[must_use]
    pub fn kinds(kinds: &Kinds) -> Vec<&str> {
        kinds
            .iter()
            .filter(|kind| is_office(kind))
            .map(|kind| kind.name.as_str())
            .collect()
    }

    /// Whether it folds over records of this kind.
    #[must_use]
    pub fn is_about(kinds: &Kinds, kind: &str) -> bool {
        kinds.get(kind).is_some_and(is_office)
    }

    /// Takes up one merged record; says whether it was one of the office's.
    pub fn add(&mut self, kinds: &Kinds, entry: &Entry, made_ms: i64) -> bool {
        let Some(kind) = kinds.get(&entry.kind).filter(|kind| is_office(kind)) else {
            return false;
        };
        self.replaced.extend(entry.supersedes.into_iter().chain(entry.retracts));
        let record = match (&kind.effects.enrols, &kind.effects.grants) {
            (Some(enrols), _) => device(enrols, entry),
            (None, Some(grants)) => assignment(grants, entry),
            (None, None) => None,
        };
        // A withdrawal says nothing by itself.
        if let Some(record) = record.filter(|_| entry.retracts.is_none()) {
            self.records.insert((made_ms, entry.id), record);
        }
        true
    }

    /// Folds over the records again; call it after [`Directory::add`].
    pub fn refold(&mut self) {
        self.devices.clear();
        self.assignments.clear();
        self.names.clear();
        let facts = DeviceFacts {
            worker: self.founder.worker,
            office: true,
            revoked_ms: None,
        };
        self.devices.insert(
            self.founder.device,
            KnownDevice {
                facts,
                lost: false,
                public_key: self.founder.public_key.clone(),
            },
        );
        for ((_, id), record) in &self.records {
            if self.replaced.contains(id) {
                continue;
            }
            match record {
                OfficeRecord::Device(device, known) => {
                    self.devices.insert(*device, known.clone());
                }
                OfficeRecord::Assignment {
                    worker,
                    name,
                    assignment,
                    ..
                } => {
                    self.assignments.entry(*worker).or_default().push(assignment.clone());
                    if let Some(name) = name {
                        self.names.insert(*worker, name.clone());
                    }
                }
            }
        }
    }

    /// A device, if the office registered it.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<&KnownDevice> {
        self.devices.get(&device)
    }

    /// The phones of a device's worker, itself among them; none once it is revoked: what its
    /// worker is told, it is told no longer.
    #[must_use]
    pub fn devices_of_worker(&self, device: DeviceId) -> Vec<DeviceId> {
        let Some(known) = self.device(device).filter(|known| known.facts.revoked_ms.is_none()) else {
            return Vec::new();
        };
        let worker = known.facts.worker;
        let of_worker = |known: &KnownDevice| known.facts.worker == worker && !known.facts.office;
        let mut devices: Vec<DeviceId> = self
            .devices
            .iter()
            .filter(|(_, known)| of_worker(known))
            .map(|(device, _)| *device)
            .collect();
        devices.sort_unstable();
        devices
    }

    /// How the office stands to a device.
    #[must_use]
    pub fn standing_of(&self, device: DeviceId) -> Standing {
        match self.device(device) {
            Some(known) if known.facts.revoked_ms.is_none() => Standing::Known,
            Some(known) if known.lost => Standing::Lost,
            Some(_) => Standing::Stopped,
            None => Standing::Known,
        }
    }

    /// Whether it is one of the office's own.
    #[must_use]
    pub fn is_office(&self, device: DeviceId) -> bool {
        self.device(device).is_some_and(|known| known.facts.office)
    }

    /// Every role a worker has or had.
    #[must_use]
    pub fn assignments(&self, worker: WorkerId) -> &[Assignment] {
        self.assignments.get(&worker).map_or(&[], Vec::as_slice)
    }

    /// The workers who have a role in exactly that grid now, and not for a place below it, by name.
    #[must_use]
    pub fn workers_of(&self, grid: GridId, now_ms: i64) -> Vec<WorkerId> {
        let of_all = self.granted_in(grid, now_ms).filter(|granted| granted.place.is_none());
        let mut workers: Vec<WorkerId> = of_all.map(|granted| granted.worker).collect();
        workers.sort_by_key(|worker| (self.names.get(worker), *worker));
        workers.dedup();
        workers
    }

    /// Every role with the record that gives it, past and coming ones too, the oldest record first.
    pub fn granted(&self) -> impl Iterator<Item = Granted<'_>> {
        self.standing().filter_map(|(record, said)| match said {
            OfficeRecord::Assignment {
                worker,
                name,
                assignment,
                place,
                unit,
            } => Some(Granted {
                record,
                worker: *worker,
                name: name.as_deref(),
                assignment,
                place: *place,
                unit: unit.as_deref(),
            }),
            OfficeRecord::Device(..) => None,
        })
    }

    /// The roles that workers have in exactly that grid at an instant.
    pub fn granted_in(&self, grid: GridId, at_ms: i64) -> impl Iterator<Item = Granted<'_>> {
        let there =
            move |granted: &Granted<'_>| granted.assignment.grid == Some(grid) && granted.assignment.is_current(at_ms);
        self.granted().filter(there)
    }

    /// The role that a record gives, if that stands.
    #[must_use]
    pub fn granted_by(&self, record: EntryId) -> Option<Granted<'_>> {
        self.granted().find(|granted| granted.record == record)
    }

    /// A device with the record that makes it known.
    #[must_use]
    pub fn registered(&self, device: DeviceId) -> Option<(EntryId, &KnownDevice)> {
        // The last one counts, as where they are folded.
        let of_device = self.standing().filter_map(|(record, said)| match said {
            OfficeRecord::Device(id, known) if *id == device => Some((record, known)),
            _ => None,
        });
        of_device.last()
    }

    /// Every device that is not the office's.
    pub fn phones(&self) -> impl Iterator<Item = (DeviceId, &KnownDevice)> {
        let phones = self.devices.iter().filter(|(_, known)| !known.facts.office);
        phones.map(|(device, known)| (*device, known))
    }

    /// The records that nothing replaced, in order of made-time and id.
    fn standing(&self) -> impl Iterator<Item = (EntryId, &OfficeRecord)> {
        let records = self.records.iter().filter(|((_, id), _)| !self.replaced.contains(id));
        records.map(|((_, id), said)| (*id, said))
    }

    /// The workers of whom a phone may have a part now.
    #[must_use]
    pub fn workers_having(&self, part: Part, now_ms: i64) -> BTreeSet<WorkerId> {
        self.phones()
            .filter(|(device, _)| self.visible(*device, now_ms, [part].into_iter()).contains(&part))
            .map(|(_, known)| known.facts.worker)
            .collect()
    }

    /// Names the office gave.
    pub fn names(&self) -> impl Iterator<Item = (WorkerId, &str)> {
        self.names.iter().map(|(worker, name)| (*worker, name.as_str()))
    }

    /// The parts a device may see now: all of them for a device of the office, else those that its
    /// worker's roles allow (`rights::authorize`), and the open part of the community: it says which
    /// roles there are, and that one has ended.
    #[must_use]
    pub fn visible(&self, device: DeviceId, now_ms: i64, every_part: impl Iterator<Item = Part>) -> Vec<Part> {
        let Some(known) = self.device(device) else {
            return Vec::new();
        };
        let facts = &known.facts;
        if facts.revoked_ms.is_some_and(|revoked| revoked <= now_ms) {
            return Vec::new();
        }
        let assignments = self.assignments(facts.worker);
        let own = assignments.iter().filter_map(|assignment| assignment.grid).map(Some);
        let both = |grid| [Class::Open, Class::Care].map(|class| Part { grid, class });
        // A part of which no line ever was is told too: its grid may be new.
        let mut parts: Vec<Part> = own.chain([None]).flat_map(both).chain(every_part).collect();
        parts.sort_unstable();
        parts.dedup();
        let actor = Actor { assignments, now_ms };
        parts.retain(|part| {
            let scope = Scope::Part(part.grid, part.class);
            facts.office || *part == OPEN_TO_DEVICES || authorize(actor, Action::ReadPart, scope).is_ok()
        });
        parts
    }
}

/// What every registered device has.
const OPEN_TO_DEVICES: Part = Part {
    grid: None,
    class: Class::Open,
};

fn is_office(kind: &Kind) -> bool {
    kind.effects.enrols.is_some() || kind.effects.grants.is_some()
}

fn text<'a>(entry: &'a Entry, field: &str) -> Option<&'a str> {
    entry.body.get(field).and_then(Value::as_str)
}

fn instant(entry: &Entry, field: &str) -> Option<i64> {
    text(entry, field)?.parse::<Instant>().ok().map(|at| at.unix_ms)
}

fn device(enrols: &Enrols, entry: &Entry) -> Option<OfficeRecord> {
    let facts = DeviceFacts {
        worker: text(entry, enrols.worker.as_str())?.parse().ok()?,
        office: text(entry, DEVICE_TYPE) == Some(OFFICE),
        revoked_ms: instant(entry, enrols.revoked_at.as_str()),
    };
    let known = KnownDevice {
        facts,
        lost: text(entry, REVOKED_BECAUSE) == Some(LOST),
        public_key: text(entry, enrols.public_key.as_str())?.parse().ok()?,
    };
    let device = text(entry, enrols.device.as_str())?.parse().ok()?;
    Some(OfficeRecord::Device(device, known))
}

fn assignment(grants: &Grants, entry: &Entry) -> Option<OfficeRecord> {
    let grid: Option<GridId> = match text(entry, grants.grid.as_str()) {
        Some(grid) => Some(grid.parse().ok()?),
        None => None,
    };
    Some(OfficeRecord::Assignment {
        worker: text(entry, grants.worker.as_str())?.parse().ok()?,
        name: text(entry, grants.worker_name.as_str()).map(str::to_owned),
        place: text(entry, ASSIGNED_PLACE).and_then(|place| place.parse().ok()),
        unit: text(entry, ASSIGNED_UNIT).map(str::to_owned),
        assignment: Assignment {
            role: text(entry, grants.role.as_str())?.to_owned(),
            grid,
            from_ms: instant(entry, grants.from.as_str())?,
            until_ms: instant(entry, grants.until.as_str()),
            no_grace: text(entry, grants.end_reason.as_str()).is_some_and(|reason| reason != ORDINARY_END),
        },
    })
}
