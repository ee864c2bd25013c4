//! Clocks that are off, get set while somebody works, or know no zone: every reading stays as
//! written, what was made when stays where it was, and days are the community's.

use super::home::{Home, NOW_MS};
use super::{Device, street};
use menpai_sync_core::ids::{EntryId, Seq};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{self, UpHeader};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const YEAR: i64 = 365 * 24 * HOUR;
/// A browser's other clock begins somewhere.
const MONOTONIC: i64 = 5_000;

fn at(unix_ms: i64) -> Instant {
    Instant {
        unix_ms,
        offset_minutes: 480,
    }
}

/// A phone in front of two doors whose clock was right when it last heard from its home.
fn on_shift() -> (Home, Device, menpai_sync_core::ids::EntityId) {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    contact(&mut home, &mut device, 0, 0);
    (home, device, first)
}

/// A contact so long after the beginning, by a clock that is off by so much.
fn contact(home: &mut Home, device: &mut Device, after: i64, off: i64) -> (UpHeader, bool) {
    let draft = device.phone.begin_sync(at(NOW_MS + after + off), false).unwrap();
    let signatures: Vec<_> = draft.to_sign.iter().map(|message| device.key.sign(message)).collect();
    let request = device.phone.request(&signatures).unwrap();
    let (line, _) = wire::inflate_member(&request, 1 << 16).unwrap();
    home.offset_ms = -off;
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &request, &key);
    let received = device.phone.verify_and_receive(&answer).unwrap();
    device.keep(received.writes);
    (serde_json::from_slice(&line).unwrap(), received.more)
}

fn check(device: &mut Device, door: menpai_sync_core::ids::EntityId, after: i64, off: i64) -> EntryId {
    let body = json!({"dwelling_id": door.to_string(), "mode": "door", "outcome": "met"});
    device.record("door_check", body, at(NOW_MS + after + off))
}

/// Compares the clocks; says by how much it noted that its own was moved.
fn notice(device: &mut Device, after: i64, off: i64, monotonic_ms: i64) -> Option<i64> {
    let writes = device.phone.notice_clock(at(NOW_MS + after + off), monotonic_ms);
    let noted = !writes.is_empty();
    device.keep(writes);
    noted.then(|| last(device).0)
}

/// What the newest entry says: by how much the clock moved, and whether only a contact told.
fn last(device: &Device) -> (i64, bool) {
    let own = device.phone.own_entries().last().unwrap();
    let body = &own.entry.body;
    (
        body["by_ms"].as_i64().unwrap(),
        body["since_contact"] == Value::Bool(true),
    )
}

fn made(device: &Device, entry: EntryId) -> i64 {
    device.phone.replica().unwrap().record(entry).unwrap().made_ms - NOW_MS
}

fn jumps(header: &UpHeader) -> Vec<(Seq, i64)> {
    header.jumps.clone()
}

#[test]
fn a_clock_set_back_in_mid_shift_is_an_entry_and_moves_nothing_made_before() {
    let (mut home, mut device, door) = on_shift();
    assert_eq!(notice(&mut device, HOUR, 0, MONOTONIC), None);
    let before = check(&mut device, door, HOUR, 0);
    // Half an hour later somebody has set it back by ten minutes.
    let off = -10 * MINUTE;
    assert_eq!(
        notice(&mut device, HOUR + 30 * MINUTE, off, MONOTONIC + 30 * MINUTE),
        Some(off)
    );
    let after = check(&mut device, door, HOUR + 30 * MINUTE, off);
    assert_eq!(notice(&mut device, 2 * HOUR, off, MONOTONIC + HOUR), None);
    device.reopen();
    // Not told yet, and seen as it was already.
    assert_eq!(device.phone.status().offset_ms, Some(-off));
    let (header, more) = contact(&mut home, &mut device, 2 * HOUR, off);
    assert_eq!((jumps(&header), more), (vec![(2, off)], false));
    assert_eq!(made(&device, before), HOUR);
    assert_eq!(made(&device, after), HOUR + 30 * MINUTE);
    // What the home has it is not told again.
    let (header, _) = contact(&mut home, &mut device, 3 * HOUR, off);
    assert_eq!(jumps(&header), []);
    assert_eq!(device.phone.own_entries().count(), 3);
}

