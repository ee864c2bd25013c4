//! Plans a row's person: the open fields in the row's own edit, what belongs to care in one
//! of its own. A blank cell says nothing and clears nothing.

use std::collections::{BTreeMap, BTreeSet};

use menpai_roster::Row;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;

use super::draft::Draft;
use super::known::{Known, KnownCarePlan, KnownPerson, PersonKey};
use super::plan::{Context, Plan};

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

pub(super) fn person_key(row: &Row, household: EntityId) -> PersonKey {
    (household, row.name.clone(), row.birth_date)
}

pub(super) fn plan_person(
    row: &Row,
    household: EntityId,
    known: &mut Known,
    plan: &mut Plan,
    draft: &mut Draft,
) -> EntityId {
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
pub(super) fn plan_care(
    row: &Row,
    key: &PersonKey,
    grid: GridId,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) {
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
