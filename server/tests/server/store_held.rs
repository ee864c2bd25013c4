//! What the office decides about held entries: it counts, it counts otherwise, it does not
//! count. Nothing held is lost by it, and what is derived can be made again.

use crate::phones::{Office, Phone, grid, new_person, set, text};
use menpai_server::clock;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::office::held::{Decision, ruling};
use menpai_server::sync::{HeldRefusal, Ruled, Wish};
use menpai_sync_core::entry::{Entry, Scalar};
use menpai_sync_core::ids::{EntityId, Hash};
use menpai_sync_core::verdict::{Reason, Verdict};
use serde_json::{Value, json};

fn open_part() -> menpai_sync_core::part::Part {
    format!("{}/open", grid(1)).parse().unwrap()
}

fn heads(office: &Office) -> Vec<Hash> {
    office.community().heads(open_part()).unwrap()
}

/// The office rules about an entry as its page shows it now.
fn rule(office: &Office, phone: &Phone, seq: u64, wish: Wish) -> Result<Ruled, HeldRefusal> {
    let seen = heads(office);
    rule_seeing(office, phone, seq, wish, seen)
}

fn rule_seeing(office: &Office, phone: &Phone, seq: u64, wish: Wish, seen: Vec<Hash>) -> Result<Ruled, HeldRefusal> {
    let decision = Decision {
        id: clock::new_entry_id(),
        device: phone.device,
        seq,
        wish,
        seen,
        note: Some("已核对".to_owned()),
    };
    let community = office.community();
    let ruling = ruling(community, office.desk.worker, clock::now(), &decision).unwrap();
    community.rule(&office.device, ruling).unwrap()
}

fn amended(body: Value) -> Wish {
    match body {
        Value::Object(body) => Wish::AmendRecord(body),
        _ => panic!("a body is an object"),
    }
}

/// The file fits its lines, and what is derived is the same made anew.
fn whole(office: &Office) {
    let report = verify(office.community()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    let held = |office: &Office| -> String {
        office.one(
            "SELECT coalesce(group_concat(concat_ws(' ', entry, device, lsn, verdict, hex(needs)), '; ' ORDER BY entry), '')
               FROM held_entry",
        )
    };
    let before = held(office);
    assert!(rebuild(office.community()).unwrap().is_equal());
    assert_eq!(held(office), before);
}

fn door() -> EntityId {
    EntityId::from_bytes([9; 16])
}

/// The last line of a device's entry: verdict, reason, detail.
fn line(office: &Office, phone: &Phone, seq: u64) -> (String, Option<String>, Option<String>) {
    office
        .community()
        .query(|connection| {
            Ok(connection.query_row(
                "SELECT l.verdict, l.reason, l.detail FROM entry e JOIN device_log d ON d.number = e.device
                   JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
                  WHERE d.device = ?1 AND e.seq = ?2",
                rusqlite::params![phone.device.as_bytes(), seq],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?)
        })
        .unwrap()
}

#[test]
fn a_released_record_counts_as_its_author_made_it() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.door_check(grid(2), door());
    office.taken(&phone, phone.all());
    assert_eq!(office.reason(&phone, 1), "not_assigned");
    assert_eq!(office.count("door_check"), 0);
    let made: i64 = office.one("SELECT max(made_ms) FROM log_line WHERE reason = 'not_assigned'");

    let ruled = rule(&office, &phone, 1, Wish::Release).unwrap();
    assert_eq!((ruled.verdict, ruled.freed), (Verdict::Merged, 0));
    assert_eq!(line(&office, &phone, 1), ("merged".to_owned(), None, None));
    assert_eq!(
        office.one::<String>("SELECT worker_id FROM door_check"),
        phone.worker.to_string()
    );
    assert_eq!(
        office.one::<i64>("SELECT made_ms FROM merged_entry WHERE lsn = (SELECT max(lsn) FROM log_line)"),
        made
    );
    assert_eq!(
        rule(&office, &phone, 1, Wish::SetAside),
        Err(HeldRefusal::Decided(Verdict::Merged))
    );
    whole(&office);
}

#[test]
fn what_breaks_a_rule_still_is_only_amended_or_set_aside() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let held = phone.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": door(), "mode": "door", "outcome": "met", "people_present": 50_000}),
    );
    office.taken(&phone, phone.all());
    let lines = office.count("log_line");
    assert!(matches!(
        rule(&office, &phone, 1, Wish::Release),
        Err(HeldRefusal::StillHeld(Reason::FailedRule, Some(_)))
    ));
    let wrong = json!({"dwelling_id": door(), "mode": "door", "outcome": "met", "people_present": -1});
    let Err(HeldRefusal::Value { label, .. }) = rule(&office, &phone, 1, amended(wrong)) else {
        panic!("-1 people are nowhere");
    };
    assert_eq!(label.zh, "在家人数");
    assert_eq!(office.count("log_line"), lines, "a refusal writes nothing");

    let right = json!({"dwelling_id": door(), "mode": "door", "outcome": "met", "people_present": 5});
    let ruled = rule(&office, &phone, 1, amended(right)).unwrap();
    assert_eq!(ruled.verdict, Verdict::Released);
    let (verdict, reason, by) = line(&office, &phone, 1);
    assert_eq!((verdict.as_str(), reason.as_deref()), ("released", Some("failed_rule")));
    let amended: String = office.one("SELECT entry_id FROM door_check WHERE people_present = 5");
    assert_eq!(by.as_deref(), Some(amended.as_str()));
    let supersedes: Vec<u8> = office.one("SELECT supersedes FROM merged_entry WHERE supersedes IS NOT NULL");
    assert_eq!(supersedes, held.as_bytes());
    let (of_held, of_office): (i64, i64) = (
        office.one("SELECT made_ms FROM log_line WHERE verdict = 'held'"),
        office.one("SELECT made_ms FROM merged_entry WHERE supersedes IS NOT NULL"),
    );
    assert_eq!(of_office, of_held, "it is of the time at which it was seen");
    whole(&office);
}

