//! Buildings move from one grid to another with everything that belongs to them, in one
//! transaction (docs/adr/0012): the documents of both grids go on as epochs without and with
//! them, and the new grid is told what counts of the records that stay behind. Undone by moving
//! back. Refuses what is not in the grid any more.

mod standing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::community::Community;
use super::directory::{ASSIGNED_PLACE, ASSIGNED_UNIT, Granted};
use super::epoch::{broken, values_digest};
use super::handover;
use super::scribe::Scribe;
use super::state::Work;
use crate::store::community::epochs::EpochReason;
use crate::store::community::{StoreError, device_logs};
use crate::store::review::campaigns;
use crate::store::roster::{self, StoredEntity};

/// Longest way from an entity to the building around it: contact, person, household, door.
const LONGEST_WAY: usize = 8;
/// The registry type of doors, and of people.
const DWELLING: &str = "dwelling";
const PERSON: &str = "person";
/// What has one of these is not counted: nobody uses the door, or lives there.
pub(crate) const GONE: [&str; 4] = ["closed_on", "moved_out_on", "died_on", "alias_of"];
/// Why a role ended, as the kind file has it.
const ORDINARY_END: &str = "ordinary";
/// Fields that one edit sets at most.
const MOST_SET: usize = 80;

/// What is to move.
#[derive(Debug, Clone)]
pub struct Move {
    /// The grid that has it.
    pub from: GridId,
    /// The grid that is to have it.
    pub to: GridId,
    /// These buildings; `None`: everything, and the roles in `from` end.
    pub buildings: Option<BTreeSet<EntityId>>,
    /// Who is to work in `to` from now on.
    pub workers: Vec<Joining>,
    /// Entries of the office that come first: those that make the grid, where it is new.
    pub first: Vec<Vec<u8>>,
    /// How many doors whoever asked takes it for, as the desk counts them.
    pub doors: Option<usize>,
    /// Do it, or only say what it comes to.
    pub apply: bool,
}

/// Somebody who is to work in the new grid.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Who.
    pub worker: WorkerId,
    /// What the office calls the worker.
    pub name: String,
    /// In which role.
    pub role: String,
}

/// What moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many entities of any type.
    pub entities: usize,
    /// How many doors.
    pub doors: usize,
    /// How many persons.
    pub people: usize,
    /// How many records the new grid was told of.
    pub told: usize,
    /// How many roles ended.
    pub ended: usize,
}

/// Why nothing moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Both are the same grid.
    #[error("it is in that grid already")]
    SameGrid,
    /// It is no grid of this community.
    #[error("there is no grid {0}")]
    NoGrid(GridId),
    /// It is no building of the grid, or not any more.
    #[error("{0} is no building of that grid")]
    NotThere(EntityId),
    /// It is not as many doors as whoever asked had seen.
    #[error("it is {0} doors by now")]
    Changed(usize),
    /// The grid has nothing.
    #[error("there is nothing in that grid")]
    Nothing,
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Community {
    /// Moves; when this returns it is durable.
    ///
    /// # Errors
    /// [`MoveError`]; then everything is as it was.
    pub fn move_to_grid(&self, scribe: &Scribe, wanted: Move) -> Result<Moved, MoveError> {
        let scribe = scribe.clone();
        let moved = self.write(move |work| {
            move_to_grid(work, &scribe, wanted).map_err(|error| match error {
                MoveError::Store(error) => error,
                other => StoreError::NotMoved(Box::new(other)),
            })
        });
        moved.map_err(|error| match error {
            StoreError::NotMoved(error) => *error,
            error => MoveError::Store(error),
        })
    }
}

