//! When something was made and whether it came late, on the phone as at the home: also where an answer
//! was lost, and the next contact brings more and has another offset; and where a clock was set unnoticed.

use std::collections::HashSet;

use menpai_server::clock;
use menpai_server::store::review::late::closed_periods;
use menpai_sync_core::folds::late::is_late;
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::time::Instant;
use serde_json::json;

use crate::core_phones::CorePhone;
use crate::desk_world::{World, object};
use crate::phones::{HOUR_MS, grid};

const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

/// Made-time and whether it is late, of each of these, as the home has it.
fn at_home(world: &World, entries: &[EntryId]) -> Vec<(i64, bool)> {
    let community = world.community();
    let kinds = community.kinds().clone();
    let entries = entries.to_vec();
    let read = community.query(move |connection| {
        let closed = closed_periods(connection, &kinds, &HashSet::new())?;
        let mut statement = connection.prepare(
            "SELECT m.made_ms, m.lsn FROM merged_entry m JOIN entry e ON e.number = m.entry WHERE e.id = ?1",
        )?;
        let mut all = Vec::new();
        for entry in &entries {
            let (made_ms, lsn): (i64, u64) =
                statement.query_row([entry.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let day = day(made_ms);
            all.push((made_ms, is_late(&closed, day.local_date(), Some(grid(1)), lsn)));
        }
        Ok(all)
    });
    read.unwrap()
}

fn day(unix_ms: i64) -> Instant {
    Instant {
        unix_ms,
        offset_minutes: 480,
    }
}

fn check(phone: &mut CorePhone, door: EntityId, at_ms: i64) -> EntryId {
    let body = json!({"dwelling_id": door, "mode": "door", "outcome": "absent"});
    phone.record_at(day(at_ms), "door_check", grid(1), body)
}

/// The same, as the phone shows it.
fn on_phone(phone: &CorePhone, entries: &[EntryId]) -> Vec<(i64, bool)> {
    let rows = phone.phone.own_records(100);
    let replica = phone.phone.replica().unwrap();
    let shown = |entry: &EntryId| {
        let row = rows.iter().find(|row| row.entry == *entry).unwrap();
        (replica.record(*entry).unwrap().made_ms, row.late)
    };
    entries.iter().map(shown).collect()
}

#[test]
fn an_answer_that_was_lost_moves_nothing_that_was_made_and_makes_nothing_late() {
    let world = World::new();
    let (door, ..) = world.registry();
    let mut phone = CorePhone::new(&world, "王小梅", &[grid(1)]);
    let begin = clock::now_ms();
    phone.contact(&world, begin + HOUR_MS, 0, true);
    // Somebody has set its clock; what it sends arrives, and it does not hear so.
    let first = check(&mut phone, door, begin + 2 * HOUR_MS + YEAR_MS);
    phone.contact(&world, begin + 3 * HOUR_MS, YEAR_MS, false);
    let closes = json!({"from": "2000-01-01", "until": "2100-01-01"});
    let closing = day(begin + 4 * HOUR_MS);
    let settled = world.office.record_at(closing, "settlement", None, object(closes));
    world.office.decide(closing, &[settled], |_| Ok(false)).unwrap();
    // Its clock is right again.
    let second = check(&mut phone, door, begin + 5 * HOUR_MS);
    phone.contact(&world, begin + 6 * HOUR_MS, 0, true);
    let third = check(&mut phone, door, begin + 7 * HOUR_MS);
    let all = [first, second, third];
    phone.contact(&world, begin + 8 * HOUR_MS, 0, true);

    let made = [2, 5, 7].map(|hours| begin + hours * HOUR_MS);
    let expected = vec![(made[0], false), (made[1], true), (made[2], true)];
    assert_eq!(at_home(&world, &all), expected);
    assert_eq!(on_phone(&phone, &all), expected);
    phone.restart(&world);
    assert_eq!(on_phone(&phone, &all), expected);
}

#[test]
fn of_a_record_that_cannot_be_of_its_time_the_home_says_when_it_was_made() {
    let world = World::new();
    let (door, ..) = world.registry();
    let mut phone = CorePhone::new(&world, "王小梅", &[grid(1)]);
    let begin = clock::now_ms();
    phone.contact(&world, begin + HOUR_MS, 0, true);
    // The home goes by a contact of which the phone did not hear.
    phone.contact(&world, begin + 3 * HOUR_MS, 0, false);
    let before = check(&mut phone, door, begin + 2 * HOUR_MS);
    let after = check(&mut phone, door, begin + 4 * HOUR_MS);
    phone.contact(&world, begin + 5 * HOUR_MS, 0, true);
    let expected = [3, 4].map(|hours| (begin + hours * HOUR_MS, false)).to_vec();
    assert_eq!(at_home(&world, &[before, after]), expected);
    assert_eq!(on_phone(&phone, &[before, after]), expected);
    phone.restart(&world);
    assert_eq!(on_phone(&phone, &[before, after]), expected);
}

#[test]
fn a_clock_set_between_two_records_moves_neither_of_them() {
    let world = World::new();
    let (door, ..) = world.registry();
    let begin = clock::now_ms();
    for set_by in [-YEAR_MS, YEAR_MS] {
        let mut phone = CorePhone::new(&world, "王小梅", &[grid(1)]);
        phone.contact(&world, begin + HOUR_MS, 0, true);
        let before = check(&mut phone, door, begin + 2 * HOUR_MS);
        let after = check(&mut phone, door, begin + 3 * HOUR_MS + set_by);
        phone.contact(&world, begin + 4 * HOUR_MS, set_by, true);
        let expected = [2, 3].map(|hours| (begin + hours * HOUR_MS, false)).to_vec();
        assert_eq!(at_home(&world, &[before, after]), expected);
        assert_eq!(on_phone(&phone, &[before, after]), expected);
    }
}
