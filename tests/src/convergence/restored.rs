//! A home put back from its backup has less of a phone's log than it once confirmed. It says so,
//! and the phone sends the whole rest in its very next request.

use menpai_sync_core::wire::{DownHeader, MAX_ANSWER_INFLATED, PREVIOUS_UNKNOWN, inflate_member, lines};

use super::world::World;
use super::{Differs, check};

/// The phone of the scenario; the first two are special.
const PHONE: usize = 2;

/// Records before and after a backup, puts the backup back, records once more and compares.
///
/// # Errors
/// What did not hold.
pub fn run_restored(seed: u64) -> Result<(), Differs> {
    let mut world = World::new(seed);
    restored(&mut world).map_err(Differs)?;
    check::check(&mut world)
}

fn restored(world: &mut World) -> Result<(), String> {
    world.quiet()?;
    world.record(PHONE)?;
    world.quiet()?;
    let copy = world.home.back_up();
    world.record(PHONE)?;
    world.record(PHONE)?;
    let (refused, _) = contact(world)?;
    if refused.is_some() || world.phones[PHONE].phone.only_here() > 0 {
        return Err(format!("not taken: {refused:?}"));
    }
    world.home.restore(&copy);
    world.record(PHONE)?;
    let (refused, more) = contact(world)?;
    if refused.as_deref() != Some(PREVIOUS_UNKNOWN) || !more {
        return Err(format!("{refused:?}, more: {more}"));
    }
    let (refused, _) = contact(world)?;
    if refused.is_some() || world.phones[PHONE].phone.only_here() > 0 {
        return Err(format!("not everything was sent again at once: {refused:?}"));
    }
    world.quiet()
}

/// One contact; the code of its refusal, and whether the phone is to sync again at once.
fn contact(world: &mut World) -> Result<(Option<String>, bool), String> {
    world.now_ms += 1_000;
    let phone = &mut world.phones[PHONE];
    let request = phone.ask(world.now_ms, false).ok_or("died")?;
    let answer = world.home.exchange(phone.device, &request, world.now_ms)?;
    let (text, _) = inflate_member(&answer, MAX_ANSWER_INFLATED).map_err(|error| error.to_string())?;
    let line = lines(&text).and_then(|mut lines| lines.next()).ok_or("no header")?;
    let header: DownHeader = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let more = phone.hear(&answer)?;
    Ok((header.refused.map(|refused| refused.code), more))
}
