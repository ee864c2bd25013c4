//! What is derived can be thrown away: made again it is the same.

use std::sync::Arc;

use crate::phones::{Office, Phone, grid, new_person, set, text};
use menpai_server::jobs::rebuild::{digests, rebuild};
use menpai_server::jobs::verify::{Finding, verify};
use menpai_server::sync::SliceOutcome;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Kinds;
use serde_json::json;

/// Records, edits, a conflict, held and waiting entries of three devices.
fn busy_office() -> (Office, Vec<Phone>) {
    let mut office = Office::new();
    let make = office.desk.new_id();
    let (person, mut items) = new_person(make, "张桂兰");
    items.push(set("person", person, "birth_date", text("1941-03-08")));
    office.desk.edit_with_id(make, Some(grid(1)), vec![], items);
    office.desk.edit(
        Some(grid(1)),
        vec![],
        vec![
            set("person", person, "care_categories:living_alone", Scalar::Boolean(true)),
            set("person", person, "care_categories:disabled", Scalar::Boolean(true)),
            set("person", person, "hearing", text("weak")),
        ],
    );
    office.desk.edit(
        Some(grid(1)),
        vec![],
        vec![
            set("person", person, "care_categories:disabled", Scalar::Boolean(false)),
            set("person", person, "hearing", Scalar::Null),
        ],
    );
    office.write_desk();
    let heads = office
        .community()
        .heads(format!("{}/open", grid(1)).parse().unwrap())
        .unwrap();
    let mut phones: Vec<Phone> = (0..2).map(|_| office.worker_of_grid(1)).collect();
    for (index, phone) in phones.iter_mut().enumerate() {
        phone.edit(
            Some(grid(1)),
            heads.clone(),
            vec![set("person", person, "phone", text(&format!("1370000000{index}")))],
        );
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
        phone.raw(b"not an entry");
        phone.raw(&[b'x'; 20_000]);
        phone.record(
            "care_visit",
            Some(grid(1)),
            json!({"subject_id": person, "mode": "door", "met": "not_home"}),
        );
        phone.edit(
            Some(grid(1)),
            vec![],
            vec![set("person", person, "note", text("爱喝茶"))],
        );
        office.taken(phone, phone.slice(1, 4));
    }
    office.taken(&phones[0], phones[0].slice(6, 6));
    office.taken(&phones[1], phones[1].slice(5, 6));
    (office, phones)
}

#[test]
fn a_file_that_was_written_as_it_should_verifies() {
    let (office, _) = busy_office();
    let report = verify(office.community()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.devices, 3);
    assert_eq!(report.lines, u64::try_from(office.count("log_line")).unwrap());
    assert_eq!(report.digests, digests(office.community()).unwrap());
}

#[test]
fn a_rebuild_gives_the_same_digests_and_goes_on() {
    let (office, phones) = busy_office();
    let before: Vec<String> = [
        "person",
        "door_check",
        "care_visit",
        "conflict",
        "registry_value",
        "entity",
    ]
    .iter()
    .map(|view| dump(&office, view))
    .collect();
    let rebuilt = rebuild(office.community()).unwrap();
    assert!(rebuilt.is_equal(), "{rebuilt:?}");
    let after: Vec<String> = [
        "person",
        "door_check",
        "care_visit",
        "conflict",
        "registry_value",
        "entity",
    ]
    .iter()
    .map(|view| dump(&office, view))
    .collect();
    assert_eq!(before, after);
    assert!(verify(office.community()).unwrap().is_clean());
    // What waited is still judged when its gap is filled.
    assert_eq!(office.taken(&phones[0], phones[0].slice(5, 5)).seq, 6);
    assert_eq!(office.reason(&phones[0], 6), "merged");
    assert!(verify(office.community()).unwrap().is_clean());
}

