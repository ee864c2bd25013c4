//! The day's work: what phones record and correct, and what the office corrects and assigns.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{EditDraft, NewSetItem, RecordDraft};
use serde_json::{Map, Value, json};

use super::Trial;
use super::apps::{App, KIND_OF_TOMORROW};
use super::world::{GRID_ROLE, World};

const NUMBERS: [&str; 4] = ["19900000001", "19900000002", "19900000003", "19900000004"];

impl World {
    pub(super) fn record(&mut self, phone: usize) -> Result<(), String> {
        let Some((door, mut grid)) = self.known(phone, "dwelling") else {
            return self.record_blind(phone);
        };
        if self.dice.percent(6) {
            // A door of another grid: nobody gave that work.
            grid = self.some_grid();
        }
        let tomorrow = self.phones[phone].app == App::Tomorrow;
        let (kind, body) = match self.dice.below(10) {
            0 | 1 => match self.known(phone, "person") {
                Some((person, _)) => (
                    "care_visit",
                    json!({"subject_id": person, "mode": "phone", "met": "not_reached"}),
                ),
                None => return Ok(()),
            },
            2 => (
                "hazard",
                json!({"place_id": door, "hazard_kind": "gas", "severity": "low"}),
            ),
            3 if tomorrow => (
                KIND_OF_TOMORROW,
                json!({"dwelling_id": door, "mode": "door", "outcome": "absent"}),
            ),
            4 if tomorrow => (
                "door_check",
                json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": 500}),
            ),
            // Somebody may be erased whom a check names: that the door was closed stays.
            5 | 6 => match self.known(phone, "person") {
                Some((person, _)) => (
                    "door_check",
                    json!({"dwelling_id": door, "mode": "door", "outcome": "met", "met_person_id": person}),
                ),
                None => return Ok(()),
            },
            _ => (
                "door_check",
                json!({"dwelling_id": door, "mode": "door", "outcome": "empty"}),
            ),
        };
        self.save_record(phone, kind, grid, body).map(drop)
    }

    /// A phone that knows nothing yet records all the same, about a door it has heard of.
    fn record_blind(&mut self, phone: usize) -> Result<(), String> {
        let door = EntityId::from_bytes(self.dice.bytes());
        let grid = self.some_grid();
        self.save_record(
            phone,
            "door_check",
            grid,
            json!({"dwelling_id": door, "mode": "door", "outcome": "absent"}),
        )
        .map(drop)
    }

    pub(super) fn save_record(
        &mut self,
        phone: usize,
        kind: &str,
        grid: GridId,
        body: Value,
    ) -> Result<Option<EntryId>, String> {
        let Value::Object(body) = body else {
            return Err("a body is an object".to_owned());
        };
        let random = self.dice.bytes();
        let draft = RecordDraft {
            kind: kind.to_owned(),
            grid: Some(grid),
            body,
        };
        self.phones[phone].save(self.now_ms, |phone, now| phone.record(draft, now, random))
    }

    pub(super) fn edit(&mut self, phone: usize) -> Result<(), String> {
        let entity_type = *self
            .dice
            .pick(&["person", "person", "household", "dwelling"])
            .unwrap_or(&"person");
        let Some((id, mut grid)) = self.known(phone, entity_type) else {
            return Ok(());
        };
        if self.dice.percent(4) {
            grid = self.some_grid();
        }
        let number = Scalar::Text((*self.dice.pick(&NUMBERS).unwrap_or(&NUMBERS[0])).to_owned());
        let set: Vec<(&str, Scalar)> = match (entity_type, self.dice.below(6)) {
            ("person", 0) => vec![("phone", Scalar::Null)],
            ("person", 1) => vec![("care_categories:living_alone", Scalar::Boolean(self.dice.percent(50)))],
            ("person", 2) => vec![("note", Scalar::Text("已核实".to_owned())), ("phone", number)],
            ("person", 3) => vec![("phone", number.clone()), ("phone", number)],
            ("person" | "household", _) => vec![("phone", number)],
            _ => vec![("floor", Scalar::Integer(self.dice.between(1, 3)))],
        };
        let id = id.to_string();
        let items = set
            .into_iter()
            .map(|(field, value)| item(entity_type, &id, field, value))
            .collect();
        self.save_edit(phone, grid, items).map(drop)
    }

