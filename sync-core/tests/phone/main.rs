//! The phone as its screens see it: what is saved, what is shown, what is believed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod broken;
mod clock;
mod corrections;
mod home;
mod id_number;
mod night;
mod overtaken;
mod packets;
mod shown;
mod snapshots;
mod succession;
mod today;
mod twins;

use std::collections::BTreeMap;
use std::sync::Arc;

use home::{Home, OFFICE, OFFSET_MS, grid, item, now, part};
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::{Class, Kinds};
use menpai_sync_core::phone::{EditDraft, NewSetItem, Phone, RecordDraft, Rung, Saved, Stored, Write, WriteValue};
use menpai_sync_core::signature::Signer;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{SaidSliceLine, SliceRefusal};
use serde_json::json;

/// A phone with its stored rows and its key.
struct Device {
    phone: Phone,
    rows: BTreeMap<(Stored, String), WriteValue>,
    key: Signer,
    randomness: u8,
}

impl Device {
    fn enrolled(home: &Home, number: u8) -> Device {
        let kinds = Arc::new(Kinds::builtin().unwrap());
        let phone = Phone::open(kinds, []).unwrap();
        let mut device = Device {
            phone,
            rows: BTreeMap::new(),
            key: Signer::from_bytes(&[number; 32]).unwrap(),
            randomness: number * 50,
        };
        let writes = device.phone.enrol(home.enrolment(number)).unwrap();
        device.keep(writes);
        device
    }

    fn keep(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write.value {
                WriteValue::Delete => self.rows.remove(&(write.store, write.key)),
                value => self.rows.insert((write.store, write.key), value),
            };
        }
    }

    /// As after a kill: only what was kept remains.
    fn reopen(&mut self) {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|((store, key), value)| (*store, key.clone(), value.clone()))
            .collect();
        self.phone = Phone::open(Arc::new(Kinds::builtin().unwrap()), rows).unwrap();
    }

    fn saved(&mut self, saved: Saved) -> EntryId {
        match saved {
            Saved::Entry { entry, writes, .. } => {
                self.keep(writes);
                entry
            }
            Saved::Problems(problems) => panic!("{problems:?}"),
        }
    }

    fn random(&mut self) -> [u8; 10] {
        self.randomness += 1;
        [self.randomness; 10]
    }

    fn check_door(&mut self, dwelling: EntityId, outcome: &str) {
        let body = json!({"dwelling_id": dwelling.to_string(), "mode": "door", "outcome": outcome});
        self.record("door_check", body, now());
    }

    fn record(&mut self, kind: &str, body: serde_json::Value, at: Instant) -> EntryId {
        let serde_json::Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let draft = RecordDraft {
            kind: kind.to_owned(),
            grid: Some(grid()),
            body,
        };
        let random = self.random();
        let saved = self.phone.record(draft, at, random);
        self.saved(saved)
    }

    fn retract(&mut self, record: EntryId, at: Instant) -> EntryId {
        let random = self.random();
        let saved = self.phone.retract(record, at, random);
        self.saved(saved)
    }

    fn correct_phone(&mut self, person: EntityId, number: &str) {
        self.set("person", person, "phone", Scalar::Text(number.to_owned()));
    }

    fn set(&mut self, entity_type: &str, id: EntityId, field: &str, value: Scalar) {
        let set = vec![NewSetItem {
            entity_type: entity_type.to_owned(),
            id: id.to_string(),
            field: field.to_owned(),
            value,
        }];
        let random = self.random();
        let saved = self.phone.edit(
            EditDraft {
                grid: Some(grid()),
                set,
                body: serde_json::Map::new(),
            },
            now(),
            random,
        );
        self.saved(saved);
    }

    fn request(&mut self) -> Vec<u8> {
        let draft = self.phone.begin_sync(now(), false).unwrap();
        let signatures: Vec<_> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
        self.phone.request(&signatures).unwrap()
    }

    fn sync(&mut self, home: &mut Home) -> usize {
        let request = self.request();
        let key = home.key.clone();
        let answer = home.answer(self.phone.log_head().unwrap().0, &request, &key);
        let received = self.phone.verify_and_receive(&answer).unwrap();
        self.keep(received.writes);
        self.keep_shown();
        received.sent
    }

    /// What the app does once the screens are drawn.
    fn keep_shown(&mut self) {
        let shown = self.phone.keep_shown();
        self.keep(shown);
    }

    fn phones(&self, dwelling: EntityId) -> Vec<(String, Rung)> {
        let card = self.phone.door(dwelling, now()).unwrap();
        let field = card.persons[0]
            .fields
            .iter()
            .find(|field| field.field == "phone")
            .unwrap();
        field
            .values
            .iter()
            .map(|value| (value.value.as_text().unwrap().to_owned(), value.rung))
            .collect()
    }
}