#[test]
fn what_is_set_aside_can_be_released_later() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.door_check(grid(2), door());
    office.taken(&phone, phone.all());
    let ruled = rule(&office, &phone, 1, Wish::SetAside).unwrap();
    assert_eq!(ruled.verdict, Verdict::SetAside);
    let (verdict, reason, by) = line(&office, &phone, 1);
    assert_eq!(
        (verdict.as_str(), reason.as_deref()),
        ("set_aside", Some("not_assigned"))
    );
    assert_eq!(
        by.as_deref(),
        Some(office.one::<String>("SELECT entry_id FROM held_decision").as_str())
    );
    assert_eq!(
        rule(&office, &phone, 1, Wish::SetAside),
        Err(HeldRefusal::Decided(Verdict::SetAside))
    );
    whole(&office);
    rule(&office, &phone, 1, Wish::Release).unwrap();
    assert_eq!(office.count("door_check"), 1);
    assert_eq!(office.count("held_decision"), 2);
    whole(&office);
}

#[test]
fn the_phone_of_whoever_manages_staff_writes_nothing_of_the_office() {
    for role in ["community_secretary", "admin"] {
        let mut office = Office::new();
        let mut phone = Phone::new();
        office.register(&phone);
        office.assign(&phone, role, None);
        let key = phone.request_signer().key.public_key().to_string();
        phone.record(
            "assignment",
            None,
            json!({"worker": phone.worker, "worker_name": "王小梅", "role": "community_secretary",
                   "from": clock::now()}),
        );
        phone.record(
            "device",
            None,
            json!({"device": phone.device, "worker": phone.worker, "type": "office", "public_key": key, "name": "x"}),
        );
        office.taken(&phone, phone.all());
        for seq in 1..=2 {
            assert_eq!(office.reason(&phone, seq), "not_assigned", "{role}, entry {seq}");
        }
        let directory = office.community().directory();
        assert!(!directory.is_office(phone.device), "{role}");
    }
}

