//! The same door and person made by two phones without signal; the office merges them by alias
//! and parts them again, sometimes from what it had seen earlier. After quiet, the home's tables
//! and phones must agree on what stands for what and on how many doors there are and are closed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use menpai_server::store::review::aliases::Aliases;
use menpai_server::store::review::coverage::{self, Question};
use menpai_server::store::review::duplicates::{self, Distinguished};
use menpai_server::store::review::places::Places;
use menpai_server::store::review::silence::Silence;
use menpai_server::store::review::statements::withdrawn_records;
use menpai_server::store::roster::entity;
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::folds::alias::canonical;
use menpai_sync_core::folds::coverage::Standing;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::Phone;

use super::apps::{self, App};
use super::phone::TestPhone;
use super::work::item;
use super::world::{GRID_ROLE, World};
use super::{Differs, Trial};

/// The room that several phones come upon.
const ROOM: &str = "901";
/// Longer than any sweep of a schedule still runs.
const AFTER_SWEEPS_MS: i64 = 100 * 86_400_000;

impl World {
    /// A phone writes down a door that nobody had, with who lives there. Others do the same.
    pub(super) fn create_twin(&mut self, phone: usize) -> Result<(), String> {
        let Some((door, grid)) = self.known(phone, "dwelling") else {
            return Ok(());
        };
        let replica = self.phones[phone].phone.replica();
        let building = replica.and_then(|replica| replica.row(door)?.text("building_id").map(str::to_owned));
        let Some(building) = building else { return Ok(()) };
        let text = |value: &str| Scalar::Text(value.to_owned());
        let set = vec![
            item("dwelling", "new:0", "building_id", text(&building)),
            item("dwelling", "new:0", "unit", text("1")),
            item("dwelling", "new:0", "room", text(ROOM)),
            item("dwelling", "new:0", "use", text("home")),
        ];
        let Some(entry) = self.save_edit(phone, grid, set)? else {
            return Ok(());
        };
        let door = self.phones[phone].app.made_by(entry, 0).to_string();
        let set = vec![
            item("household", "new:0", "dwelling_id", text(&door)),
            item("person", "new:1", "name", text("同名居民")),
            item("person", "new:1", "birth_date", text("1944-11-23")),
            item("person", "new:1", "phone", text("19900000001")),
        ];
        self.save_edit(phone, grid, set)?;
        self.trials.note(Trial::Created);
        Ok(())
    }

    /// The office merges two that look alike, or parts what it had merged.
    pub(super) fn settle_twins(&mut self) -> Result<(), String> {
        let found = self.home.community().query(|connection| {
            let kinds = apps::builtin();
            let aliases = Aliases::read(connection, &kinds)?;
            let mut pairs = Vec::new();
            for pair in duplicates::pairs(connection, &kinds, &aliases, &HashSet::new(), &Distinguished::new())? {
                pairs.extend(entity(connection, pair.one)?.zip(entity(connection, pair.other)?));
            }
            let mut merged = Vec::new();
            for (alias, _) in aliases.all() {
                merged.extend(entity(connection, alias)?);
            }
            Ok((pairs, merged))
        });
        let (pairs, merged) = found.map_err(|error| error.to_string())?;
        // Where nothing looks alike any more something is parted, or it would hardly ever be.
        let parts = self.dice.percent(35) || pairs.is_empty();
        let (of, value) = if parts && let Some(alias) = self.dice.pick(&merged) {
            self.trials.note(Trial::Parted);
            (alias.clone(), Scalar::Null)
        } else if let Some((one, other)) = self.dice.pick(&pairs) {
            self.trials.note(Trial::Aliased);
            let (alias, into) = if self.dice.percent(50) {
                (other, one)
            } else {
                (one, other)
            };
            (alias.clone(), Scalar::Text(into.id.to_string()))
        } else {
            return Ok(());
        };
        let part = Part {
            grid: of.grid,
            class: Class::Open,
        };
        // An older page leaves what was said since beside it: then the one shown counts.
        let base = if self.dice.percent(80) {
            self.office.base(&self.home, part)
        } else {
            Vec::new()
        };
        let id = self.office.new_id();
        let set = SetItem {
            entity_type: of.entity_type,
            id: of.id,
            field: "alias_of".to_owned(),
            value,
        };
        let edit = self.office.edit(id, of.grid, base, vec![set]);
        self.office.write(&self.home, vec![edit]);
        Ok(())
    }
}