/// A building with two doors; somebody lives behind the first.
fn street(home: &mut Home) -> (EntityId, EntityId, EntityId) {
    let made = home.office_edit(Class::Open, OFFICE, Vec::new(), |entry| {
        let [building, first, second, household, person] = [0, 1, 2, 3, 4].map(|index| EntityId::made_by(entry, index));
        vec![
            item("place", building, "name", "16号楼"),
            item("dwelling", first, "building_id", &building.to_string()),
            item("dwelling", second, "building_id", &building.to_string()),
            item("household", household, "dwelling_id", &first.to_string()),
            item("person", person, "household_id", &household.to_string()),
            item("person", person, "name", "郁青禾"),
            item("person", person, "birth_date", "1944-11-23"),
            item("person", person, "phone", "19900000001"),
            item("dwelling", first, "room", "1002"),
            item("dwelling", first, "unit", "2"),
            item("dwelling", second, "room", "302"),
            item("dwelling", second, "unit", "2"),
        ]
    });
    (made[1], made[2], made[4])
}

#[test]
fn what_is_recorded_survives_and_climbs_its_ladder() {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    device.check_door(second, "absent");
    device.reopen();
    assert_eq!(device.phone.status().only_here, 2);
    let rungs = |device: &Device| -> Vec<Rung> { device.phone.own_records(9).iter().map(|row| row.rung).collect() };
    assert_eq!(rungs(&device), [Rung::OnPhone, Rung::OnPhone]);

    home.hold = vec!["door_check"];
    device.check_door(second, "refused");
    home.hold.clear();
    assert_eq!(device.sync(&mut home), 3);
    device.reopen();
    let status = device.phone.status();
    assert_eq!((status.only_here, status.merged, status.held), (0, 3, 0));
    assert_eq!(status.offset_ms, Some(OFFSET_MS));
    assert_eq!(device.sync(&mut home), 0);
}

#[test]
fn a_held_record_says_why_and_does_not_mark_the_door() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    home.hold = vec!["door_check"];
    device.sync(&mut home);
    device.reopen();
    let row = &device.phone.own_records(1)[0];
    assert_eq!((row.rung, row.reason), (Rung::Held, Some("not_assigned")));
    assert!(row.reason_text.as_ref().is_some_and(|text| !text.zh.is_empty()));
    assert_eq!(device.phone.door(first, now()).unwrap().state.mark, None);
    assert_eq!(device.phone.status().held, 1);

    // It can be taken back all the same, once.
    let held = row.entry;
    device.retract(held, now());
    let rows = device.phone.own_records(2);
    assert_eq!((rows[1].entry, rows[1].withdrawn), (held, true));
    let again = device.phone.retract(held, now(), [9; 10]);
    assert!(matches!(again, Saved::Problems(problems) if problems[0].code == "withdrawn"));
}

#[test]
fn doors_are_listed_as_people_count_them() {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(second, "absent");
    device.check_door(first, "met");
    let buildings = device.phone.buildings(grid(), now());
    let doors: Vec<_> = buildings[0].units[0]
        .doors
        .iter()
        .map(|door| (door.room.as_str(), door.state.mark))
        .collect();
    assert_eq!(doors, [("302", Some("absent")), ("1002", Some("checked"))]);
    // 无人 is a mark and leaves the door open.
    assert_eq!((buildings[0].doors, buildings[0].closed), (2, 1));
    let card = device.phone.door(first, now()).unwrap();
    assert_eq!(card.persons[0].age, Some(81), "her birthday is tomorrow");
}

#[test]
fn an_own_value_stands_over_what_its_author_had_seen_and_beside_what_not() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let base = home.heads(Class::Open);
    device.correct_phone(person, "19900000002");
    assert_eq!(device.phones(first), [("19900000002".to_owned(), Rung::OnPhone)]);

    // A colleague's concurrent value arrives in the same contact.
    home.office_edit(Class::Open, 2, base, |_| {
        vec![item("person", person, "phone", "19900000003")]
    });
    device.sync(&mut home);
    let mut both = device.phones(first);
    both.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        both,
        [
            ("19900000002".to_owned(), Rung::Merged),
            ("19900000003".to_owned(), Rung::Merged)
        ]
    );
    assert!(
        device.phone.buildings(grid(), now())[0].units[0]
            .doors
            .iter()
            .any(|door| door.conflict)
    );

    // Deciding is an edit by someone who has seen both.
    device.correct_phone(person, "19900000003");
    device.sync(&mut home);
    device.reopen();
    assert_eq!(device.phones(first), [("19900000003".to_owned(), Rung::Merged)]);
    assert_eq!(
        device.phone.replica().unwrap().heads(part(Class::Open)),
        home.heads(Class::Open)
    );
}

