//! Doors and the buildings, compounds and grids around them, in the order people count. Which
//! registry type is a door the closing kinds say.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::{Field, Kinds, Shape};
use menpai_sync_core::phone::natural;
use rusqlite::Connection;

use super::aliases::Aliases;
use crate::store::community::StoreError;
use crate::store::roster::{StoredEntity, entities_of};

/// The fields of a door (`schemas/kinds/dwelling.json`) and of a place (`place.json`).
const BUILDING: &str = "building_id";
const UNIT: &str = "unit";
const FLOOR: &str = "floor";
const ROOM: &str = "room";
const CLOSED_ON: &str = "closed_on";
const NAME: &str = "name";
const PARENT: &str = "parent_id";

/// One door that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The registry entity.
    pub id: EntityId,
    /// Its grid.
    pub grid: Option<GridId>,
    /// The building it is in.
    pub building: Option<EntityId>,
    /// Stairwell; empty where it is not known.
    pub unit: String,
    /// Storey.
    pub floor: Option<i64>,
    /// The number on the door.
    pub room: String,
}

/// A place: a building, a compound, a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What people call it.
    pub name: String,
    /// What it stands in.
    pub parent: Option<EntityId>,
}

/// Who lives behind doors, by door; those who moved out or died do not. Whoever was merged into
/// another is named once.
///
/// # Errors
/// [`StoreError`].
pub fn residents(connection: &Connection, kinds: &Kinds) -> Result<HashMap<EntityId, Vec<String>>, StoreError> {
    let aliases = Aliases::read(connection, kinds)?;
    let mut statement = connection.prepare_cached(
        "SELECT pe.id, p.household_id, p.name, p.relation_to_head
           FROM registry_person p JOIN entity pe ON pe.number = p.entity AND pe.held = 0
          WHERE p.household_id IS NOT NULL AND p.name IS NOT NULL
            AND p.moved_out_on IS NULL AND p.died_on IS NULL",
    )?;
    let mut rows = statement.query([])?;
    let mut people: HashMap<EntityId, Vec<(Option<String>, EntityId, String)>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let person = EntityId::from_bytes(row.get(0)?);
        if !aliases.is_alias(person) {
            let household = aliases.canonical(EntityId::from_bytes(row.get(1)?));
            people
                .entry(household)
                .or_default()
                .push((row.get(3)?, person, row.get(2)?));
        }
    }
    let mut statement = connection.prepare_cached(
        "SELECT he.id, h.dwelling_id, h.head_person_id
           FROM registry_household h JOIN entity he ON he.number = h.entity AND he.held = 0
          WHERE h.dwelling_id IS NOT NULL AND h.moved_out_on IS NULL ORDER BY he.id",
    )?;
    let mut rows = statement.query([])?;
    let mut residents: HashMap<EntityId, Vec<String>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let head: Option<[u8; 16]> = row.get(2)?;
        let head = head.map(|head| aliases.canonical(EntityId::from_bytes(head)));
        let Some(mut members) = people.remove(&EntityId::from_bytes(row.get(0)?)) else {
            continue;
        };
        members.sort_by(|a, b| (Some(a.1) != head, &a.0, a.1).cmp(&(Some(b.1) != head, &b.0, b.1)));
        residents
            .entry(aliases.canonical(EntityId::from_bytes(row.get(1)?)))
            .or_default()
            .extend(members.into_iter().map(|(_, _, name)| name));
    }
    Ok(residents)
}

/// The doors of a community and what is around them.
#[derive(Debug, Default)]
pub struct Places {
    /// Doors by compound, building, unit, floor and room.
    pub doors: Vec<Door>,
    around: HashMap<EntityId, Place>,
}

