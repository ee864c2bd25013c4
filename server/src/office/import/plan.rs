//! From rows to entries. Decide first: the plan is a value, a dry run prints it and drops it.
//! One row is one entry of its grid's open part, making what is missing of building, door,
//! household and person; what belongs to care goes in a second entry and an id number in a third, because
//! fields of different classes never share one. What is there already and the same makes no entry.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use menpai_roster::{Row, building_name};
use menpai_sync_core::entry::{Edit, Scalar};
use menpai_sync_core::ids::{CommunityCode, EntityId, EntryId, GridId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::kinds::citizen_id::CitizenId;
use menpai_sync_core::part::Part;

use super::address::{address_key, fold, fold_grid};
use super::draft::Draft;
use super::grids::{self, GridsOfBuildings, Placed};
use super::known::{Known, KnownDwelling, KnownHousehold};
use super::people::{Listed, plan_care, plan_number, plan_person};
use super::report::{Counts, Finding};

/// The code of 户主 in GB/T 4761.
const HEAD: &str = "02";
const HEAD_FIELD: &str = "head_person_id";

/// What an entry of the importer says.
#[derive(Debug, Clone)]
pub(super) enum Says {
    /// It sets these.
    Edit(Edit),
    /// It carries somebody's id number, sealed when it is written.
    Number(EntityId, CitizenId),
}

/// An entry that the importer will write.
#[derive(Debug, Clone)]
pub(super) struct PlannedEntry {
    /// Its id; the ids of what it makes follow from it.
    pub(super) id: EntryId,
    /// Where it goes.
    pub(super) part: Part,
    /// What it says.
    pub(super) says: Says,
}

/// What an import would do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order in which they must be written.
    pub(super) entries: Vec<PlannedEntry>,
    /// What they make.
    pub(super) create: Counts,
    /// Rows that change something that is there.
    pub(super) changed: usize,
    /// Rows that say nothing new.
    pub(super) unchanged: usize,
    /// Rows that could not be placed.
    pub(super) rejected: Vec<Finding>,
    /// Rows that name no grid, and where they went.
    pub(super) placed: Placed,
}

/// What planning needs beside the rows.
pub(super) struct Context<'a> {
    /// For grid codes.
    pub(super) community: CommunityCode,
    /// First day of new care plans.
    pub(super) today: NaiveDate,
    /// Makes entry ids: clock and randomness are the caller's.
    pub(super) next_id: &'a mut dyn FnMut() -> EntryId,
    /// By what an id number is known again.
    pub(super) hash: &'a dyn Fn(&CitizenId) -> Hash,
    /// Names of the roster's sheets.
    pub(super) sheets: &'a [String],
}

impl Context<'_> {
    /// The name of a row's sheet.
    pub(super) fn sheet_name(&self, row: &Row) -> &str {
        self.sheets.get(row.sheet).map_or("", String::as_str)
    }
}

/// Plans the rows against what is known; `known` is as it would be afterwards.
pub(super) fn plan(rows: &[Row], known: &mut Known, context: &mut Context<'_>) -> Plan {
    let mut plan = Plan::default();
    let parents = compounds_of_one_grid(rows);
    let buildings = GridsOfBuildings::new(rows, known);
    let listed = Listed::new(rows);
    for row in rows {
        let Some(grid) = grids::grid_of(row, &buildings, known, &mut plan, context) else {
            continue;
        };
        let before = (plan.entries.len(), plan.create.clone());
        plan_row(row, grid, &parents, &listed, known, &mut plan, context);
        if plan.entries.len() == before.0 {
            plan.unchanged += 1;
        } else if plan.create == before.1 {
            plan.changed += 1;
        }
    }
    plan
}

/// Plans grids of these names; returns the ids of all of them in this order.
pub(super) fn plan_grids(names: &[&str], known: &mut Known, context: &mut Context<'_>) -> (Vec<EntityId>, Plan) {
    let mut plan = Plan::default();
    let grids = names
        .iter()
        .map(|name| grids::named(name, known, &mut plan, context))
        .collect();
    (grids, plan)
}

/// Compounds all of whose rows name one grid: that grid is their parent. One that lies in
/// two grids has none.
fn compounds_of_one_grid(rows: &[Row]) -> HashSet<String> {
    let mut grids: HashMap<String, HashSet<Option<String>>> = HashMap::new();
    for row in rows {
        if let Some(compound) = &row.compound {
            grids
                .entry(fold(compound))
                .or_default()
                .insert(row.grid.as_deref().map(fold_grid));
        }
    }
    grids
        .into_iter()
        .filter(|(_, grids)| grids.len() == 1)
        .map(|(compound, _)| compound)
        .collect()
}

