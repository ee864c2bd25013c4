//! The responsibility chain at the desk: from a door up five levels with somebody on each, given as roles of the
//! office, for places below the grid where they are; and where nobody is, said.

use std::collections::BTreeMap;

use menpai_server::clock;
use menpai_server::divisions::street_of;
use menpai_server::office::chain_labels;
use menpai_server::office::grids::{self, Change, Target};
use menpai_server::store::review::chain::Level;
use menpai_sync_core::ids::{EntityId, GridId, WorkerId};
use menpai_sync_core::time::Instant;
use serde_json::{Value, json};

use crate::desk_world::http::Served;
use crate::desk_world::{account, appoint, appoint_in};
use crate::grids::town::{edit, make_grid};
use crate::phones::{CODE, set, text};

struct Town {
    served: Served,
    cookie: String,
    grids: [GridId; 2],
    /// 16号楼 and 17号楼 of 桐柏路61号院.
    buildings: [EntityId; 2],
    compound: EntityId,
    /// 2单元301 and 1单元101 of 16号楼, 1单元101 of 17号楼.
    doors: [EntityId; 3],
}

impl Town {
    fn new() -> Town {
        let served = Served::new();
        let world = &served.world;
        let grids = ["第1网格", "第2网格"].map(|name| make_grid(world, name));
        let entry = clock::new_entry_id();
        let made = |index| EntityId::made_by(entry, index);
        let (compound, buildings, doors) = (made(0), [made(1), made(2)], [made(3), made(4), made(5)]);
        let mut items = vec![
            set("place", compound, "type", text("compound")),
            set("place", compound, "name", text("桐柏路61号院")),
        ];
        for (building, name) in buildings.iter().zip(["16号楼", "17号楼"]) {
            items.extend([
                set("place", *building, "type", text("building")),
                set("place", *building, "name", text(name)),
                set("place", *building, "parent_id", text(&compound.to_string())),
            ]);
        }
        let rooms = [(0, "2", "301"), (0, "1", "101"), (1, "1", "101")];
        for (door, (building, unit, room)) in doors.iter().zip(rooms) {
            items.extend([
                set("dwelling", *door, "building_id", text(&buildings[building].to_string())),
                set("dwelling", *door, "unit", text(unit)),
                set("dwelling", *door, "room", text(room)),
            ]);
        }
        edit(world, Some(grids[0]), entry, items);
        appoint(
            &world.office,
            account(&world.home, "street", "罗静", CODE),
            "罗静",
            "street_leader",
        );
        let cookie = served.sign_in();
        Town {
            served,
            cookie,
            grids,
            buildings,
            compound,
            doors,
        }
    }

    fn post(&self, path: &str, body: &Value) -> u16 {
        let path = format!("/api/v1/desk/staff/{path}");
        let cookie = [("Cookie", self.cookie.as_str())];
        self.served.send("POST", &path, &cookie, Some(body)).status
    }

    /// Gives somebody new a role in grid 1.
    fn name(&self, name: &str, role: &str, place: Option<EntityId>, unit: Option<&str>, room: Option<&str>) -> u16 {
        let body =
            json!({"name": name, "role": role, "grid": self.grids[0], "place": place, "unit": unit, "room": room});
        self.post("roles", &body)
    }

    fn chain(&self, door: EntityId) -> Value {
        self.served.read(&format!("chain?door={door}"), &self.cookie)
    }

