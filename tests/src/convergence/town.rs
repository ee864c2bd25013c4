//! A town small enough for a thousand seeds: two grids, in each two buildings with two doors each,
//! a household behind each and a few persons, one of them on a care plan.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId};

use super::home::Home;
use super::office::Office;

const DOORS: usize = 4;
const PERSONS: usize = 5;

/// Writes the town; the ids of its grids.
pub(super) fn build(home: &Home, office: &mut Office) -> [GridId; 2] {
    let entry = office.new_id();
    let mut grids = Maker::new(entry);
    let ids = ["一", "二"].map(|name| {
        let id = grids.make();
        grids.set("place", id, "type", text("grid"));
        grids.set("place", id, "name", text(&format!("第{name}网格")));
        GridId::from_bytes(*id.as_bytes())
    });
    let edit = office.edit(entry, None, Vec::new(), grids.set);
    office.write(home, vec![edit]);
    for grid in ids {
        let entry = office.new_id();
        let (set, elder) = houses(entry);
        let open = office.edit(entry, Some(grid), Vec::new(), set);
        let entry = office.new_id();
        let care = office.edit(entry, Some(grid), Vec::new(), plan(entry, elder));
        office.write(home, vec![open, care]);
    }
    ids
}

fn houses(entry: EntryId) -> (Vec<SetItem>, EntityId) {
    let mut made = Maker::new(entry);
    let buildings = ["1号楼", "2号楼"].map(|name| {
        let building = made.make();
        made.set("place", building, "type", text("building"));
        made.set("place", building, "name", text(name));
        building
    });
    let mut households = Vec::new();
    for door in 0..DOORS {
        let dwelling = made.make();
        made.set(
            "dwelling",
            dwelling,
            "building_id",
            text(&buildings[door % 2].to_string()),
        );
        made.set("dwelling", dwelling, "unit", text("1"));
        made.set("dwelling", dwelling, "room", text(&format!("{}01", door + 1)));
        made.set("dwelling", dwelling, "use", text("home"));
        let household = made.make();
        made.set("household", household, "dwelling_id", text(&dwelling.to_string()));
        households.push(household);
    }
    let mut elder = None;
    for person in 0..PERSONS {
        let id = made.make();
        made.set("person", id, "name", text(&format!("居民{person}")));
        made.set(
            "person",
            id,
            "household_id",
            text(&households[person % DOORS].to_string()),
        );
        made.set("person", id, "phone", text("19900000000"));
        elder.get_or_insert(id);
    }
    (made.set, elder.unwrap())
}

fn plan(entry: EntryId, elder: EntityId) -> Vec<SetItem> {
    let mut made = Maker::new(entry);
    let plan = made.make();
    made.set("care_plan", plan, "subject_id", text(&elder.to_string()));
    made.set("care_plan", plan, "interval_days", Scalar::Integer(2));
    made.set("care_plan", plan, "starts_on", text("2026-11-01"));
    made.set
}

fn text(value: &str) -> Scalar {
    Scalar::Text(value.to_owned())
}

/// Names what an edit makes, in the order of its items.
struct Maker {
    entry: EntryId,
    made: u64,
    set: Vec<SetItem>,
}

impl Maker {
    fn new(entry: EntryId) -> Maker {
        Maker {
            entry,
            made: 0,
            set: Vec::new(),
        }
    }

    fn make(&mut self) -> EntityId {
        let id = EntityId::made_by(self.entry, self.made);
        self.made += 1;
        id
    }

    fn set(&mut self, entity_type: &str, id: EntityId, field: &str, value: Scalar) {
        self.set.push(SetItem {
            entity_type: entity_type.to_owned(),
            id,
            field: field.to_owned(),
            value,
        });
    }
}
