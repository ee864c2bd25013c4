//! One door: who lives there, every field with all its values, and what was recorded.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::Phone;
use super::list::{Seen, rung};
use super::own_log::OwnState;
use super::place::{Address, DWELLING, Homes, dwelling_of};
use super::view::{CarePlanCard, DoorCard, Field, FieldValueView, PersonCard, RecordRow, Rung};
use crate::entry::{Edit, Entry, Scalar};
use crate::ids::EntityId;
use crate::kinds::{self, Choice, Kind, Labels, Members, Shape};
use crate::replica::{Replica, Row};
use crate::time::{Instant, read_day};

impl Phone {
    /// A door's card as of the local day `today`; `None` if this phone does not know it.
    #[must_use]
    pub fn door(&self, dwelling: EntityId, today: NaiveDate) -> Option<DoorCard> {
        let replica = self.replica.as_ref()?;
        let row = replica.row(dwelling).filter(|row| row.entity_type == DWELLING)?;
        let address = Address::of(replica, dwelling)?;
        let homes = Homes::gather(replica);
        let household = homes
            .households
            .get(&dwelling)
            .and_then(|households| households.first().copied());
        let mut fields = self.fields(dwelling, row);
        if let Some((id, row)) = household.and_then(|id| Some((id, replica.row(id)?))) {
            fields.extend(self.fields(id, row));
        }
        Some(DoorCard {
            dwelling,
            grid: row.part.grid,
            room: address.room,
            building: address.building,
            compound: address.compound,
            unit: address.unit,
            household,
            state: self.door_states().remove(&dwelling).unwrap_or_default(),
            fields,
            persons: homes
                .residents(dwelling)
                .map(|(id, person)| self.person(id, person, today))
                .collect(),
            records: self.records_of(dwelling),
        })
    }