#[test]
fn the_same_value_twice_is_no_conflict_on_the_card() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let seen = home.heads(Class::Open);
    device.correct_phone(person, "19900000002");
    // A colleague who had not seen it wrote the very same.
    home.office_edit(Class::Open, 9, seen, |_| {
        vec![item("person", person, "phone", "19900000002")]
    });
    device.sync(&mut home);
    assert_eq!(device.phones(first), [("19900000002".to_owned(), Rung::Merged)]);
    let card = device.phone.door(first, now()).unwrap();
    assert!(card.persons[0].fields.iter().all(|field| !field.conflict));
    assert!(
        device
            .phone
            .buildings(grid(), now())
            .iter()
            .flat_map(|building| &building.units)
            .flat_map(|unit| &unit.doors)
            .all(|door| !door.conflict)
    );
}

#[test]
fn a_refused_slice_is_shown_and_stays_on_the_phone() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    home.refuse = Some("bad_signature");
    assert_eq!(device.sync(&mut home), 0);
    device.reopen();
    let status = device.phone.status();
    assert_eq!(status.only_here, 1);
    assert_eq!(
        status.refused.map(|refused| refused.code),
        Some("bad_signature".to_owned())
    );
    home.refuse = None;
    assert_eq!(device.sync(&mut home), 1);
    assert!(device.phone.status().refused.is_none());
}

#[test]
fn a_damaged_document_is_fetched_again_and_the_own_log_is_not_touched() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.correct_phone(person, "19900000002");
    let document = device
        .rows
        .keys()
        .find(|(store, _)| *store == Stored::Document)
        .unwrap()
        .clone();
    device
        .rows
        .insert(document, WriteValue::Bytes(b"1\nnot automerge".to_vec()));
    device.reopen();
    assert_eq!(device.phone.only_here(), 1);
    assert!(device.phone.door(first, now()).is_none());
    device.sync(&mut home);
    assert_eq!(device.phones(first), [("19900000002".to_owned(), Rung::Merged)]);

    let own = device
        .rows
        .keys()
        .find(|(store, _)| *store == Stored::Log)
        .unwrap()
        .clone();
    device.rows.insert(own, WriteValue::Text("{".to_owned()));
    let rows: Vec<_> = device
        .rows
        .iter()
        .map(|((store, key), value)| (*store, key.clone(), value.clone()))
        .collect();
    assert!(Phone::open(Arc::new(Kinds::builtin().unwrap()), rows).is_err());
}

#[test]
fn a_lost_grid_leaves_nothing_of_others_behind_and_unsent_work_still_goes() {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    let mut colleague = Device::enrolled(&home, 2);
    device.sync(&mut home);
    colleague.sync(&mut home);
    colleague.check_door(first, "met");
    colleague.sync(&mut home);
    device.sync(&mut home);
    assert_eq!(device.phone.door(first, now()).unwrap().state.mark, Some("checked"));
    device.check_door(second, "absent");
    home.grid_lost = true;
    assert_eq!(device.sync(&mut home), 1);
    let kept = |store| device.rows.keys().filter(|(found, _)| *found == store).count();
    assert_eq!(
        (kept(Stored::Line), kept(Stored::Document), kept(Stored::Log)),
        (0, 0, 1)
    );
    device.reopen();
    assert!(device.phone.door(first, now()).is_none());
    assert_eq!(device.phone.status().grids, []);
    home.grid_lost = false;
    device.sync(&mut home);
    device.reopen();
    assert_eq!(device.phone.door(first, now()).unwrap().state.mark, Some("checked"));
}

#[test]
fn a_draft_that_breaks_a_rule_is_not_saved_and_says_what_to_do() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let body = json!({"dwelling_id": first.to_string(), "mode": "door"});
    let draft = RecordDraft {
        kind: "door_check".to_owned(),
        grid: Some(grid()),
        body: body.as_object().unwrap().clone(),
    };
    let Saved::Problems(problems) = device.phone.record(draft, now(), [1; 10]) else {
        panic!("saved without an outcome")
    };
    assert_eq!(
        (problems[0].path.as_str(), problems[0].code.as_str()),
        ("/outcome", "missing")
    );
    assert!(problems[0].sentence.zh.contains("结果"));
    let set = vec![NewSetItem {
        entity_type: "person".to_owned(),
        id: person.to_string(),
        field: "phone".to_owned(),
        value: Scalar::Text("12".to_owned()),
    }];
    let edit = EditDraft {
        grid: Some(grid()),
        set,
        body: serde_json::Map::new(),
    };
    let Saved::Problems(problems) = device.phone.edit(edit, now(), [2; 10]) else {
        panic!("saved a wrong number")
    };
    assert_eq!(problems[0].code, "bad_phone");
    assert_eq!(device.phone.own_entries().count(), 0);
}