#[test]
fn what_cannot_be_read_and_what_only_the_office_writes_is_only_set_aside() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.raw(b"not an entry");
    phone.raw(&[b'x'; 20_000]);
    phone.record(
        "assignment",
        None,
        json!({"worker": phone.worker, "worker_name": "王小梅", "role": "community_secretary",
               "from": clock::now()}),
    );
    office.taken(&phone, phone.all());
    for (seq, refusal) in [
        (1, HeldRefusal::Unreadable),
        (2, HeldRefusal::Unreadable),
        (3, HeldRefusal::OfficeOnly),
        (4, HeldRefusal::NotHere),
    ] {
        assert_eq!(rule(&office, &phone, seq, Wish::Release), Err(refusal), "entry {seq}");
    }
    for seq in 1..=3 {
        assert_eq!(
            rule(&office, &phone, seq, Wish::SetAside).unwrap().verdict,
            Verdict::SetAside
        );
    }
    whole(&office);
}

#[test]
fn a_released_edit_is_the_offices_with_what_only_waited_for_it() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let mut other = office.worker_of_grid(1);
    // Two people made in a grid that is not his; everything about them needs them.
    let first = phone.new_id();
    let (person, items) = new_person(first, "张桂兰");
    phone.edit_with_id(first, Some(grid(2)), vec![], items);
    phone.edit(
        Some(grid(2)),
        vec![],
        vec![set("person", person, "phone", text("13700000001"))],
    );
    office.taken(&phone, phone.all());
    office.assign(&other, "grid_worker", Some(grid(2)));
    let second = other.new_id();
    let child = EntityId::made_by(second, 0);
    other.edit_with_id(
        second,
        Some(grid(2)),
        vec![],
        vec![
            set("family_contact", child, "person_id", text(&person.to_string())),
            set("family_contact", child, "name", text("张小云")),
            set("person", person, "phone", text("13700000002")),
        ],
    );
    other.edit(
        Some(grid(2)),
        vec![],
        vec![set("family_contact", child, "phone", text("13700000003"))],
    );
    office.taken(&other, other.all());
    assert_eq!(office.reason(&phone, 1), "not_assigned");
    assert_eq!(
        [
            office.reason(&phone, 2),
            office.reason(&other, 1),
            office.reason(&other, 2)
        ],
        ["not_assigned", "needs", "needs"]
    );
    assert_eq!(office.count("person"), 0);

    let part = format!("{}/open", grid(2)).parse().unwrap();
    let seen = office.community().heads(part).unwrap();
    let ruled = rule_seeing(&office, &phone, 1, Wish::Release, seen).unwrap();
    assert_eq!((ruled.verdict, ruled.freed), (Verdict::Released, 2));
    assert_eq!(office.one::<String>("SELECT name FROM person"), "张桂兰");
    assert_eq!(office.one::<String>("SELECT phone FROM family_contact"), "13700000003");
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");
    assert_eq!(
        [
            office.reason(&phone, 1),
            office.reason(&phone, 2),
            office.reason(&other, 1)
        ],
        ["not_assigned", "not_assigned", "needs"]
    );
    assert_eq!(line(&office, &other, 2).0, "released");
    assert_eq!(
        line(&office, &phone, 2).0,
        "held",
        "it did not wait for it: it is decided by itself"
    );
    assert_eq!(office.one::<i64>("SELECT count(*) FROM entity WHERE held"), 0);
    // What comes now about what they made merges as if it had always been there.
    let heads = office.community().heads(part).unwrap();
    other.edit(
        Some(grid(2)),
        heads,
        vec![set("person", person, "hearing", text("weak"))],
    );
    office.taken(&other, other.slice(3, 3));
    assert_eq!(office.reason(&other, 3), "merged");
    whole(&office);
}

