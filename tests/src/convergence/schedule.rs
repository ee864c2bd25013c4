//! The schedule: what happens, in the order the dice say. First trouble, then quiet, then the
//! comparison.

use std::collections::BTreeMap;

use menpai_server::simulate::Dice;
use menpai_server::sync::Contact;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::phone::{EditDraft, NewSetItem, RecordDraft};
use serde_json::{Map, Value, json};

use super::devices::Kept;
use super::home::Home;
use super::office::{Office, Role, key};
use super::phone::TestPhone;
use super::{Differs, Trials, check, clocks, forget, kinds, town};

const BEGIN_MS: i64 = 1_795_483_957_123;
const STEPS: usize = 70;
/// Rounds after which nobody may have anything left to say.
const QUIET_ROUNDS: usize = 6;
const NUMBERS: [&str; 4] = ["19900000001", "19900000002", "19900000003", "19900000004"];
const GRID_ROLE: &str = "grid_worker";

/// Something that is still on its way.
enum Late {
    Request(usize, Vec<u8>),
    Answer(usize, Vec<u8>),
}

pub(super) struct World {
    pub(super) home: Home,
    pub(super) phones: Vec<TestPhone>,
    pub(super) now_ms: i64,
    pub(super) office: Office,
    pub(super) kept: Kept,
    pub(super) homes_are_put_back: bool,
    pub(super) grids: [GridId; 2],
    roles: Vec<Role>,
    past: Vec<Role>,
    late: Vec<Late>,
    pub(super) dice: Dice,
    /// What was erased.
    pub(super) erased: BTreeMap<EntityId, Option<GridId>>,
    pub(super) trials: Trials,
}

/// Runs the schedule of a seed to its end and compares.
///
/// # Errors
/// What did not hold.
pub fn run(seed: u64) -> Result<Trials, Differs> {
    run_with(seed, |_| {})
}

