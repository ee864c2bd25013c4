//! The grids of a community, and their changes: a split moves buildings to a new grid, a merge
//! everything to another one. What moves along, and what follows from it, is `sync/moving.rs`'s
//! to say.

mod named;

pub use named::NamedChange;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use menpai_sync_core::entry::{Draft, EDIT_KIND, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, EntityId, EntryId, GridId, WorkerId};
use menpai_sync_core::phone::natural;
use menpai_sync_core::text::nfc;
use rusqlite::Connection;
use serde_json::Map;

use super::{Office, OfficeError, schema_of};
use crate::clock;
use crate::store::community::StoreError;
use crate::store::roster::{StoredEntity, entities_of, for_each_entity};
use crate::sync::moving::{GONE, Joining, Move, MoveError, Moved};

/// The registry type of places, and what makes one of them a grid or a building.
const PLACE: &str = "place";
const GRID: &str = "grid";
const DWELLING: &str = "dwelling";
const HOUSEHOLD: &str = "household";
const PERSON: &str = "person";
/// Who has no role in the old grid gets this one in the new.
const GRID_WORKER: &str = "grid_worker";
/// Characters of a grid's name.
const LONGEST_NAME: usize = 100;

/// A grid as people name it.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Which.
    pub id: GridId,
    /// What people call it.
    pub name: String,
    /// Its 16 digits; may be empty.
    pub code: String,
    /// What stands in it, in order of name.
    pub buildings: Vec<Building>,
    /// What is in no building that the register knows.
    pub elsewhere: Size,
}

/// A building with what belongs to it.
#[derive(Debug, Clone)]
pub struct Building {
    /// Which.
    pub id: EntityId,
    /// With the compound it stands in.
    pub name: String,
    /// How much it is.
    pub size: Size,
}

/// How many doors and people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = GridsSize)]
pub struct Size {
    /// Doors in use.
    pub doors: usize,
    /// People who live there.
    pub people: usize,
}

impl Size {
    fn plus(self, other: Size) -> Size {
        Size {
            doors: self.doors + other.doors,
            people: self.people + other.people,
        }
    }
}

/// Where things are to move.
#[derive(Debug, Clone)]
pub enum Target {
    /// Into a grid that is there.
    Known(GridId),
    /// Into one that is made, with this name.
    New(String),
}

impl Target {
    fn known(&self) -> Option<GridId> {
        match self {
            Target::Known(grid) => Some(*grid),
            Target::New(_) => None,
        }
    }
}

/// A change of grids that somebody asked for.
#[derive(Debug, Clone)]
pub struct Change {
    /// The grid that has it.
    pub from: GridId,
    /// The grid that is to have it.
    pub to: Target,
    /// Which buildings; `None`: everything, and the roles in the old grid end.
    pub buildings: Option<BTreeSet<EntityId>>,
    /// Who is to work in the new grid from now on, in the role they have in the old one; with a
    /// name for those whom no role has named yet.
    pub workers: Vec<(WorkerId, Option<String>)>,
    /// How many doors whoever asked takes it for.
    pub doors: Option<usize>,
    /// Do it, or only say what it comes to.
    pub apply: bool,
}

/// Why no grid changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// What was to move cannot.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// No name for a grid.
    #[error("a grid has a name of 1 to 100 characters")]
    BadName,
    /// There is one of that name.
    #[error("there is a grid {0} already")]
    NameTaken(String),
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> ChangeError {
        ChangeError::Move(error.into())
    }
}

/// Changes grids; durable when it returns. Gives the grid that has it now, and what moved.
///
/// # Errors
/// [`ChangeError`]; then everything is as it was.
pub fn change(office: &Office, change: Change) -> Result<(GridId, Moved), ChangeError> {
    let known = office.community.query(all)?;
    let named = [Some(change.from), change.to.known()];
    let is_grid = |id: &GridId| known.iter().any(|grid| grid.id == *id);
    if let Some(unknown) = named.into_iter().flatten().find(|id| !is_grid(id)) {
        return Err(MoveError::NoGrid(unknown).into());
    }
    let (to, first) = match change.to {
        Target::Known(grid) => (grid, Vec::new()),
        Target::New(name) => {
            let (grid, draft) = new_grid(office, &known, &name)?;
            let bytes = draft.make().map_err(OfficeError::from)?.bytes;
            (grid, vec![bytes])
        }
    };
    let directory = office.community.directory();
    let scribe = office.scribe();
    let role = |worker: &WorkerId| {
        let mut granted = directory.granted_in(change.from, scribe.at.unix_ms);
        granted.find(|granted| granted.worker == *worker)
    };
    let name = |worker: &WorkerId| {
        directory
            .names()
            .find(|(known, _)| known == worker)
            .map(|(_, name)| name)
    };
    let workers = change.workers.iter().map(|(worker, given)| Joining {
        worker: *worker,
        name: name(worker).or(given.as_deref()).unwrap_or_default().to_owned(),
        role: role(worker)
            .map_or(GRID_WORKER, |granted| granted.assignment.role.as_str())
            .to_owned(),
    });
    let moving = Move {
        from: change.from,
        to,
        buildings: change.buildings,
        workers: workers.collect(),
        first,
        doors: change.doors,
        apply: change.apply,
    };
    let moved = office.community.move_to_grid(&scribe, moving)?;
    Ok((to, moved))
}

