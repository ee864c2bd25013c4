//! From rows to entries. Decide first: the plan is a value, a dry run prints it and drops it.
//! One row is one entry of its grid's open part, making what is missing of building, door,
//! household and person; what belongs to care goes in a second entry, because fields of
//! different classes never share one. What is there already and the same makes no entry.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use menpai_roster::Row;
use menpai_sync_core::entry::{Edit, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, EntityId, EntryId, GridId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;

use super::address::{address_key, fold};
use super::known::{Known, KnownCarePlan, KnownDwelling, KnownHousehold, KnownPerson, PersonKey};
use super::report::{Counts, Rejected};

/// The code of 户主 in GB/T 4761.
const HEAD: &str = "02";

/// An edit that the importer will write.
#[derive(Debug, Clone)]
pub(super) struct PlannedEntry {
    /// Its id; the ids of what it makes follow from it.
    pub(super) id: EntryId,
    /// Where it goes.
    pub(super) part: Part,
    /// What it sets.
    pub(super) edit: Edit,
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
    pub(super) rejected: Vec<Rejected>,
}

/// What planning needs beside the rows.
pub(super) struct Context<'a> {
    /// For grid codes.
    pub(super) community: CommunityCode,
    /// First day of new care plans.
    pub(super) today: NaiveDate,
    /// Makes entry ids: clock and randomness are the caller's.
    pub(super) next_id: &'a mut dyn FnMut() -> EntryId,
    /// Heads of a part's document; an edit of something existing states them as its base.
    pub(super) heads: &'a dyn Fn(Part) -> Vec<Hash>,
}

/// Plans the rows against what is known; `known` is as it would be afterwards.
pub(super) fn plan(rows: &[Row], known: &mut Known, context: &mut Context<'_>) -> Plan {
    let mut plan = Plan::default();
    let parents = compounds_of_one_grid(rows);
    for row in rows {
        let Some(place) = find_grid(row, known, &mut plan, context) else {
            plan.rejected.push(Rejected::without_grid(row.number));
            continue;
        };
        let before = (plan.entries.len(), plan.create.clone());
        plan_row(row, place, &parents, known, &mut plan, context);
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
        .map(|name| grid_named(name, known, &mut plan, context))
        .collect();
    (grids, plan)
}

/// Collects the fields of one edit; entities made by it are numbered in order of appearance.
struct Draft {
    id: EntryId,
    made: u64,
    set: Vec<SetItem>,
    /// It changes something that was there before this import.
    touches_old: bool,
}

impl Draft {
    fn new(id: EntryId) -> Draft {
        Draft {
            id,
            made: 0,
            set: Vec::new(),
            touches_old: false,
        }
    }

    fn new_entity(&mut self) -> EntityId {
        let id = EntityId::made_by(self.id, self.made);
        self.made += 1;
        id
    }

    fn set(&mut self, entity_type: &str, id: EntityId, field: impl Into<String>, value: Scalar) {
        self.set.push(SetItem {
            entity_type: entity_type.to_owned(),
            id,
            field: field.into(),
            value,
        });
    }

    fn text(&mut self, entity_type: &str, id: EntityId, field: &str, value: impl Into<String>) {
        self.set(entity_type, id, field, Scalar::Text(value.into()));
    }

    fn finish(self, part: Part, plan: &mut Plan, context: &Context<'_>) {
        if self.set.is_empty() {
            return;
        }
        let base = if self.touches_old {
            (context.heads)(part)
        } else {
            Vec::new()
        };
        plan.entries.push(PlannedEntry {
            id: self.id,
            part,
            edit: Edit { base, set: self.set },
        });
    }
}

/// The grid of a row: its door's, if the door is known; else the one it names (made if it is
/// new); else the only one there is.
fn find_grid(row: &Row, known: &mut Known, plan: &mut Plan, context: &mut Context<'_>) -> Option<GridId> {
    if let Some(dwelling) = known.dwellings.get(&address_key(row)) {
        return Some(dwelling.grid);
    }
    let Some(name) = &row.grid else {
        let mut all = known.grids.values();
        return match (all.next(), all.next()) {
            (Some(only), None) => Some(GridId::from_bytes(*only.as_bytes())),
            _ => None,
        };
    };
    Some(GridId::from_bytes(*grid_named(name, known, plan, context).as_bytes()))
}

fn grid_named(name: &str, known: &mut Known, plan: &mut Plan, context: &mut Context<'_>) -> EntityId {
    if let Some(grid) = known.grids.get(&fold(name)) {
        return *grid;
    }
    let mut draft = Draft::new((context.next_id)());
    let id = draft.new_entity();
    draft.text("place", id, "type", "grid");
    draft.text("place", id, "name", name);
    draft.text("place", id, "grid_kind", "basic");
    // Community (12), grid (2), sub-grid (2): numbered in the order in which they appear.
    if let number @ 1..=99 = known.grids.len() + 1 {
        draft.text("place", id, "code", format!("{}{number:02}00", context.community));
    }
    draft.finish(
        Part {
            grid: None,
            class: Class::Open,
        },
        plan,
        context,
    );
    plan.create.grid += 1;
    known.grids.insert(fold(name), id);
    id
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
                .insert(row.grid.as_deref().map(fold));
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
        context,
    );
    plan.create.compound += 1;
    known.compounds.insert(fold(name), id);
    id
}

