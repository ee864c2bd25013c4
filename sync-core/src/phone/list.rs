//! How the phone stands: what is only here, which grids it sees, who people are. And one door
//! as a row, from whatever list it is in.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::elsewhere::Elsewhere;
use super::place::{DWELLING, Homes, natural};
use super::seen::rung;
use super::view::{DoorRow, DoorState, GridCount, PhoneStatus, Resident, Rung};
use super::{Phone, Replica};
use crate::ids::{EntityId, GridId, WorkerId};
use crate::replica::Row;
use crate::time::{Instant, read_day};

impl Phone {
    /// Everyone who is the subject of a plan that has not ended by `today`.
    pub(super) fn on_care_plan(&self, today: NaiveDate) -> HashSet<EntityId> {
        let Some(replica) = &self.replica else {
            return HashSet::new();
        };
        replica
            .rows()
            .filter_map(|(_, row)| {
                let schedules = self.kinds.get(&row.entity_type)?.effects.schedules.as_ref()?;
                let ended = row.text(schedules.ends_on.as_str()).and_then(read_day);
                replica
                    .leads_to(row, schedules.subject.as_str())
                    .filter(|_| ended.is_none_or(|last| today <= last))
            })
            .collect()
    }

    /// How the phone stands.
    #[must_use]
    pub fn status(&self) -> PhoneStatus {
        let mut status = PhoneStatus {
            signed_in: self.enrolment.is_some(),
            worker: self.enrolment.as_ref().map(|enrolment| enrolment.worker.clone()),
            community: self.enrolment.as_ref().map(|enrolment| enrolment.community.clone()),
            device: self.enrolment.as_ref().map(|enrolment| enrolment.device.id),
            only_here: 0,
            handed: self.handed(),
            on_server: 0,
            merged: 0,
            held: 0,
            grids: self.grids(),
            last_answer: self.contact.answered_ms.map(|ms| Instant::utc(ms).to_string()),
            offset_ms: self.offset_ms(),
            refused: self.contact.refused.clone(),
        };
        for own in self.own_entries() {
            match rung(own.state) {
                Rung::OnPhone => status.only_here += 1,
                Rung::Waiting => status.on_server += 1,
                Rung::Held => status.held += 1,
                Rung::Merged | Rung::Released => status.merged += 1,
                Rung::SetAside => {}
            }
        }
        let held = |elsewhere: &&Elsewhere| rung(elsewhere.state) == Rung::Held;
        status.held += self.elsewhere.iter().filter(held).count();
        status
    }

    fn grids(&self) -> Vec<GridCount> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let mut grids: Vec<GridId> = replica.cursor().keys().filter_map(|part| part.grid).collect();
        grids.dedup();
        let mut counted: Vec<GridCount> = grids
            .into_iter()
            .map(|id| {
                let place = EntityId::from_bytes(*id.as_bytes());
                GridCount {
                    id,
                    name: replica
                        .row(place)
                        .and_then(|row| row.text("name"))
                        .unwrap_or_default()
                        .to_owned(),
                    doors: replica
                        .standing()
                        .filter(|(_, row)| is_door(row) && row.part.grid == Some(id))
                        .count(),
                }
            })
            .collect();
        counted.sort_by(|a, b| natural(&a.name, &b.name).then_with(|| a.id.cmp(&b.id)));
        counted
    }

    /// What people call a worker.
    pub(super) fn name_of(&self, worker: WorkerId) -> Option<String> {
        let own = self
            .enrolment
            .as_ref()
            .filter(|enrolment| enrolment.worker.id == worker);
        let known = self.replica.as_ref().and_then(|replica| replica.worker_name(worker));
        known
            .map(str::to_owned)
            .or_else(|| own.map(|own| own.worker.name.clone()))
    }
}

/// Whether it is a door that still exists.
pub(super) fn is_door(row: &Row) -> bool {
    row.entity_type == DWELLING && row.text("closed_on").is_none()
}

pub(super) fn door_row(
    replica: &Replica,
    homes: &Homes<'_>,
    id: EntityId,
    row: &Row,
    state: Option<&DoorState>,
    on_plan: &HashSet<EntityId>,
) -> DoorRow {
    let households = homes.households.get(&id).map_or(&[][..], Vec::as_slice);
    let conflict_in = |entity: &EntityId| replica.row(*entity).is_some_and(Row::has_conflict);
    DoorRow {
        dwelling: id,
        unit: row.text("unit").unwrap_or_default().to_owned(),
        floor: row.integer("floor"),
        room: row.text("room").unwrap_or_default().to_owned(),
        residents: homes
            .residents(id)
            .map(|(id, person)| Resident {
                id,
                name: person.text("name").unwrap_or_default().to_owned(),
            })
            .collect(),
        on_care_plan: households.iter().any(|household| on_plan.contains(household))
            || homes.residents(id).any(|(person, _)| on_plan.contains(&person)),
        conflict: row.has_conflict()
            || households.iter().any(conflict_in)
            || homes.residents(id).any(|(_, person)| person.has_conflict()),
        state: state.cloned().unwrap_or_default(),
    }
}