    /// The names on each level of a door.
    fn names(&self, door: EntityId) -> Vec<Vec<String>> {
        let rungs = self.chain(door)["door"]["rungs"].as_array().unwrap().clone();
        let names = |rung: &Value| {
            let people = rung.as_array().unwrap().iter();
            people.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        rungs.iter().map(names).collect()
    }

    /// Level, building and doors of each gap.
    fn gaps(&self) -> Vec<(String, String, u64)> {
        let answer = self.served.read("chain", &self.cookie);
        let gaps = answer["gaps"].as_array().unwrap().iter();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        gaps.map(|gap| {
            (
                word(&gap["level"]),
                word(&gap["building"]["name"]),
                gap["doors"].as_u64().unwrap(),
            )
        })
        .collect()
    }

    fn role_of(&self, name: &str) -> Value {
        let staff = self.served.read("staff", &self.cookie);
        let people = staff["people"].as_array().unwrap();
        let person = people.iter().find(|one| one["name"] == name).unwrap();
        let roles = person["roles"].as_array().unwrap();
        let current = roles.iter().find(|role| role["current"] == true);
        current.or(roles.last()).unwrap().clone()
    }
}

fn gap(level: &str, building: &str, doors: u64) -> (String, String, u64) {
    (level.to_owned(), building.to_owned(), doors)
}

#[test]
fn from_a_door_up_there_are_five_names_and_a_gap_where_one_is_gone() {
    let town = Town::new();
    let [sixteen, _] = town.buildings;
    let [door, neighbour, elsewhere] = town.doors;
    assert_eq!(town.name("郑凯", "grid_chief", None, None, None), 204);
    assert_eq!(town.name("孙丽", "building_head", Some(sixteen), None, None), 204);
    assert_eq!(
        town.name("高远", "household_contact", Some(sixteen), Some("2"), Some("301")),
        204
    );
    assert_eq!(town.names(door), [["罗静"], ["何静"], ["郑凯"], ["孙丽"], ["高远"]]);
    let held = town.role_of("高远");
    assert_eq!(
        held["address"],
        json!({"compound": "桐柏路61号院", "building": "16号楼", "unit": "2", "room": "301"})
    );
    let nobody: [&str; 0] = [];
    assert_eq!(town.names(elsewhere)[3..], [nobody, nobody]);
    let household = |doors| gap("household", "桐柏路61号院 16号楼", doors);
    let seventeen = |level| gap(level, "桐柏路61号院 17号楼", 1);
    assert_eq!(
        town.gaps(),
        [seventeen("building"), household(1), seventeen("household")]
    );

    // The head of one stairwell stands before the head of the whole building, there alone.
    assert_eq!(town.name("丁一", "building_head", Some(sixteen), Some("2"), None), 204);
    assert_eq!(town.names(door)[3], ["丁一"]);
    assert_eq!(town.names(neighbour)[3], ["孙丽"]);

    let end = |name: &str| {
        let record = town.role_of(name)["record"].clone();
        assert_eq!(
            town.post("roles/end", &json!({"record": record, "because": "ordinary"})),
            204
        );
    };
    end("孙丽");
    assert_eq!(town.names(neighbour)[3], nobody);
    end("丁一");
    assert_eq!(town.names(door)[3], nobody);
    let building = gap("building", "桐柏路61号院 16号楼", 2);
    assert_eq!(
        town.gaps(),
        [building, seventeen("building"), household(1), seventeen("household")]
    );
    let levels = town.chain(door)["levels"].clone();
    let named: Vec<u64> = (levels.as_array().unwrap().iter())
        .map(|level| level["named"].as_u64().unwrap())
        .collect();
    assert_eq!(named, [3, 3, 3, 0, 1]);

    // Somebody who is to begin, or whose time is over, is no answer now.
    let office = &town.served.world.office;
    let at = |days: i64| Instant {
        unix_ms: clock::now_ms() + days * 86_400_000,
        offset_minutes: 480,
    };
    for (from, until) in [(at(1), None), (at(-9), Some(at(-1)))] {
        let mut body = json!({"worker": clock::new_worker_id(), "worker_name": "段誉", "role": "building_head",
            "grid": town.grids[0], "place": sixteen, "from": from});
        if let Some(until) = until {
            body["until"] = json!(until);
            body["end_reason"] = json!("ordinary");
        }
        let body = crate::desk_world::object(body);
        office.write(&[office.record("assignment", None, body)]).unwrap();
    }
    assert_eq!(town.names(neighbour)[3], nobody);
    // Nor is a head of whom no building is known: that one is said to be there, and the gap may be none.
    let placeless = || town.served.read("chain", &town.cookie)["placeless"].clone();
    assert_eq!(placeless(), json!([]));
    appoint_in(
        office,
        WorkerId::from_bytes([7; 16]),
        "段誉",
        "building_head",
        Some(town.grids[0]),
    );
    assert_eq!(town.names(neighbour)[3], nobody);
    let said = placeless();
    let said = &said.as_array().unwrap()[..];
    assert_eq!(said.len(), 1, "{said:?}");
    let of = (&said[0]["level"], &said[0]["name"], &said[0]["grid"]["name"]);
    assert_eq!(of, (&json!("building"), &json!("段誉"), &json!("第1网格")));
}

#[test]
fn a_role_is_given_for_a_place_of_its_own_sort_in_its_own_grid() {
    let town = Town::new();
    let [sixteen, _] = town.buildings;
    for (role, place, unit, room) in [
        ("building_head", None, None, None),
        ("building_head", Some(town.compound), None, None),
        ("building_head", Some(town.doors[0]), None, None),
        ("building_head", Some(sixteen), Some("2"), Some("301")),
        ("compound_head", Some(sixteen), None, None),
        ("compound_head", Some(town.compound), Some("2"), None),
        ("household_contact", Some(sixteen), None, Some("999")),
        ("household_contact", Some(sixteen), Some("1"), Some("301")),
        ("grid_worker", Some(sixteen), None, None),
    ] {
        assert_eq!(
            town.name("孙丽", role, place, unit, room),
            400,
            "{role} {place:?} {unit:?} {room:?}"
        );
    }
    let elsewhere = json!({"name": "孙丽", "role": "building_head", "grid": town.grids[1], "place": sixteen});
    assert_eq!(town.post("roles", &elsewhere), 400);
    let both = json!({"name": "孙丽", "worker": clock::new_worker_id(), "role": "grid_worker", "grid": town.grids[0]});
    assert_eq!(town.post("roles", &both), 400);
    assert_eq!(town.name(" ", "grid_worker", None, None, None), 400);
    let staff = town.served.read("staff", &town.cookie);
    let people = staff["people"].as_array().unwrap();
    assert!(
        people.iter().all(|one| one["name"] != "孙丽"),
        "nothing was written: {people:?}"
    );
    let first = &staff["grids"][0];
    let places: Vec<(&Value, &Value)> = (first["places"].as_array().unwrap().iter())
        .map(|place| (&place["name"], &place["type"]))
        .collect();
    assert_eq!(
        places,
        [
            (&json!("桐柏路61号院"), &json!("compound")),
            (&json!("桐柏路61号院 16号楼"), &json!("building")),
            (&json!("桐柏路61号院 17号楼"), &json!("building")),
        ]
    );
    // The head of the compound answers on the level of the grid, for all its doors.
    assert_eq!(town.name("孙丽", "compound_head", Some(town.compound), None, None), 204);
    for door in town.doors {
        assert_eq!(town.names(door)[2], ["孙丽"]);
    }
    assert_eq!(
        town.served.get(&format!("chain?door={sixteen}"), &town.cookie).status,
        404
    );
}

#[test]
fn levels_are_called_as_the_street_calls_them() {
    let town = Town::new();
    let node = town.served.world.home.node_store();
    let street = street_of(CODE.parse().unwrap());
    assert_eq!(street.as_str(), &CODE[..9]);
    let labels = |names: &[(Level, Option<&str>)]| {
        let names: BTreeMap<Level, Option<String>> = names
            .iter()
            .map(|(level, name)| (*level, name.map(str::to_owned)))
            .collect();
        let done = chain_labels::rename(node, &street, &names);
        let levels = town.served.read("chain", &town.cookie)["levels"].clone();
        let labels = levels
            .as_array()
            .unwrap()
            .iter()
            .map(|level| level["label"]["zh"].clone());
        (done.is_ok(), labels.collect::<Vec<_>>())
    };
    let usual = ["街道党工委", "社区党组织", "楼院支部网格", "楼栋党小组", "党员联包户"];
    assert_eq!(labels(&[]), (true, usual.map(Value::from).to_vec()));
    let own = labels(&[
        (Level::Grid, Some("网格党支部")),
        (Level::Household, Some("党员中心户")),
    ]);
    let names = ["街道党工委", "社区党组织", "网格党支部", "楼栋党小组", "党员中心户"];
    assert_eq!(own, (true, names.map(Value::from).to_vec()));
    assert!(!labels(&[(Level::Grid, Some(" ")), (Level::Street, Some("x"))]).0);
    let back = labels(&[(Level::Grid, None), (Level::Household, None)]);
    assert_eq!(
        back,
        (true, usual.map(Value::from).to_vec()),
        "and nothing of what was refused"
    );
    // Another street's are its own.
    let other = chain_labels::labels_of(node, &"370202013".parse().unwrap()).unwrap();
    assert_eq!(other[&Level::Grid].zh, usual[2]);
}

#[test]
fn whoever_answers_for_a_building_goes_with_it_to_another_grid() {
    let town = Town::new();
    let [sixteen, _] = town.buildings;
    let [door, ..] = town.doors;
    assert_eq!(town.name("郑凯", "grid_chief", None, None, None), 204);
    assert_eq!(town.name("孙丽", "building_head", Some(sixteen), Some("2"), None), 204);
    assert_eq!(
        town.name("高远", "household_contact", Some(sixteen), Some("2"), Some("301")),
        204
    );
    let change = Change {
        from: town.grids[0],
        to: Target::Known(town.grids[1]),
        buildings: Some([sixteen].into()),
        workers: Vec::new(),
        doors: None,
        apply: true,
    };
    let (_, moved) = grids::change(&town.served.world.office, change).unwrap();
    assert_eq!(moved.ended, 0);
    let nobody: [&str; 0] = [];
    assert_eq!(town.names(door)[2..], [&nobody[..], &["孙丽"], &["高远"]]);
    let held = town.role_of("孙丽");
    assert_eq!(
        (&held["grid"]["name"], &held["current"], &held["address"]["unit"]),
        (&json!("第2网格"), &json!(true), &json!("2"))
    );
}
