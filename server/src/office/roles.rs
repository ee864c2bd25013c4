//! Roles that are given, some of them for a place below their grid, and ended, and phones that are stopped: records of the office, written by
//! the account that decides. Both count with the next request; whatever a stopped phone still sends
//! is kept and held.

use std::borrow::Cow;
use std::collections::BTreeMap;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId, WorkerId};
use menpai_sync_core::phone::natural;
use menpai_sync_core::text::nfc;
use menpai_sync_core::time::Instant;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{Office, OfficeError, records};
use crate::clock;
use crate::rights::{Place, rights_of};
use crate::store::community::{StoreError, entries};
use crate::store::review::chain::answers_for;
use crate::store::roster::{StoredEntity, entities_in, entities_of};
use crate::sync::Granted;
use crate::sync::moving::GONE;

const PLACE: &str = "place";
const BUILDING: &str = "building";
const DWELLING: &str = "dwelling";
/// Types of places that have heads and contacts.
const SPOTS: [&str; 3] = [BUILDING, "compound", "estate"];

/// Why a role or a phone stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// Nobody is called so here, or no role, phone or grid is.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// It ended or was stopped before.
    #[error("it has ended already")]
    Ended,
    /// A role of a grid without one, one of the community with one, or one that is for another sort of place.
    #[error("this role does not work there")]
    WrongPlace,
    /// Nobody ends their own role: the last who may give roles would be gone.
    #[error("nobody ends their own role")]
    Own,
}

/// A role to be given from now on.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// To whom.
    pub worker: WorkerId,
    /// As the office calls them.
    pub name: String,
    /// A role of `schemas/kinds/assignment.json`.
    pub role: String,
    /// Where; `None`: in the whole community.
    pub grid: Option<GridId>,
    /// What below the grid it is for.
    pub at: Option<At>,
    /// The end, if it is known: a key period.
    pub until: Option<Instant>,
}

/// A place below a grid as people name it.
#[derive(Debug, Clone)]
pub struct At {
    /// A compound or a building.
    pub place: EntityId,
    /// One stairwell of the building.
    pub unit: Option<String>,
    /// One door of the building.
    pub room: Option<String>,
}

/// A compound or a building that a role can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Which.
    pub id: EntityId,
    /// With the compound it stands in.
    pub name: String,
    /// `building`, `compound` or `estate`.
    pub place_type: String,
}

/// Why a role ends, or a phone is stopped: the words of the kind files.
pub type Because = &'static str;

/// Gives a role. One that the person has there already is not given twice.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn grant(office: &Office, new: &NewRole) -> Result<(), ChangeError> {
    let rights = rights_of(&new.role).ok_or(ChangeError::Unknown("role"))?;
    if (rights.place == Place::Grid) != new.grid.is_some() {
        return Err(ChangeError::WrongPlace);
    }
    if let Some(grid) = new.grid {
        let known = office.community.query(super::grids::all).map_err(OfficeError::from)?;
        if !known.iter().any(|one| one.id == grid) {
            return Err(ChangeError::Unknown("grid"));
        }
    }
    let now = clock::now();
    let (place, unit) = match (&new.at, new.grid) {
        (Some(at), Some(grid)) => {
            let (role, at) = (new.role.clone(), at.clone());
            let found = office
                .community
                .query(move |connection| resolve(connection, &role, grid, &at));
            let (place, unit) = found.map_err(OfficeError::from)??;
            (Some(place), unit)
        }
        (None, _) if answers_for(&new.role).is_empty() => (None, None),
        _ => return Err(ChangeError::WrongPlace),
    };
    let has = |granted: &Granted<'_>| {
        let assignment = granted.assignment;
        granted.worker == new.worker
            && (&assignment.role, assignment.grid) == (&new.role, new.grid)
            && (granted.place, granted.unit) == (place, unit.as_deref())
            && assignment.is_current(now.unix_ms)
    };
    if office.community.directory().granted().any(|granted| has(&granted)) {
        return Ok(());
    }
    let mut body = records::assignment(new.worker, &new.name, &new.role, new.grid, now);
    body.extend(place.map(|place| ("place".to_owned(), json!(place))));
    body.extend(unit.map(|unit| ("unit".to_owned(), json!(unit))));
    if let Some(until) = new.until {
        body.insert("until".to_owned(), json!(until));
        body.insert("end_reason".to_owned(), json!("ordinary"));
    }
    office.write(&[office.record(records::ASSIGNMENT, None, body)])?;
    Ok(())
}

