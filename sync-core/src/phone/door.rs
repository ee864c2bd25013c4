//! One door: who lives there, every field with all its values, and what was recorded.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Phone;
use super::care::Cared;
use super::own_log::OwnState;
use super::place::{Address, DWELLING, Homes};
use super::seen::rung;
use super::view::{CarePlanCard, DoorCard, Field, FieldValueView, PersonCard, Rung};
use super::words::{age, care_categories, field_labels, value_label, warnings};
use crate::entry::{Entry, Scalar};
use crate::ids::EntityId;
use crate::kinds::Kind;
use crate::replica::Row;
use crate::time::{Instant, read_day};

impl Phone {
    /// A door's card as of `now`; `None` if this phone does not know it.
    #[must_use]
    pub fn door(&self, dwelling: EntityId, now: Instant) -> Option<DoorCard> {
        let now = self.own_clock().by_home(now);
        let replica = self.replica.as_ref()?;
        let dwelling = replica.canonical(dwelling);
        let row = replica.row(dwelling).filter(|row| row.entity_type == DWELLING)?;
        let address = Address::of(replica, dwelling)?;
        let homes = Homes::gather(replica);
        let records = self.records();
        let care = self.care(replica, &self.contacts(&records, now), now);
        let plan = |subject: EntityId| care.get(&subject).map(|cared: &Cared<'_>| cared.card(now.local_date()));
        let building = row.reference("building_id");
        let places: Vec<EntityId> = building.into_iter().chain([dwelling]).collect();
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
            building_id: building,
            household,
            household_plan: household.and_then(plan),
            state: self.door_states(&records).remove(&dwelling).unwrap_or_default(),
            fields,
            persons: homes
                .residents(dwelling)
                .map(|(id, person)| self.person(id, person, plan(id), now.local_date()))
                .collect(),
            matters: self.matters(&records, &places),
            records: self.records_of(&records, dwelling),
            records_since: (replica.began_with().values())
                .filter_map(|facts| Some(facts.left_out.as_ref()?.since.clone()))
                .max(),
        })
    }

    fn person(&self, id: EntityId, row: &Row, care_plan: Option<CarePlanCard>, today: NaiveDate) -> PersonCard {
        let born = row.text("birth_date").and_then(read_day);
        let kind = self.kinds.get(&row.entity_type);
        PersonCard {
            id,
            name: row.text("name").unwrap_or_default().to_owned(),
            fields: self.fields(id, row),
            age: born.and_then(|born| age(born, today)),
            care_categories: kind.map(|kind| care_categories(kind, row)).unwrap_or_default(),
            warnings: kind.map(|kind| warnings(kind, row)).unwrap_or_default(),
            care_plan,
        }
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
        let merged_into = kind.effects.merges.as_ref().map(|merges| merges.into.as_str());
        let place = |name: &str| {
            let plain = name.split_once(':').map_or(name, |(name, _)| name);
            kind.fields
                .iter()
                .position(|field| field.name == *plain && Some(plain) != merged_into)
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
