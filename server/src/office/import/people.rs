//! Plans a row's person: the open fields in the row's own edit, what belongs to care in one
//! of its own. A blank cell says nothing and clears nothing.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use menpai_roster::Row;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;

use super::address::address_key;
use super::draft::Draft;
use super::known::{Known, KnownCarePlan, KnownPerson};
use super::plan::{Context, Plan, PlannedEntry, Says};

/// Whom the roster lists: door, name, birth date.
pub(super) struct Listed<'a>(HashSet<(String, &'a str, Option<NaiveDate>)>);

impl<'a> Listed<'a> {
    pub(super) fn new(rows: &'a [Row]) -> Listed<'a> {
        Listed(
            rows.iter()
                .map(|row| (address_key(row), row.name.as_str(), row.birth_date))
                .collect(),
        )
    }

    fn holds(&self, row: &Row, birth_date: Option<NaiveDate>) -> bool {
        self.0.contains(&(address_key(row), row.name.as_str(), birth_date))
    }
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
        ("phone2", row.second_phone.as_deref().map(text)),
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

/// The person of a row: one of this name and birth date; else the only one of this name in the
/// household, if one of the two birth dates is not known or the roster lists nobody with the
/// known one: then it is a correction.
fn find_person(row: &Row, household: EntityId, listed: &Listed<'_>, known: &Known) -> Option<EntityId> {
    let of_name = known.by_name.get(&(household, row.name.clone()))?;
    if let Some((_, id)) = of_name.iter().find(|(birth_date, _)| *birth_date == row.birth_date) {
        return Some(*id);
    }
    let only = of_name.first()?.1;
    let is_one = of_name.iter().all(|(_, id)| *id == only);
    let is_other = row.birth_date.is_some()
        && of_name
            .iter()
            .any(|(date, _)| date.is_some() && listed.holds(row, *date));
    (is_one && !is_other).then_some(only)
}

/// Plans the open fields of a row's person; a new one is made.
pub(super) fn plan_person(
    row: &Row,
    household: EntityId,
    listed: &Listed<'_>,
    known: &mut Known,
    plan: &mut Plan,
    draft: &mut Draft,
) -> EntityId {
    if let Some(id) = find_person(row, household, listed, known) {
        for (field, value) in person_fields(row) {
            set_if_new("person", id, field, value, known, draft);
        }
        known.index_person(id, household, &row.name, row.birth_date);
        return id;
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
        id,
        KnownPerson {
            fields,
            ..KnownPerson::default()
        },
    );
    known.index_person(id, household, &row.name, row.birth_date);
    id
}

/// Sets a field that neither shows this value nor has been given it by a roster before: what
/// others have changed since stays. Where the roster says something new too, both values stay
/// and the conflict is shown, because the edit states no base.
fn set_if_new(kind: &str, id: EntityId, field: &'static str, value: Scalar, known: &mut Known, draft: &mut Draft) {
    let shown = known.persons.get(&id).and_then(|person| person.fields.get(field));
    if shown == Some(&value) || known.has_said(id, field, &value) {
        return;
    }
    draft.set(kind, id, field, value.clone());
    known.persons.entry(id).or_default().fields.insert(field, value);
}

/// An id number that is not known of this person goes in an entry of its own, whatever was said before.
pub(super) fn plan_number(
    row: &Row,
    person: EntityId,
    grid: GridId,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) {
    let Some(number) = &row.id_number else { return };
    if !known.numbers.insert((person, (context.hash)(number))) {
        return;
    }
    plan.entries.push(PlannedEntry {
        id: (context.next_id)(),
        part: Part {
            grid: Some(grid),
            class: Class::Sealed,
        },
        says: Says::Number(person, number.clone()),
    });
}

/// Categories that a row adds, its care plan, a note that speaks of care, and what may be seen of an id
/// number.
pub(super) fn plan_care(
    row: &Row,
    person: EntityId,
    grid: GridId,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) {
    if !note_is_care(row) && row.id_number.is_none() {
        return;
    }
    let mut draft = Draft::new((context.next_id)());
    if let Some(number) = &row.id_number {
        let end = Scalar::Text(number.last_four().to_owned());
        set_if_new("person", person, "id_last_four", end, known, &mut draft);
    }
    for category in &row.care_categories {
        let field = format!("care_categories:{}", category.value());
        let said = known.has_said(person, &field, &Scalar::Boolean(true));
        let shown = &mut known.persons.entry(person).or_default().care_categories;
        if shown.insert(category.value().to_owned()) && !said {
            draft.set("person", person, field, Scalar::Boolean(true));
        }
    }
    if let (None, Some(note)) = (&row.care_plan, row.note.as_ref().filter(|_| note_is_care(row))) {
        let note = Scalar::Text(note.clone());
        set_if_new("person", person, "health_note", note, known, &mut draft);
    }
    if let Some(stated) = &row.care_plan {
        let interval = Scalar::Integer(i64::from(stated.interval_days));
        match known.care_plans.get_mut(&person) {
            Some(old) if Scalar::Integer(old.interval_days) == interval => {}
            Some(old) => {
                old.interval_days = i64::from(stated.interval_days);
                let id = old.id;
                if !known.has_said(id, "interval_days", &interval) {
                    draft.set("care_plan", id, "interval_days", interval);
                }
            }
            None => new_care_plan(row, person, grid, known, plan, &mut draft, context.today),
        }
    }
    draft.finish(
        Part {
            grid: Some(grid),
            class: Class::Care,
        },
        plan,
    );
}

fn new_care_plan(
    row: &Row,
    person: EntityId,
    grid: GridId,
    known: &mut Known,
    plan: &mut Plan,
    draft: &mut Draft,
    today: NaiveDate,
) {
    let interval_days = row.care_plan.map_or(0, |stated| i64::from(stated.interval_days));
    let id = draft.new_entity();
    draft.text("care_plan", id, "subject_id", person.to_string());
    draft.text("care_plan", id, "level", "custom");
    draft.set("care_plan", id, "interval_days", Scalar::Integer(interval_days));
    for worker in known.grid_workers.get(&grid).into_iter().flatten() {
        draft.set("care_plan", id, format!("responsible:{worker}"), Scalar::Boolean(true));
    }
    draft.text("care_plan", id, "starts_on", today.to_string());
    for category in &row.care_categories {
        let field = format!("reasons:{}", category.value());
        draft.set("care_plan", id, field, Scalar::Boolean(true));
    }
    if let Some(note) = &row.note {
        draft.text("care_plan", id, "note", note.as_str());
    }
    plan.create.care_plan += 1;
    known.care_plans.insert(person, KnownCarePlan { id, interval_days });
}
