//! `twin DATA COMMUNITY`: makes one door of a community a second time, with a household and its
//! first person, as if somebody without signal had. For browser stories: the phone app has no
//! form that makes a door. No server may run on that data.

use std::path::Path;
use std::process::ExitCode;

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_server::store::roster::{StoredEntity, entities_of};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use serde_json::Map;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, community] = arguments.as_slice() else {
        eprintln!("usage: twin DATA COMMUNITY");
        return ExitCode::from(2);
    };
    match make(Path::new(data), community) {
        Ok(door) => {
            println!("{door}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The door that there are two of now.
fn make(data: &Path, community: &str) -> Result<EntityId, Box<dyn std::error::Error>> {
    let home = Home::open(data)?;
    let office = Office::of_night(&home, community.parse()?)?;
    let (persons, households, doors) = office.community.query(|connection| {
        Ok((
            entities_of(connection, "person")?,
            entities_of(connection, "household")?,
            entities_of(connection, "dwelling")?,
        ))
    })?;
    let known = |person: &&StoredEntity| {
        ["name", "birth_date", "phone"]
            .iter()
            .all(|field| !person.text(field).is_empty())
    };
    let person = persons
        .iter()
        .find(known)
        .ok_or("nobody has a birth date and a phone")?;
    let of = |all: &[StoredEntity], id: &str| all.iter().find(|entity| entity.id.to_string() == id).cloned();
    let household = of(&households, person.text("household_id")).ok_or("no household")?;
    let door = of(&doors, household.text("dwelling_id")).ok_or("no door")?;

    let entry = clock::new_entry_id();
    let [new_door, new_household, new_person] = [0, 1, 2].map(|index| EntityId::made_by(entry, index));
    let mut set = Vec::new();
    let mut copy = |entity_type: &str, id: EntityId, from: &StoredEntity, fields: &[&str]| {
        for field in fields {
            let value = from.values.get(*field).cloned();
            set.extend(value.map(|value| item(entity_type, id, field, value)));
        }
    };
    copy(
        "dwelling",
        new_door,
        &door,
        &["building_id", "unit", "room", "use", "address_key"],
    );
    copy("person", new_person, person, &["name", "birth_date", "phone", "sex"]);
    let text = |id: EntityId| Scalar::Text(id.to_string());
    set.insert(0, item("household", new_household, "dwelling_id", text(new_door)));
    set.push(item("person", new_person, "household_id", text(new_household)));
    // Ids are given in the order in which they first appear.
    set.sort_by_key(|item| {
        [new_door, new_household, new_person]
            .iter()
            .position(|id| *id == item.id)
    });
    let edit = Edit { base: Vec::new(), set };
    let draft = Draft::edit(entry, 1, door.grid, office.worker, clock::now(), edit, Map::new());
    office.write(&[draft])?;
    Ok(door.id)
}

fn item(entity_type: &str, id: EntityId, field: &str, value: Scalar) -> SetItem {
    SetItem {
        entity_type: entity_type.to_owned(),
        id,
        field: field.to_owned(),
        value,
    }
}
