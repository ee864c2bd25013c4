//! The schedule: one table of all that may happen, thrown with dice. First trouble, then quiet,
//! then the comparison. A step that finds nothing to do does nothing; [`Trial`] counts those that
//! did something.
//!
//! [`Trial`]: super::Trial

use super::world::World;
use super::{Differs, Trials, check, forget, grids};

const STEPS: usize = 70;

/// Something that may happen: how often beside the others, and what. It is given one of the phones.
type Step = (usize, fn(&mut World, usize) -> Result<(), String>);

/// Everything that may happen.
#[expect(clippy::unit_arg, reason = "one line a step")]
const TABLE: &[Step] = &[
    // Phones are used.
    (26, World::record),
    (18, World::edit),
    (3, World::create),
    (8, World::create_twin),
    (3, World::take_back),
    (2, World::record_id_number),
    // They meet their home, in the weather of `network`.
    (21, World::sync),
    (4, |world, _| world.deliver_late()),
    (1, World::courier),
    (3, |world, phone| done(world.hand_over(phone))),
    (3, |world, _| world.bring()),
    (1, |world, phone| done(world.partition(phone))),
    // The office works.
    (8, |world, _| world.settle_twins()),
    (3, |world, _| world.decide_held()),
    (3, |world, phone| done(world.transfer(phone))),
    (1, |world, _| done(world.correct_at_desk())),
    (3, |world, _| forget::rotate(world)),
    (2, |world, _| forget::erase(world)),
    (2, |world, _| grids::change(world)),
    (1, |world, _| done(world.order_sweep())),
    // Time passes.
    (2, |world, _| done(world.pass_weeks())),
    // Devices fail.
    (3, |world, phone| done(world.restart_phone(phone))),
    (3, |world, phone| done(world.doom(phone))),
    (1, |world, phone| done(world.lose_storage(phone))),
    (1, |world, phone| done(world.update_app(phone))),
    (1, |world, phone| done(world.set_clock(phone))),
    (1, |world, phone| done(world.clone_phone(phone))),
    (2, |world, phone| done(world.put_back(phone))),
    (1, |world, _| done(world.restart_home())),
    (2, World::fail_home),
    // A second server reads.
    (3, |world, _| world.read()),
];

/// Nothing can go wrong with it.
#[allow(clippy::unnecessary_wraps, reason = "for the table")]
fn done((): ()) -> Result<(), String> {
    Ok(())
}

/// Runs the schedule of a seed to its end and compares.
///
/// # Errors
/// What did not hold.
pub fn run(seed: u64) -> Result<Trials, Differs> {
    run_with(seed, |_| {})
}

/// The same, with something done to the home's file before the comparison: to show that it
/// would be noticed.
///
/// # Errors
/// What did not hold.
pub fn run_with(seed: u64, tamper: impl FnOnce(&std::path::Path)) -> Result<Trials, Differs> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.pass(120_000);
        step(&mut world).map_err(Differs)?;
    }
    world.quiet().map_err(Differs)?;
    tamper(world.home.community().path());
    check::check(&mut world)?;
    Ok(world.trials)
}

fn step(world: &mut World) -> Result<(), String> {
    let phone = world.dice.below(world.phones.len());
    let step = thrown(&mut world.dice, TABLE);
    step(world, phone)
}

/// One of a table, by its weights.
pub(super) fn thrown<T: Copy>(dice: &mut menpai_server::simulate::Dice, table: &[(usize, T)]) -> T {
    let mut left = dice.below(table.iter().map(|(weight, _)| weight).sum());
    let found = table.iter().find(|(weight, _)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    found.unwrap_or(&table[0]).1
}