#[test]
fn a_held_edit_blocks_no_later_one_and_its_release_does_not_overwrite_unseen() {
    let mut office = Office::new();
    let make = office.desk.new_id();
    let (person, items) = new_person(make, "张桂兰");
    office.desk.edit_with_id(make, Some(grid(1)), vec![], items);
    office.write_desk();
    let base = heads(&office);
    let mut phone = office.worker_of_grid(1);
    phone.edit(
        Some(grid(1)),
        base.clone(),
        vec![
            set("person", person, "phone", text("13700000009")),
            set("person", person, "sex", text("neither")),
        ],
    );
    phone.edit(
        Some(grid(1)),
        base.clone(),
        vec![set("person", person, "phone", text("13700000002"))],
    );
    office.taken(&phone, phone.all());
    assert_eq!(
        [office.reason(&phone, 1), office.reason(&phone, 2)],
        ["failed_rule", "merged"]
    );
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");

    let wish = Wish::AmendEdit(vec![set("person", person, "phone", text("13700000009"))]);
    // Her page was drawn before the second edit came.
    let ruled = rule_seeing(&office, &phone, 1, wish, base).unwrap();
    assert_eq!(ruled.verdict, Verdict::Released);
    let values: String = office.one("SELECT group_concat(value, ' ' ORDER BY value) FROM conflict");
    assert_eq!(values, r#""13700000002" "13700000009""#);
    whole(&office);
}

#[test]
fn edits_past_a_gap_may_be_released_and_are_not_judged_again() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.door_check(grid(1), door());
    let make = phone.new_id();
    let (person, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000001"))],
    );
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000002"))],
    );
    office.taken(&phone, phone.slice(2, 4));
    assert_eq!(
        rule(&office, &phone, 3, Wish::Release),
        Err(HeldRefusal::StillHeld(Reason::UnknownEntity, Some(person.to_string())))
    );
    rule(&office, &phone, 2, Wish::Release).unwrap();
    rule(&office, &phone, 3, Wish::SetAside).unwrap();
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000000");

    office.taken(&phone, phone.slice(1, 1));
    assert_eq!(
        [2, 3, 4].map(|seq| line(&office, &phone, seq).0),
        ["released", "set_aside", "merged"]
    );
    assert_eq!(office.count("log_line WHERE verdict = 'released'"), 1);
    whole(&office);
}

#[test]
fn what_a_set_aside_edit_would_have_made_is_needed_by_what_names_it() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.door_check(grid(1), door());
    let make = phone.new_id();
    let (person, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000001"))],
    );
    office.taken(&phone, phone.slice(2, 3));
    rule(&office, &phone, 2, Wish::SetAside).unwrap();
    office.taken(&phone, phone.slice(1, 1));
    assert_eq!(office.reason(&phone, 3), "needs");
    let ruled = rule(&office, &phone, 2, Wish::Release).unwrap();
    assert_eq!(ruled.freed, 1);
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000001");
    whole(&office);
}

#[test]
fn an_entry_under_anothers_id_counts_only_as_one_of_the_office() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (_, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    let (_, items) = new_person(make, "李秀英");
    phone.edit_with_id(make, Some(grid(1)), vec![], items.clone());
    office.taken(&phone, phone.all());
    assert_eq!(office.reason(&phone, 2), "same_id_other_bytes");
    assert!(matches!(
        rule(&office, &phone, 2, Wish::Release),
        Err(HeldRefusal::StillHeld(Reason::SameIdOtherBytes, None))
    ));
    rule(&office, &phone, 2, Wish::AmendEdit(items)).unwrap();
    let names: String = office.one("SELECT group_concat(name, ' ' ORDER BY name) FROM person");
    assert_eq!(names, "张桂兰 李秀英");
    assert_eq!(office.count("conflict"), 0);
    whole(&office);
}

#[test]
fn only_the_office_releases_and_only_what_is_held() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (_, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(2)), vec![], items.clone());
    let merged = phone.door_check(grid(1), door());
    let release = |entries: &mut Vec<Vec<u8>>, id: &str| {
        let last = String::from_utf8(entries.pop().unwrap()).unwrap();
        let bytes = last.replacen(",\"base\":", &format!(",\"releases\":\"{id}\",\"base\":"), 1);
        Entry::parse(bytes.as_bytes()).unwrap();
        entries.push(bytes.into_bytes());
    };
    let name = EntityId::made_by(make, 0);
    phone.edit(Some(grid(1)), vec![], vec![set("person", name, "name", text("张桂兰"))]);
    release(&mut phone.entries, &make.to_string());
    office.taken(&phone, phone.all());
    assert_eq!(
        line(&office, &phone, 3),
        (
            "held".to_owned(),
            Some("not_assigned".to_owned()),
            Some("releases".to_owned())
        )
    );

    office
        .desk
        .edit(Some(grid(1)), vec![], vec![set("person", name, "note", Scalar::Null)]);
    release(&mut office.desk.entries, &merged.to_string());
    office.write_desk();
    let reason: String = office.one("SELECT reason FROM log_line ORDER BY lsn DESC LIMIT 1");
    assert_eq!(reason, "not_assigned");
    whole(&office);
}