#[test]
fn other_kind_files_make_the_tables_anew_at_open() {
    let (mut office, _) = busy_office();
    let before = digests(office.community()).unwrap();
    let files: Vec<(String, String)> = Kinds::builtin_files()
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.replace("户室", "房间")))
        .collect();
    let mut settings = office.settings.clone();
    settings.kinds =
        Arc::new(Kinds::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap());
    office.settings = settings;
    office.reopen();
    let ddl: String = office.one("SELECT sql FROM sqlite_schema WHERE name = 'record_door_check'");
    assert!(ddl.contains("房间"), "{ddl}");
    assert_eq!(digests(office.community()).unwrap(), before);
    assert!(verify(office.community()).unwrap().is_clean());
}

#[test]
fn a_reopened_file_continues() {
    let (mut office, mut phones) = busy_office();
    let before = digests(office.community()).unwrap();
    office.reopen();
    assert_eq!(digests(office.community()).unwrap(), before);
    let phone = &mut phones[1];
    phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    assert_eq!(office.taken(phone, phone.slice(7, 7)).seq, 7);
    assert!(verify(office.community()).unwrap().is_clean());
}

#[test]
fn tampering_is_found() {
    type Expected = fn(&Finding) -> bool;
    let cases: [(&str, Expected); 6] = [
        ("UPDATE log_line SET made_ms = made_ms + 1 WHERE lsn = 3", |f| {
            matches!(f, Finding::HomeChain(_))
        }),
        ("UPDATE log_head SET h = zeroblob(32)", |f| {
            matches!(f, Finding::HomeSignature(_))
        }),
        (
            "UPDATE entry SET body = CAST('{}' AS BLOB), dictionary = 0 WHERE number = 4",
            |f| matches!(f, Finding::DeviceChain(..)),
        ),
        (
            "UPDATE registry_value SET value = '\"13999999999\"' WHERE field = 'phone' AND rank = 0",
            |f| matches!(f, Finding::Tables { .. }),
        ),
        (
            "DELETE FROM merged_entry WHERE entry = (SELECT entry FROM record_door_check LIMIT 1)",
            |f| matches!(f, Finding::Tables { .. }),
        ),
        ("UPDATE device_log SET signature = zeroblob(64) WHERE number = 2", |f| {
            matches!(f, Finding::DeviceSignature(..))
        }),
    ];
    for (sql, expected) in cases {
        let (office, _) = busy_office();
        let other = rusqlite::Connection::open(office.community().path()).unwrap();
        assert_eq!(other.execute(sql, []).unwrap().min(1), 1, "{sql}");
        let findings = verify(office.community()).unwrap().findings;
        assert!(findings.iter().any(expected), "{sql}: {findings:?}");
    }
}

#[test]
fn entries_of_a_kind_that_was_given_up_still_count() {
    let (mut office, _) = busy_office();
    let before = digests(office.community()).unwrap();
    let files = Kinds::builtin_files()
        .iter()
        .copied()
        .filter(|(name, _)| *name != "door_check");
    office.settings.kinds = Arc::new(Kinds::from_files(files).unwrap());
    office.reopen();
    assert_eq!(digests(office.community()).unwrap(), before);
    assert!(verify(office.community()).unwrap().is_clean());
}

#[test]
fn one_request_that_is_refused_costs_the_others_nothing() {
    let mut office = Office::new();
    let mut phones: Vec<Phone> = (0..4).map(|_| office.worker_of_grid(1)).collect();
    for phone in &mut phones {
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
        office.taken(phone, phone.slice(1, 1));
    }
    // The third was restored from a backup.
    phones[2].entries[0] = phones[2].entries[1].clone();
    let outcomes: Vec<SliceOutcome> = std::thread::scope(|scope| {
        let asked: Vec<_> = phones
            .iter()
            .map(|phone| scope.spawn(|| office.ingest(phone, phone.slice(2, 2))))
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, SliceOutcome::Taken { .. }))
            .count(),
        3
    );
    assert_eq!(office.count("door_check"), 7);
}

fn dump(office: &Office, view: &str) -> String {
    office
        .community()
        .query(|connection| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {view} ORDER BY 1, 2, 3, 4"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            let mut text = String::new();
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    text.push_str(&format!("{:?} ", row.get_ref(column)?));
                }
                text.push('\n');
            }
            Ok(text)
        })
        .unwrap()
}
