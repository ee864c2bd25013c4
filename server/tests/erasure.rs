//! A person is erased: no byte of what was written about it is left, nothing else is lost, and
//! nothing brings it back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod phones;

use std::path::Path;
use std::sync::Arc;

use menpai_server::clock;
use menpai_server::erasures::Ledger;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::store::community::{BodyCodec, erased};
use menpai_server::sync::erase::{EraseError, Erased, Erasure, Target};
use menpai_server::sync::read_receipts;
use menpai_server::sync::scribe::Scribe;
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::snapshot::Snapshot;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{Receipt, ReceiptLine, SignatureLine, receipt_message};
use phones::{Office, Phone, grid, set, text};
use serde_json::json;

/// In no fixture and no word of the program.
const CANARY: &str = "金丝雀QX7";

struct World {
    office: Office,
    phone: Phone,
    door: EntityId,
    household: EntityId,
    person: EntityId,
    neighbour: EntityId,
    ledger: Arc<Ledger>,
}

/// One roster row makes a door, a household and two persons; one of them has a contact, a plan,
/// visits, entries that are held and that nobody can read. Everything about it has the canary.
fn world() -> World {
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
    fn erase(&self, id: EntityId) -> Result<Erased, EraseError> {
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

    fn snapshots(&self) -> Vec<Snapshot> {
        let community = self.office.community();
        let named = community
            .newest_snapshots(self.phone.device, clock::now_ms(), None)
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
    fn decoded_hits(&self) -> Vec<String> {
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

    fn dump(&self, query: &str) -> Vec<String> {
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

fn automerge_plain(bytes: &[u8]) -> Vec<u8> {
    menpai_sync_core_automerge::plain(bytes)
}

mod menpai_sync_core_automerge {
    use menpai_sync_core::registry::Document;

    /// Whatever part and epoch it is of.
    pub(super) fn plain(bytes: &[u8]) -> Vec<u8> {
        let code = super::phones::code();
        for class in ["open", "care"] {
            for grid in [
                "community".to_owned(),
                super::grid(1).to_string(),
                super::grid(2).to_string(),
            ] {
                for epoch in 1..4 {
                    let part = format!("{grid}/{class}").parse().unwrap();
                    if let Ok(document) = Document::load(bytes, code, part, epoch) {
                        return document.save_plain();
                    }
                }
            }
        }
        panic!("no part has this document")
    }
}

/// Hits in the raw bytes of every file of a folder.
fn raw_hits(folder: &Path) -> usize {
    let needle = CANARY.as_bytes();
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .map(|bytes| bytes.windows(needle.len()).filter(|window| *window == needle).count())
        .sum()
}

#[test]
fn an_erased_person_leaves_no_byte_and_everybody_else_stays() {
    let world = world();
    let folder = world.office.folder.path();
    // A negative control of the search itself.
    assert!(world.decoded_hits().len() > 10, "{:?}", world.decoded_hits());
    assert!(raw_hits(folder) > 5);
    let closed =
        world.dump("SELECT dwelling_id, outcome, made_ms FROM record_door_check r JOIN merged_entry m USING (entry)");

    let erased = world.erase(world.person).unwrap();
    assert_eq!(erased.subjects, 3, "with its contact and its plan");
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert_eq!(raw_hits(folder), 0, "file, write-ahead log, free pages, ledger");
    let wal = world.office.community().path().with_extension("sqlite-wal");
    assert!(std::fs::metadata(&wal).map_or(0, |file| file.len()) < 200_000);

    // The door's closing has not un-happened, and the others are as they were.
    assert_eq!(
        world.dump("SELECT dwelling_id, outcome, made_ms FROM record_door_check r JOIN merged_entry m USING (entry)"),
        closed
    );
    assert_eq!(
        world.dump("SELECT name FROM registry_person"),
        [r#"Text("钱二")"#].map(|_| world.dump("SELECT '钱二'")[0].clone())
    );
    assert_eq!(
        world
            .office
            .count("registry_household WHERE head_person_id IS NULL AND phone = '037160000000'"),
        1
    );
    assert_eq!(world.office.count("entity WHERE id IN (SELECT id FROM entity)"), 3);
    assert_eq!(world.office.count("record_care_visit"), 0);
    let known = |id: EntityId| {
        world.office.count(&format!(
            "entity WHERE hex(id) = '{}'",
            id.to_string().replace('-', "").to_uppercase()
        ))
    };
    assert_eq!([world.door, world.household, world.neighbour].map(known), [1, 1, 1]);
    assert_eq!(known(world.person), 0);

    // What was held or waited is held as erased; chains and signatures fit; a rebuild is equal.
    for seq in [3, 4, 6] {
        assert_eq!(world.office.reason(&world.phone, seq), "erased");
    }
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    let tables = "SELECT e.id, v.field, v.rank, v.value, v.device, v.at_s FROM registry_value v JOIN entity e ON e.number = v.entity ORDER BY 1, 2, 3";
    let rows = (
        world.dump(tables),
        world.dump("SELECT id, type, grid, held FROM entity ORDER BY id"),
    );
    let rebuilt = rebuild(world.office.community()).unwrap();
    assert!(rebuilt.is_equal(), "{rebuilt:?}");
    assert_eq!(
        rows,
        (
            world.dump(tables),
            world.dump("SELECT id, type, grid, held FROM entity ORDER BY id")
        )
    );
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
}

#[test]
fn who_came_with_the_same_row_can_be_erased_later() {
    let world = world();
    world.erase(world.person).unwrap();
    assert_eq!(world.erase(world.neighbour).unwrap().subjects, 1);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
    assert_eq!(world.office.count("registry_person"), 0);
    assert_eq!(world.office.count("entity"), 2, "the door and the household");
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
}

#[test]
fn nothing_that_is_sent_brings_it_back() {
    let mut world = world();
    world.erase(world.person).unwrap();
    let (office, person) = (&world.office, world.person);
    let lines = office.count("log_line");
    // The very same slice again makes no line.
    office.taken(&world.phone, world.phone.slice(1, 4));
    assert_eq!(office.count("log_line"), lines);
    // What a stale phone still has about it.
    let phone = &mut world.phone;
    let base = vec![];
    phone.edit(Some(grid(1)), base, vec![set("person", person, "name", text(CANARY))]);
    phone.record(
        "care_visit",
        Some(grid(1)),
        json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY}),
    );
    phone.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": world.door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": CANARY}),
    );
    phone.raw(format!("{CANARY}:{person}").as_bytes());
    phone.door_check(grid(1), world.door);
    office.taken(phone, phone.slice(5, phone.last()));
    let reasons: Vec<String> = (5..=phone.last()).map(|seq| office.reason(phone, seq)).collect();
    // The door check counts, without what it says of the person.
    assert_eq!(
        reasons,
        ["merged", "erased", "erased", "erased", "merged", "erased", "merged"]
    );
    assert_eq!(
        office.count("record_door_check WHERE met_person_id IS NULL AND diary IS NULL"),
        4
    );
    // A clone sends the entries under another device.
    let mut clone = Phone::new();
    clone.worker = phone.worker;
    clone.entries = phone.entries.clone();
    world.office.register(&clone);
    world.office.assign(&clone, "grid_worker", Some(grid(1)));
    world.office.taken(&clone, clone.all());
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    world.office.reopen();
    assert_eq!(raw_hits(world.office.folder.path()), 0);
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}

#[test]
fn a_household_goes_with_its_people_and_its_door_stays() {
    let world = world();
    let erased = world.erase(world.household).unwrap();
    assert_eq!(erased.subjects, 5);
    assert_eq!(world.dump("SELECT type FROM entity").len(), 1);
    assert_eq!(world.office.count("registry_dwelling WHERE room = '301'"), 1);
    assert_eq!(world.office.count("record_erasure"), 5);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}

#[test]
fn a_duplicate_of_somebody_erased_stands_alone_again() {
    let mut world = world();
    let merged = set("person", world.neighbour, "alias_of", text(&world.person.to_string()));
    world.office.desk.edit(Some(grid(1)), vec![], vec![merged]);
    world.office.write_desk();
    let aliases = || world.office.count("registry_person WHERE alias_of IS NOT NULL");
    assert_eq!(aliases(), 1);
    world.erase(world.person).unwrap();
    assert_eq!(aliases(), 0);
    assert_eq!(world.office.count("registry_person WHERE name = '钱二'"), 1);
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
    assert_eq!(aliases(), 0);
}

#[test]
fn what_a_home_once_merged_stays_erased_though_a_phone_shows_the_receipt() {
    let mut world = world();
    world.erase(world.person).unwrap();
    let person = world.person;
    // Its entries came after the copy that this home was put back from, and are sent again.
    let mut phone = world.office.worker_of_grid(1);
    let visit = json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
    phone.record("care_visit", Some(grid(1)), visit);
    phone.edit(Some(grid(1)), vec![], vec![set("person", person, "name", text(CANARY))]);
    let check =
        json!({"dwelling_id": world.door, "mode": "door", "outcome": "met", "met_person_id": person, "diary": CANARY});
    phone.record("door_check", Some(grid(1)), check);
    phone.door_check(grid(1), world.door);
    let receipts = read_receipts(&receipt(&world.office, &phone)).unwrap();
    let contact = phones::heard(phone.last(), clock::now_ms());
    let refilled = world
        .office
        .community()
        .refill(phone.device, receipts, vec![phone.all()], contact);
    assert_eq!(refilled.unwrap().taken, Some((1, phone.head(4))));
    let reasons: Vec<String> = (1..=4).map(|seq| world.office.reason(&phone, seq)).collect();
    assert_eq!(reasons, ["erased", "erased", "merged", "merged"]);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}

/// A member of receipts in which the home once said that it merged all of a phone's entries.
fn receipt(office: &Office, phone: &Phone) -> Vec<u8> {
    let (identity, now_ms) = (office.community().identity(), clock::now_ms());
    let receipt = Receipt {
        community: identity.code,
        device: phone.device,
        log: identity.log,
        lsn: 1,
        chain: phone.head(0).h,
        first: 1,
        seq: phone.last(),
        h: phone.head(phone.last()).h,
        received: Some(Instant::utc(now_ms)),
        offset_ms: Some(0),
        verdicts: Vec::new(),
    };
    let line = serde_json::to_vec(&ReceiptLine { receipt }).unwrap();
    let signature = office.settings.receipt_key.sign(&receipt_message(&line));
    let signature = serde_json::to_vec(&SignatureLine { signature }).unwrap();
    [line, signature].map(|line| [line, b"\n".to_vec()].concat()).concat()
}

#[test]
fn doors_and_what_there_is_not_are_not_erased() {
    let world = world();
    assert!(matches!(world.erase(world.door), Err(EraseError::NotErasable(_))));
    assert!(matches!(
        world.erase(EntityId::from_bytes([7; 16])),
        Err(EraseError::Unknown(_))
    ));
    assert!(world.ledger.of(phones::code()).unwrap().is_empty());
    assert_eq!(world.office.count("erased"), 0);
}

mod restored {
    //! A home put back from a copy made before: the ledger is applied before anything is served.

    use menpai_server::home::Home;
    use menpai_server::office::{Office, erasures};
    use menpai_sync_core::entry::{Draft, Edit};

    use super::{CANARY, EntityId, clock, phones, set, text};

    #[test]
    fn a_copy_of_yesterday_is_served_only_without_what_was_erased_since() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let (person, file) = {
            let home = Home::open(&data).unwrap();
            let office = Office::found(&home, phones::code()).unwrap();
            let id = menpai_sync_core::ids::EntryId::from_clock(clock::now_ms(), clock::random());
            let person = EntityId::made_by(id, 0);
            let edit = Edit {
                base: Vec::new(),
                set: vec![
                    set("person", person, "name", text(CANARY)),
                    set("person", person, "note", text(CANARY)),
                ],
            };
            let grid = Some(phones::grid(1));
            let draft = Draft::edit(id, 1, grid, office.worker, clock::now(), edit, serde_json::Map::new());
            office.write(&[draft]).unwrap();
            (person, home.folder.community_file(phones::code()))
        };
        let copy = folder.path().join("copy.sqlite");
        std::fs::copy(&file, &copy).unwrap();
        {
            let home = Home::open(&data).unwrap();
            let office = Office::of_home(&home, phones::code()).unwrap();
            let erased = erasures::erase(&home, &office, person, Some("person"), "requested", None).unwrap();
            assert_eq!((erased.subjects, erased.entries), (1, 1));
            assert!(matches!(
                erasures::erase(&home, &office, person, Some("household"), "requested", None),
                Err(menpai_server::sync::erase::EraseError::Unknown(_))
            ));
        }
        assert_eq!(super::raw_hits(&data.join("communities")), 0);
        std::fs::copy(&copy, &file).unwrap();
        assert!(super::raw_hits(&data.join("communities")) > 0, "the copy has it");

        let home = Home::open(&data).unwrap();
        let community = home.communities.get(phones::code()).unwrap().unwrap();
        let names: i64 = community
            .query(|connection| Ok(connection.query_row("SELECT count(*) FROM registry_person", [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(names, 0);
        assert_eq!(super::raw_hits(&data.join("communities")), 0);
        let report = menpai_server::jobs::verify::verify(&community).unwrap();
        assert_eq!(report.findings, []);
        // Opening it once more finds nothing left to do.
        let lines = report.lines;
        drop(community);
        drop(home);
        let home = Home::open(&data).unwrap();
        let community = home.communities.get(phones::code()).unwrap().unwrap();
        assert_eq!(menpai_server::jobs::verify::verify(&community).unwrap().lines, lines);
    }
}