    fn records_of(&self, dwelling: EntityId) -> Vec<RecordRow> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let mut about: Vec<Seen<'_>> = self
            .seen()
            .into_iter()
            .filter(|seen| self.dwelling_in(replica, seen.entry) == Some(dwelling))
            .collect();
        about.sort_by_key(|seen| std::cmp::Reverse((seen.made_ms, seen.entry.id)));
        about.into_iter().map(|seen| self.record_row(seen)).collect()
    }

    /// One entry as a row of a list.
    pub(super) fn record_row(&self, seen: Seen<'_>) -> RecordRow {
        let entry = seen.entry;
        let dwelling = self
            .replica
            .as_ref()
            .and_then(|replica| self.dwelling_in(replica, entry));
        let address = self
            .replica
            .as_ref()
            .zip(dwelling)
            .and_then(|(replica, dwelling)| Address::of(replica, dwelling));
        let reason = match seen.state {
            Some(OwnState::Held(reason) | OwnState::Waiting(reason)) => reason,
            _ => None,
        };
        let kind = self.kinds.get(&entry.kind);
        RecordRow {
            entry: entry.id,
            kind: entry.kind.clone(),
            kind_labels: kind.map_or_else(|| same(&entry.kind), |kind| kind.labels.clone()),
            made_at: entry.made_at.to_string(),
            worker_name: self.name_of(entry.worker),
            own: seen.own,
            rung: seen.rung,
            reason: reason.map(crate::verdict::Reason::code),
            reason_text: reason.map(crate::verdict::Reason::sentence),
            room: address.as_ref().map(|address| address.room.clone()),
            address: address.map(|address| address.without_room()),
            dwelling,
            summary: match (&entry.edit, kind) {
                (Some(edit), _) => self.edit_summary(edit),
                (None, Some(kind)) => record_summary(kind, entry),
                (None, None) => same(""),
            },
            body: entry.body.clone(),
        }
    }

    /// The door an entry is about: its required references, or what an edit sets.
    fn dwelling_in(&self, replica: &Replica, entry: &Entry) -> Option<EntityId> {
        if let Some(edit) = &entry.edit {
            return edit.set.iter().find_map(|item| dwelling_of(replica, item.id));
        }
        let kind = self.kinds.get(&entry.kind)?;
        kind.fields
            .iter()
            .filter(|field| field.required && matches!(field.shape, Shape::Ref { .. }))
            .filter_map(|field| entry.body.get(field.name.as_str())?.as_str()?.parse().ok())
            .find_map(|subject| dwelling_of(replica, subject))
    }

    fn edit_summary(&self, edit: &Edit) -> Labels {
        let mut zh = Vec::new();
        let mut en = Vec::new();
        for item in &edit.set {
            let kind = self.kinds.get(&item.entity_type);
            let labels = kind.map_or_else(|| same(&item.field), |kind| field_labels(kind, &item.field));
            let value = kind
                .and_then(|kind| value_label(kind, &item.field, &item.value))
                .unwrap_or_else(|| plain(&item.value));
            zh.push(format!("{}：{}", labels.zh, value.zh));
            en.push(format!("{}: {}", labels.en, value.en));
        }
        Labels {
            zh: zh.join("，"),
            en: en.join(", "),
        }
    }

    fn person(&self, id: EntityId, row: &Row, today: NaiveDate) -> PersonCard {
        let born = row.text("birth_date").and_then(read_day);
        let categories = self
            .kinds
            .get(&row.entity_type)
            .map(|kind| care_categories(kind, row))
            .unwrap_or_default();
        PersonCard {
            id,
            name: row.text("name").unwrap_or_default().to_owned(),
            fields: self.fields(id, row),
            age: born.and_then(|born| age(born, today)),
            care_categories: categories,
            care_plan: self.care_plan(id),
        }
    }

    fn care_plan(&self, subject: EntityId) -> Option<CarePlanCard> {
        let replica = self.replica.as_ref()?;
        let mut plans: Vec<CarePlanCard> = replica
            .rows()
            .filter_map(|(id, row)| {
                let kind = self.kinds.get(&row.entity_type)?;
                let schedules = kind.effects.schedules.as_ref()?;
                let runs = row.reference(schedules.subject.as_str()) == Some(subject)
                    && row.text(schedules.ends_on.as_str()).is_none();
                runs.then(|| CarePlanCard {
                    id,
                    level: row.get("level").and_then(|level| value_label(kind, "level", level)),
                    interval_days: row.integer(schedules.interval_days.as_str()),
                    in_person_every_days: row.integer(schedules.in_person_every_days.as_str()),
                })
            })
            .collect();
        plans.sort_by_key(|plan| plan.id);
        plans.into_iter().next()
    }

    /// Every known field of an entity in the order of its kind file, with this phone's own
    /// unmerged edits laid over the confirmed values.
    fn fields(&self, id: EntityId, row: &Row) -> Vec<Field> {
        let Some(kind) = self.kinds.get(&row.entity_type) else {
            return Vec::new();
        };
        let pending = self.pending(id);
        let mut names: Vec<&str> = row.fields.keys().map(String::as_str).collect();
        names.extend(pending.keys().copied().filter(|name| !row.fields.contains_key(*name)));
        let place = |name: &str| {
            let plain = name.split_once(':').map_or(name, |(name, _)| name);
            kind.fields.iter().position(|field| field.name == *plain)
        };
        names.sort_by_key(|name| (place(name), (*name).to_owned()));
        names
            .into_iter()
            .filter(|name| place(name).is_some())
            .map(|name| self.field(kind, id, name, pending.get(name)))
            .collect()
    }

    fn field(&self, kind: &Kind, entity: EntityId, name: &str, pending: Option<&Pending<'_>>) -> Field {
        let mut values = Vec::new();
        if let Some(pending) = pending {
            values.push(FieldValueView {
                value: pending.value.clone(),
                label: value_label(kind, name, pending.value),
                worker_name: self.name_of(pending.entry.worker),
                device: self.enrolment.as_ref().map(|enrolment| enrolment.device.id),
                at: Instant::utc(pending.entry.made_at.unix_ms).to_string(),
                shown: true,
                rung: pending.rung,
            });
        }
        let confirmed = self
            .replica
            .as_ref()
            .map_or(&[][..], |replica| replica.values(entity, name));
        for value in confirmed {
            let replaced = pending.is_some_and(|pending| self.had_seen(pending.entry, entity, name, value));
            if replaced || values.iter().any(|shown| shown.value == value.value) {
                continue;
            }
            let worker = value
                .by
                .device
                .and_then(|device| self.replica.as_ref()?.device_worker(device));
            values.push(FieldValueView {
                value: value.value.clone(),
                label: value_label(kind, name, &value.value),
                worker_name: worker.and_then(|worker| self.name_of(worker)),
                device: value.by.device,
                at: Instant::utc(value.by.unix_seconds.saturating_mul(1000)).to_string(),
                shown: values.is_empty(),
                rung: Rung::Merged,
            });
        }
        Field {
            entity_type: kind.name.to_string(),
            entity,
            field: name.to_owned(),
            labels: field_labels(kind, name),
            conflict: values.len() > 1,
            values,
        }
    }

    /// Whether the author of an unmerged edit had seen this value: then it will be replaced.
    fn had_seen(&self, entry: &Entry, entity: EntityId, field: &str, value: &crate::registry::FieldValue) -> bool {
        let Some(replica) = &self.replica else { return false };
        let Some(edit) = &entry.edit else { return false };
        let part = crate::judge::part_of(entry, &self.kinds);
        replica
            .document(part)
            .is_some_and(|document| document.is_visible_at(entity, field, value.by.change, &edit.base))
    }

    /// The last own value of each field that is not merged yet.
    fn pending(&self, entity: EntityId) -> HashMap<&str, Pending<'_>> {
        let mut pending = HashMap::new();
        for own in self.own_entries() {
            if !matches!(own.state, OwnState::OnPhone | OwnState::Waiting(_)) {
                continue;
            }
            for item in own
                .entry
                .edit
                .iter()
                .flat_map(|edit| &edit.set)
                .filter(|item| item.id == entity)
            {
                let value = Pending {
                    value: &item.value,
                    entry: &own.entry,
                    rung: rung(own.state),
                };
                pending.insert(item.field.as_str(), value);
            }
        }
        pending
    }
}