#[test]
fn a_phone_that_slept_has_not_been_set() {
    let (mut home, mut device, door) = on_shift();
    assert_eq!(notice(&mut device, 0, 0, MONOTONIC), None);
    // Its browser's other clock stood still meanwhile.
    assert_eq!(notice(&mut device, 5 * HOUR, 0, MONOTONIC + 1_000), None);
    let entry = check(&mut device, door, 5 * HOUR, 0);
    let (_, more) = contact(&mut home, &mut device, 6 * HOUR, 0);
    assert!(!more);
    assert_eq!(made(&device, entry), 5 * HOUR);
    assert_eq!(device.phone.own_entries().count(), 1);
}

#[test]
fn a_clock_set_forward_by_a_year_comes_out_at_the_next_contact() {
    let (mut home, mut device, door) = on_shift();
    let before = check(&mut device, door, HOUR, 0);
    assert_eq!(notice(&mut device, HOUR, 0, MONOTONIC), None);
    assert_eq!(notice(&mut device, 2 * HOUR, YEAR, MONOTONIC + HOUR), None);
    let after = check(&mut device, door, 3 * HOUR, YEAR);
    let (header, more) = contact(&mut home, &mut device, 4 * HOUR, YEAR);
    assert_eq!(jumps(&header), []);
    assert!(more, "the office is told at once");
    assert_eq!(last(&device), (YEAR, true));
    assert_eq!(made(&device, before), HOUR);
    assert_eq!(made(&device, after), 3 * HOUR);
    device.reopen();
    let (header, more) = contact(&mut home, &mut device, 4 * HOUR + MINUTE, YEAR);
    assert_eq!((jumps(&header), more), (Vec::new(), false));
    assert_eq!(device.phone.own_entries().count(), 3);
}

#[test]
fn after_a_restart_the_last_entry_tells_that_the_clock_was_set_back() {
    let (mut home, mut device, door) = on_shift();
    let before = check(&mut device, door, HOUR, 0);
    device.reopen();
    // A battery pulled out: it wakes up a year ago, ten minutes later.
    let noted = notice(&mut device, HOUR + 10 * MINUTE, -YEAR, 0).unwrap();
    assert_eq!(noted, 10 * MINUTE - YEAR);
    assert_eq!(notice(&mut device, HOUR + 11 * MINUTE, -YEAR, MINUTE), None);
    let after = check(&mut device, door, HOUR + 11 * MINUTE, -YEAR);
    contact(&mut home, &mut device, 2 * HOUR, -YEAR);
    // As near as anybody can know: not before it was made, not after the phone woke up.
    assert_eq!(made(&device, before), HOUR + 10 * MINUTE);
    assert_eq!(made(&device, after), HOUR + 11 * MINUTE);
}

#[test]
fn a_phone_that_is_a_year_off_shows_both_clocks() {
    let (mut home, mut device, door) = on_shift();
    contact(&mut home, &mut device, 0, -YEAR);
    check(&mut device, door, HOUR, -YEAR);
    let row = &device.phone.own_records(10)[0];
    assert_eq!(row.made_at, at(NOW_MS + HOUR - YEAR).to_string());
    assert_eq!(row.home_at.as_deref(), Some(at(NOW_MS + HOUR).to_string().as_str()));
    let today = device.phone.today(at(NOW_MS + 2 * HOUR - YEAR), None);
    assert_eq!(today.done.len(), 1, "and no line for the clock");
}

#[test]
fn a_phone_without_a_time_zone_counts_the_communitys_days() {
    let (_, mut device, door) = on_shift();
    // Seven in the morning there is the day before in Greenwich.
    let seven = "2026-11-25T07:00:00.000+08:00".parse::<Instant>().unwrap().unix_ms;
    let body = |outcome: &str| json!({"dwelling_id": door.to_string(), "mode": "door", "outcome": outcome});
    device.record("door_check", body("absent"), Instant::utc(seven - 9 * HOUR));
    device.record("door_check", body("met"), Instant::utc(seven));
    let done = |hours| device.phone.today(Instant::utc(seven + hours * HOUR), None).done.len();
    assert_eq!([done(0), done(2), done(16), done(17)], [1, 1, 1, 0]);
}
