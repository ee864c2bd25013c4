//! The home's rules: from an entry and the facts around it to a verdict. Facts are values;
//! where they are looked up is the caller's business. No verdict on a record depends on
//! another entry's presence, except that one id is one entry.

use crate::entry::{Edit, Entry, SetItem};
use crate::ids::{EntityId, EntryId, GridId, WorkerId};
use crate::kinds::{BodyError, Class, Family, Kind, Kinds, ValueError};
use crate::part::Part;
use crate::verdict::Reason;

/// Work made before the ordinary end of an assignment merges for this long after it.
pub const GRACE_MS: i64 = 14 * 24 * 3600 * 1000;
/// The reason of an end after which work made before still merges; any other holds what arrives.
pub const ORDINARY_END: &str = "ordinary";
/// The role of office devices, everywhere.
pub const OFFICE_ROLE: &str = "office";

/// A role a worker has, as the office granted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub role: String,
    /// `None`: in the whole community.
    pub grid: Option<GridId>,
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after.
    pub until_ms: Option<i64>,
    /// It ended, or will, for loss or abuse.
    pub no_grace: bool,
}

impl Assignment {
    /// Whether it holds at an instant.
    #[must_use]
    pub fn is_current(&self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && self.until_ms.is_none_or(|until| at_ms < until)
    }

    /// Whether it covers work made at `made_ms` that arrived at `received_ms`: after an ordinary end for
    /// a while longer, after any other nothing that arrives.
    #[must_use]
    pub fn covers(&self, made_ms: i64, received_ms: i64) -> bool {
        let in_time = |until: i64| match self.no_grace {
            true => received_ms < until,
            false => received_ms <= until.saturating_add(GRACE_MS),
        };
        self.from_ms <= made_ms && self.until_ms.is_none_or(|until| made_ms < until && in_time(until))
    }
}

/// The device an entry came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Whose it is.
    pub worker: WorkerId,
    /// It is a device of the office, on the server.
    pub office: bool,
    /// Everything that arrives from then on is held.
    pub revoked_ms: Option<i64>,
}

/// An entity as the home knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityFacts {
    /// Its registry type.
    pub entity_type: String,
    /// In which grid it is.
    pub grid: Option<GridId>,
    /// The held edit that alone makes it.
    pub held_in: Option<EntryId>,
}

/// Looks up an entity.
pub type EntityLookup<'a> = &'a dyn Fn(EntityId) -> Option<EntityFacts>;

/// What the home knows around one entry.
pub struct Facts<'a> {
    /// The kind files.
    pub kinds: &'a Kinds,
    /// Where it came from.
    pub device: &'a DeviceFacts,
    /// That worker's roles, past ones included.
    pub assignments: &'a [Assignment],
    /// Made-time.
    pub made_ms: i64,
    /// Arrival.
    pub received_ms: i64,
    /// Another entry has its id, with other bytes.
    pub id_taken: bool,
    /// Entries before it in its device's log have not arrived.
    pub after_gap: bool,
    /// The edit that it releases is here and does not count.
    pub releasable: bool,
    /// What is known of entities.
    pub entity: EntityLookup<'a>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It counts.
    Merge,
    /// It is kept, with a reason and what the reason is about.
    Hold(Reason, Option<String>),
    /// An edit past a gap.
    Wait,
}

/// Where an entry belongs. What cannot be placed goes to the most guarded class.
#[must_use]
pub fn part_of(entry: &Entry, kinds: &Kinds) -> Part {
    let class = match &entry.edit {
        Some(edit) => class_of_edit(edit, kinds),
        None => kinds.get(&entry.kind).and_then(Kind::class),
    };
    Part {
        grid: entry.grid,
        class: class.unwrap_or(Class::Care),
    }
}

/// The one class of the fields an edit sets; `None` if they differ or are unknown.
#[must_use]
pub fn class_of_edit(edit: &Edit, kinds: &Kinds) -> Option<Class> {
    let mut classes = edit
        .set
        .iter()
        .map(|item| kinds.class_of(&item.entity_type, &item.field));
    let first = classes.next()??;
    classes.all(|class| class == Some(first)).then_some(first)
}

/// Judges one readable entry.
#[must_use]
pub fn judge(entry: &Entry, facts: &Facts<'_>) -> Judgement {
    match decide(entry, facts) {
        Ok(judgement) => judgement,
        Err((reason, detail)) => Judgement::Hold(reason, detail),
    }
}

type Held = (Reason, Option<String>);

