//! A town of two grids whose buildings move, and what must hold after each move.

use std::collections::BTreeSet;

use crate::core_phones::CorePhone;
use crate::desk_world::{World, day, object};
use crate::phones::{self, set, text};
use menpai_server::clock;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::office::grids::{self, Change, Target};
use menpai_server::office::held;
use menpai_server::store::community::parts::Parts;
use menpai_server::store::community::projection::heads;
use menpai_server::sync::Wish;
use menpai_server::sync::moving::Moved;
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId};
use menpai_sync_core::verdict::Verdict;
use serde_json::json;

/// In no fixture and no word of the program.
pub(super) const CANARY: &str = "金丝雀QX7";

/// Two buildings of grid 1, each with a door, a household, a person and a plan.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) one: GridId,
    pub(super) two: GridId,
    pub(super) stays: House,
    pub(super) goes: House,
}

#[derive(Clone, Copy)]
pub(super) struct House {
    pub(super) building: EntityId,
    pub(super) door: EntityId,
    pub(super) household: EntityId,
    pub(super) person: EntityId,
    pub(super) plan: EntityId,
}

fn refers(entity_type: &str, id: EntityId, field: &str, to: EntityId) -> SetItem {
    set(entity_type, id, field, text(&to.to_string()))
}

fn house(world: &World, grid: GridId, name: &str, person_name: &str) -> House {
    let entry = clock::new_entry_id();
    let id = |k| EntityId::made_by(entry, k);
    let (building, door, household, person, contact) = (id(0), id(1), id(2), id(3), id(4));
    edit(
        world,
        Some(grid),
        entry,
        vec![
            set("place", building, "type", text("building")),
            set("place", building, "name", text(name)),
            refers("dwelling", door, "building_id", building),
            set("dwelling", door, "unit", text("1")),
            set("dwelling", door, "room", text("101")),
            refers("household", household, "dwelling_id", door),
            set("person", person, "name", text(person_name)),
            set("person", person, "phone", text("13700000001")),
            refers("person", person, "household_id", household),
            refers("family_contact", contact, "person_id", person),
            set("family_contact", contact, "name", text("家属")),
        ],
    );
    let entry = clock::new_entry_id();
    let plan = EntityId::made_by(entry, 0);
    let note = format!("{person_name}听力弱");
    let care = clock::new_entry_id();
    edit(
        world,
        Some(grid),
        care,
        vec![set("person", person, "health_note", text(&note))],
    );
    edit(
        world,
        Some(grid),
        entry,
        vec![
            refers("care_plan", plan, "subject_id", person),
            set("care_plan", plan, "interval_days", Scalar::Integer(2)),
            set(
                "care_plan",
                plan,
                "starts_on",
                text(&day(clock::now_ms() - 40 * 24 * phones::HOUR_MS)),
            ),
        ],
    );
    House {
        building,
        door,
        household,
        person,
        plan,
    }
}

impl Town {
    pub(super) fn new() -> Town {
        let world = World::new();
        let (one, two) = (make_grid(&world, "第1网格"), make_grid(&world, "第2网格"));
        let stays = house(&world, one, "1号楼", "赵留");
        let goes = house(&world, one, "2号楼", &format!("钱走{CANARY}"));
        Town {
            world,
            one,
            two,
            stays,
            goes,
        }
    }

    /// The phones of a worker of each grid.
    pub(super) fn phones(&self) -> [CorePhone; 2] {
        let phone = |name, grid| CorePhone::new(&self.world, name, &[grid]);
        [phone("老网格员", self.one), phone("新网格员", self.two)]
    }

    /// The building that goes moves from one grid to another.
    pub(super) fn moves(&self, from: GridId, to: GridId) -> Moved {
        let building = BTreeSet::from([self.goes.building]);
        let change = change(from, Target::Known(to), Some(building));
        let (_, moved) = grids::change(&self.world.office, change).unwrap();
        self.assert_whole();
        moved
    }

    pub(super) fn grid_of(&self, id: EntityId) -> Option<GridId> {
        let found = self.world.community().query(|connection| {
            let sql = "SELECT grid FROM entity WHERE id = ?1";
            Ok(connection.query_row(sql, [id.as_bytes()], |row| row.get::<_, Option<[u8; 16]>>(0))?)
        });
        found.unwrap().map(GridId::from_bytes)
    }

    /// Every value that the parts of a grid show.
    pub(super) fn values(&self, grid: GridId) -> Vec<String> {
        let read = |connection: &rusqlite::Connection| {
            let sql =
                "SELECT hex(e.id) || v.field || v.value FROM registry_value v JOIN entity e ON e.number = v.entity
                         JOIN part p ON p.number = v.part WHERE p.name LIKE ?1 ORDER BY 1";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([format!("{grid}/%")], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.world.community().query(read).unwrap()
    }

    /// Chains, tables and lines agree, and a rebuild changes nothing.
    pub(super) fn assert_whole(&self) {
        let community = self.world.community();
        assert_eq!(verify(&community).unwrap().findings, []);
        let grids = "SELECT group_concat(hex(id) || ':' || coalesce(hex(grid), '-'), ' ') FROM (SELECT * FROM entity ORDER BY id)";
        let placed = || {
            let placed =
                community.query(|connection| Ok(connection.query_row(grids, [], |row| row.get::<_, String>(0))?));
            placed.unwrap()
        };
        let before = placed();
        let rebuilt = rebuild(&community).unwrap();
        assert!(rebuilt.is_equal(), "{rebuilt:?}");
        assert_eq!(placed(), before);
    }

    /// The office releases what it holds of a phone.
    pub(super) fn release(&self, phone: &CorePhone, seq: u64, in_grid: GridId, class: &str) -> Verdict {
        let part = format!("{in_grid}/{class}").parse().unwrap();
        let community = self.world.community();
        let seen = community.query(|connection| match Parts::load(connection)?.find(part) {
            Some(number) => heads(connection, number),
            None => Ok(Vec::new()),
        });
        let decision = held::Decision {
            id: clock::new_entry_id(),
            device: phone.device,
            seq,
            wish: Wish::Release,
            seen: seen.unwrap(),
            note: None,
        };
        let (code, worker) = (self.world.code(), self.world.office.worker);
        held::decide(&self.world.home, code, "secretary", worker, &decision)
            .unwrap()
            .verdict
    }
}

/// A new grid.
pub(crate) fn make_grid(world: &World, name: &str) -> GridId {
    let entry = clock::new_entry_id();
    let place = EntityId::made_by(entry, 0);
    edit(
        world,
        None,
        entry,
        vec![
            set("place", place, "type", text("grid")),
            set("place", place, "name", text(name)),
        ],
    );
    GridId::from_bytes(*place.as_bytes())
}

/// The office edits something.
pub(crate) fn edit(world: &World, grid: Option<GridId>, id: EntryId, set: Vec<SetItem>) {
    let edit = Edit { base: Vec::new(), set };
    let body = object(json!({"source": "roster_import"}));
    let draft = Draft::edit(id, 1, grid, world.office.worker, clock::now(), edit, body);
    world.office.write(&[draft]).unwrap();
}

pub(super) fn change(from: GridId, to: Target, buildings: Option<BTreeSet<EntityId>>) -> Change {
    Change {
        from,
        to,
        buildings,
        workers: Vec::new(),
        doors: None,
        apply: true,
    }
}