#[test]
fn a_home_that_does_not_know_the_phone_changes_nothing_on_it() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    let refusal = |code: &str| SliceRefusal {
        slice: 0,
        code: code.to_owned(),
        message: "x".to_owned(),
        next: "y".to_owned(),
    };
    let writes = device.phone.refused(refusal("not_signed_in"));
    device.keep(writes);
    device.reopen();
    let status = device.phone.status();
    assert_eq!((status.signed_in, status.only_here), (true, 1));
    let writes = device.phone.enrol(home.enrolment(1)).unwrap();
    device.keep(writes);
    assert!(
        device.phone.enrol(home.enrolment(2)).is_err(),
        "another worker's unsent work stays his"
    );
    assert_eq!(device.sync(&mut home), 1);
    let writes = device.phone.refused(refusal("too_many_requests"));
    device.keep(writes);
    assert!(device.phone.status().refused.is_some());
}

#[test]
fn what_comes_before_a_slice_is_said_only_after_a_refusal() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let says_previous = |device: &mut Device| {
        let request = device.request();
        let (_, rest) = menpai_sync_core::wire::inflate_member(&request, 1 << 20).unwrap();
        let (mut slice, rest) = menpai_sync_core::wire::inflate_member(rest, 1 << 20).unwrap();
        if slice.starts_with(b"{\"receipt\":") {
            (slice, _) = menpai_sync_core::wire::inflate_member(rest, 1 << 20).unwrap();
        }
        let line: SaidSliceLine = serde_json::from_slice(slice.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        line.previous.is_some()
    };
    device.check_door(first, "met");
    assert!(!says_previous(&mut device), "the home knows where a log begins");
    device.sync(&mut home);
    device.check_door(first, "met");
    assert!(!says_previous(&mut device), "the home said where the log is");

    // The home has lost what it had, and says so.
    home.forget_log(device.phone.log_head().unwrap().0);
    let request = device.request();
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &request, &key);
    let received = device.phone.verify_and_receive(&answer).unwrap();
    assert!(received.more, "the next request goes at once");
    assert_eq!((received.sent, device.phone.only_here()), (0, 2));
    device.keep(received.writes);
    device.reopen();
    home.refuse = None;
    assert!(says_previous(&mut device));
    assert_eq!(device.sync(&mut home), 2);
    assert!(device.phone.status().refused.is_none());
    device.check_door(first, "met");
    assert!(!says_previous(&mut device));
    for code in ["bad_signature", "unreadable_slice"] {
        home.refuse = Some(code);
        device.sync(&mut home);
        assert!(says_previous(&mut device), "{code}");
    }
}

#[test]
fn a_long_day_is_cut_into_slices_that_fit() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let diary: String = (0..1500u32)
        .map(|index| char::from_u32(0x4e00 + (index * 7919) % 20_000).unwrap())
        .collect();
    for index in 0..120 {
        let body = json!({"dwelling_id": first.to_string(), "mode": "door", "outcome": "met", "diary": format!("{index}{diary}")});
        let draft = RecordDraft {
            kind: "door_check".to_owned(),
            grid: Some(grid()),
            body: body.as_object().unwrap().clone(),
        };
        let random = device.random();
        let saved = device.phone.record(draft, now(), random);
        device.saved(saved);
    }
    let request = device.request();
    let (_, mut rest) = menpai_sync_core::wire::inflate_member(&request, 1 << 20).unwrap();
    let mut slices = 0;
    while !rest.is_empty() {
        let before = rest.len();
        let (slice, after) =
            menpai_sync_core::wire::inflate_member(rest, menpai_sync_core::wire::MAX_SLICE_INFLATED).unwrap();
        assert!(
            before - after.len() <= menpai_sync_core::wire::MAX_SLICE_COMPRESSED,
            "{}",
            before - after.len()
        );
        assert!(slice.len() <= menpai_sync_core::wire::MAX_SLICE_INFLATED);
        slices += 1;
        rest = after;
    }
    assert!((2..=16).contains(&slices), "{slices}");
    while device.phone.only_here() > 0 {
        device.sync(&mut home);
    }
    assert_eq!(device.phone.status().merged, 120);
}