impl Places {
    /// Reads them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(connection: &Connection, kinds: &Kinds) -> Result<Places, StoreError> {
        let closing = kinds
            .iter()
            .filter_map(|kind| kind.field(kind.effects.closes.as_ref()?.subject.as_str()));
        let door_types: BTreeSet<&str> = closing.flat_map(targets).collect();
        let place_types: BTreeSet<&str> = door_types
            .iter()
            .filter_map(|door| kinds.registry_type(door)?.field(BUILDING))
            .flat_map(targets)
            .collect();
        let aliases = Aliases::read(connection, kinds)?;
        let mut places = Places::default();
        for place_type in place_types {
            for entity in entities_of(connection, place_type)? {
                let place = Place {
                    name: entity.text(NAME).to_owned(),
                    parent: reference(&entity, PARENT),
                };
                places.around.insert(entity.id, place);
            }
        }
        for door_type in door_types {
            let entities = entities_of(connection, door_type)?;
            let standing = entities.iter().filter(|entity| !aliases.is_alias(entity.id));
            places.doors.extend(standing.filter_map(door));
        }
        places.sort();
        Ok(places)
    }

    /// A place by its id; a grid is the place of the same id.
    #[must_use]
    pub fn place(&self, id: EntityId) -> Option<&Place> {
        self.around.get(&id)
    }

    /// A grid's name; empty where it is not known.
    #[must_use]
    pub fn grid_name(&self, grid: GridId) -> &str {
        self.place(grid_place(grid)).map_or("", |place| &place.name)
    }

    /// The door's grid, building and whatever the building stands in, and the door itself.
    pub fn around<'p>(&'p self, door: &Door) -> impl Iterator<Item = EntityId> + 'p {
        let mut next = door.building;
        // A ring of parents must end.
        let parents = std::iter::from_fn(move || {
            let place = next?;
            next = self.place(place).and_then(|place| place.parent);
            Some(place)
        });
        door.grid
            .map(grid_place)
            .into_iter()
            .chain(parents.take(MOST_PARENTS))
            .chain([door.id])
    }

    /// Compares two buildings: by compound, then by their own names.
    #[must_use]
    pub fn compare(&self, a: Option<EntityId>, b: Option<EntityId>) -> Ordering {
        let name = |id: Option<EntityId>| id.and_then(|id| self.place(id)).map_or("", |place| &place.name);
        let parent = |id: Option<EntityId>| id.and_then(|id| self.place(id)?.parent);
        natural(name(parent(a)), name(parent(b)))
            .then_with(|| natural(name(a), name(b)))
            .then_with(|| a.cmp(&b))
    }

    fn sort(&mut self) {
        let buildings: BTreeSet<Option<EntityId>> = self.doors.iter().map(|door| door.building).collect();
        let mut buildings: Vec<Option<EntityId>> = buildings.into_iter().collect();
        buildings.sort_by(|a, b| self.compare(*a, *b));
        let rank: HashMap<Option<EntityId>, usize> = buildings.into_iter().zip(0..).collect();
        self.doors.sort_by(|a, b| {
            rank[&a.building]
                .cmp(&rank[&b.building])
                .then_with(|| natural(&a.unit, &b.unit))
                .then_with(|| a.floor.cmp(&b.floor))
                .then_with(|| natural(&a.room, &b.room))
                .then_with(|| a.id.cmp(&b.id))
        });
    }
}

const MOST_PARENTS: usize = 8;

/// The place that a grid is.
#[must_use]
pub fn grid_place(grid: GridId) -> EntityId {
    EntityId::from_bytes(*grid.as_bytes())
}

fn door(entity: &StoredEntity) -> Option<Door> {
    if !entity.text(CLOSED_ON).is_empty() {
        return None;
    }
    let floor = match entity.values.get(FLOOR) {
        Some(Scalar::Integer(floor)) => Some(*floor),
        _ => None,
    };
    Some(Door {
        id: entity.id,
        grid: entity.grid,
        building: reference(entity, BUILDING),
        unit: entity.text(UNIT).to_owned(),
        floor,
        room: entity.text(ROOM).to_owned(),
    })
}

fn reference(entity: &StoredEntity, field: &str) -> Option<EntityId> {
    entity.text(field).parse().ok()
}

fn targets(field: &Field) -> impl Iterator<Item = &str> {
    let names = match &field.shape {
        Shape::Ref { to } => to.names(),
        _ => &[],
    };
    names.iter().map(menpai_sync_core::kinds::Name::as_str)
}
