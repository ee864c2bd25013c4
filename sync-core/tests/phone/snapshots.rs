//! Parts that come whole: the phone shows what it would show from lines, and anything that
//! does not fit changes nothing.

use menpai_sync_core::ids::{Hash, LogId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Phone, Rung, Stored, TakeSnapshotError};
use menpai_sync_core::wire;

use super::home::{Home, OFFICE, grid, item, now, part};
use super::{Device, street};

const CLASSES: [Class; 2] = [Class::Open, Class::Care];

impl Device {
    /// A phone that fetches parts whole.
    fn fetching(home: &Home, number: u8) -> Device {
        let mut device = Device::enrolled(home, number);
        device.phone.use_snapshots(true);
        device
    }

    /// Fetches what it wants; says which parts came.
    fn fetch(&mut self, home: &Home) -> Vec<Part> {
        let Some(wanted) = self.phone.snapshots_wanted() else {
            return Vec::new();
        };
        let mut body = Vec::new();
        for class in CLASSES {
            if wanted.is_empty() || wanted.contains(&part(class)) {
                body.extend(home.snapshot(class).write(&[]));
            }
        }
        let mut parts = Vec::new();
        let mut rest = body.as_slice();
        while let Some(taken) = self.phone.take_snapshot(rest).unwrap_or(None) {
            self.keep(taken.writes);
            parts.push(taken.part);
            rest = &rest[taken.used..];
        }
        parts
    }

    /// One sync; says whether there is more to do.
    pub(super) fn hear(&mut self, home: &mut Home) -> bool {
        let request = self.request();
        let key = home.key.clone();
        let id = self.phone.log_head().unwrap().0;
        let answer = home.answer(id, &request, &key);
        let received = self.phone.verify_and_receive(&answer).unwrap();
        self.keep(received.writes);
        received.more
    }

    fn wants(&mut self) -> Vec<String> {
        let request = self.request();
        let (line, _) = wire::inflate_member(&request, 1 << 16).unwrap();
        let header: wire::UpHeader = serde_json::from_slice(&line).unwrap();
        header.wants
    }

    fn count(&self, store: Stored) -> usize {
        self.rows.keys().filter(|(found, _)| *found == store).count()
    }
}

/// What a phone holds of the grid, and what it shows of it.
fn shown(phone: &Phone) -> (Vec<Hash>, String) {
    let replica = phone.replica().unwrap();
    let digests = CLASSES.map(|class| replica.digest(part(class))).to_vec();
    (digests, serde_json::to_string(&phone.buildings(grid(), now())).unwrap())
}

#[test]
fn a_phone_from_a_snapshot_shows_what_a_phone_from_lines_shows() {
    let mut home = Home::new();
    let (first, second, person) = street(&mut home);
    let mut colleague = Device::enrolled(&home, 2);
    colleague.sync(&mut home);
    colleague.check_door(first, "met");
    colleague.check_door(second, "absent");
    // Two who had not seen each other's number: both stay.
    let base = home.heads(Class::Open);
    colleague.correct_phone(person, "19900000002");
    colleague.sync(&mut home);
    home.office_edit(Class::Open, OFFICE, base, |_| {
        vec![item("person", person, "phone", "19900000003")]
    });
    home.office_edit(Class::Care, OFFICE, Vec::new(), |_| {
        vec![item("person", person, "living_arrangement", "alone")]
    });

    let mut by_lines = Device::enrolled(&home, 1);
    assert_eq!(by_lines.wants(), ["lines"]);
    by_lines.sync(&mut home);
    let mut whole = Device::fetching(&home, 3);
    assert_eq!(whole.phone.snapshots_wanted(), Some(Vec::new()));
    assert_eq!(whole.fetch(&home), CLASSES.map(part));
    assert_eq!(shown(&whole.phone), shown(&by_lines.phone));
    assert_eq!(whole.phones(first).len(), 2);
    assert_eq!(
        whole.wants(),
        ["verdicts"],
        "another phone of its worker may have something held"
    );
    assert_eq!(whole.sync(&mut home), 0);
    assert_eq!(whole.phone.snapshots_wanted(), None);
    assert_eq!(shown(&whole.phone), shown(&by_lines.phone));
    whole.reopen();
    assert_eq!(shown(&whole.phone), shown(&by_lines.phone));

    // What it records now stands on what the snapshot gave.
    whole.correct_phone(person, "19900000004");
    whole.sync(&mut home);
    assert_eq!(whole.phones(first), [("19900000004".to_owned(), Rung::Merged)]);
}

#[test]
fn after_a_snapshot_of_another_life_of_the_log_a_phone_asks_and_takes_it() {
    let mut home = Home::new();
    street(&mut home);
    home.name_parts = true;
    let mut device = Device::fetching(&home, 1);
    device.hear(&mut home);
    // The home is put back from a copy; lines may not lead to parts of it any more.
    home.log = LogId::from_bytes([0x11; 16]);
    let of_it = home.snapshot(Class::Open).write(&[]);
    let refused = device.phone.take_snapshot(&of_it);
    assert!(matches!(refused, Err(TakeSnapshotError::AnotherLife)), "{refused:?}");
    device.hear(&mut home);
    assert_eq!(device.fetch(&home), CLASSES.map(part));
}

