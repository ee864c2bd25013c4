//! A phone that was restored or cloned: it notices, becomes another device, and sends again what
//! was not acknowledged. Whatever breaks off, nothing is lost and the old or the new stands whole.

use super::*;
use menpai_sync_core::ids::{DeviceId, LogId};
use menpai_sync_core::phone::{NamedDevice, OwnState};

fn successor(device: &mut Device, number: u8) -> Vec<Write> {
    device.key = Signer::from_bytes(&[number; 32]).unwrap();
    let named = NamedDevice {
        id: DeviceId::from_bytes([number; 16]),
        name: String::new(),
        public_key: Some(device.key.public_key()),
    };
    device.phone.succeed(named)
}

/// The same flash in another hand.
fn cloned(device: &Device) -> Device {
    let mut twin = Device {
        phone: Phone::open(Arc::new(Kinds::builtin().unwrap()), []).unwrap(),
        rows: device.rows.clone(),
        key: device.key.clone(),
        randomness: 200,
    };
    twin.reopen();
    twin
}

fn hear(device: &mut Device, home: &mut Home) -> menpai_sync_core::phone::Received {
    let request = device.request();
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &request, &key);
    device.phone.verify_and_receive(&answer).unwrap()
}

fn states(device: &Device) -> Vec<(String, OwnState)> {
    let own = device.phone.own_entries();
    own.map(|own| (own.entry.id.to_string(), own.state)).collect()
}

#[test]
fn a_clone_that_fell_behind_becomes_another_device_and_sends_what_only_it_has() {
    let mut home = Home::new();
    let (first, second, _) = street(&mut home);
    let mut one = Device::enrolled(&home, 1);
    one.check_door(first, "met");
    one.sync(&mut home);
    let mut two = cloned(&one);
    one.check_door(second, "met");
    one.sync(&mut home);

    two.check_door(second, "absent");
    let before = states(&two);
    let lines_before = home.line_count();
    let heard = hear(&mut two, &mut home);
    assert!(
        heard.successor && !heard.more,
        "the home has another second entry of this device"
    );
    home.refuse = None;
    assert_eq!(states(&two), before, "nothing of that answer is believed");
    two.keep(heard.writes);

    // Dead before it is durable: the old one, whole.
    let _ = successor(&mut two, 9);
    two.reopen();
    assert_eq!((states(&two), two.phone.only_here()), (before.clone(), 1));

    let writes = successor(&mut two, 9);
    two.keep(writes);
    two.reopen();
    let (device, seq, _) = two.phone.log_head().unwrap();
    assert_eq!(
        (device, seq),
        (DeviceId::from_bytes([9; 16]), 1),
        "only what is unsent is its log"
    );
    assert_eq!(states(&two), before, "what was acknowledged is still here");
    assert!(
        two.phone.replica().unwrap().cursor().is_empty(),
        "what is confirmed is fetched anew"
    );

    assert_eq!(two.sync(&mut home), 1);
    assert_eq!(
        home.line_count(),
        lines_before + 1,
        "one line more: nothing is said twice"
    );
    assert_eq!(two.phone.only_here(), 0);
    one.sync(&mut home);
    for phone in [&mut one, &mut two] {
        phone.reopen();
        let doors = phone.phone.buildings(grid(), now());
        let rungs: Vec<_> = doors[0].units[0].doors.iter().map(|door| door.state.rung).collect();
        assert_eq!(rungs, [Some(Rung::Merged), Some(Rung::Merged)]);
    }

    // And it goes on as a phone does.
    two.check_door(first, "met");
    two.reopen();
    assert_eq!(two.sync(&mut home), 1);
    assert_eq!(two.phone.own_entries().count(), 3);
}

#[test]
fn a_phone_of_which_the_home_has_more_than_it_ever_made_is_another() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut one = Device::enrolled(&home, 1);
    one.check_door(first, "met");
    one.sync(&mut home);
    let mut restored = cloned(&one);
    one.check_door(first, "met");
    one.sync(&mut home);
    let heard = hear(&mut restored, &mut home);
    assert!(heard.successor);
    let writes = successor(&mut restored, 9);
    restored.keep(writes);
    assert_eq!(restored.sync(&mut home), 0);
    assert!(!hear(&mut restored, &mut home).successor);
}

#[test]
fn a_slice_that_does_not_continue_the_log_makes_another_device() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.check_door(first, "met");
    home.refuse = Some("broken_chain");
    let heard = hear(&mut device, &mut home);
    assert!(heard.successor);
    assert_eq!(device.phone.status().refused.unwrap().code, "broken_chain");
    home.refuse = None;
    let writes = successor(&mut device, 9);
    device.keep(writes);
    assert!(device.phone.status().refused.is_none());
}

#[test]
fn a_home_put_back_from_a_copy_gets_the_receipts_of_what_it_lost() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    device.sync(&mut home);
    device.check_door(first, "absent");
    device.sync(&mut home);
    device.check_door(first, "met");

    home.forget_log(device.phone.log_head().unwrap().0);
    home.log = LogId::from_bytes([0x99; 16]);
    device.reopen();
    let heard = hear(&mut device, &mut home);
    assert!(heard.more && !heard.successor, "it is sent at once");
    device.keep(heard.writes);
    device.reopen();
    assert_eq!(device.phone.only_here(), 3);
    home.refuse = None;
    let request = device.request();
    let (_, rest) = menpai_sync_core::wire::inflate_member(&request, 1 << 20).unwrap();
    let (member, _) = menpai_sync_core::wire::inflate_member(rest, 1 << 20).unwrap();
    let receipts: Vec<_> = member
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"{\"receipt\":"))
        .collect();
    assert_eq!(receipts.len(), 2, "one of each contact that was acknowledged");
    assert_eq!(device.sync(&mut home), 3);
    assert_eq!(device.phone.only_here(), 0);
    // Nothing to bring again, nothing more than before.
    let request = device.request();
    let (_, rest) = menpai_sync_core::wire::inflate_member(&request, 1 << 20).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn after_another_life_of_the_log_a_successor_brings_everything_it_ever_had_as_another_device() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.check_door(first, "met");
    device.sync(&mut home);
    let writes = successor(&mut device, 9);
    device.keep(writes);
    device.check_door(first, "absent");
    device.sync(&mut home);

    home.log = LogId::from_bytes([0x99; 16]);
    let heard = hear(&mut device, &mut home);
    assert!(heard.successor, "what it had sent as the first device may be lost");
    device.keep(heard.writes);
    device.reopen();
    assert_eq!(device.phone.only_here(), 2);
    let writes = successor(&mut device, 10);
    device.keep(writes);
    device.reopen();
    assert_eq!(device.phone.log_head().unwrap().1, 2);
    assert_eq!(device.sync(&mut home), 2);
}
