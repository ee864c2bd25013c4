//! Letting go: a registry document goes on as a new epoch, and somebody is erased while phones
//! still have unsent entries about it. Afterwards nobody shows it, and everybody the same.

use std::collections::BTreeMap;

use menpai_server::store::community::{BodyCodec, erased};
use menpai_server::sync::erase::{Erasure, Target};
use menpai_sync_core::entry::Entry;
use menpai_sync_core::erase::{names_erased, subject_hash};
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{OwnState, Phone};

use super::apps::App;
use super::phone::TestPhone;
use super::world::World;
use super::{Differs, Trial, reader};

/// Registry types that the schedule erases, of those that it makes.
const ERASED_TYPES: [&str; 2] = ["person", "household"];

/// Begins a new epoch of one of the documents.
pub(super) fn rotate(world: &mut World) -> Result<(), String> {
    let scribe = &world.office.scribe();
    let part = Part {
        grid: Some(world.some_grid()),
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
    let scribe = &world.office.scribe();
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
    let erasure = Erasure {
        target: Target::Entity(chosen),
        basis: "requested".to_owned(),
        requested_on: None,
    };
    world
        .home
        .community()
        .erase(scribe, erasure, world.home.ledger())
        .map_err(|error| error.to_string())?;
    // What held edits had made that named it is gone, too, but was not erased itself.
    let subjects = world.home.community().query(erased::subjects).map_err(text)?;
    let code = world.home.code;
    let gone = all
        .iter()
        .filter(|entity| subjects.contains(&subject_hash(code, entity.id)));
    world.erased.extend(gone.map(|entity| (entity.id, entity.grid)));
    world.trials.note(Trial::Erased);
    begins_again(world);
    Ok(())
}

/// No lines lead to a part that is in a later epoch.
pub(super) fn begins_again(world: &mut World) {
    world.parts_began_again = true;
    for phone in &mut world.phones {
        phone.fetches_whole();
    }
}

/// Nothing that was erased came back at the home, and it keeps no body that names it.
pub(super) fn check(world: &World) -> Result<(), Differs> {
    let is_erased = |id: EntityId| world.erased.contains_key(&id);
    let found = world.home.community().query(|connection| {
        let entities = erased::entities(connection)?;
        let mut found = entities
            .into_iter()
            .map(|entity| entity.id)
            .find(|id| is_erased(*id))
            .map(|id| id.to_string());
        erased::for_each_kept(connection, &mut BodyCodec::new()?, |_, bytes| {
            let entry = Entry::parse(&bytes)
                .ok()
                .filter(|entry| names_erased(entry, &is_erased));
            found = entry.map(|entry| entry.id.to_string()).or(found.take());
            Ok(())
        })?;
        Ok(found)
    });
    match found.map_err(|error| Differs(error.to_string()))? {
        Some(back) => Err(Differs(format!(
            "{back} is at the home again{}",
            reader::lines_with(&world.home, &back)
        ))),
        None => Ok(()),
    }
}

/// Whether it recorded something itself about what was erased, that it keeps until it is updated.
pub(super) fn keeps_own(phone: &TestPhone, erased: &BTreeMap<EntityId, Option<GridId>>) -> bool {
    let is_erased = &|id: EntityId| erased.contains_key(&id);
    let mut own = phone.phone.own_entries();
    phone.app == App::Yesterday && own.any(|own| names_erased(&own.entry, is_erased))
}

/// A phone shows and keeps nothing that was erased, as far as it is told of it.
pub(super) fn shows_nothing(
    phone: &Phone,
    is_older: bool,
    erased: &BTreeMap<EntityId, Option<GridId>>,
) -> Result<(), String> {
    let Some(replica) = phone.replica() else { return Ok(()) };
    let is_erased: &dyn Fn(EntityId) -> bool = &|id| erased.contains_key(&id);
    if let Some((id, _)) = replica.rows().find(|(id, _)| is_erased(*id)) {
        return Err(format!("{id} is still shown"));
    }
    if is_older {
        return Ok(());
    }
    // Nobody tells a phone about a grid that it may not see.
    let sees = |grid: Option<GridId>| replica.cursor().keys().any(|part| part.grid == grid);
    let is_told: &dyn Fn(EntityId) -> bool = &|id| erased.get(&id).is_some_and(|grid| sees(*grid));
    let names = |entry: &Entry| names_erased(entry, if sees(entry.grid) { is_erased } else { is_told });
    if let Some(record) = replica.records().find(|record| names(&record.entry)) {
        return Err(format!("record {} is still here", record.entry.id));
    }
    let own = phone
        .own_entries()
        .filter(|own| own.state != OwnState::OnPhone)
        .find(|own| names(&own.entry));
    match own {
        Some(own) => Err(format!("own entry {} ({:?}) still has its body", own.seq, own.state)),
        None => Ok(()),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: menpai_server::store::community::StoreError) -> String {
    error.to_string()
}
