//! A connection that breaks at any byte, in either direction: what came whole counts, is durable,
//! and does not travel again.

use super::home::{Home, OFFICE, now, part};
use super::{Device, street};
use menpai_sync_core::ids::{Hash, Lsn};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::phone::{OwnState, ReceiveError};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{self, SaidSliceLine, UpHeader};
use serde_json::json;

/// More entries than are sent again without asking.
const DAY: u64 = 40;

/// What a request says first, and its slices' lines.
fn read(request: &[u8]) -> (UpHeader, Vec<Vec<Vec<u8>>>) {
    let mut members = wire::inflate_members(request, 1 << 20).unwrap().into_iter();
    let line = members.next().unwrap();
    let header = serde_json::from_slice(&line).unwrap();
    let slices = members.map(|slice| wire::lines(&slice).unwrap().map(<[u8]>::to_vec).collect());
    (header, slices.collect())
}

fn first_of(slice: &[Vec<u8>]) -> u64 {
    let line: SaidSliceLine = serde_json::from_slice(&slice[0]).unwrap();
    line.first
}

/// What a phone shows of the grid, by its digests.
fn digests(device: &Device) -> [Hash; 2] {
    [Class::Open, Class::Care].map(|class| device.phone.replica().unwrap().digest(part(class)))
}

/// A phone that knows its street and has made a day of entries, of which nobody has heard.
fn after_a_day(home: &mut Home) -> Device {
    let (first, second, _) = street(home);
    let mut device = Device::enrolled(home, 1);
    device.sync(home);
    for number in 0..DAY {
        let at = Instant {
            unix_ms: now().unix_ms + number as i64 * 60_000,
            ..now()
        };
        let door = if number % 2 == 0 { first } else { second };
        let body = json!({"dwelling_id": door.to_string(), "mode": "door", "outcome": "met"});
        device.record("door_check", body, at);
    }
    device
}

fn hear(device: &mut Device, home: &mut Home, request: &[u8]) -> bool {
    let id = device.phone.log_head().unwrap().0;
    let key = home.key.clone();
    let answer = home.answer(id, request, &key);
    let received = device.phone.verify_and_receive(&answer).unwrap();
    device.keep(received.writes);
    received.more
}

#[test]
fn of_an_answer_cut_at_any_byte_the_whole_ones_before_it_count() {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    for door in [first, second, first, second, first] {
        let body = json!({"dwelling_id": door.to_string(), "mode": "door", "outcome": "met"});
        home.record(OFFICE, "door_check", now(), body);
    }
    home.lines_an_answer = 2;
    let key = home.key.clone();
    let mut whole = Device::enrolled(&home, 1);
    whole.check_door(first, "absent");
    let request = whole.request();
    let id = whole.phone.log_head().unwrap().0;
    let answer = home.answer(id, &request, &key);
    let received = whole.phone.verify_and_receive(&answer).unwrap();
    assert!(!received.more && received.received > 4);
    whole.keep(received.writes);

    let mut ends: Vec<usize> = Vec::new();
    let mut rest = answer.as_slice();
    while !rest.is_empty() {
        (_, rest) = wire::inflate_member(rest, 1 << 20).unwrap();
        ends.push(answer.len() - rest.len());
    }
    assert!(ends.len() > 2, "{ends:?}");
    let mut reached: Vec<Lsn> = Vec::new();
    for end in 0..answer.len() {
        let mut device = Device::enrolled(&home, 1);
        device.check_door(first, "absent");
        let request = device.request();
        home.answer(id, &request, &key);
        let taken = device.phone.verify_and_receive(&answer[..end]);
        let members = ends.iter().filter(|whole| **whole <= end).count();
        if members == 0 {
            assert!(matches!(taken, Err(ReceiveError::Inflate(_))), "{end}");
            assert_eq!(device.phone.only_here(), 1);
            continue;
        }
        let taken = taken.unwrap();
        assert!(taken.more, "{end}");
        assert_eq!((taken.sent, device.phone.only_here()), (1, 0), "the receipt came first");
        device.keep(taken.writes);
        // It is durable, and the next request begins after it.
        device.reopen();
        let request = device.request();
        let (header, slices) = read(&request);
        assert!(slices.is_empty() && header.receipt_from.is_none());
        let seen = header.seen(part(Class::Open)).unwrap();
        // Its own records in what is left come no more as those of a part whose cursor is 0.
        let asks = header.wants.iter().any(|want| want == wire::wants::VERDICTS);
        assert!(asks || seen == 0, "{end}: {:?}", header.wants);
        assert_eq!(header.seen(part(Class::Care)), Some(seen));
        reached.push(seen);
        assert!(!hear(&mut device, &mut home, &request));
        assert_eq!(digests(&device), digests(&whole), "{end}");
        let records = device.phone.replica().unwrap().records().count();
        assert_eq!(records, whole.phone.replica().unwrap().records().count());
    }
    assert!(reached.is_sorted());
    reached.dedup();
    assert_eq!(reached.len(), ends.len() - 1, "each member brings it further");
}