/// What each grid comes to: doors, and of these the closed.
type Doors = BTreeMap<GridId, (usize, usize)>;

/// Phones and the home agree, each as far as it can see; one that sees all agrees in everything.
pub(super) fn check(world: &mut World) -> Result<(), Differs> {
    let at_home = aliases(world)?;
    // An older app knows of no aliases.
    let knowing = world
        .phones
        .iter()
        .enumerate()
        .filter(|(_, phone)| phone.app != App::Yesterday);
    for (number, phone) in knowing {
        stand_alike(&format!("phone {number}"), &phone.phone, &at_home)?;
    }
    let phone = everywhere(world).map_err(Differs)?;
    stand_alike("a phone of every grid", &phone.phone, &at_home)?;
    // When every sweep is over: until then a phone shows what counts for that.
    let now = phone.now(world.now_ms + AFTER_SWEEPS_MS);
    let shown: Doors = world
        .grids
        .iter()
        .map(|grid| {
            let buildings = phone.phone.buildings(*grid, now);
            let doors = buildings.iter().map(|building| building.doors).sum();
            let closed = buildings.iter().map(|building| building.closed).sum();
            (*grid, (doors, closed))
        })
        .collect();
    let counted = doors(world)?;
    if shown != counted {
        return Err(Differs(format!(
            "a phone of every grid counts {shown:?}, the home {counted:?}"
        )));
    }
    Ok(())
}

fn aliases(world: &World) -> Result<BTreeMap<EntityId, EntityId>, Differs> {
    let read = |connection: &rusqlite::Connection| Aliases::read(connection, &apps::builtin());
    let aliases = world
        .home
        .community()
        .query(read)
        .map_err(|error| Differs(error.to_string()))?;
    Ok(aliases.steps().collect())
}

/// What stands for what, of everything that the phone knows: it cannot follow an alias to
/// something it does not.
fn stand_alike(who: &str, phone: &Phone, at_home: &BTreeMap<EntityId, EntityId>) -> Result<(), Differs> {
    let Some(replica) = phone.replica() else { return Ok(()) };
    let known: BTreeSet<EntityId> = replica.rows().map(|(id, _)| id).collect();
    for id in &known {
        let expected = canonical(*id, |id| at_home.get(&id).copied().filter(|into| known.contains(into)));
        if replica.canonical(*id) != expected {
            let here = replica.canonical(*id);
            return Err(Differs(format!(
                "{who}: {id} stands for {here}, at home for {expected}"
            )));
        }
    }
    Ok(())
}

/// A new phone with a role in the whole community, that has heard everything.
fn everywhere(world: &mut World) -> Result<TestPhone, String> {
    let mut phone = TestPhone::new(&world.home, App::Today, &mut world.dice);
    if world.parts_began_again {
        phone.fetches_whole();
    }
    world.office.now_ms = world.now_ms;
    world
        .office
        .register(&world.home, phone.device, phone.worker, &phone.key.public_key());
    world.office.assign(&world.home, phone.worker, GRID_ROLE, None);
    world.phones.push(phone);
    let listened = world.listen(world.phones.len() - 1);
    let phone = world.phones.pop().ok_or("no phone")?;
    listened.map(|_| phone)
}

fn doors(world: &World) -> Result<Doors, Differs> {
    let community = world.home.community();
    let directory = community.directory();
    let counted = community.query(|connection| {
        let kinds = apps::builtin();
        let places = Places::load(connection, &kinds)?;
        let withdrawn = withdrawn_records(connection, |device| directory.is_office(device))?;
        let question = Question {
            campaign: None,
            since_ms: None,
            offset_minutes: 480,
            withdrawn: &withdrawn,
            silence: &Silence::default(),
        };
        coverage::doors(connection, &kinds, &places, question)
    });
    let mut doors: Doors = world.grids.iter().map(|grid| (*grid, (0, 0))).collect();
    for door in counted.map_err(|error| Differs(error.to_string()))? {
        if let Some(counts) = door.door.grid.and_then(|grid| doors.get_mut(&grid)) {
            counts.0 += 1;
            counts.1 += usize::from(door.standing == Standing::Closed);
        }
    }
    Ok(doors)
}