fn find_compound(
    name: &str,
    grid: GridId,
    parents: &HashSet<String>,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) -> EntityId {
    if let Some(compound) = known.compounds.get(&fold(name)) {
        return *compound;
    }
    let mut draft = Draft::new((context.next_id)());
    let id = draft.new_entity();
    draft.text("place", id, "type", "compound");
    draft.text("place", id, "name", name);
    if parents.contains(&fold(name)) {
        draft.text("place", id, "parent_id", grid.to_string());
    }
    draft.finish(
        Part {
            grid: None,
            class: Class::Open,
        },
        plan,
    );
    plan.create.compound += 1;
    known.compounds.insert(fold(name), id);
    id
}

fn plan_row(
    row: &Row,
    grid: GridId,
    parents: &HashSet<String>,
    listed: &Listed<'_>,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) {
    let compound = row
        .compound
        .as_deref()
        .map(|name| find_compound(name, grid, parents, known, plan, context));
    let mut draft = Draft::new((context.next_id)());
    let dwelling = find_dwelling(row, grid, compound, known, plan, &mut draft);
    let household = find_household(row, dwelling, known, plan, &mut draft);
    let person = plan_person(row, household.id, listed, known, plan, &mut draft);
    let is_head = row.relation_to_head.is_some_and(|relation| relation.code() == HEAD);
    let head = Scalar::Text(person.to_string());
    if is_head && !household.has_head && !known.has_said(household.id, HEAD_FIELD, &head) {
        draft.set("household", household.id, HEAD_FIELD, head);
        known
            .households
            .entry(dwelling)
            .and_modify(|known| known.has_head = true);
    }
    draft.finish(
        Part {
            grid: Some(grid),
            class: Class::Open,
        },
        plan,
    );
    plan_care(row, person, grid, known, plan, context);
    plan_number(row, person, grid, known, plan, context);
}

/// The household in which an earlier roster has placed this person, whether or not they live
/// there still; else the one behind the door.
fn find_household(
    row: &Row,
    dwelling: EntityId,
    known: &mut Known,
    plan: &mut Plan,
    draft: &mut Draft,
) -> KnownHousehold {
    let placed = known.placed.get(&(dwelling, row.name.clone(), row.birth_date));
    let behind_door = known.households.get(&dwelling).copied();
    if let Some(id) = placed.filter(|id| behind_door.is_none_or(|household| household.id != **id)) {
        // Its head is nothing that a roster of before its move still has to say.
        return KnownHousehold {
            id: *id,
            has_head: true,
        };
    }
    *known.households.entry(dwelling).or_insert_with(|| {
        let id = draft.new_entity();
        draft.text("household", id, "dwelling_id", dwelling.to_string());
        plan.create.household += 1;
        KnownHousehold { id, has_head: false }
    })
}

fn find_dwelling(
    row: &Row,
    grid: GridId,
    compound: Option<EntityId>,
    known: &mut Known,
    plan: &mut Plan,
    draft: &mut Draft,
) -> EntityId {
    let key = address_key(row);
    if let Some(dwelling) = known.dwellings.get(&key) {
        return dwelling.id;
    }
    let stands_in = compound.unwrap_or_else(|| EntityId::from_bytes(*grid.as_bytes()));
    let building = *known
        .buildings
        .entry((stands_in, fold(&building_name(&row.building))))
        .or_insert_with(|| {
            let id = draft.new_entity();
            draft.text("place", id, "type", "building");
            draft.text("place", id, "name", row.building.as_str());
            draft.text("place", id, "parent_id", stands_in.to_string());
            plan.create.building += 1;
            id
        });
    let id = draft.new_entity();
    draft.text("dwelling", id, "building_id", building.to_string());
    draft.text("dwelling", id, "unit", row.unit.as_str());
    draft.text("dwelling", id, "room", row.door.as_str());
    if let Some(floor) = row.floor {
        draft.set("dwelling", id, "floor", Scalar::Integer(i64::from(floor)));
    }
    let shop = row.dwelling_use.is_some();
    draft.text("dwelling", id, "use", if shop { "shop" } else { "home" });
    draft.text("dwelling", id, "address_key", key.as_str());
    plan.create.dwelling += 1;
    known.dwellings.insert(key, KnownDwelling { id, grid });
    id
}
