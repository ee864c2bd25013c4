//! A phone opens by what its documents show, and loads one when an edit is to be derived.

use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Class;
use menpai_sync_core::phone::{Rung, Stored, WriteValue};

use super::home::{Home, item, part};
use super::{Device, street};

const OPEN: &str = "/open";
const SHOWN: &str = "/open/shown";

impl Device {
    /// The row of the store of documents whose key ends so.
    fn document_row(&mut self, end: &str) -> Option<&mut WriteValue> {
        let found = |key: &(Stored, String)| key.0 == Stored::Document && key.1.ends_with(end);
        self.rows.iter_mut().find(|(key, _)| found(key)).map(|(_, value)| value)
    }

    /// What stands before and after the first newline of such a row.
    fn halves(&mut self, end: &str) -> (Vec<u8>, Vec<u8>) {
        let Some(WriteValue::Bytes(bytes)) = self.document_row(end) else {
            panic!("no row of bytes")
        };
        let newline = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        (bytes[..newline].to_vec(), bytes[newline + 1..].to_vec())
    }

    fn put(&mut self, end: &str, line: &[u8], rest: &[u8]) {
        *self.document_row(end).unwrap() = WriteValue::Bytes([line, b"\n", rest].concat());
    }

    fn shows_the_same_as(&self, home: &Home) {
        let replica = self.phone.replica().unwrap();
        assert_eq!(
            replica.digest(part(Class::Open)),
            home.snapshot(Class::Open).facts.digest
        );
        assert_eq!(replica.heads(part(Class::Open)), home.heads(Class::Open));
    }
}

fn colleague_writes(home: &mut Home, person: EntityId, number: &str) {
    let base = home.heads(Class::Open);
    home.office_edit(Class::Open, 2, base, |_| vec![item("person", person, "phone", number)]);
}

fn phone(number: &str) -> Vec<(String, Rung)> {
    vec![(number.to_owned(), Rung::Merged)]
}

#[test]
fn it_opens_by_what_is_shown_and_goes_on_from_there() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    // Were the document loaded, it could not be.
    let (line, document) = device.halves(OPEN);
    device.put(OPEN, &line, b"not automerge");
    device.reopen();
    assert_eq!(device.phones(first), phone("19900000001"));
    device.shows_the_same_as(&home);

    device.put(OPEN, &line, &document);
    device.reopen();
    colleague_writes(&mut home, person, "19900000002");
    device.sync(&mut home);
    assert_eq!(device.phones(first), phone("19900000002"));
    device.reopen();
    assert_eq!(device.phones(first), phone("19900000002"));
    device.shows_the_same_as(&home);
}

#[test]
fn what_was_shown_does_not_outlive_its_document() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let shown = device.halves(SHOWN);
    colleague_writes(&mut home, person, "19900000002");
    device.hear(&mut home);
    assert!(device.document_row(SHOWN).is_none(), "there was no time yet");
    device.reopen();
    assert_eq!(device.phones(first), phone("19900000002"));
    device.shows_the_same_as(&home);

    // Not even put back from a copy.
    device.keep_shown();
    device.put(SHOWN, &shown.0, &shown.1);
    device.reopen();
    assert_eq!(device.phones(first), phone("19900000002"));
}

#[test]
fn a_document_that_turns_out_to_be_damaged_is_fetched_again() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let (line, _) = device.halves(OPEN);
    device.put(OPEN, &line, b"not automerge");
    device.reopen();
    device.correct_phone(person, "19900000003");
    colleague_writes(&mut home, person, "19900000002");
    assert!(device.hear(&mut home), "it has to ask again");
    device.sync(&mut home);
    let mut both = device.phones(first);
    both.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(both, [phone("19900000002"), phone("19900000003")].concat());
    device.shows_the_same_as(&home);
}

#[test]
fn rows_of_an_older_app_and_damaged_ones_are_loaded() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let (shown_line, shown) = device.halves(SHOWN);
    for end in [0, 1, shown.len() / 2] {
        device.put(SHOWN, &shown_line, &shown[..end]);
        device.reopen();
        assert_eq!(device.phones(first), phone("19900000001"));
        device.shows_the_same_as(&home);
    }

    let (_, document) = device.halves(OPEN);
    device.put(OPEN, b"1", &document);
    device.reopen();
    assert_eq!(device.phones(first), phone("19900000001"));
    device.keep_shown();
    assert_eq!(device.halves(SHOWN), (shown_line, shown));
}