fn decide(entry: &Entry, facts: &Facts<'_>) -> Result<Judgement, Held> {
    if facts.id_taken {
        return Err((Reason::SameIdOtherBytes, None));
    }
    if facts
        .device
        .revoked_ms
        .is_some_and(|revoked| facts.received_ms >= revoked)
    {
        return Err((Reason::Revoked, None));
    }
    if entry.worker != facts.device.worker {
        return Err((Reason::WrongWorker, None));
    }
    if entry.releases.is_some() && !(facts.device.office && facts.releasable) {
        return Err((Reason::NotAssigned, Some("releases".to_owned())));
    }
    check_body(entry, facts.kinds)?;
    match &entry.edit {
        None => {
            check_writer(entry, &[&entry.kind], facts)?;
            Ok(Judgement::Merge)
        }
        Some(edit) => {
            check_set(edit, facts.kinds)?;
            let types: Vec<&str> = edit.set.iter().map(|item| item.entity_type.as_str()).collect();
            check_writer(entry, &types, facts)?;
            check_aliases(edit, facts)?;
            if facts.after_gap {
                return Ok(Judgement::Wait);
            }
            check_entities(entry, edit, facts.kinds, facts.entity)?;
            Ok(Judgement::Merge)
        }
    }
}

/// Whether an entry keeps every rule of its kind and fits the registry as it is now: whoever
/// wrote it, and whenever. What the office releases as it was made must.
///
/// # Errors
/// Why it does not, and what that is about.
pub fn keeps_rules(entry: &Entry, kinds: &Kinds, entity: EntityLookup<'_>) -> Result<(), (Reason, Option<String>)> {
    check_body(entry, kinds)?;
    if let Some(edit) = &entry.edit {
        check_set(edit, kinds)?;
    }
    fits_registry(entry, kinds, entity)
}

/// Whether an edit fits what the registry has now: everything that it names is there, of its type and
/// in its grid. A home that repeats what it merged once asks no more.
///
/// # Errors
/// Why it does not, and what that is about.
pub fn fits_registry(entry: &Entry, kinds: &Kinds, entity: EntityLookup<'_>) -> Result<(), (Reason, Option<String>)> {
    match &entry.edit {
        None => Ok(()),
        Some(edit) => check_entities(entry, edit, kinds, entity),
    }
}

fn check_body(entry: &Entry, kinds: &Kinds) -> Result<(), Held> {
    let family = kinds.get(&entry.kind).map(|kind| kind.family);
    let fits = match family {
        Some(Family::Record | Family::Office) => entry.edit.is_none(),
        Some(Family::Edit) => entry.edit.is_some(),
        Some(Family::Registry) | None => false,
    };
    if !fits {
        return Err((Reason::UnknownKind, Some(entry.kind.clone())));
    }
    let checked = if entry.is_withdrawal() {
        kinds.check_withdrawal(&entry.kind, entry.schema)
    } else {
        kinds.check_body(&entry.kind, entry.schema, &entry.body)
    };
    checked.map_err(|error| match error {
        BodyError::UnknownKind => (Reason::UnknownKind, Some(entry.kind.clone())),
        BodyError::NewerSchema { .. } => (Reason::NewerSchema, Some(entry.schema.to_string())),
        BodyError::Problems(problems) => (Reason::FailedRule, problems.first().map(ToString::to_string)),
    })
}

fn check_set(edit: &Edit, kinds: &Kinds) -> Result<(), Held> {
    for item in &edit.set {
        let place = || Some(format!("{}.{}", item.entity_type, item.field));
        kinds
            .check_value(&item.entity_type, &item.field, &item.value.to_json())
            .map(drop)
            .map_err(|error| match error {
                ValueError::UnknownType => (Reason::UnknownKind, place()),
                ValueError::UnknownField => (
                    Reason::FailedRule,
                    Some(format!("{}.{} unknown_field", item.entity_type, item.field)),
                ),
                ValueError::Problem(problem) => (
                    Reason::FailedRule,
                    Some(format!("{}.{} {}", item.entity_type, item.field, problem.code.as_str())),
                ),
            })?;
    }
    if class_of_edit(edit, kinds).is_none() {
        return Err((Reason::MixedClasses, None));
    }
    Ok(())
}

