//! A home put back from a copy made before: the ledger is applied before anything is served.

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::{Office, erasures};
use menpai_sync_core::entry::{Draft, Edit};
use menpai_sync_core::ids::EntityId;

use super::world::{CANARY, raw_hits};
use crate::desk_world::object;
use crate::phones::{self, set, text};
use serde_json::json;

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
        let visit = office.record("care_visit", Some(phones::grid(1)), object(visit));
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
        let grid = Some(phones::grid(1));
        let draft = Draft::edit(id, 1, grid, office.worker, clock::now(), edit, serde_json::Map::new());
        office.write(&[draft]).unwrap();
        erasures::erase(&home, &office, person, Some("person"), "requested", None).unwrap();
    }
    std::fs::copy(&copy, &file).unwrap();
    assert!(raw_hits(&data.join("communities")) > 0, "the copy has it");
    let home = Home::open(&data).unwrap();
    let community = home.communities.get(phones::code()).unwrap().unwrap();
    assert_eq!(raw_hits(&data.join("communities")), 0);
    assert_eq!(menpai_server::jobs::verify::verify(&community).unwrap().findings, []);
}
