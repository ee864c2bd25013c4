//! What an id stands for: a person's name, the door somebody lives behind, the grid, the
//! worker. It follows the registry's references upwards and looks each entity up once.

use std::collections::HashMap;

use menpai_sync_core::ids::{DeviceId, EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::Kinds;
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::Serialize;
use serde_json::Value;

use super::aliases::Aliases;
use super::devices::{self, NamedDevice};
use crate::store::community::{BodyCodec, StoreError};

/// References that lead from something to where it is, the nearest first.
const LEADS_TO_PLACE: [&str; 6] = [
    "building_id",
    "dwelling_id",
    "household_id",
    "subject_id",
    "person_id",
    "place_id",
];
/// References that lead from something to the person it is named after.
const NAMED_AFTER: [&str; 3] = ["head_person_id", "subject_id", "person_id"];
/// Chains of references end; a loop of them must too.
const MOST_STEPS: u8 = 8;
/// A plan is named after its household, a household after its head.
const MOST_NAMES: u8 = 2;

/// Where something is, as far as the registry says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Address {
    /// Compound or estate.
    pub compound: Option<String>,
    /// Building, or another place of its own.
    pub building: Option<String>,
    /// Unit (entrance).
    pub unit: Option<String>,
    /// Door.
    pub room: Option<String>,
}

impl Address {
    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Address::default()
    }
}

/// An entity in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its registry type.
    pub entity_type: String,
    /// Its own name, or that of the person it is named after.
    pub name: Option<String>,
    /// In which grid it was made.
    pub grid: Option<GridId>,
    /// Where it is.
    pub address: Address,
}

/// Names of one community, looked up as they are needed.
pub struct Register<'c> {
    connection: &'c Connection,
    aliases: Aliases,
    entities: HashMap<EntityId, Known>,
    workers: HashMap<WorkerId, Option<String>>,
    devices: HashMap<DeviceId, NamedDevice>,
}

impl<'c> Register<'c> {
    /// Looks up devices at once, the rest as it is asked for. `accounts` names workers that
    /// no assignment has named yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(
        connection: &'c Connection,
        codec: &mut BodyCodec,
        kinds: &Kinds,
        accounts: HashMap<WorkerId, String>,
    ) -> Result<Register<'c>, StoreError> {
        let devices = devices::all(connection, codec, kinds)?;
        let mut workers: HashMap<WorkerId, Option<String>> = accounts
            .into_iter()
            .map(|(worker, name)| (worker, Some(name)))
            .collect();
        let mut named = connection.prepare_cached("SELECT id, name FROM worker WHERE name IS NOT NULL")?;
        let mut rows = named.query([])?;
        while let Some(row) = rows.next()? {
            workers.insert(WorkerId::from_bytes(row.get(0)?), row.get(1)?);
        }
        Ok(Register {
            connection,
            aliases: Aliases::read(connection, kinds)?,
            entities: HashMap::new(),
            workers,
            devices,
        })
    }

    /// The worker's name, where it is known.
    #[must_use]
    pub fn worker(&self, worker: WorkerId) -> Option<&str> {
        self.workers.get(&worker).and_then(Option::as_deref)
    }

    /// The device, where the office registered it.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<&NamedDevice> {
        self.devices.get(&device)
    }

    /// Every registered device.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &NamedDevice)> {
        self.devices.iter().map(|(id, device)| (*id, device))
    }

    /// The grid's name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn grid(&mut self, grid: GridId) -> Result<Option<String>, StoreError> {
        // A grid is the place of the same id.
        Ok(self.entity(EntityId::from_bytes(*grid.as_bytes()))?.name)
    }

    /// What was merged into what.
    #[must_use]
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// What an entity stands for, in words; an unknown one has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entity(&mut self, id: EntityId) -> Result<Known, StoreError> {
        self.follow(self.aliases.canonical(id), MOST_STEPS)
    }

    /// An entity in its own words, whatever it was merged into.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entity_itself(&mut self, id: EntityId) -> Result<Known, StoreError> {
        self.follow(id, MOST_STEPS)
    }

    fn follow(&mut self, id: EntityId, steps: u8) -> Result<Known, StoreError> {
        if let Some(known) = self.entities.get(&id) {
            return Ok(known.clone());
        }
        if steps == 0 {
            return Ok(Known::default());
        }
        let known = match self.row(id)? {
            Some((number, known)) => self.describe(number, known, steps - 1)?,
            None => Known::default(),
        };
        self.entities.insert(id, known.clone());
        Ok(known)
    }

    fn describe(&mut self, number: i64, mut known: Known, steps: u8) -> Result<Known, StoreError> {
        let mut values = self.shown(number)?;
        // Names are looked up by themselves: a person leads to the household that is named
        // after him.
        known.name = self.name_in(&values, MOST_NAMES)?;
        if let Some(next) = LEADS_TO_PLACE.iter().find_map(|field| reference(&values, field)) {
            known.address = self.follow(self.aliases.canonical(next), steps)?.address;
        }
        known.address.unit = text(&mut values, "unit").or(known.address.unit);
        known.address.room = text(&mut values, "room").or(known.address.room);
        // What has a parent of its own kind is a place.
        match text(&mut values, "type").as_deref() {
            None | Some("grid") => {}
            Some("compound" | "estate") => known.address.compound.clone_from(&known.name),
            Some(_) => {
                if let Some(parent) = reference(&values, "parent_id") {
                    known.address = self.follow(parent, steps)?.address;
                }
                known.address.building.clone_from(&known.name);
            }
        }
        Ok(known)
    }

    fn name_in(&self, values: &HashMap<String, Value>, steps: u8) -> Result<Option<String>, StoreError> {
        if let Some(Value::String(name)) = values.get("name") {
            return Ok(Some(name.clone()));
        }
        let after = NAMED_AFTER.iter().find_map(|field| reference(values, field));
        match after
            .filter(|_| steps > 0)
            .map(|after| self.row(after))
            .transpose()?
            .flatten()
        {
            Some((number, _)) => self.name_in(&self.shown(number)?, steps - 1),
            None => Ok(None),
        }
    }

    fn row(&self, id: EntityId) -> Result<Option<(i64, Known)>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT number, type, grid FROM entity WHERE id = :id")?
            .query_row(named_params! {":id": id.as_bytes()}, |row| {
                let grid: Option<[u8; 16]> = row.get(2)?;
                let known = Known {
                    entity_type: row.get(1)?,
                    grid: grid.map(GridId::from_bytes),
                    ..Known::default()
                };
                Ok((row.get(0)?, known))
            })
            .optional()?)
    }

    /// The values that every screen shows first.
    fn shown(&self, number: i64) -> Result<HashMap<String, Value>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT field, value FROM registry_value WHERE entity = :entity AND rank = 0")?;
        let mut rows = statement.query(named_params! {":entity": number})?;
        let mut values = HashMap::new();
        while let Some(row) = rows.next()? {
            let value: String = row.get(1)?;
            values.insert(row.get(0)?, serde_json::from_str(&value).unwrap_or(Value::Null));
        }
        Ok(values)
    }
}

fn reference(values: &HashMap<String, Value>, field: &str) -> Option<EntityId> {
    values.get(field)?.as_str()?.parse().ok()
}

fn text(values: &mut HashMap<String, Value>, field: &str) -> Option<String> {
    match values.remove(field) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