fn move_to_grid(work: &mut Work<'_>, scribe: &Scribe, wanted: Move) -> Result<Moved, MoveError> {
    let Move { from, to, .. } = wanted;
    if from == to {
        return Err(MoveError::SameGrid);
    }
    let here = roster::entities_in(work.transaction, from)?;
    let going = match &wanted.buildings {
        Some(buildings) => belonging_to(work, &here, buildings)?,
        None => here.iter().map(|entity| entity.id).collect(),
    };
    if going.is_empty() {
        return Err(MoveError::Nothing);
    }
    let count = |entity_type: &str| {
        let of_type = here.iter().filter(|entity| entity.entity_type == entity_type);
        let counted = of_type.filter(|entity| GONE.iter().all(|field| !entity.values.contains_key(*field)));
        counted.filter(|entity| going.contains(&entity.id)).count()
    };
    let mut moved = Moved {
        entities: going.len(),
        doors: count(DWELLING),
        people: count(PERSON),
        ..Moved::default()
    };
    if wanted.doors.is_some_and(|doors| doors != moved.doors) {
        return Err(MoveError::Changed(moved.doors));
    }
    if !wanted.apply {
        return Ok(moved);
    }
    let written = device_logs::find(work.transaction, scribe.office.device)?.map_or(0, |log| log.head.seq);
    let standing = standing::of(work, &going, scribe.at)?;
    moved.told = standing.len();
    scribe.write(work, wanted.first)?;
    for class in [Class::Open, Class::Care] {
        move_documents(work, scribe, class, (from, to), &going)?;
    }
    work.state.has_moved = true;
    handover::write(work, scribe, (from, to), Some(moved.doors), &standing)?;
    let buildings = roots(work, &here, &going);
    keep_in_scope(work, scribe, from, &buildings)?;
    let ends = wanted.buildings.is_none();
    moved.ended = write_roles(work, scribe, (from, to), (ends, &going), &wanted.workers)?;
    if roster::count_held(work.transaction, scribe.office.device, written)? > 0 {
        return Err(StoreError::Other("what the office wrote about a move did not merge").into());
    }
    Ok(moved)
}

/// The buildings and all that belongs to them, as it is shown.
fn belonging_to(
    work: &Work<'_>,
    here: &[StoredEntity],
    buildings: &BTreeSet<EntityId>,
) -> Result<HashSet<EntityId>, MoveError> {
    let around = around(work, here);
    // Of a building that another grid has, too, the doors are here.
    let is_here = |id: &EntityId| around.contains_key(id) || around.values().any(|around| *around == Some(*id));
    if let Some(missing) = buildings.iter().find(|id| !is_here(id)) {
        return Err(MoveError::NotThere(*missing));
    }
    let belongs = |id: &EntityId| {
        let mut at = Some(*id);
        for _ in 0..LONGEST_WAY {
            match at {
                Some(id) if buildings.contains(&id) => return true,
                Some(id) => at = around.get(&id).copied().flatten(),
                None => return false,
            }
        }
        false
    };
    Ok(here.iter().map(|entity| entity.id).filter(belongs).collect())
}

/// What each entity of a grid is part of.
fn around(work: &Work<'_>, here: &[StoredEntity]) -> HashMap<EntityId, Option<EntityId>> {
    let kinds = work.state.projection.kinds();
    let around = |entity: &StoredEntity| {
        let belongs = kinds.get(&entity.entity_type)?.effects.belongs.as_ref()?;
        entity.text(belongs.to.as_str()).parse().ok()
    };
    here.iter().map(|entity| (entity.id, around(entity))).collect()
}

/// Those that are part of nothing else that moves.
fn roots(work: &Work<'_>, here: &[StoredEntity], going: &HashSet<EntityId>) -> BTreeSet<EntityId> {
    let around = around(work, here);
    let inside = |id: &EntityId| {
        around
            .get(id)
            .copied()
            .flatten()
            .is_some_and(|around| going.contains(&around))
    };
    going.iter().copied().filter(|id| !inside(id)).collect()
}

/// One document of each grid goes on without them and one with them.
fn move_documents(
    work: &mut Work<'_>,
    scribe: &Scribe,
    class: Class,
    (from, to): (GridId, GridId),
    going: &HashSet<EntityId>,
) -> Result<(), StoreError> {
    let (old, new) = (
        Part {
            grid: Some(from),
            class,
        },
        Part { grid: Some(to), class },
    );
    let state = &mut *work.state;
    for part in [old, new] {
        state
            .documents
            .load(work.transaction, &mut state.codec, &state.parts, part)?;
    }
    let (Some(left), Some(joined)) = (state.documents.get(old), state.documents.get(new)) else {
        return Ok(());
    };
    let goes = |id: EntityId| going.contains(&id);
    let stays = |id: EntityId| !going.contains(&id);
    let all = |_: EntityId| true;
    if !left.entities().any(|(id, _)| goes(id)) {
        return Ok(());
    }
    let lsn = state.head.lsn;
    let without = left.without(&goes).map_err(|error| broken(old, lsn, &error))?;
    let with = joined.with(left, &goes).map_err(|error| broken(new, lsn, &error))?;
    let without = (without, values_digest(&[(left, &stays)], &all));
    let with = (with, values_digest(&[(joined, &all), (left, &goes)], &all));
    scribe.begin(work, without, EpochReason::Move)?;
    scribe.begin(work, with, EpochReason::Move)
}

