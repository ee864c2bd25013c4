//! The street's desk: its communities side by side with their grids, levels 1, 2 and 3, out of as many files, and
//! of each only what the roles in it allow.

use std::collections::BTreeSet;

use menpai_server::clock;
use menpai_server::divisions::{Unit, street_of};
use menpai_server::office::import::{Import, import_roster};
use menpai_server::office::staff::{self, NewMember};
use menpai_server::office::{Office, roles};
use menpai_sync_core::entry::{Draft, Edit};
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

use crate::desk_world::http::Served;
use crate::desk_world::{account, appoint, object};
use crate::phones::{CODE, set, text};

/// The street of [`CODE`]: six communities and a village, each with so many grids.
const COMMUNITIES: [(&str, usize); 7] = [
    ("410102002001", 3),
    ("410102002003", 4),
    ("410102002004", 3),
    (CODE, 4),
    ("410102002007", 3),
    ("410102002009", 4),
    ("410102002201", 2),
];

fn with_grids(office: &Office, grids: usize) {
    let community = office.community.identity().code;
    for number in 1..=grids {
        let entry = clock::new_entry_id();
        let place = EntityId::made_by(entry, 0);
        let edit = Edit {
            base: Vec::new(),
            set: vec![
                set("place", place, "type", text("grid")),
                set("place", place, "name", text(&format!("第{number}网格"))),
                set("place", place, "code", text(&format!("{community}{number:02}00"))),
            ],
        };
        let body = object(json!({"source": "roster_import"}));
        let draft = Draft::edit(entry, 1, None, office.worker, clock::now(), edit, body);
        office.write(&[draft]).unwrap();
    }
}

#[test]
fn a_street_of_seven_and_twenty_three_grids_is_thirty_one_nodes() {
    let served = Served::new();
    let world = &served.world;
    let worker = account(&world.home, "street", "罗静", CODE);
    let offices: Vec<Office> = (COMMUNITIES.iter())
        .map(|(code, grids)| {
            let office = Office::found(&world.home, code.parse().unwrap()).unwrap();
            with_grids(&office, *grids);
            let member = NewMember {
                account: "street".to_owned(),
                name: String::new(),
                role: "street_staff".to_owned(),
                grids: Vec::new(),
            };
            for _ in 0..2 {
                staff::give_role(&world.home, code.parse().unwrap(), &member).unwrap();
            }
            office
        })
        .collect();
    // A community of another street, in which the same person has the same role.
    let elsewhere = Office::found(&world.home, "410102003001".parse().unwrap()).unwrap();
    appoint(&elsewhere, worker, "罗静", "street_staff");
    let cookie = served.sign_in_as("street");
    let street = || served.read("street", &cookie);
    let answer = street();
    assert_eq!(
        (&answer["code"], &answer["name"]),
        (&json!(&CODE[..9]), &json!("建设路街道"))
    );
    let communities = answer["communities"].as_array().unwrap();
    // Of every node its code, and that of the level above: the code without its last digits.
    let mut nodes = BTreeSet::from([(1, CODE[..9].to_owned())]);
    for community in communities {
        let code = community["code"].as_str().unwrap();
        assert_eq!(street_of(code.parse().unwrap()).as_str(), answer["code"]);
        nodes.insert((2, code.to_owned()));
        for grid in community["grids"].as_array().unwrap() {
            let grid = grid["grid_code"].as_str().unwrap();
            assert_eq!(grid[..12], *code);
            nodes.insert((3, grid.to_owned()));
        }
    }
    let of_level = |level| nodes.iter().filter(|(of, _)| *of == level).count();
    assert_eq!((nodes.len(), [1, 2, 3].map(of_level)), (31, [1, 7, 23]));
    let units: Vec<&Value> = communities.iter().map(|one| &one["unit"]).collect();
    assert_eq!(units.iter().filter(|unit| **unit == "community").count(), 6);
    assert_eq!(Unit::of("410102002201"), Some(Unit::Village));

    // Each community's own roles decide, and what ends there is gone here with the next request.
    let other = &offices[0];
    let directory = other.community.directory();
    let mut given = directory.granted().filter(|granted| granted.worker == worker);
    let role = given.next().unwrap();
    assert!(given.next().is_none(), "what is given twice is one");
    roles::end(other, role.record, "ordinary").unwrap();
    let left = street()["communities"].as_array().unwrap().clone();
    assert_eq!(left.len(), 6);
    assert!(left.iter().all(|one| one["code"] != COMMUNITIES[0].0));
    let asked = format!("overview?community={}", COMMUNITIES[0].0);
    assert_eq!(served.get(&asked, &cookie).status, 403);
    assert_eq!(
        served
            .get(&format!("coverage?community={}", COMMUNITIES[1].0), &cookie)
            .status,
        200
    );
    // Figures, and masked names; nothing word for word.
    assert_eq!(
        served
            .get(&format!("records?community={}", COMMUNITIES[1].0), &cookie)
            .status,
        403
    );
    // The secretary of one community is none of the street.
    assert_eq!(served.get("street", &served.sign_in()).status, 403);
}

/// A file that cannot be read is no reason to show nothing, and none to say nothing of it.
#[test]
fn a_damaged_community_is_named_as_missing_and_the_others_are_shown() {
    let served = Served::new();
    let world = &served.world;
    let worker = account(&world.home, "street", "罗静", CODE);
    appoint(&world.office, worker, "罗静", "street_staff");
    let damaged = "410102002001";
    let file = world.home.folder.community_file(damaged.parse().unwrap());
    std::fs::write(&file, "SQLite format 3\0 and nothing that it promises").unwrap();
    let street = served.read("street", &served.sign_in_as("street"));
    let codes = |list: &str| -> Vec<Value> {
        let rows = street[list].as_array().unwrap().iter();
        rows.map(|one| one["code"].clone()).collect()
    };
    assert_eq!(codes("communities"), [json!(CODE)]);
    assert_eq!(codes("missing"), [json!(damaged)]);
    assert_eq!(street["missing"][0]["name"], "省五建社区");
}

#[test]
fn figures_are_those_of_the_communities_own_desks() {
    let served = Served::new();
    let world = &served.world;
    world.doors(1, "3号楼", 5);
    let worker = account(&world.home, "street", "罗静", CODE);
    appoint(&world.office, worker, "罗静", "street_leader");
    let cookie = served.sign_in_as("street");
    let street = served.read("street", &cookie);
    let coverage = served.read("coverage", &cookie);
    assert_eq!(street["communities"][0]["total"], coverage["total"]);
    assert_eq!(coverage["total"]["doors"], 5);
}

/// A grid is on level 3, and the level above it is a community of its own street: a code says so.
#[test]
fn a_grid_right_under_the_street_or_of_another_community_is_refused() {
    let served = Served::new();
    let world = &served.world;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roster.csv");
    let row = |code: &str| format!("网格,楼栋,单元,门牌,姓名\n{code},3号楼,1,101,张三\n");
    for (code, rejected) in [
        (format!("{}0000100", &CODE[..9]), 1),
        ("4101020020070100".to_owned(), 1),
        (format!("{CODE}0100"), 0),
    ] {
        std::fs::write(&file, row(&code)).unwrap();
        let import = Import {
            file: &file,
            community: world.code(),
            apply: false,
            today: None,
        };
        let report = import_roster(&world.home, &import, &mut |_, _| {}).unwrap();
        assert_eq!(report.rejected.len(), rejected, "{code}: {:?}", report.rejected);
    }
}
