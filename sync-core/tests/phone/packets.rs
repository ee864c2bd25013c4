//! A packet for a courier: what the phone would send itself, and what it asks afterwards, so that
//! nothing goes twice and every entry ends with its receipt.

use std::collections::BTreeMap;

use menpai_sync_core::wire::{self, SaidSliceLine, UpHeader};

use super::home::{Home, now};
use super::{Device, street};

/// A phone with two doors checked and not sent.
fn with_two_checks() -> (Home, Device, menpai_sync_core::ids::EntityId) {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    device.check_door(second, "absent");
    (home, device, first)
}

/// The content of a packet, as it would be sealed.
fn packet(device: &mut Device) -> Vec<u8> {
    let draft = device.phone.begin_packet(now(), None).unwrap();
    let signatures: Vec<_> = draft.to_sign.iter().map(|message| device.key.sign(message)).collect();
    device.keep(draft.writes);
    device.phone.packet(&signatures).unwrap()
}

/// The courier arrives at the home, which answers the author nothing.
fn arrives(home: &mut Home, device: &Device, content: &[u8]) {
    let key = home.key.clone();
    let _ = home.answer(device.phone.log_head().unwrap().0, content, &key);
}

/// What a request asks, and how many slices it brings.
fn request(device: &mut Device) -> (UpHeader, usize, Vec<u8>) {
    let body = device.request();
    let (line, mut rest) = wire::inflate_member(&body, 1 << 20).unwrap();
    let mut slices = 0;
    while !rest.is_empty() {
        rest = wire::inflate_member(rest, 1 << 20).unwrap().1;
        slices += 1;
    }
    (serde_json::from_slice(&line).unwrap(), slices, body)
}

#[test]
fn a_packet_says_what_the_phone_would_say_and_what_comes_before() {
    let (_, mut device, _) = with_two_checks();
    let content = packet(&mut device);
    let (line, rest) = wire::inflate_member(&content, 1 << 20).unwrap();
    let members: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&line).unwrap();
    assert_eq!(members.keys().collect::<Vec<_>>(), ["clock", "last", "menpai"]);
    let (slice, rest) = wire::inflate_member(rest, 1 << 20).unwrap();
    assert!(rest.is_empty());
    let mut lines = wire::lines(&slice).unwrap();
    let said: SaidSliceLine = serde_json::from_slice(lines.next().unwrap()).unwrap();
    assert!(said.previous.is_some());
    assert_eq!((said.first, lines.count()), (1, 2));
    assert_eq!(device.phone.status().handed, 2);
}

#[test]
fn without_a_key_or_anything_unsent_there_is_no_packet() {
    let (mut home, mut device, door) = with_two_checks();
    device.sync(&mut home);
    assert_eq!(device.phone.begin_packet(now(), None), None, "nothing is only here");

    // Signed in before there were packets; the home gives a key later.
    let key = home.courier_key.take();
    let mut device = Device::enrolled(&home, 2);
    device.sync(&mut home);
    device.check_door(door, "met");
    assert_eq!(device.phone.begin_packet(now(), None), None, "nothing to seal it to");
    assert_eq!(request(&mut device).0.wants, [""; 0], "asked once since the start");
    home.courier_key = key;
    device.reopen();
    assert_eq!(request(&mut device).0.wants, ["courier_key"]);
    device.sync(&mut home);
    device.check_door(door, "absent");
    device.reopen();
    assert!(device.phone.begin_packet(now(), None).is_some());
}

#[test]
fn what_a_courier_brought_is_not_sent_again_and_gets_its_receipt() {
    let (mut home, mut device, door) = with_two_checks();
    let content = packet(&mut device);
    device.check_door(door, "refused");
    device.reopen();
    arrives(&mut home, &device, &content);
    assert_eq!((device.phone.status().only_here, device.phone.status().handed), (3, 2));

    let (asked, slices, body) = request(&mut device);
    assert_eq!((asked.receipt_from, slices), (Some(1), 0));
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &body, &key);
    let received = device.phone.verify_and_receive(&answer).unwrap();
    device.keep(received.writes);
    assert_eq!((received.sent, received.more), (2, true));
    assert_eq!((device.phone.status().only_here, device.phone.status().handed), (1, 0));
    let receipts = |device: &Device| {
        device
            .rows
            .keys()
            .filter(|(_, key)| key.starts_with("receipt/"))
            .count()
    };
    assert_eq!(receipts(&device), 1);

    // The rest goes now, alone.
    let (asked, slices, _) = request(&mut device);
    assert_eq!((asked.receipt_from, slices), (None, 1));
    assert_eq!(device.sync(&mut home), 1);
    device.reopen();
    let status = device.phone.status();
    assert_eq!((status.only_here, status.merged, receipts(&device)), (0, 3, 2));
    // Late, or twice: nothing changes.
    let lines = home.line_count();
    arrives(&mut home, &device, &content);
    assert_eq!((device.sync(&mut home), home.line_count()), (0, lines));
}