#[test]
fn a_snapshot_that_does_not_fit_changes_nothing_and_lines_come_instead() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let good = home.snapshot(Class::Open);
    let with = |change: &dyn Fn(&mut menpai_sync_core::snapshot::Snapshot)| {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        snapshot.write(&[])
    };
    let bad = [
        with(&|snapshot| snapshot.facts.digest = Hash::of(b"another")),
        with(&|snapshot| snapshot.facts.epoch = 2),
        with(&|snapshot| snapshot.facts.part = part(Class::Care)),
        with(&|snapshot| snapshot.facts.community = "410102002006".parse().unwrap()),
        with(&|snapshot| snapshot.document.truncate(snapshot.document.len() / 2)),
        with(&|snapshot| {
            let middle = snapshot.document.len() / 2;
            snapshot.document[middle] ^= 0x55;
        }),
        with(&|snapshot| snapshot.lines = b"{}\n{}\n".to_vec()),
        b"<html>portal</html>".to_vec(),
    ];
    for (number, body) in bad.iter().enumerate() {
        let mut device = Device::fetching(&home, 1);
        device.check_door(first, "met");
        let rows = device.rows.clone();
        assert!(device.phone.take_snapshot(body).is_err(), "{number}");
        assert_eq!((device.rows == rows, device.phone.only_here()), (true, 1), "{number}");
        assert_eq!(device.phone.snapshots_wanted(), None, "{number}: it does not ask again");
        assert_eq!(device.wants(), ["lines"], "{number}");
        assert_eq!(device.sync(&mut home), 1, "{number}");
        assert!(device.phone.door(first, now()).is_some(), "{number}");
    }
    let mut stranger = Phone::open(home_kinds(), []).unwrap();
    assert!(matches!(
        stranger.take_snapshot(&good.write(&[])),
        Err(TakeSnapshotError::NotSignedIn)
    ));
}

fn home_kinds() -> std::sync::Arc<menpai_sync_core::kinds::Kinds> {
    std::sync::Arc::new(menpai_sync_core::kinds::Kinds::builtin().unwrap())
}

#[test]
fn own_work_whose_answer_was_lost_is_sent_again_and_counts_once() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::fetching(&home, 1);
    device.check_door(first, "met");
    let request = device.request();
    let key = home.key.clone();
    let id = device.phone.log_head().unwrap().0;
    home.answer(id, &request, &key);
    // The answer is lost; then the grid comes whole, with the own record in it.
    assert_eq!(device.fetch(&home).len(), 2);
    assert_eq!(device.phone.only_here(), 1, "nothing signed has said that it arrived");
    assert_eq!(device.phone.replica().unwrap().records().count(), 1);
    assert_eq!(device.wants(), ["verdicts"]);
    assert_eq!(device.sync(&mut home), 1);
    assert_eq!(device.wants(), [""; 0]);
    device.reopen();
    assert_eq!(device.phone.replica().unwrap().records().count(), 1);
    assert_eq!(device.phone.status().merged, 1);
    assert_eq!(
        device.phone.replica().unwrap().digest(part(Class::Open)),
        home.snapshot(Class::Open).facts.digest
    );
    device.correct_phone(person, "19900000002");
    assert_eq!(device.phones(first), [("19900000002".to_owned(), Rung::OnPhone)]);
}

#[test]
fn a_grid_gained_comes_whole_and_one_lost_goes_but_for_own_work() {
    let mut home = Home::new();
    home.name_parts = true;
    let (first, second, _) = street(&mut home);
    home.grid_lost = true;
    let mut device = Device::fetching(&home, 1);
    device.phone.use_snapshots(true);
    assert!(!device.hear(&mut home));

    home.grid_lost = false;
    assert!(device.hear(&mut home), "there is something to fetch");
    assert!(device.phone.door(first, now()).is_none());
    // A kill in between: it is still known what is missing.
    device.reopen();
    device.phone.use_snapshots(true);
    assert_eq!(device.fetch(&home), CLASSES.map(part));
    device.check_door(second, "absent");
    assert_eq!(device.sync(&mut home), 1);

    device.check_door(first, "met");
    home.grid_lost = true;
    assert_eq!(device.sync(&mut home), 1, "unsent work for a lost grid still goes");
    assert!(device.phone.door(first, now()).is_none());
    assert_eq!((device.count(Stored::Line), device.count(Stored::Document)), (0, 0));
    assert_eq!(device.count(Stored::Log), 2);

    home.grid_lost = false;
    assert!(device.hear(&mut home));
    assert_eq!(device.fetch(&home).len(), 2);
    assert_eq!(device.wants(), ["verdicts"], "what was decided meanwhile is asked for");
    device.sync(&mut home);
    device.reopen();
    for (door, mark) in [(first, "checked"), (second, "absent")] {
        assert_eq!(device.phone.door(door, now()).unwrap().state.mark, Some(mark));
    }
    assert_eq!(
        device.phone.replica().unwrap().digest(part(Class::Open)),
        home.snapshot(Class::Open).facts.digest
    );
}

#[test]
fn after_an_update_it_asks_once_for_what_the_older_protocol_had_no_words_for() {
    let asks = |device: &mut Device| device.wants().iter().any(|want| want == wire::wants::VERDICTS);
    let mut home = Home::new();
    street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.phone.speak(1);
    device.sync(&mut home);
    assert!(!asks(&mut device));
    // The new app opens the same rows.
    device.reopen();
    assert!(asks(&mut device));
    device.sync(&mut home);
    device.reopen();
    assert!(!asks(&mut device));
}

#[test]
fn a_phone_that_does_not_fetch_gets_lines() {
    let mut home = Home::new();
    home.name_parts = true;
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    assert!(device.phone.door(first, now()).is_some());
    assert_eq!(device.wants(), [""; 0]);
}
