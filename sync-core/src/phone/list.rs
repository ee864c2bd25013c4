//! Lists: buildings with their doors, the phone's own records, how the phone stands.

use std::collections::{HashMap, HashSet};

use super::own_log::{OwnEntry, OwnState};
use super::place::{DWELLING, Homes, compound_of, natural};
use super::view::{Building, DoorRow, DoorState, GridCount, PhoneStatus, RecordRow, Resident, Rung, Unit};
use super::{Phone, Replica};
use crate::entry::Entry;
use crate::ids::{EntityId, EntryId, GridId, WorkerId};
use crate::kinds::{Kind, Mark, Shape};
use crate::replica::Row;
use crate::time::Instant;

/// A record as the folds see it: confirmed, or still only here.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) entry: &'a Entry,
    pub(super) made_ms: i64,
    pub(super) rung: Rung,
    pub(super) own: bool,
    pub(super) state: Option<OwnState>,
}

impl Phone {
    /// Every record this phone knows: merged ones, and its own that are not yet.
    pub(super) fn seen(&self) -> Vec<Seen<'_>> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let device = self.enrolment.as_ref().map(|enrolment| enrolment.device.id);
        let mut seen: Vec<Seen<'_>> = replica
            .records()
            .map(|record| Seen {
                entry: &record.entry,
                made_ms: record.made_ms,
                rung: Rung::Merged,
                own: Some(record.device) == device,
                state: None,
            })
            .collect();
        let confirmed: HashSet<EntryId> = seen.iter().map(|seen| seen.entry.id).collect();
        seen.extend(
            self.own_entries()
                .filter(|own| !confirmed.contains(&own.entry.id))
                .map(|own| self.see_own(own)),
        );
        seen
    }

    pub(super) fn see_own<'a>(&self, own: &'a OwnEntry) -> Seen<'a> {
        let offset = self.contact.offset_ms.unwrap_or(0);
        Seen {
            entry: &own.entry,
            made_ms: own.entry.made_at.unix_ms.saturating_add(offset),
            rung: rung(own.state),
            own: true,
            state: Some(own.state),
        }
    }

    /// The buildings of a grid, in the order people count, each with its doors by unit,
    /// floor and door.
    #[must_use]
    pub fn buildings(&self, grid: GridId) -> Vec<Building> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let homes = Homes::gather(replica);
        let states = self.door_states();
        let on_plan = self.on_care_plan();
        let mut buildings: HashMap<EntityId, Vec<DoorRow>> = HashMap::new();
        for (id, row) in replica.rows().filter(|(_, row)| is_door_of(row, grid)) {
            let Some(building) = row.reference("building_id") else {
                continue;
            };
            let door = door_row(replica, &homes, id, row, states.get(&id), &on_plan);
            buildings.entry(building).or_default().push(door);
        }
        let mut listed: Vec<Building> = buildings
            .into_iter()
            .map(|(id, doors)| building(replica, grid, id, doors))
            .collect();
        listed.sort_by(|a, b| {
            let compound = |building: &Building| building.compound.clone().unwrap_or_default();
            natural(&compound(a), &compound(b))
                .then_with(|| natural(&a.name, &b.name))
                .then_with(|| a.id.cmp(&b.id))
        });
        listed
    }

    /// The last check of every door, own unsent ones included, ordered by (made-time, id).
    pub(super) fn door_states(&self) -> HashMap<EntityId, DoorState> {
        let mut last: HashMap<EntityId, (i64, EntryId, DoorState)> = HashMap::new();
        for seen in self.seen() {
            if matches!(seen.rung, Rung::Held) {
                continue;
            }
            let Some(kind) = self.kinds.get(&seen.entry.kind) else {
                continue;
            };
            let Some((dwelling, mut state)) = closing(kind, seen.entry) else {
                continue;
            };
            let key = (seen.made_ms, seen.entry.id);
            if last.get(&dwelling).is_some_and(|(ms, id, _)| (*ms, *id) > key) {
                continue;
            }
            state.rung = Some(seen.rung);
            state.at = Some(match seen.rung {
                Rung::Merged => Instant {
                    unix_ms: seen.made_ms,
                    ..seen.entry.made_at
                }
                .to_string(),
                _ => seen.entry.made_at.to_string(),
            });
            state.worker_name = self.name_of(seen.entry.worker);
            last.insert(dwelling, (key.0, key.1, state));
        }
        last.into_iter()
            .map(|(dwelling, (_, _, state))| (dwelling, state))
            .collect()
    }

    /// Everyone who is the subject of a running plan.
    pub(super) fn on_care_plan(&self) -> HashSet<EntityId> {
        let Some(replica) = &self.replica else {
            return HashSet::new();
        };
        replica
            .rows()
            .filter_map(|(_, row)| {
                let schedules = self.kinds.get(&row.entity_type)?.effects.schedules.as_ref()?;
                row.text(schedules.ends_on.as_str())
                    .is_none()
                    .then(|| row.reference(schedules.subject.as_str()))?
            })
            .collect()
    }

    /// The phone's own entries, newest first.
    #[must_use]
    pub fn own_records(&self, limit: usize) -> Vec<RecordRow> {
        let mut own: Vec<&OwnEntry> = self.own_entries().collect();
        own.reverse();
        own.truncate(limit);
        own.into_iter().map(|own| self.record_row(self.see_own(own))).collect()
    }

    /// How the phone stands.
    #[must_use]
    pub fn status(&self) -> PhoneStatus {
        let mut status = PhoneStatus {
            signed_in: self
                .enrolment
                .as_ref()
                .is_some_and(|enrolment| enrolment.token.is_some()),
            worker: self.enrolment.as_ref().map(|enrolment| enrolment.worker.clone()),
            community: self.enrolment.as_ref().map(|enrolment| enrolment.community.clone()),
            device: self.enrolment.as_ref().map(|enrolment| enrolment.device.id),
            only_here: 0,
            on_server: 0,
            merged: 0,
            held: 0,
            grids: self.grids(),
            last_answer: self.contact.answered_ms.map(|ms| Instant::utc(ms).to_string()),
            offset_ms: self.contact.offset_ms,
            refused: self.contact.refused.clone(),
        };
        for own in self.own_entries() {
            match rung(own.state) {
                Rung::OnPhone => status.only_here += 1,
                Rung::Waiting => status.on_server += 1,
                Rung::Held => status.held += 1,
                Rung::Merged => status.merged += 1,
            }
        }
        status
    }

    fn grids(&self) -> Vec<GridCount> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let states = self.door_states();
        let mut grids: Vec<GridId> = replica.cursor().keys().filter_map(|part| part.grid).collect();
        grids.dedup();
        let mut counted: Vec<GridCount> = grids
            .into_iter()
            .map(|id| {
                let place = EntityId::from_bytes(*id.as_bytes());
                let doors: Vec<EntityId> = replica
                    .rows()
                    .filter(|(_, row)| is_door_of(row, id))
                    .map(|(door, _)| door)
                    .collect();
                GridCount {
                    id,
                    name: replica
                        .row(place)
                        .and_then(|row| row.text("name"))
                        .unwrap_or_default()
                        .to_owned(),
                    closed: doors
                        .iter()
                        .filter(|door| states.get(door).is_some_and(|state| state.closed))
                        .count(),
                    doors: doors.len(),
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

pub(super) fn rung(state: OwnState) -> Rung {
    match state {
        OwnState::OnPhone => Rung::OnPhone,
        OwnState::Merged => Rung::Merged,
        OwnState::Held(_) => Rung::Held,
        OwnState::Waiting(_) => Rung::Waiting,
    }
}

/// The door and mark of a record whose kind closes doors.
pub(super) fn closing(kind: &Kind, entry: &Entry) -> Option<(EntityId, DoorState)> {
    let closes = kind.effects.closes.as_ref()?;
    let text = |name: &str| entry.body.get(name).and_then(serde_json::Value::as_str);
    let dwelling = text(closes.subject.as_str())?.parse().ok()?;
    let outcome = text(closes.by.as_str())?;
    let Shape::Choice { choices, .. } = &kind.field(closes.by.as_str())?.shape else {
        return None;
    };
    let choice = choices.iter().find(|choice| choice.value == outcome)?;
    let state = DoorState {
        mark: choice.mark.map(mark_name),
        label: Some(choice.labels.clone()),
        closed: choice.closes.unwrap_or(false),
        ..DoorState::default()
    };
    Some((dwelling, state))
}

fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::Checked => "checked",
        Mark::Absent => "absent",
        Mark::Refused => "refused",
        Mark::Empty => "empty",
    }
}

fn is_door_of(row: &Row, grid: GridId) -> bool {
    row.entity_type == DWELLING && row.part.grid == Some(grid) && row.text("closed_on").is_none()
}

fn door_row(
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

fn building(replica: &Replica, grid: GridId, id: EntityId, mut doors: Vec<DoorRow>) -> Building {
    doors.sort_by(|a, b| {
        natural(&a.unit, &b.unit)
            .then_with(|| a.floor.cmp(&b.floor))
            .then_with(|| natural(&a.room, &b.room))
            .then_with(|| a.dwelling.cmp(&b.dwelling))
    });
    let row = replica.row(id);
    let mut building = Building {
        id,
        name: row.and_then(|row| row.text("name")).unwrap_or_default().to_owned(),
        compound: row.and_then(|row| compound_of(replica, row)),
        grid,
        doors: doors.len(),
        closed: doors.iter().filter(|door| door.state.closed).count(),
        units: Vec::new(),
    };
    for door in doors {
        match building.units.last_mut() {
            Some(unit) if unit.unit == door.unit => unit.doors.push(door),
            _ => building.units.push(Unit {
                unit: door.unit.clone(),
                doors: vec![door],
            }),
        }
    }
    building
}
