//! A home put back from a copy made before: the ledger is applied before anything is served.

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::office::{Office, erasures};
use menpai_server::sync::{Community, Contact, Slice, SliceOutcome};
use menpai_sync_core::entry::{Draft, Edit};
use menpai_sync_core::ids::{EntityId, Hash};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::erased_line;
use serde_json::json;

use super::world::{CANARY, raw_hits};
use crate::desk_world::object;
use crate::phones::{self, HOUR_MS, Phone, grid, set, text};

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
        let grid = Some(grid(1));
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
    assert_eq!(raw_hits(&data.join("communities")), 0);
    std::fs::copy(&copy, &file).unwrap();
    assert!(raw_hits(&data.join("communities")) > 0, "the copy has it");

    let home = Home::open(&data).unwrap();
    let community = home.communities.get(phones::code()).unwrap().unwrap();
    let names: i64 = community
        .query(|connection| Ok(connection.query_row("SELECT count(*) FROM registry_person", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(names, 0);
    assert_eq!(raw_hits(&data.join("communities")), 0);
    let report = verify(&community).unwrap();
    assert_eq!(report.findings, []);
    // Opening it once more finds nothing left to do.
    let lines = report.lines;
    drop(community);
    drop(home);
    let home = Home::open(&data).unwrap();
    let community = home.communities.get(phones::code()).unwrap().unwrap();
    assert_eq!(verify(&community).unwrap().lines, lines);
}

#[test]
fn what_a_copy_has_of_somebody_whom_it_does_not_know_goes_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let id = clock::new_entry_id();
    let person = EntityId::made_by(id, 0);
    let copy = folder.path().join("copy.sqlite");
    let file = {
        let home = Home::open(&data).unwrap();
        let office = Office::found(&home, phones::code()).unwrap();
        // A colleague's phone knew the person before the home did.
        let visit =
            json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
        let visit = office.record("care_visit", Some(grid(1)), object(visit));
        office.write(&[visit]).unwrap();
        home.folder.community_file(phones::code())
    };
    std::fs::copy(&file, &copy).unwrap();
    {
        let home = Home::open(&data).unwrap();
        let office = Office::of_home(&home, phones::code()).unwrap();
        let edit = Edit {
            base: Vec::new(),
            set: vec![set("person", person, "name", text("钱二"))],
        };
        let grid = Some(grid(1));
        let draft = Draft::edit(id, 1, grid, office.worker, clock::now(), edit, serde_json::Map::new());
        office.write(&[draft]).unwrap();
        erasures::erase(&home, &office, person, Some("person"), "requested", None).unwrap();
    }
    std::fs::copy(&copy, &file).unwrap();
    assert!(raw_hits(&data.join("communities")) > 0, "the copy has it");
    let home = Home::open(&data).unwrap();
    let community = home.communities.get(phones::code()).unwrap().unwrap();
    assert_eq!(raw_hits(&data.join("communities")), 0);
    assert_eq!(verify(&community).unwrap().findings, []);
}

/// The last verdict or reason of each entry of a phone's log.
fn reasons(community: &Community, phone: &Phone) -> Vec<String> {
    let read = |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare(
            "SELECT coalesce(l.reason, l.verdict) FROM entry e JOIN device_log d ON d.number = e.device
               JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
              WHERE d.device = ?1 ORDER BY e.seq",
        )?;
        let rows = statement.query_map([phone.device.as_bytes()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    community.query(read).unwrap()
}

/// The doors that count as checked, with outcome and instant.
fn checks(community: &Community) -> Vec<(Vec<u8>, String, i64)> {
    let read = |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare(
            "SELECT dwelling_id, outcome, m.made_ms FROM record_door_check r JOIN merged_entry m USING (entry)
              WHERE r.met_person_id IS NULL AND r.diary IS NULL ORDER BY m.made_ms",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    community.query(read).unwrap()
}

/// The log of a phone that has let go of all bodies but for that of one entry.
fn by_hash_but(whole: usize, phone: &Phone) -> Slice {
    let mut body = String::from_utf8(phone.slice_bytes(1, phone.last())).unwrap();
    for (_, entry) in (1..).zip(&phone.entries).filter(|(seq, _)| *seq != whole) {
        let erased = String::from_utf8(erased_line(Hash::of(entry))).unwrap();
        body = body.replace(std::str::from_utf8(entry).unwrap(), &erased);
    }
    Slice::read(body.into_bytes()).unwrap()
}

#[test]
fn a_door_stays_closed_though_its_phone_has_only_a_hash_of_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut phone = Phone::new();
    let id = clock::new_entry_id();
    let (door, person) = (EntityId::made_by(id, 0), EntityId::made_by(id, 1));
    let file = {
        let home = Home::open(&data).unwrap();
        let office = Office::found(&home, phones::code()).unwrap();
        let edit = Edit {
            base: Vec::new(),
            set: vec![
                set("dwelling", door, "room", text("301")),
                set("person", person, "name", text(CANARY)),
            ],
        };
        let draft = Draft::edit(
            id,
            1,
            Some(grid(1)),
            office.worker,
            clock::now(),
            edit,
            object(json!({})),
        );
        let device = json!({"device": phone.device, "worker": phone.worker, "type": "phone",
                            "public_key": phone.signer.public_key(), "name": "测试手机"});
        let from = Instant::utc(clock::now_ms() - 24 * HOUR_MS);
        let role = json!({"worker": phone.worker, "worker_name": "王小梅", "role": "grid_worker",
                          "grid": grid(1), "from": from});
        let records =
            [("device", device), ("assignment", role)].map(|(kind, body)| office.record(kind, None, object(body)));
        office.write(&[&[draft][..], &records[..]].concat()).unwrap();
        home.folder.community_file(phones::code())
    };
    let copy = folder.path().join("copy.sqlite");
    std::fs::copy(&file, &copy).unwrap();

    // Since the copy: a check that names the person, who is erased; and one from a phone that had not heard.
    let check = |phone: &mut Phone, outcome: &str| {
        let body =
            json!({"dwelling_id": door, "mode": "door", "outcome": outcome, "met_person_id": person, "diary": CANARY});
        phone.record("door_check", Some(grid(1)), body)
    };
    let visit = json!({"subject_id": person, "mode": "door", "met": "met", "contact_person": "self", "note": CANARY});
    let take = |community: &Community, phone: &Phone, slice: Slice| {
        let contact = Contact {
            received_ms: clock::now_ms(),
            offset_ms: 0,
            last: None,
        };
        let outcome = community.ingest(phone.device, slice, contact).unwrap();
        assert!(matches!(outcome, SliceOutcome::Taken { .. }), "{outcome:?}");
    };
    let before = {
        let home = Home::open(&data).unwrap();
        let community = home.communities.get(phones::code()).unwrap().unwrap();
        check(&mut phone, "met");
        phone.record("care_visit", Some(grid(1)), visit);
        take(&community, &phone, phone.all());
        let office = Office::of_home(&home, phones::code()).unwrap();
        erasures::erase(&home, &office, person, Some("person"), "requested", None).unwrap();
        check(&mut phone, "met");
        take(&community, &phone, phone.slice(3, 3));
        assert_eq!(reasons(&community, &phone), ["merged", "merged", "merged"]);
        let ledger = std::fs::read_to_string(data.join("erasures.ndjson")).unwrap();
        assert!(!ledger.contains(CANARY) && !ledger.contains(&person.to_string()));
        checks(&community)
    };
    assert_eq!(before.len(), 2);

    for beside in ["sqlite-wal", "sqlite-shm"] {
        let _ = std::fs::remove_file(file.with_extension(beside));
    }
    std::fs::copy(&copy, &file).unwrap();
    let home = Home::open(&data).unwrap();
    let community = home.communities.get(phones::code()).unwrap().unwrap();
    assert_eq!(checks(&community), []);
    // A check of which this home never knew anything; the phone has let go of it as well, but of one check
    // it was never told.
    check(&mut phone, "empty");
    take(&community, &phone, by_hash_but(3, &phone));
    assert_eq!(reasons(&community, &phone), ["merged", "erased", "merged", "erased"]);
    assert_eq!(checks(&community), before);
    assert_eq!(raw_hits(&data.join("communities")), 0);
    assert_eq!(verify(&community).unwrap().findings, []);
    assert!(rebuild(&community).unwrap().is_equal());
    // Nothing new was to be noted about what the ledger had.
    let ledger = |what: &str| {
        std::fs::read_to_string(data.join("erasures.ndjson"))
            .unwrap()
            .matches(what)
            .count()
    };
    assert_eq!([ledger(r#"{"remains":"#), ledger(r#"{"erased":"#)], [2, 1]);
}
