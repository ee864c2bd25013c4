//! What a failure at a named place costs: the request it struck, and nobody else. The places
//! are one process's; each test holds their scenario.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::phones::{Office, Phone, grid, new_person, set, text};
use fail::FailScenario;
use menpai_server::clock;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::store::community::StoreError;
use menpai_server::sync::Contact;
use menpai_sync_core::ids::EntityId;

#[test]
fn a_transaction_that_does_not_commit_leaves_nothing() {
    let scenario = FailScenario::setup();
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (_, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    let before = verify(office.community()).unwrap();
    fail::cfg("before commit", "return(error)").unwrap();
    let contact = Contact {
        received_ms: clock::now_ms(),
        offset_ms: 0,
        last: None,
    };
    let failed = office.community().ingest(phone.device, phone.all(), contact);
    assert!(matches!(failed, Err(StoreError::NotCommitted(_))), "{failed:?}");
    assert_eq!(verify(office.community()).unwrap(), before);
    // After a commit that failed the writer writes nothing more; the file is opened again.
    assert!(office.community().has_stopped());
    fail::remove("before commit");
    assert!(office.community().ingest(phone.device, phone.all(), contact).is_err());
    office.reopen();
    assert_eq!(office.taken(&phone, phone.all()).seq, 2);
    assert_eq!(office.count("person"), 1);
    assert!(verify(office.community()).unwrap().is_clean());
    scenario.teardown();
}

#[test]
fn a_request_that_fails_half_way_leaves_nothing_and_stops_nobody() {
    let scenario = FailScenario::setup();
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (_, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    let before = verify(office.community()).unwrap();
    let contact = Contact {
        received_ms: clock::now_ms(),
        offset_ms: 0,
        last: None,
    };
    for place in ["raw entry stored", "document stored"] {
        fail::cfg("documents are stored seldom", "return").unwrap();
        fail::cfg(place, "return(error)").unwrap();
        assert!(
            office.community().ingest(phone.device, phone.all(), contact).is_err(),
            "{place} was not reached"
        );
        fail::remove(place);
        assert_eq!(verify(office.community()).unwrap(), before, "{place}");
        assert!(!office.community().has_stopped(), "{place}");
    }
    assert_eq!(office.taken(&phone, phone.all()).seq, 1);
    assert_eq!(office.count("person"), 1);
    assert!(verify(office.community()).unwrap().is_clean());
    scenario.teardown();
}

#[test]
fn an_edit_that_makes_derivation_panic_is_held_and_costs_nobody_else() {
    let scenario = FailScenario::setup();
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (person, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    office.taken(&phone, phone.all());
    for number in 0..3 {
        phone.edit(
            Some(grid(1)),
            vec![],
            vec![set("person", person, "phone", text(&format!("1370000000{number}")))],
        );
    }
    phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    fail::cfg("derive", "1*panic(a poisoned change)").unwrap();
    office.taken(&phone, phone.slice(2, 5));
    assert_eq!(office.reason(&phone, 2), "derive_failed");
    assert_eq!(
        [3, 4, 5].map(|seq| office.reason(&phone, seq)),
        ["merged", "merged", "merged"]
    );
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");
    assert!(verify(office.community()).unwrap().is_clean());
    assert!(rebuild(office.community()).unwrap().is_equal());
    scenario.teardown();
}

#[test]
fn changes_that_cannot_be_taken_up_together_are_taken_up_one_by_one() {
    for (failures, expected) in [
        (1, ["merged", "merged", "merged"]),
        (2, ["derive_failed", "merged", "merged"]),
    ] {
        let scenario = FailScenario::setup();
        let mut office = Office::new();
        let mut phone = office.worker_of_grid(1);
        for _ in 0..2 {
            let make = phone.new_id();
            let (_, items) = new_person(make, "张桂兰");
            phone.edit_with_id(make, Some(grid(1)), vec![], items);
        }
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
        fail::cfg("settle", &format!("{failures}*return(error)")).unwrap();
        assert_eq!(office.taken(&phone, phone.all()).seq, 3);
        assert_eq!([1, 2, 3].map(|seq| office.reason(&phone, seq)), expected);
        assert_eq!(office.count("person"), 3 - failures);
        assert!(verify(office.community()).unwrap().is_clean());
        assert!(rebuild(office.community()).unwrap().is_equal());
        scenario.teardown();
    }
}

#[test]
fn requests_that_wait_together_share_a_commit() {
    let scenario = FailScenario::setup();
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    let mut office = Office::new();
    let mut phones: Vec<Phone> = (0..8).map(|_| office.worker_of_grid(1)).collect();
    for phone in &mut phones {
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    }
    fail::cfg_callback("before commit", move || {
        counter.fetch_add(1, Ordering::SeqCst);
        // A slow disk: whoever comes meanwhile waits for the next commit, together.
        std::thread::sleep(std::time::Duration::from_millis(100));
    })
    .unwrap();
    std::thread::scope(|scope| {
        for phone in &phones {
            scope.spawn(|| office.taken(phone, phone.all()));
        }
    });
    let used = commits.load(Ordering::SeqCst);
    assert!((1..=3).contains(&used), "{used} commits for 8 requests");
    assert_eq!(office.count("door_check"), 8);
    assert!(verify(office.community()).unwrap().is_clean());
    scenario.teardown();
}
