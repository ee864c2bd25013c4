//! Clocks that are set while people work: back, forward, by a year. What was made when stays
//! where it was, at the home and on the phone, and that the clock was set is itself in the log.

use menpai_server::simulate::Dice;
use menpai_sync_core::ids::EntryId;

use super::apps::{self, App};
use super::world::World;
use super::{Differs, check};

/// The phone of the scenario; the first two are special.
const PHONE: usize = 2;
const SHIFTS: usize = 4;
const MINUTE: i64 = 60_000;
const YEAR: i64 = 365 * 24 * 60 * MINUTE;
/// Requests take time.
const SLACK_MS: i64 = 2_000;

/// How a clock is set, by the dice.
pub(super) fn set_by(dice: &mut Dice) -> i64 {
    match dice.below(4) {
        0 => YEAR,
        1 => -YEAR,
        // Within a shift: no contact before or after tells.
        _ => -dice.between(5 * MINUTE, 120 * MINUTE),
    }
}

/// Some shifts, in the middle of each of which somebody sets the clock; says how often the log
/// tells of it.
///
/// # Errors
/// What did not hold.
pub fn run_clocks(seed: u64) -> Result<usize, Differs> {
    let mut world = World::new(seed);
    let jumps = clocks(&mut world, &mut Dice::of(seed, 1)).map_err(Differs)?;
    check::check(&mut world)?;
    Ok(jumps)
}

fn clocks(world: &mut World, dice: &mut Dice) -> Result<usize, String> {
    world.phones[PHONE].update(App::Today);
    world.quiet()?;
    let mut made: Vec<(EntryId, i64)> = Vec::new();
    for _ in 0..SHIFTS {
        let set_after = dice.below(4);
        for number in 0..6 {
            world.now_ms += dice.between(MINUTE, 30 * MINUTE);
            if number == set_after {
                world.phones[PHONE].move_clock(set_by(dice));
            }
            let before = newest(world);
            world.record(PHONE)?;
            if let Some(entry) = newest(world).filter(|entry| Some(*entry) != before) {
                made.push((entry, world.now_ms));
            }
        }
        world.now_ms += dice.between(MINUTE, 30 * MINUTE);
        world.quiet()?;
    }
    for (entry, truly) in made {
        let here = world.phones[PHONE]
            .phone
            .replica()
            .and_then(|replica| replica.record(entry));
        let at_home = check::made_ms(world, entry).map_err(|differs| differs.0)?;
        // What is held is no record on the phone; when it was made, the home says all the same.
        let here = here.map(|record| record.made_ms).or(at_home);
        for (whose, made_ms) in [("phone", here), ("home", at_home)] {
            if made_ms.is_none_or(|made_ms| (made_ms - truly).abs() > SLACK_MS) {
                return Err(format!("{whose}: {entry} was made at {truly}, not at {made_ms:?}"));
            }
        }
    }
    let kinds = apps::builtin();
    let tells = |kind: &str| kinds.get(kind).is_some_and(|kind| kind.effects.jumps.is_some());
    let own = world.phones[PHONE].phone.own_entries();
    let jumps = own.filter(|own| tells(&own.entry.kind)).count();
    if jumps == SHIFTS {
        Ok(jumps)
    } else {
        Err(format!("the log tells of {jumps} jumps"))
    }
}

fn newest(world: &World) -> Option<EntryId> {
    world.phones[PHONE].phone.own_entries().last().map(|own| own.entry.id)
}
