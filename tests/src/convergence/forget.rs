//! Letting go: a registry document goes on as a new epoch, and somebody is erased while phones
//! still have unsent entries about it. Afterwards nobody shows it, and everybody the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use menpai_server::erasures::Ledger;
use menpai_server::store::community::erased;
use menpai_server::sync::erase::{Erasure, Target};
use menpai_sync_core::erase::names_erased;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{OwnState, Phone};

use super::apps::App;
use super::phone::TestPhone;
use super::world::World;
use super::{Differs, Trial};

/// Registry types that the schedule erases, of those that it makes.
const ERASED_TYPES: [&str; 2] = ["person", "household"];

/// Begins a new epoch of one of the documents. Not where the home is put back: that a copy is
/// brought up to the ledger of erasures is the real home's, and tried with it.
pub(super) fn rotate(world: &mut World) -> Result<(), String> {
    if world.homes_are_put_back {
        return Ok(());
    }
    let scribe = &world.office.pen(&world.home);
    let part = Part {
        grid: Some(world.grids[world.dice.below(2)]),
        class: if world.dice.percent(70) {
            Class::Open
        } else {
            Class::Care
        },
    };
    let home = world.home.community();
    if home.heads(part).map_err(text)?.is_empty() {
        return Ok(());
    }
    home.compact(scribe, part).map_err(text)?;
    world.trials.note(Trial::Rotated);
    begins_again(world);
    Ok(())
}

/// Erases a person, or a household with everybody in it.
pub(super) fn erase(world: &mut World) -> Result<(), String> {
    if world.homes_are_put_back {
        return Ok(());
    }
    let scribe = &world.office.pen(&world.home);
    let all = world.home.community().query(erased::entities).map_err(text)?;
    let mut candidates: Vec<EntityId> = all
        .iter()
        .filter(|entity| ERASED_TYPES.contains(&entity.entity_type.as_str()))
        .map(|entity| entity.id)
        .collect();
    candidates.sort_unstable();
    if candidates.is_empty() {
        return Ok(());
    }
    let chosen = candidates[world.dice.below(candidates.len())];
    let folder = world.home.community().path().parent().ok_or("no folder")?.to_owned();
    let ledger = Arc::new(Ledger::new(&folder, world.home.receipt_key().clone()));
    let erasure = Erasure {
        target: Target::Entity(chosen),
        basis: "requested".to_owned(),
        requested_on: None,
    };
    world
        .home
        .community()
        .erase(scribe, erasure, &ledger)
        .map_err(|error| error.to_string())?;
    let left: BTreeSet<EntityId> = world
        .home
        .community()
        .query(erased::entities)
        .map_err(text)?
        .into_iter()
        .map(|entity| entity.id)
        .collect();
    let gone = all.iter().filter(|entity| !left.contains(&entity.id));
    world.erased.extend(gone.map(|entity| (entity.id, entity.grid)));
    world.trials.note(Trial::Erased);
    begins_again(world);
    Ok(())
}

/// No lines lead to a part that is in a later epoch.
fn begins_again(world: &mut World) {
    world.parts_began_again = true;
    for phone in &mut world.phones {
        phone.fetches_whole();
    }
}

/// Nothing that was erased shows anywhere, is kept anywhere, or came back.
pub(super) fn check(world: &World) -> Result<(), Differs> {
    let is_erased = |id: EntityId| world.erased.contains_key(&id);
    let entities = world.home.community().query(erased::entities);
    let entities = entities.map_err(|error| Differs(error.to_string()))?;
    if let Some(back) = entities.iter().find(|entity| is_erased(entity.id)) {
        return Err(Differs(format!("{} is back at the home", back.id)));
    }
    for (number, phone) in world.phones.iter().enumerate() {
        let is_older = phone.app == App::Yesterday;
        for (who, phone) in [("", &phone.phone), (" opened again", &phone.reopened())] {
            shows_nothing(phone, is_older, &world.erased)
                .map_err(|what| Differs(format!("phone {number}{who}: {what}")))?;
        }
    }
    Ok(())
}

/// Whether it recorded something itself about what was erased, that it keeps until it is updated.
pub(super) fn keeps_own(phone: &TestPhone, erased: &BTreeMap<EntityId, Option<GridId>>) -> bool {
    let is_erased = &|id: EntityId| erased.contains_key(&id);
    let mut own = phone.phone.own_entries();
    phone.app == App::Yesterday && own.any(|own| names_erased(&own.entry, is_erased))
}

fn shows_nothing(phone: &Phone, is_older: bool, erased: &BTreeMap<EntityId, Option<GridId>>) -> Result<(), String> {
    let Some(replica) = phone.replica() else { return Ok(()) };
    // Nobody tells a phone about a grid that it may not see.
    let sees = |grid: Option<GridId>| replica.cursor().keys().any(|part| part.grid == grid);
    let is_erased = &|id: EntityId| erased.get(&id).is_some_and(|grid| sees(*grid));
    if let Some((id, _)) = replica.rows().find(|(id, _)| is_erased(*id)) {
        return Err(format!("{id} is still shown"));
    }
    if is_older {
        return Ok(());
    }
    if let Some(record) = replica.records().find(|record| names_erased(&record.entry, is_erased)) {
        return Err(format!("record {} is still here", record.entry.id));
    }
    let own = phone
        .own_entries()
        .filter(|own| own.state != OwnState::OnPhone)
        .find(|own| names_erased(&own.entry, is_erased));
    match own {
        Some(own) => Err(format!("own entry {} ({:?}) still has its body", own.seq, own.state)),
        None => Ok(()),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: menpai_server::store::community::StoreError) -> String {
    error.to_string()
}