struct Pending<'a> {
    value: &'a Scalar,
    entry: &'a Entry,
    rung: Rung,
}

/// Whole years on a day.
fn age(born: NaiveDate, today: NaiveDate) -> Option<u32> {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    u32::try_from(today.year() - born.year() - i32::from(!had_birthday)).ok()
}

fn care_categories(kind: &Kind, row: &Row) -> Vec<Labels> {
    let mut labels = Vec::new();
    for field in &kind.fields {
        if field.class == Some(kinds::Class::Care)
            && let Shape::Set(Members::Choices(choices)) = &field.shape
        {
            let chosen: Vec<&str> = row.members(field.name.as_str()).collect();
            labels.extend(
                choices
                    .iter()
                    .filter(|choice| chosen.contains(&choice.value.as_str()))
                    .map(|choice| choice.labels.clone()),
            );
        }
    }
    labels
}

/// The answers to the required choices, in words.
fn record_summary(kind: &Kind, entry: &Entry) -> Labels {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    for field in kind.fields.iter().filter(|field| field.required) {
        let Shape::Choice { choices, .. } = &field.shape else {
            continue;
        };
        let Some(value) = entry.body.get(field.name.as_str()).and_then(serde_json::Value::as_str) else {
            continue;
        };
        if let Some(choice) = choices.iter().find(|choice| choice.value == value) {
            zh.push(choice.labels.zh.clone());
            en.push(choice.labels.en.clone());
        }
    }
    Labels {
        zh: zh.join("・"),
        en: en.join(" · "),
    }
}

fn field_labels(kind: &Kind, name: &str) -> Labels {
    let (field, member) = name
        .split_once(':')
        .map_or((name, None), |(field, member)| (field, Some(member)));
    let Some(field) = kind.field(field) else {
        return same(name);
    };
    match member.and_then(|member| choice_of(&field.shape, member)) {
        Some(choice) => Labels {
            zh: format!("{}・{}", field.labels.zh, choice.labels.zh),
            en: format!("{}: {}", field.labels.en, choice.labels.en),
        },
        None => field.labels.clone(),
    }
}

fn value_label(kind: &Kind, name: &str, value: &Scalar) -> Option<Labels> {
    match value {
        Scalar::Boolean(true) => Some(Labels {
            zh: "是".to_owned(),
            en: "Yes".to_owned(),
        }),
        Scalar::Boolean(false) => Some(Labels {
            zh: "否".to_owned(),
            en: "No".to_owned(),
        }),
        Scalar::Null => Some(Labels {
            zh: "空".to_owned(),
            en: "Empty".to_owned(),
        }),
        Scalar::Text(text) => choice_of(&kind.field(name)?.shape, text).map(|choice| choice.labels.clone()),
        Scalar::Integer(_) => None,
    }
}

fn choice_of<'a>(shape: &'a Shape, value: &str) -> Option<&'a Choice> {
    match shape {
        Shape::Choice { choices, .. } | Shape::Set(Members::Choices(choices)) => {
            choices.iter().find(|choice| choice.value == value)
        }
        _ => None,
    }
}

fn plain(value: &Scalar) -> Labels {
    match value {
        Scalar::Text(text) => same(text),
        Scalar::Integer(number) => same(&number.to_string()),
        Scalar::Null | Scalar::Boolean(_) => same(""),
    }
}

fn same(text: &str) -> Labels {
    Labels {
        zh: text.to_owned(),
        en: text.to_owned(),
    }
}