fn plan_row(
    row: &Row,
    grid: GridId,
    parents: &HashSet<String>,
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
    let household = *known.households.entry(dwelling).or_insert_with(|| {
        let id = draft.new_entity();
        draft.text("household", id, "dwelling_id", dwelling.to_string());
        plan.create.household += 1;
        KnownHousehold { id, has_head: false }
    });
    let person = plan_person(row, household.id, known, plan, &mut draft);
    if !household.has_head && row.relation_to_head.is_some_and(|relation| relation.code() == HEAD) {
        // Not an old thing's change even where the household is old: it had no head to see.
        draft.text("household", household.id, "head_person_id", person.to_string());
        known.households.insert(
            dwelling,
            KnownHousehold {
                has_head: true,
                ..household
            },
        );
    }
    draft.finish(
        Part {
            grid: Some(grid),
            class: Class::Open,
        },
        plan,
        context,
    );
    plan_care(row, &person_key(row, household.id), grid, known, plan, context);
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
        .entry((stands_in, fold(&row.building)))
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

/// A note beside a care plan or a category speaks of care: it is not for everybody.
fn note_is_care(row: &Row) -> bool {
    row.care_plan.is_some() || !row.care_categories.is_empty()
}

/// The open fields of a row's person, in the kind file's order; a blank cell says nothing.
fn person_fields(row: &Row) -> Vec<(&'static str, Scalar)> {
    let text = |text: &str| Scalar::Text(text.to_owned());
    [
        ("sex", row.sex.map(|sex| text(sex.code()))),
        ("birth_date", row.birth_date.map(|date| Scalar::Text(date.to_string()))),
        ("phone", row.phone.as_deref().map(text)),
        (
            "relation_to_head",
            row.relation_to_head.map(|relation| text(relation.code())),
        ),
        ("note", row.note.as_deref().filter(|_| !note_is_care(row)).map(text)),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field, value?)))
    .collect()
}

fn person_key(row: &Row, household: EntityId) -> PersonKey {
    (household, row.name.clone(), row.birth_date)
}

fn plan_person(row: &Row, household: EntityId, known: &mut Known, plan: &mut Plan, draft: &mut Draft) -> EntityId {
    let key = person_key(row, household);
    if let Some(person) = known.persons.get_mut(&key) {
        for (field, value) in person_fields(row) {
            if person.fields.get(field) != Some(&value) {
                draft.touches_old = true;
                draft.set("person", person.id, field, value.clone());
                person.fields.insert(field, value);
            }
        }
        return person.id;
    }
    let id = draft.new_entity();
    draft.text("person", id, "name", row.name.as_str());
    if row.sex.is_none() {
        // Required of every person: GB/T 2261.1, not stated.
        draft.text("person", id, "sex", "9");
    }
    let mut fields = BTreeMap::new();
    for (field, value) in person_fields(row) {
        draft.set("person", id, field, value.clone());
        fields.insert(field, value);
    }
    draft.text("person", id, "household_id", household.to_string());
    plan.create.person += 1;
    known.persons.insert(
        key,
        KnownPerson {
            id,
            fields,
            care_categories: BTreeSet::new(),
            is_old: false,
        },
    );
    id
}

/// Categories that a row adds, its care plan, and a note that speaks of care.
fn plan_care(row: &Row, key: &PersonKey, grid: GridId, known: &mut Known, plan: &mut Plan, context: &mut Context<'_>) {
    if !note_is_care(row) {
        return;
    }
    let Some(person) = known.persons.get_mut(key) else {
        return;
    };
    let mut draft = Draft::new((context.next_id)());
    for category in &row.care_categories {
        if person.care_categories.insert(category.value().to_owned()) {
            draft.set(
                "person",
                person.id,
                format!("care_categories:{}", category.value()),
                Scalar::Boolean(true),
            );
        }
    }
    if let (None, Some(note)) = (&row.care_plan, &row.note) {
        let value = Scalar::Text(note.clone());
        if person.fields.get("health_note") != Some(&value) {
            draft.set("person", person.id, "health_note", value.clone());
            person.fields.insert("health_note", value);
        }
    }
    draft.touches_old = person.is_old;
    if let Some(stated) = &row.care_plan {
        let interval_days = i64::from(stated.interval_days);
        match known.care_plans.get_mut(&person.id) {
            Some(old) if old.interval_days == interval_days => {}
            Some(old) => {
                draft.set("care_plan", old.id, "interval_days", Scalar::Integer(interval_days));
                old.interval_days = interval_days;
            }
            None => {
                let id = draft.new_entity();
                draft.text("care_plan", id, "subject_id", person.id.to_string());
                draft.text("care_plan", id, "level", "custom");
                draft.set("care_plan", id, "interval_days", Scalar::Integer(interval_days));
                for worker in known.grid_workers.get(&grid).into_iter().flatten() {
                    draft.set("care_plan", id, format!("responsible:{worker}"), Scalar::Boolean(true));
                }
                draft.text("care_plan", id, "starts_on", context.today.to_string());
                for category in &row.care_categories {
                    draft.set(
                        "care_plan",
                        id,
                        format!("reasons:{}", category.value()),
                        Scalar::Boolean(true),
                    );
                }
                if let Some(note) = &row.note {
                    draft.text("care_plan", id, "note", note.as_str());
                }
                plan.create.care_plan += 1;
                known.care_plans.insert(person.id, KnownCarePlan { id, interval_days });
            }
        }
    }
    draft.finish(
        Part {
            grid: Some(grid),
            class: Class::Care,
        },
        plan,
        context,
    );
}