#[test]
fn garbage_after_a_whole_answer_is_no_answer() {
    let mut home = Home::new();
    street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    let request = device.request();
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &request, &key);
    let other = wire::deflate(b"{}\n");
    for garbage in [b"<html>portal</html>".as_slice(), &other] {
        let body = [answer.as_slice(), garbage].concat();
        assert!(device.phone.verify_and_receive(&body).is_err());
        assert!(device.phone.replica().unwrap().cursor().is_empty());
    }
    device.phone.verify_and_receive(&answer).unwrap();
}

#[test]
fn a_phone_whose_answer_was_lost_asks_and_sends_nothing_again() {
    let mut home = Home::new();
    home.hold = vec!["door_check"];
    let mut device = after_a_day(&mut home);
    let request = device.request();
    let id = device.phone.log_head().unwrap().0;
    let key = home.key.clone();
    let lost = home.answer(id, &request, &key);
    assert!(!lost.is_empty());
    for restarted in [false, true] {
        if restarted {
            device.reopen();
        }
        let (header, slices) = read(&device.request());
        assert_eq!((header.receipt_from, slices.len()), (Some(1), 0));
    }
    let request = device.request();
    assert!(!hear(&mut device, &mut home, &request));
    assert_eq!(device.phone.only_here(), 0);
    // With the receipt, as if its answer had come: what was held says so.
    assert!(
        device
            .phone
            .own_entries()
            .all(|own| matches!(own.state, OwnState::Held(_)))
    );
    let receipts = device.rows.keys().filter(|(_, key)| key.starts_with("receipt/"));
    assert_eq!(receipts.count(), 1);
    let (header, _) = read(&device.request());
    assert_eq!(header.receipt_from, None);
}

#[test]
fn what_the_home_keeps_of_a_slice_is_not_sent_again() {
    for kept in 0..=DAY as usize {
        let mut home = Home::new();
        let mut device = after_a_day(&mut home);
        let (_, slices) = read(&device.request());
        assert_eq!((slices.len(), slices[0].len()), (1, DAY as usize + 1));
        home.beginning = slices[0][1..=kept].to_vec();
        // The connection broke; it is asked what came.
        let request = device.request();
        assert!(hear(&mut device, &mut home, &request));
        let mut last = DAY as usize;
        if kept % 2 == 1 {
            // Meanwhile more is recorded.
            let body = json!({"dwelling_id": street_door(&device), "mode": "door", "outcome": "met"});
            device.record("door_check", body, now());
            last += 1;
        }
        let request = device.request();
        let (header, slices) = read(&request);
        assert_eq!((header.receipt_from, slices.len()), (None, 1));
        // A slice has at least one entry.
        let first = (kept + 1).min(last);
        assert_eq!(first_of(&slices[0]), first as u64);
        assert_eq!(slices[0].len(), 1 + last + 1 - first);
        assert!(!hear(&mut device, &mut home, &request));
        assert_eq!(device.phone.only_here(), 0, "{kept}");
    }
}

fn street_door(device: &Device) -> String {
    let own = device.phone.own_entries().last().unwrap();
    own.entry.body["dwelling_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_home_that_let_go_of_it_gets_everything() {
    let mut home = Home::new();
    let mut device = after_a_day(&mut home);
    let (_, slices) = read(&device.request());
    home.beginning = slices[0][1..=9].to_vec();
    let request = device.request();
    assert!(hear(&mut device, &mut home, &request));
    home.beginning.clear();
    let request = device.request();
    assert_eq!(first_of(&read(&request).1[0]), 10);
    assert!(hear(&mut device, &mut home, &request), "it says what it left out");
    home.refuse = None;
    let request = device.request();
    assert_eq!(first_of(&read(&request).1[0]), 1);
    assert!(!hear(&mut device, &mut home, &request));
    assert_eq!(device.phone.only_here(), 0);
}

#[test]
fn a_little_is_sent_again_without_asking() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    for _ in 0..2 {
        let (header, slices) = read(&device.request());
        assert_eq!((header.receipt_from, slices.len()), (None, 1));
    }
}
