//! A person is erased: no byte of what was written about it is left, nothing else is lost, and
//! nothing brings it back.

mod decided;
mod resent;
mod restored;
mod told;
mod world;

use crate::phones::{self, grid, set, text};
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::sync::erase::EraseError;
use menpai_sync_core::ids::EntityId;
use world::{raw_hits, world};

#[test]
fn an_erased_person_leaves_no_byte_and_everybody_else_stays() {
    let world = world();
    let folder = world.office.folder.path();
    // A negative control of the search itself.
    assert!(world.decoded_hits().len() > 10, "{:?}", world.decoded_hits());
    assert!(raw_hits(folder) > 5);
    let closed =
        world.dump("SELECT dwelling_id, outcome, made_ms FROM record_door_check r JOIN merged_entry m USING (entry)");

    let erased = world.erase(world.person).unwrap();
    assert_eq!(erased.subjects, 3, "with its contact and its plan");
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert_eq!(raw_hits(folder), 0, "file, write-ahead log, free pages, ledger");
    let wal = world.office.community().path().with_extension("sqlite-wal");
    assert!(std::fs::metadata(&wal).map_or(0, |file| file.len()) < 200_000);

    // The door's closing has not un-happened, and the others are as they were.
    assert_eq!(
        world.dump("SELECT dwelling_id, outcome, made_ms FROM record_door_check r JOIN merged_entry m USING (entry)"),
        closed
    );
    assert_eq!(
        world.dump("SELECT name FROM registry_person"),
        [r#"Text("钱二")"#].map(|_| world.dump("SELECT '钱二'")[0].clone())
    );
    assert_eq!(
        world
            .office
            .count("registry_household WHERE head_person_id IS NULL AND phone = '037160000000'"),
        1
    );
    assert_eq!(world.office.count("entity WHERE id IN (SELECT id FROM entity)"), 3);
    assert_eq!(world.office.count("record_care_visit"), 0);
    let known = |id: EntityId| {
        world.office.count(&format!(
            "entity WHERE hex(id) = '{}'",
            id.to_string().replace('-', "").to_uppercase()
        ))
    };
    assert_eq!([world.door, world.household, world.neighbour].map(known), [1, 1, 1]);
    assert_eq!(known(world.person), 0);

    // What was held or waited is held as erased; chains and signatures fit; a rebuild is equal.
    for seq in [3, 4, 6] {
        assert_eq!(world.office.reason(&world.phone, seq), "erased");
    }
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    let tables = "SELECT e.id, v.field, v.rank, v.value, v.device, v.at_s FROM registry_value v JOIN entity e ON e.number = v.entity ORDER BY 1, 2, 3";
    let rows = (
        world.dump(tables),
        world.dump("SELECT id, type, grid, held FROM entity ORDER BY id"),
    );
    let rebuilt = rebuild(world.office.community()).unwrap();
    assert!(rebuilt.is_equal(), "{rebuilt:?}");
    assert_eq!(
        rows,
        (
            world.dump(tables),
            world.dump("SELECT id, type, grid, held FROM entity ORDER BY id")
        )
    );
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
}

#[test]
fn who_came_with_the_same_row_can_be_erased_later() {
    let world = world();
    world.erase(world.person).unwrap();
    assert_eq!(world.erase(world.neighbour).unwrap().subjects, 1);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
    assert_eq!(world.office.count("registry_person"), 0);
    assert_eq!(world.office.count("entity"), 2, "the door and the household");
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
}

#[test]
fn a_household_goes_with_its_people_and_its_door_stays() {
    let world = world();
    let erased = world.erase(world.household).unwrap();
    assert_eq!(erased.subjects, 5);
    assert_eq!(world.dump("SELECT type FROM entity").len(), 1);
    assert_eq!(world.office.count("registry_dwelling WHERE room = '301'"), 1);
    assert_eq!(world.office.count("record_erasure"), 5);
    assert_eq!(world.decoded_hits(), Vec::<String>::new());
    assert!(rebuild(world.office.community()).unwrap().is_equal());
}

#[test]
fn a_duplicate_of_somebody_erased_stands_alone_again() {
    let mut world = world();
    let merged = set("person", world.neighbour, "alias_of", text(&world.person.to_string()));
    world.office.desk.edit(Some(grid(1)), vec![], vec![merged]);
    world.office.write_desk();
    let aliases = || world.office.count("registry_person WHERE alias_of IS NOT NULL");
    assert_eq!(aliases(), 1);
    world.erase(world.person).unwrap();
    assert_eq!(aliases(), 0);
    assert_eq!(world.office.count("registry_person WHERE name = '钱二'"), 1);
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
    assert_eq!(aliases(), 0);
}

#[test]
fn doors_and_what_there_is_not_are_not_erased() {
    let world = world();
    assert!(matches!(world.erase(world.door), Err(EraseError::NotErasable(_))));
    assert!(matches!(
        world.erase(EntityId::from_bytes([7; 16])),
        Err(EraseError::Unknown(_))
    ));
    assert!(world.ledger.of(phones::code()).unwrap().is_empty());
    assert_eq!(world.office.count("erased"), 0);
}
