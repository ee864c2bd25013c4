//! Fills what the planner knows from the community's replica.

use std::collections::HashMap;

use chrono::NaiveDate;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};

use menpai_roster::building_name;
use menpai_sync_core::ids::DeviceId;

use super::address::{fold, fold_grid};
use super::known::{Known, KnownCarePlan, KnownDwelling, KnownHousehold, KnownPerson};
use crate::clock;
use crate::store::community::StoreError;
use crate::store::review::aliases::Aliases;
use crate::store::review::id_numbers::standing;
use crate::store::review::statements::withdrawn_records;
use crate::store::roster::{StoredEntity, for_each_entity, for_each_set_by};
use crate::sync::Community;

/// Fields of a person that a roster may change.
const PERSON_FIELDS: [&str; 8] = [
    "sex",
    "birth_date",
    "phone",
    "phone2",
    "relation_to_head",
    "note",
    "health_note",
    "id_last_four",
];
/// Roles whose holders look after a grid's people.
const GRID_ROLES: [&str; 3] = ["grid_worker", "grid_chief", "deputy_grid_chief"];

/// What the community has now, and what `importer` has said of it before.
pub(super) fn known(community: &Community, importer: Option<DeviceId>) -> Result<Known, StoreError> {
    let mut known = Known {
        grid_workers: grid_workers(community),
        ..Known::default()
    };
    community.read(|reader| {
        for_each_entity(&reader.connection, |entity| add(&mut known, &entity))?;
        let directory = community.directory();
        let withdrawn = withdrawn_records(&reader.connection, |device| directory.is_office(device))?;
        let aliases = Aliases::read(&reader.connection, community.kinds())?;
        for (person, own) in standing(&reader.connection, &aliases, &withdrawn)? {
            for one in own {
                known.numbers.extend(one.hash.map(|hash| (person, hash)));
                known.numbers.extend(one.hash.map(|hash| (one.subject, hash)));
            }
        }
        let Some(importer) = importer else { return Ok(()) };
        for_each_set_by(&reader.connection, &mut reader.codec, importer, |item| {
            known.said.insert((item.id, item.field), item.value);
        })
    })?;
    add_said_persons(&mut known);
    Ok(known)
}

/// Finds persons by what rosters have called them too: their name or birth date may have been
/// put right since, their household may have moved out.
fn add_said_persons(known: &mut Known) {
    let text = |id: EntityId, field: &str| {
        let value = known.said.get(&(id, field.to_owned()))?;
        value.as_text().map(str::to_owned)
    };
    let mut found = Vec::new();
    for (id, field) in known.said.keys() {
        if field != "household_id" || !known.persons.contains_key(id) {
            continue;
        }
        let Some(household) = text(*id, "household_id").and_then(|household| household.parse::<EntityId>().ok()) else {
            continue;
        };
        let Some(name) = text(*id, "name") else { continue };
        let birth_date = text(*id, "birth_date").and_then(|date| date.parse::<NaiveDate>().ok());
        let dwelling = text(household, "dwelling_id").and_then(|dwelling| dwelling.parse::<EntityId>().ok());
        found.push((*id, household, name, birth_date, dwelling));
    }
    for (id, household, name, birth_date, dwelling) in found {
        known.index_person(id, household, &name, birth_date);
        if let Some(dwelling) = dwelling {
            known.placed.insert((dwelling, name, birth_date), household);
        }
    }
}

fn add(known: &mut Known, entity: &StoredEntity) {
    let id = entity.id;
    match (entity.entity_type.as_str(), entity.grid) {
        ("place", None) if entity.text("type") == "grid" => {
            known.grids.insert(fold_grid(entity.text("name")), id);
            known.grid_codes.insert(entity.text("code").to_owned(), id);
        }
        ("place", None) => {
            known.compounds.insert(fold(entity.text("name")), id);
        }
        ("place", Some(_)) => {
            if let Some(parent) = reference(entity, "parent_id") {
                let name = fold(&building_name(entity.text("name")));
                known.buildings.insert((parent, name), id);
            }
        }
        ("dwelling", Some(grid)) => {
            let key = entity.text("address_key").to_owned();
            let door = KnownDwelling { id, grid };
            // One that was merged into another gives way to it.
            if entity.values.contains_key("alias_of") {
                known.dwellings.entry(key).or_insert(door);
            } else {
                known.dwellings.insert(key, door);
            }
        }
        ("household", _) if entity.text("moved_out_on").is_empty() => {
            if let Some(dwelling) = reference(entity, "dwelling_id") {
                let has_head = !entity.text("head_person_id").is_empty();
                // The first household of a door is the one that rosters speak of.
                known
                    .households
                    .entry(dwelling)
                    .or_insert(KnownHousehold { id, has_head });
            }
        }
        ("person", _) => add_person(known, entity),
        ("care_plan", _) => {
            if let (Some(subject), Some(Scalar::Integer(interval_days))) =
                (reference(entity, "subject_id"), entity.values.get("interval_days"))
            {
                known.care_plans.insert(
                    subject,
                    KnownCarePlan {
                        id,
                        interval_days: *interval_days,
                    },
                );
            }
        }
        _ => {}
    }
}

fn add_person(known: &mut Known, entity: &StoredEntity) {
    let Some(household) = reference(entity, "household_id") else {
        return;
    };
    let fields = PERSON_FIELDS
        .iter()
        .filter_map(|field| Some((*field, entity.values.get(*field)?.clone())))
        .collect();
    let care_categories = entity
        .values
        .iter()
        .filter(|(_, value)| **value == Scalar::Boolean(true))
        .filter_map(|(field, _)| field.strip_prefix("care_categories:").map(str::to_owned))
        .collect();
    let birth_date = entity.text("birth_date").parse::<NaiveDate>().ok();
    known.persons.insert(
        entity.id,
        KnownPerson {
            fields,
            care_categories,
        },
    );
    known.index_person(entity.id, household, entity.text("name"), birth_date);
}

fn reference(entity: &StoredEntity, field: &str) -> Option<EntityId> {
    entity.text(field).parse().ok()
}

fn grid_workers(community: &Community) -> HashMap<GridId, Vec<WorkerId>> {
    let directory = community.directory();
    let now_ms = clock::now_ms();
    let mut workers: HashMap<GridId, Vec<_>> = HashMap::new();
    for (worker, _) in directory.names() {
        for assignment in directory.assignments(worker) {
            let current = assignment.from_ms <= now_ms && assignment.until_ms.is_none_or(|until| now_ms < until);
            if let Some(grid) = assignment.grid
                && current
                && GRID_ROLES.contains(&assignment.role.as_str())
            {
                workers.entry(grid).or_default().push(worker);
            }
        }
    }
    for list in workers.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    workers
}