/// The same, with something done to the home's file before the comparison: to show that it
/// would be noticed.
///
/// # Errors
/// What did not hold.
pub fn run_with(seed: u64, tamper: impl FnOnce(&std::path::Path)) -> Result<Trials, Differs> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.now_ms += world.dice.between(1, 120_000);
        world.office.now_ms = world.now_ms;
        world.step().map_err(Differs)?;
        forget::perhaps(&mut world).map_err(Differs)?;
    }
    world.quiet().map_err(Differs)?;
    tamper(world.home.community().path());
    check::check(&mut world)?;
    Ok(world.trials)
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut dice = Dice::of(seed, 0);
        let mut office = Office::new(&mut dice, BEGIN_MS);
        let home = Home::found(kinds::builtin(), key(&mut dice), office.founder());
        let grids = town::build(&home, &mut office);
        let mut world = World {
            home,
            phones: Vec::new(),
            now_ms: BEGIN_MS,
            office,
            kept: Kept::default(),
            homes_are_put_back: seed.is_multiple_of(2),
            grids,
            roles: Vec::new(),
            past: Vec::new(),
            late: Vec::new(),
            dice,
            erased: BTreeMap::new(),
            trials: Trials::default(),
        };
        let count = 3 + world.dice.below(4);
        for number in 0..count {
            // The first phone is ahead of its home, the second has nothing to do here yet.
            let kinds = if number == 0 {
                kinds::of_tomorrow()
            } else {
                kinds::builtin()
            };
            let phone = TestPhone::new(&world.home, kinds, &mut world.dice);
            world
                .office
                .register(&world.home, phone.device, phone.worker, &phone.key.public_key());
            // Most work in the first grid, so that they meet.
            let grid = world.grids[usize::from(world.dice.percent(25))];
            if number != 1 {
                let role = world.office.assign(&world.home, phone.worker, GRID_ROLE, grid);
                world.roles.push(role);
            }
            world.phones.push(phone);
        }
        world
    }

    fn step(&mut self) -> Result<(), String> {
        let phone = self.dice.below(self.phones.len());
        match self.dice.below(103) {
            0..26 => self.record(phone),
            26..44 => self.edit(phone),
            44..47 => self.create(phone),
            47..55 => self.create_twin(phone),
            55..62 => self.settle_twins(),
            62..83 => self.sync(phone),
            83..86 => self.decide_held(),
            86..90 => self.deliver_late(),
            90..93 => {
                self.trials.restarts += 1;
                self.phones[phone].restart();
                Ok(())
            }
            93 => {
                self.trials.restarts += 1;
                self.home.reopen();
                Ok(())
            }
            94 => self.courier(phone),
            95 => {
                self.phones[phone].move_clock(clocks::set_by(&mut self.dice));
                Ok(())
            }
            96..99 => {
                self.transfer(phone);
                Ok(())
            }
            99 => {
                self.correct_at_desk();
                Ok(())
            }
            _ => {
                self.misfortune(phone);
                Ok(())
            }
        }
    }

    /// The office takes a grid from a worker, or gives one: perhaps the same again.
    fn transfer(&mut self, phone: usize) {
        let worker = self.phones[phone].worker;
        if let Some(index) = self.roles.iter().position(|role| role.worker == worker) {
            let role = self.roles.swap_remove(index);
            self.trials.transfers += 1;
            self.office.end(&self.home, role.clone());
            self.past.push(role);
            return;
        }
        // Often the one that was taken: what was forgotten must come back whole.
        let past = self
            .past
            .iter()
            .find(|role| role.worker == worker)
            .map(|role| role.grid);
        let other = self.grids[self.dice.below(2)];
        let grid = past.filter(|_| self.dice.percent(70)).unwrap_or(other);
        let role = self.office.assign(&self.home, worker, GRID_ROLE, grid);
        self.roles.push(role);
    }

    /// Something of a type that the phone knows, with its grid.
    pub(super) fn known(&mut self, phone: usize, entity_type: &str) -> Option<(EntityId, GridId)> {
        let replica = self.phones[phone].phone.replica()?;
        let mut known: Vec<(EntityId, GridId)> = replica
            .rows()
            .filter(|(_, row)| row.entity_type == entity_type)
            .filter_map(|(id, row)| Some((id, row.part.grid?)))
            .collect();
        known.sort_unstable();
        self.dice.pick(&known).copied()
    }

    pub(super) fn record(&mut self, phone: usize) -> Result<(), String> {
        let Some((door, mut grid)) = self.known(phone, "dwelling") else {
            return self.record_blind(phone);
        };
        if self.dice.percent(6) {
            // A door of another grid: nobody gave that work.
            grid = self.grids[self.dice.below(2)];
        }
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
            3 if phone == 0 => (
                kinds::KIND_OF_TOMORROW,
                json!({"dwelling_id": door, "mode": "door", "outcome": "absent"}),
            ),
            4 if phone == 0 => (
                "door_check",
                json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": 500}),
            ),
            _ => (
                "door_check",
                json!({"dwelling_id": door, "mode": "door", "outcome": "empty"}),
            ),
        };
        self.save_record(phone, kind, grid, body)
    }

    /// A phone that knows nothing yet records all the same, about a door it has heard of.
    fn record_blind(&mut self, phone: usize) -> Result<(), String> {
        let door = EntityId::from_bytes(self.dice.bytes());
        let grid = self.grids[self.dice.below(2)];
        self.save_record(
            phone,
            "door_check",
            grid,
            json!({"dwelling_id": door, "mode": "door", "outcome": "absent"}),
        )
    }

    fn save_record(&mut self, phone: usize, kind: &str, grid: GridId, body: Value) -> Result<(), String> {
        let Value::Object(body) = body else {
            return Err("a body is an object".to_owned());
        };
        let random = self.dice.bytes();
        let phone = &mut self.phones[phone];
        let draft = RecordDraft {
            kind: kind.to_owned(),
            grid: Some(grid),
            body,
        };
        let now = phone.notice(self.now_ms);
        let saved = phone.phone.record(draft, now, random);
        phone.keep(saved).map(drop)
    }

    fn edit(&mut self, phone: usize) -> Result<(), String> {
        let entity_type = *self
            .dice
            .pick(&["person", "person", "household", "dwelling"])
            .unwrap_or(&"person");
        let Some((id, mut grid)) = self.known(phone, entity_type) else {
            return Ok(());
        };
        if self.dice.percent(4) {
            grid = self.grids[self.dice.below(2)];
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
    fn create(&mut self, phone: usize) -> Result<(), String> {
        let Some((household, grid)) = self.known(phone, "household") else {
            return Ok(());
        };
        let grid = if self.dice.percent(20) {
            self.grids[self.dice.below(2)]
        } else {
            grid
        };
        let set = vec![
            item("person", "new:0", "name", Scalar::Text("新居民".to_owned())),
            item("person", "new:0", "household_id", Scalar::Text(household.to_string())),
        ];
        let entry = self.save_edit(phone, grid, set)?;
        self.trials.created += 1;
        let person = EntityId::made_by(entry, 0).to_string();
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

    pub(super) fn save_edit(
        &mut self,
        phone: usize,
        grid: GridId,
        set: Vec<NewSetItem>,
    ) -> Result<menpai_sync_core::ids::EntryId, String> {
        let random = self.dice.bytes();
        let phone = &mut self.phones[phone];
        let draft = EditDraft {
            grid: Some(grid),
            set,
            body: Map::new(),
        };
        let now = phone.notice(self.now_ms);
        let saved = phone.phone.edit(draft, now, random);
        phone.keep(saved)
    }

    /// The office corrects somebody's number, from what the home shows now or showed before.
    fn correct_at_desk(&mut self) {
        let Some((person, grid)) = self.known(0, "person") else {
            return;
        };
        let part = menpai_sync_core::part::Part {
            grid: Some(grid),
            class: menpai_sync_core::kinds::Class::Open,
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
        let set = menpai_sync_core::entry::SetItem {
            entity_type: "person".to_owned(),
            id: person,
            field: "phone".to_owned(),
            value: Scalar::Text("19900000009".to_owned()),
        };
        let edit = self.office.edit(id, Some(grid), base, vec![set]);
        self.office.write(&self.home, &[edit]);
    }

    /// One contact, with what networks do to it.
    fn sync(&mut self, phone: usize) -> Result<(), String> {
        self.contact(phone)?;
        self.succeed(phone, true);
        Ok(())
    }

    fn contact(&mut self, phone: usize) -> Result<(), String> {
        self.make_known(phone);
        let crash = self.dice.percent(10);
        self.trials.snapshots += self.phones[phone].fetch(&self.home, self.now_ms, crash)?;
        let request = self.phones[phone].ask(self.now_ms, false);
        let device = self.phones[phone].device;
        match self.dice.below(20) {
            0 | 1 => {
                self.trials.lost += 1;
                Ok(())
            }
            2 => {
                self.trials.disordered += 1;
                self.late.push(Late::Request(phone, request));
                Ok(())
            }
            3 | 4 => {
                self.trials.lost += 1;
                self.home.exchange(device, &request, self.now_ms).map(drop)
            }
            5 => {
                self.trials.disordered += 1;
                let answer = self.home.exchange(device, &request, self.now_ms)?;
                self.late.push(Late::Answer(phone, answer));
                Ok(())
            }
            6 => {
                self.trials.disordered += 1;
                self.home.exchange(device, &request, self.now_ms)?;
                let answer = self.home.exchange(device, &request, self.now_ms)?;
                self.phones[phone].hear(&answer, false).map(drop)
            }
            7 => {
                self.trials.restarts += 1;
                let answer = self.home.exchange(device, &request, self.now_ms)?;
                self.phones[phone].hear(&answer, true).map(drop)
            }
            _ => {
                let answer = self.home.exchange(device, &request, self.now_ms)?;
                self.phones[phone].hear(&answer, false).map(drop)
            }
        }
    }

    /// What was late arrives. The phone may have forgotten that it asked, or asked anew.
    fn deliver_late(&mut self) -> Result<(), String> {
        if self.late.is_empty() {
            return Ok(());
        }
        let index = self.dice.below(self.late.len());
        match self.late.swap_remove(index) {
            Late::Request(phone, body) => {
                self.make_known(phone);
                let answer = self.home.exchange(self.phones[phone].device, &body, self.now_ms)?;
                if self.dice.percent(50) {
                    self.late.push(Late::Answer(phone, answer));
                }
                Ok(())
            }
            Late::Answer(phone, body) => {
                if self.dice.percent(50) {
                    let _ = self.phones[phone].ask(self.now_ms, false);
                }
                // Whether it is believed is the phone's decision.
                let _ = self.phones[phone].hear(&body, false);
                self.succeed(phone, true);
                Ok(())
            }
        }
    }

    /// Somebody brings the end of a log before its beginning.
    fn courier(&mut self, phone: usize) -> Result<(), String> {
        let Some(slice) = self.phones[phone].later_part(&mut self.dice) else {
            return Ok(());
        };
        self.trials.gaps += 1;
        let contact = Contact {
            received_ms: self.now_ms,
            offset_ms: 0,
            last: None,
        };
        self.home.ingest(self.phones[phone].device, slice, contact).map(drop)
    }

    /// Everybody syncs without trouble until, for a whole round, nobody had anything to say.
    pub(super) fn quiet(&mut self) -> Result<(), String> {
        self.late.clear();
        for _ in 0..QUIET_ROUNDS {
            let mut said = false;
            for number in 0..self.phones.len() {
                let mut more = true;
                while more {
                    self.now_ms += 1_000;
                    self.make_known(number);
                    let phone = &mut self.phones[number];
                    said |= phone.phone.only_here() > 0;
                    self.trials.snapshots += phone.fetch(&self.home, self.now_ms, false)?;
                    let request = phone.ask(self.now_ms, false);
                    let answer = self.home.exchange(phone.device, &request, self.now_ms)?;
                    more = phone.hear(&answer, false)?;
                    more |= self.succeed(number, false);
                    said |= more;
                }
            }
            if !said {
                return Ok(());
            }
        }
        Err(format!("no quiet after {QUIET_ROUNDS} rounds"))
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