    /// Somebody moved in; and at once a correction of what only this phone knows so far.
    pub(super) fn create(&mut self, phone: usize) -> Result<(), String> {
        let Some((household, grid)) = self.known(phone, "household") else {
            return Ok(());
        };
        let grid = if self.dice.percent(20) { self.some_grid() } else { grid };
        let set = vec![
            item("person", "new:0", "name", Scalar::Text("新居民".to_owned())),
            item("person", "new:0", "household_id", Scalar::Text(household.to_string())),
        ];
        let Some(entry) = self.save_edit(phone, grid, set)? else {
            return Ok(());
        };
        self.trials.note(Trial::Created);
        let person = self.phones[phone].app.made_by(entry, 0).to_string();
        if self.dice.percent(60) {
            self.save_edit(
                phone,
                grid,
                vec![item("person", &person, "phone", Scalar::Text(NUMBERS[0].to_owned()))],
            )?;
        }
        if self.dice.percent(40) {
            let alone = item(
                "person",
                &person,
                "living_arrangement",
                Scalar::Text("alone".to_owned()),
            );
            self.save_edit(phone, grid, vec![alone])?;
        }
        Ok(())
    }

    /// Saves an edit; `None`: the phone died over it.
    pub(super) fn save_edit(
        &mut self,
        phone: usize,
        grid: GridId,
        set: Vec<NewSetItem>,
    ) -> Result<Option<EntryId>, String> {
        let random = self.dice.bytes();
        let draft = EditDraft {
            grid: Some(grid),
            set,
            body: Map::new(),
        };
        self.phones[phone].save(self.now_ms, |phone, now| phone.edit(draft, now, random))
    }

    /// The office corrects somebody's number, from what the home shows now or showed before.
    pub(super) fn correct_at_desk(&mut self) {
        let Some((person, grid)) = self.known(0, "person") else {
            return;
        };
        let part = Part {
            grid: Some(grid),
            class: Class::Open,
        };
        let base = if self.dice.percent(50) {
            self.office.base(&self.home, part)
        } else {
            self.phones[0]
                .phone
                .replica()
                .map(|replica| replica.heads(part))
                .unwrap_or_default()
        };
        let id = self.office.new_id();
        let set = SetItem {
            entity_type: "person".to_owned(),
            id: person,
            field: "phone".to_owned(),
            value: Scalar::Text("19900000009".to_owned()),
        };
        let edit = self.office.edit(id, Some(grid), base, vec![set]);
        self.office.write(&self.home, vec![edit]);
    }

    /// The office takes a grid from a worker, or gives one: perhaps the same again.
    pub(super) fn transfer(&mut self, phone: usize) {
        let worker = self.phones[phone].worker;
        let has = self.grids.iter().find(|grid| self.workers_of(**grid).contains(&worker));
        if let Some(grid) = has.copied() {
            self.trials.note(Trial::Transferred);
            self.office.end(&self.home, worker, grid);
            self.past.push((worker, grid));
            return;
        }
        // Often the one that was taken: what was forgotten must come back whole.
        let past = self.past.iter().find(|(of, _)| *of == worker).map(|(_, grid)| *grid);
        let other = self.some_grid();
        let grid = past.filter(|_| self.dice.percent(70)).unwrap_or(other);
        self.office.assign(&self.home, worker, GRID_ROLE, Some(grid));
    }
}

pub(super) fn item(entity_type: &str, id: &str, field: &str, value: Scalar) -> NewSetItem {
    NewSetItem {
        entity_type: entity_type.to_owned(),
        id: id.to_owned(),
        field: field.to_owned(),
        value,
    }
}