/// The place that somebody named, if it is in the grid and the role can be for such a place.
fn resolve(
    connection: &Connection,
    role: &str,
    grid: GridId,
    at: &At,
) -> Result<Result<(EntityId, Option<String>), ChangeError>, StoreError> {
    let spots = spots(connection)?;
    let known = spots
        .get(&grid)
        .and_then(|spots| spots.iter().find(|spot| spot.id == at.place));
    let Some(known) = known else {
        return Ok(Err(ChangeError::Unknown("place")));
    };
    let fits = |place_type: &str| answers_for(role).contains(&place_type);
    let (unit, room) = (said(at.unit.as_deref()), said(at.room.as_deref()));
    if known.place_type != BUILDING && (unit.is_some() || room.is_some()) {
        return Ok(Err(ChangeError::WrongPlace));
    }
    let Some(room) = room else {
        return Ok(if fits(&known.place_type) {
            Ok((at.place, unit.map(Cow::into_owned)))
        } else {
            Err(ChangeError::WrongPlace)
        });
    };
    if !fits(DWELLING) {
        return Ok(Err(ChangeError::WrongPlace));
    }
    let place = at.place.to_string();
    let mut doors = entities_in(connection, grid)?;
    doors.retain(|door| {
        door.entity_type == DWELLING
            && door.text("building_id") == place
            && door.text("room") == room
            && unit.as_ref().is_none_or(|unit| door.text("unit") == *unit)
            && GONE.iter().all(|field| !door.values.contains_key(*field))
    });
    Ok(match &doors[..] {
        [door] => Ok((door.id, None)),
        _ => Err(ChangeError::Unknown("door")),
    })
}

/// What somebody typed, if anything.
fn said(typed: Option<&str>) -> Option<Cow<'_, str>> {
    typed.map(str::trim).filter(|typed| !typed.is_empty()).map(nfc)
}

/// The compounds and buildings of each grid, in order of name; a compound is in every grid that has a
/// building of it.
///
/// # Errors
/// [`StoreError`].
pub fn spots(connection: &Connection) -> Result<BTreeMap<GridId, Vec<Spot>>, StoreError> {
    let places: BTreeMap<EntityId, StoredEntity> = (entities_of(connection, PLACE)?.into_iter())
        .filter(|place| !place.values.contains_key("closed_on"))
        .map(|place| (place.id, place))
        .collect();
    let parent = |place: &StoredEntity| places.get(&place.text("parent_id").parse().ok()?);
    let mut spots: BTreeMap<GridId, BTreeMap<EntityId, Spot>> = BTreeMap::new();
    for place in places.values().filter(|place| SPOTS.contains(&place.text("type"))) {
        let around = parent(place).filter(|around| SPOTS.contains(&around.text("type")));
        for one in around.into_iter().chain([place]) {
            let Some(grid) = place.grid else { continue };
            let within = parent(one).filter(|around| SPOTS.contains(&around.text("type")));
            let names = within
                .map(|around| around.text("name"))
                .into_iter()
                .chain([one.text("name")]);
            let spot = Spot {
                id: one.id,
                name: names.collect::<Vec<_>>().join(" "),
                place_type: one.text("type").to_owned(),
            };
            spots.entry(grid).or_default().insert(one.id, spot);
        }
    }
    let sorted = spots.into_iter().map(|(grid, spots)| {
        let mut spots: Vec<Spot> = spots.into_values().collect();
        spots.sort_by(|a, b| natural(&a.name, &b.name).then(a.id.cmp(&b.id)));
        (grid, spots)
    });
    Ok(sorted.collect())
}

/// Ends a role now; `record` gave it.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn end(office: &Office, record: EntryId, because: Because) -> Result<(), ChangeError> {
    let now = clock::now();
    let directory = office.community.directory();
    let Granted { worker, assignment, .. } = directory.granted_by(record).ok_or(ChangeError::Unknown("role"))?;
    if worker == office.worker {
        return Err(ChangeError::Own);
    }
    if assignment.until_ms.is_some_and(|until| until <= now.unix_ms) {
        return Err(ChangeError::Ended);
    }
    let mut body = body_of(office, record)?;
    body.insert("until".to_owned(), json!(now));
    body.insert("end_reason".to_owned(), Value::from(because));
    let mut draft = office.record(records::ASSIGNMENT, None, body);
    draft.supersedes = Some(record);
    office.write(&[draft])?;
    Ok(())
}

/// Stops a phone now: from the next request on it gets nothing, and what it still sends is held.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn stop_phone(office: &Office, device: DeviceId, because: Because) -> Result<(), ChangeError> {
    let directory = office.community.directory();
    let (record, known) = directory.registered(device).ok_or(ChangeError::Unknown("phone"))?;
    if known.facts.office {
        return Err(ChangeError::Unknown("phone"));
    }
    if known.facts.revoked_ms.is_some() {
        return Err(ChangeError::Ended);
    }
    let mut body = body_of(office, record)?;
    body.insert("revoked_at".to_owned(), json!(clock::now()));
    body.insert("revoked_because".to_owned(), Value::from(because));
    let mut draft = office.record(records::DEVICE, None, body);
    draft.supersedes = Some(record);
    office.write(&[draft])?;
    Ok(())
}

/// What a record says: the one in its place says all of it and something more.
fn body_of(office: &Office, record: EntryId) -> Result<Map<String, Value>, ChangeError> {
    let bytes = office
        .community
        .read(|reader| match entries::owner_of_id(&reader.connection, record)? {
            Some(number) => Ok(entries::get(&reader.connection, &mut reader.codec, number)?.bytes),
            None => Ok(None),
        });
    let entry = bytes
        .map_err(OfficeError::from)?
        .and_then(|bytes| Entry::parse(&bytes).ok());
    entry.map(|entry| entry.body).ok_or(ChangeError::Unknown("record"))
}