fn new_grid(office: &Office, known: &[Grid], name: &str) -> Result<(GridId, Draft), ChangeError> {
    let name = nfc(name.trim()).into_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(ChangeError::BadName);
    }
    if known.iter().any(|grid| grid.name == name) {
        return Err(ChangeError::NameTaken(name));
    }
    let at = clock::now();
    let entry = EntryId::from_clock(at.unix_ms, clock::random());
    let id = EntityId::made_by(entry, 0);
    let code = office.community.identity().code;
    let free = free_code(code, |code| known.iter().any(|grid| grid.code == code));
    let mut set = vec![
        ("type", GRID.to_owned()),
        ("name", name),
        ("grid_kind", "basic".to_owned()),
    ];
    set.extend(free.map(|code| ("code", code)));
    let set = set.into_iter().map(|(field, value)| SetItem {
        entity_type: PLACE.to_owned(),
        id,
        field: field.to_owned(),
        value: Scalar::Text(value),
    });
    let edit = Edit {
        base: Vec::new(),
        set: set.collect(),
    };
    let schema = schema_of(office.community.kinds(), EDIT_KIND);
    let draft = Draft::edit(entry, schema, None, office.worker, at, edit, Map::new());
    Ok((GridId::from_bytes(*id.as_bytes()), draft))
}

/// Community (12), grid (2), sub-grid (2): the first number that is free.
pub(super) fn free_code(community: CommunityCode, is_taken: impl Fn(&str) -> bool) -> Option<String> {
    (1..=99)
        .map(|number| format!("{community}{number:02}00"))
        .find(|code| !is_taken(code))
}

/// Every grid with what is in it, in order of code and name.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection) -> Result<Vec<Grid>, StoreError> {
    let mut grids: BTreeMap<GridId, Grid> = BTreeMap::new();
    let places: HashMap<EntityId, StoredEntity> = (entities_of(connection, PLACE)?.into_iter())
        .map(|place| (place.id, place))
        .collect();
    for place in places.values().filter(|place| place.text("type") == GRID) {
        let grid = Grid {
            id: GridId::from_bytes(*place.id.as_bytes()),
            name: place.text("name").to_owned(),
            code: place.text("code").to_owned(),
            buildings: Vec::new(),
            elsewhere: Size::default(),
        };
        grids.insert(grid.id, grid);
    }
    let mut sizes = sizes(connection)?;
    // One that stands empty is there, too; a shop in a building is part of that.
    for place in places.values() {
        let stands_alone = around(place, &places).is_none_or(|around| around.grid.is_none());
        if let Some(grid) = place.grid.filter(|_| stands_alone) {
            sizes.entry((grid, Some(place.id))).or_default();
        }
    }
    for ((grid, building), size) in sizes {
        let Some(grid) = grids.get_mut(&grid) else { continue };
        match building.and_then(|id| places.get(&id)) {
            Some(place) => grid.buildings.push(Building {
                id: place.id,
                name: name_of(place, &places),
                size,
            }),
            None => grid.elsewhere = grid.elsewhere.plus(size),
        }
    }
    let mut grids: Vec<Grid> = grids.into_values().collect();
    for grid in &mut grids {
        grid.buildings
            .sort_by(|a, b| natural(&a.name, &b.name).then(a.id.cmp(&b.id)));
    }
    grids.sort_by(|a, b| {
        natural(&a.code, &b.code)
            .then_with(|| natural(&a.name, &b.name))
            .then(a.id.cmp(&b.id))
    });
    Ok(grids)
}

/// A building's name after that of the compound it stands in.
fn name_of(place: &StoredEntity, places: &HashMap<EntityId, StoredEntity>) -> String {
    let around = around(place, places).map(|around| around.text("name"));
    let names = around.into_iter().chain([place.text("name")]);
    names.collect::<Vec<_>>().join(" ")
}

fn around<'p>(place: &StoredEntity, places: &'p HashMap<EntityId, StoredEntity>) -> Option<&'p StoredEntity> {
    places.get(&place.text("parent_id").parse().ok()?)
}

/// Doors and people by the grid they are in and the building around them.
fn sizes(connection: &Connection) -> Result<HashMap<(GridId, Option<EntityId>), Size>, StoreError> {
    let mut around: HashMap<EntityId, EntityId> = HashMap::new();
    let mut counted: Vec<(GridId, EntityId, bool)> = Vec::new();
    for_each_entity(connection, |entity| {
        let to = match entity.entity_type.as_str() {
            DWELLING => "building_id",
            HOUSEHOLD => "dwelling_id",
            PERSON => "household_id",
            _ => return,
        };
        around.extend(entity.text(to).parse().ok().map(|to: EntityId| (entity.id, to)));
        let is_door = entity.entity_type == DWELLING;
        let stays = GONE.iter().all(|field| !entity.values.contains_key(*field));
        if let Some(grid) = entity
            .grid
            .filter(|_| stays && (is_door || entity.entity_type == PERSON))
        {
            counted.push((grid, entity.id, is_door));
        }
    })?;
    let mut sizes: HashMap<(GridId, Option<EntityId>), Size> = HashMap::new();
    for (grid, id, is_door) in counted {
        let steps = if is_door { 1 } else { 3 };
        let building = (0..steps).try_fold(id, |at, _| around.get(&at).copied());
        let size = sizes.entry((grid, building)).or_default();
        if is_door {
            size.doors += 1;
        } else {
            size.people += 1;
        }
    }
    Ok(sizes)
}