/// A sweep of the old grid goes on in the buildings that were its.
fn keep_in_scope(
    work: &mut Work<'_>,
    scribe: &Scribe,
    from: GridId,
    buildings: &BTreeSet<EntityId>,
) -> Result<(), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let today = scribe.at.local_date();
    let grid = EntityId::from_bytes(*from.as_bytes());
    let mut set = Vec::new();
    for kind in kinds.iter() {
        let Some(sweeps) = &kind.effects.sweeps else { continue };
        for campaign in campaigns::all(work.transaction, &kinds)? {
            if campaign.ends_on < today || !campaign.scope.contains(&grid) {
                continue;
            }
            set.extend(buildings.iter().map(|building| SetItem {
                entity_type: kind.name.to_string(),
                id: campaign.id,
                field: format!("{}:{building}", sweeps.scope),
                value: Scalar::Boolean(true),
            }));
        }
    }
    for items in set.chunks(MOST_SET) {
        let edit = scribe.edit(work, items.to_vec())?;
        scribe.write(work, vec![edit])?;
    }
    Ok(())
}

/// The roles that are given, those that go along with what they are for, and where the old grid has nothing
/// left, the end of the others in it.
fn write_roles(
    work: &mut Work<'_>,
    scribe: &Scribe,
    (from, to): (GridId, GridId),
    (ends, going): (bool, &HashSet<EntityId>),
    workers: &[Joining],
) -> Result<usize, StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let kind = kinds
        .iter()
        .find_map(|kind| Some((kind, kind.effects.grants.as_ref()?)));
    let (kind, grants) = kind.ok_or_else(|| StoreError::damaged("no kind grants roles"))?;
    let directory = Arc::clone(&work.state.directory);
    let body = |(worker, name): (WorkerId, &str), role: &str, grid: GridId, since: Instant| {
        Map::from_iter([
            (grants.worker.to_string(), json!(worker)),
            (grants.worker_name.to_string(), json!(name)),
            (grants.role.to_string(), json!(role)),
            (grants.grid.to_string(), json!(grid)),
            (grants.from.to_string(), json!(since)),
        ])
    };
    let mut written = Vec::new();
    let now_ms = scribe.at.unix_ms;
    let mut ended = 0;
    for granted in directory.granted_in(from, now_ms) {
        let assignment = granted.assignment;
        let follows = granted.place.is_some_and(|place| going.contains(&place));
        if !ends && !follows {
            continue;
        }
        let who = (granted.worker, granted.name.unwrap_or_default());
        let there = |grid: GridId, since: Instant| {
            let mut body = body(who, &assignment.role, grid, since);
            body.extend(granted.place.map(|place| (ASSIGNED_PLACE.to_owned(), json!(place))));
            body.extend(granted.unit.map(|unit| (ASSIGNED_UNIT.to_owned(), json!(unit))));
            body
        };
        let mut before = there(from, Instant::utc(assignment.from_ms));
        before.insert(grants.until.to_string(), json!(scribe.at));
        before.insert("end_reason".to_owned(), Value::from(ORDINARY_END));
        written.push(scribe.record_instead(kind, granted.record, before)?);
        if follows {
            let mut after = there(to, scribe.at);
            if let Some(until_ms) = assignment.until_ms {
                after.insert(grants.until.to_string(), json!(Instant::utc(until_ms)));
                after.insert("end_reason".to_owned(), Value::from(ORDINARY_END));
            }
            written.push(scribe.record(kind, None, after)?);
        } else {
            ended += 1;
        }
    }
    for Joining { worker, name, role } in workers {
        let has = |granted: Granted<'_>| granted.worker == *worker && granted.assignment.role == *role;
        if !directory.granted_in(to, now_ms).any(has) {
            written.push(scribe.record(kind, None, body((*worker, name), role, to, scribe.at))?);
        }
    }
    scribe.write(work, written)?;
    Ok(ended)
}