#[test]
fn where_no_courier_came_the_phone_asks_once_and_sends() {
    let (mut home, mut device, _) = with_two_checks();
    packet(&mut device);
    let (asked, slices, body) = request(&mut device);
    assert_eq!((asked.receipt_from, slices), (Some(1), 0));
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &body, &key);
    assert_eq!(
        device.phone.to_verify(&answer).unwrap(),
        None,
        "nobody vouches for anything"
    );
    let received = device.phone.verify_and_receive(&answer).unwrap();
    device.keep(received.writes);
    assert_eq!((received.sent, received.more), (0, true));
    assert_eq!(device.sync(&mut home), 2);
}

#[test]
fn a_packet_made_while_an_answer_is_waited_for_disturbs_nothing() {
    let (mut home, mut device, _) = with_two_checks();
    let body = device.request();
    packet(&mut device);
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &body, &key);
    let received = device.phone.verify_and_receive(&answer).unwrap();
    assert_eq!((received.sent, received.more), (2, false));
    assert_eq!(device.phone.status().handed, 0);
}

#[test]
fn a_phone_put_back_after_it_made_a_packet_sees_that_it_is_another() {
    let (mut home, mut device, door) = with_two_checks();
    packet(&mut device);
    let older = device.rows.clone();
    let hears = |device: &mut Device, home: &mut Home| {
        let (asked, slices, body) = request(device);
        assert_eq!((asked.receipt_from, slices), (Some(1), 0));
        let key = home.key.clone();
        let answer = home.answer(device.phone.log_head().unwrap().0, &body, &key);
        device.phone.verify_and_receive(&answer).unwrap()
    };
    let received = hears(&mut device, &mut home);
    device.keep(received.writes);
    device.check_door(door, "refused");
    assert_eq!(device.sync(&mut home), 3);
    let sent = device.rows.clone();

    // The home has more than it ever made.
    device.rows = older.clone();
    device.reopen();
    let received = hears(&mut device, &mut home);
    assert!(received.successor && received.sent == 0);

    // As much, and something else.
    device.rows = older;
    device.reopen();
    device.check_door(door, "absent");
    let received = hears(&mut device, &mut home);
    assert!(received.successor && received.sent == 0);
    assert_eq!(device.phone.status().only_here, 3);

    // The one that sent it is still itself.
    device.rows = sent;
    device.reopen();
    assert_eq!(device.sync(&mut home), 0);
}

#[test]
fn what_is_kept_goes_up_piece_by_piece_without_the_phone_and_is_not_counted_twice() {
    let (mut home, mut device, door) = with_two_checks();
    let (first, last) = kept(&mut device, 0);
    assert_eq!(last, 2);
    device.check_door(door, "refused");
    let (second, last) = kept(&mut device, 2);
    assert_eq!((last, device.phone.status().handed), (3, 0), "nobody has got it");
    assert_eq!(
        device.phone.begin_packet(now(), Some(3)),
        None,
        "nothing comes after it"
    );

    // The log cannot be read any more: what was kept goes up.
    arrives(&mut home, &device, &first);
    arrives(&mut home, &device, &second);
    let lines = home.line_count();
    // It can be read again, and knows nothing of that.
    assert_eq!(device.phone.status().only_here, 3);
    let (asked, slices, _) = request(&mut device);
    assert_eq!((asked.receipt_from, slices), (None, 1));
    assert_eq!((device.sync(&mut home), home.line_count()), (3, lines));
    assert_eq!((device.phone.status().only_here, device.phone.status().merged), (0, 3));
}

/// The content of a packet for keeping, and the number of its last entry.
fn kept(device: &mut Device, after: u64) -> (Vec<u8>, u64) {
    let draft = device.phone.begin_packet(now(), Some(after)).unwrap();
    assert!(draft.writes.is_empty());
    let signatures: Vec<_> = draft.to_sign.iter().map(|message| device.key.sign(message)).collect();
    (device.phone.packet(&signatures).unwrap(), draft.last)
}
