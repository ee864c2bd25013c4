//! A community with somebody about whom much is written, held and waiting, all of it with a word
//! that stands nowhere else; and where that word can still be found.

use std::path::Path;
use std::sync::Arc;

use menpai_server::clock;
use menpai_server::erasures::Ledger;
use menpai_server::store::community::{BodyCodec, erased};
use menpai_server::sync::erase::{EraseError, Erased, Erasure, Target};
use menpai_server::sync::scribe::Scribe;
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::registry::Document;
use menpai_sync_core::snapshot::Snapshot;
use serde_json::json;

use crate::phones::{self, Office, Phone, grid, set, text};

/// In no fixture and no word of the program.
pub(super) const CANARY: &str = "金丝雀QX7";

pub(super) struct World {
    pub(super) office: Office,
    pub(super) phone: Phone,
    pub(super) door: EntityId,
    pub(super) household: EntityId,
    pub(super) person: EntityId,
    pub(super) neighbour: EntityId,
    pub(super) ledger: Arc<Ledger>,
}

/// One roster row makes a door, a household and two persons; one of them has a contact, a plan,
/// visits, entries that are held and that nobody can read. Everything about it has the canary.
pub(super) fn world() -> World {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = office.desk.new_id();
    let id = |k| EntityId::made_by(make, k);
    let (door, household, person, neighbour, contact) = (id(0), id(1), id(2), id(3), id(4));
    let canary =
        |field: &str, entity_type: &str, entity| set(entity_type, entity, field, text(&format!("{CANARY}{field}")));
    let refers =
        |entity_type: &str, entity, field: &str, to: EntityId| set(entity_type, entity, field, text(&to.to_string()));
    let items: Vec<SetItem> = vec![
        set("dwelling", door, "room", text("301")),
        refers("household", household, "dwelling_id", door),
        refers("household", household, "head_person_id", person),
        set("household", household, "phone", text("037160000000")),
        canary("name", "person", person),
        canary("former_name", "person", person),
        canary("registered_address", "person", person),
        canary("note", "person", person),
        refers("person", person, "household_id", household),
        set("person", neighbour, "name", text("钱二")),
        refers("person", neighbour, "household_id", household),
        refers("family_contact", contact, "person_id", person),
        canary("name", "family_contact", contact),
        canary("note", "family_contact", contact),
    ];
    office.desk.edit_with_id(make, Some(grid(1)), vec![], items);
    let care = vec![canary("health_note", "person", person)];
    office.desk.edit(Some(grid(1)), vec![], care);
    let plan = office.desk.new_id();
    let plan_id = EntityId::made_by(plan, 0);
    let items = vec![
        refers("care_plan", plan_id, "subject_id", person),
        set("care_plan", plan_id, "interval_days", Scalar::Integer(2)),
        set("care_plan", plan_id, "starts_on", text("2026-11-01")),
        canary("note", "care_plan", plan_id),
    ];
    office.desk.edit_with_id(plan, Some(grid(1)), vec![], items);
    office.write_desk();
    let visit = json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
    phone.record("care_visit", Some(grid(1)), visit.clone());
    let check =
        json!({"dwelling_id": door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": CANARY});
    phone.record("door_check", Some(grid(1)), check);
    // Held: another grid's worker may not, and nobody can read the last.
    phone.record("care_visit", Some(grid(2)), visit);
    phone.raw(format!("{{{CANARY} {person}").as_bytes());
    office.taken(&phone, phone.all());
    // A gap: what comes after it waits.
    phone.door_check(grid(1), door);
    phone.edit(Some(grid(1)), vec![], vec![canary("note", "person", person)]);
    office.taken(&phone, phone.slice(6, 6));
    assert_eq!(office.reason(&phone, 1), "merged");
    assert_eq!(office.reason(&phone, 2), "merged");
    assert_eq!(office.reason(&phone, 3), "not_assigned");
    assert_eq!(office.reason(&phone, 4), "unreadable");
    assert_eq!(office.reason(&phone, 6), "after_gap");
    let ledger = Arc::new(Ledger::new(office.folder.path(), office.settings.receipt_key.clone()));
    World {
        office,
        phone,
        door,
        household,
        person,
        neighbour,
        ledger,
    }
}

impl World {
    pub(super) fn erase(&self, id: EntityId) -> Result<Erased, EraseError> {
        let scribe = Scribe {
            office: self.office.device.clone(),
            worker: self.office.desk.worker,
            at: clock::now(),
        };
        let erasure = Erasure {
            target: Target::Entity(id),
            basis: "requested".to_owned(),
            requested_on: Some("2026-11-24".to_owned()),
        };
        self.office.community().erase(&scribe, erasure, &self.ledger)
    }

    pub(super) fn snapshots(&self) -> Vec<Snapshot> {
        let community = self.office.community();
        let named = community
            .newest_snapshots(self.phone.device, clock::now_ms(), None, false)
            .unwrap();
        named
            .iter()
            .map(|named| {
                Snapshot::read(&community.snapshot_bytes(named).unwrap().unwrap())
                    .unwrap()
                    .unwrap()
                    .0
            })
            .collect()
    }

    /// Where the canary stands, by what can be read: bodies, documents, snapshots, every cell.
    pub(super) fn decoded_hits(&self) -> Vec<String> {
        let mut hits = Vec::new();
        let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(CANARY);
        self.office
            .community()
            .query(|connection| {
                let mut codec = BodyCodec::new()?;
                erased::for_each_kept(connection, &mut codec, |number, bytes| {
                    hits.extend(has(&bytes).then(|| format!("entry {number}")));
                    Ok(())
                })?;
                let tables: Vec<String> = connection
                    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for table in tables {
                    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
                    let columns = statement.column_count();
                    let mut rows = statement.query([])?;
                    while let Some(row) = rows.next()? {
                        for column in 0..columns {
                            let (rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes)) =
                                row.get_ref(column)?
                            else {
                                continue;
                            };
                            hits.extend(has(bytes).then(|| table.clone()));
                        }
                    }
                }
                for part in menpai_server::export::registry::parts(connection)? {
                    let file = menpai_server::export::registry::of_part(connection, &mut codec, phones::code(), part)?;
                    // Loaded and saved without compression: history and all.
                    let plain = file.map(|file| automerge_plain(&file.bytes)).unwrap_or_default();
                    hits.extend(has(&plain).then(|| format!("document {part}")));
                }
                Ok(())
            })
            .unwrap();
        for snapshot in self.snapshots() {
            let part = snapshot.facts.part;
            hits.extend(has(&snapshot.document).then(|| format!("document of the snapshot of {part}")));
            hits.extend(has(&snapshot.lines).then(|| format!("lines of the snapshot of {part}")));
        }
        hits
    }

    pub(super) fn dump(&self, query: &str) -> Vec<String> {
        self.office
            .community()
            .query(|connection| {
                let mut statement = connection.prepare(query)?;
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    let cells: Result<Vec<_>, _> = (0..columns)
                        .map(|column| row.get_ref(column).map(|cell| format!("{cell:?}")))
                        .collect();
                    cells.map(|cells| cells.join("|"))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap()
    }
}

/// A document saved without compression, whatever part and epoch it is of.
fn automerge_plain(bytes: &[u8]) -> Vec<u8> {
    for class in ["open", "care"] {
        for grid in ["community".to_owned(), grid(1).to_string(), grid(2).to_string()] {
            for epoch in 1..4 {
                let part = format!("{grid}/{class}").parse().unwrap();
                if let Ok(document) = Document::load(bytes, phones::code(), part, epoch) {
                    return document.save_plain();
                }
            }
        }
    }
    panic!("no part has this document")
}

/// Hits in the raw bytes of every file of a folder.
pub(super) fn raw_hits(folder: &Path) -> usize {
    let needle = CANARY.as_bytes();
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .map(|bytes| bytes.windows(needle.len()).filter(|window| *window == needle).count())
        .sum()
}