fn check_writer(entry: &Entry, kinds: &[&str], facts: &Facts<'_>) -> Result<(), Held> {
    let may = |kind: &str, role: &str| facts.kinds.get(kind).is_some_and(|kind| kind.may_write(role));
    let allowed = |kind: &str| {
        (facts.device.office && may(kind, OFFICE_ROLE))
            || facts.assignments.iter().any(|assignment| {
                assignment.covers(facts.made_ms, facts.received_ms)
                    && (assignment.grid.is_none() || assignment.grid == entry.grid)
                    && may(kind, &assignment.role)
            })
    };
    match kinds.iter().find(|kind| !allowed(kind)) {
        Some(kind) => Err((Reason::NotAssigned, Some((*kind).to_owned()))),
        None => Ok(()),
    }
}

/// Only the office says what stands for what: an alias is gone from every list.
fn check_aliases(edit: &Edit, facts: &Facts<'_>) -> Result<(), Held> {
    let merges = |item: &&SetItem| {
        let kind = facts.kinds.get(&item.entity_type);
        let into = kind
            .and_then(|kind| kind.effects.merges.as_ref())
            .map(|merges| &merges.into);
        into.is_some_and(|into| into.as_str() == item.field)
    };
    match edit.set.iter().find(merges) {
        Some(item) if !facts.device.office => {
            let place = format!("{}.{}", item.entity_type, item.field);
            Err((Reason::NotAssigned, Some(place)))
        }
        _ => Ok(()),
    }
}

/// The grid in which an edit belongs as things are now: that of everything that it names and of
/// whatever those that it makes are part of. Its own, where they do not agree.
#[must_use]
pub fn grid_now(entry: &Entry, kinds: &Kinds, entity: EntityLookup<'_>) -> Option<GridId> {
    let grid_of = |id| Some(entity(id).filter(|known| known.held_in.is_none())?.grid);
    let named = entry.entities().into_iter().filter(|named| !named.creates);
    let named = named.filter_map(|named| grid_of(named.id));
    // What is the whole community's is around things of every grid.
    let around = made_in(entry, kinds).filter_map(grid_of).filter(Option::is_some);
    let mut grids = named.chain(around);
    match grids.next() {
        Some(grid) if grids.all(|other| other == grid) => grid,
        _ => entry.grid,
    }
}

/// What people that an edit makes are part of: their household, its door. Two grids may share a
/// building; a household has one.
fn made_in<'a>(entry: &'a Entry, kinds: &'a Kinds) -> impl Iterator<Item = EntityId> + 'a {
    let made = entry.entities().into_iter().filter(|named| named.creates);
    let made: Vec<EntityId> = made.map(|named| named.id).collect();
    let items = entry.edit.iter().flat_map(|edit| &edit.set);
    items.filter(move |item| made.contains(&item.id)).filter_map(|item| {
        let effects = &kinds.get(&item.entity_type)?.effects;
        let belongs = effects.belongs.as_ref().filter(|_| effects.erasable)?;
        let around = item.value.as_text().filter(|_| belongs.to.as_str() == item.field)?;
        around.parse().ok()
    })
}

fn check_entities(entry: &Entry, edit: &Edit, kinds: &Kinds, entity: EntityLookup<'_>) -> Result<(), Held> {
    if let Some(item) = edit.set.iter().find(|item| {
        edit.set
            .iter()
            .any(|other| other.id == item.id && other.entity_type != item.entity_type)
    }) {
        return Err((Reason::WrongType, Some(item.id.to_string())));
    }
    for named in entry.entities() {
        let id = || Some(named.id.to_string());
        match entity(named.id) {
            Some(known) => match known.held_in {
                Some(held) if held != entry.id && Some(held) != entry.releases => {
                    return Err((Reason::Needs, Some(held.to_string())));
                }
                // What a held edit makes, only itself and its release make: in its order.
                Some(_) if !named.creates => return Err((Reason::UnknownEntity, id())),
                Some(_) => {}
                None if named.creates => return Err((Reason::EntityExists, id())),
                None if known.entity_type != named.entity_type => return Err((Reason::WrongType, id())),
                None if known.grid != entry.grid => return Err((Reason::WrongGrid, id())),
                None => {}
            },
            None if named.creates => {}
            None => return Err((Reason::UnknownEntity, id())),
        }
    }
    // Who comes to live behind a door that another grid has now is that grid's.
    let elsewhere = |id: &EntityId| {
        let grid = entity(*id)
            .filter(|known| known.held_in.is_none())
            .and_then(|known| known.grid);
        grid.is_some() && grid != entry.grid
    };
    if let Some(around) = made_in(entry, kinds).find(elsewhere) {
        return Err((Reason::WrongGrid, Some(around.to_string())));
    }
    Ok(())
}
