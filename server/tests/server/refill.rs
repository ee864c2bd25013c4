//! A home that was put back from a copy is shown what it had merged since, and has lost what else
//! happened meanwhile.

use crate::phones::{Office, grid, new_person, set, text};
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_sync_core::ids::EntityId;

/// The grids whose documents show an entity.
fn shown_in(office: &Office, id: EntityId) -> Vec<String> {
    let read = |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare(
            "SELECT DISTINCT p.name FROM registry_value v JOIN part p ON p.number = v.part
               JOIN entity e ON e.number = v.entity WHERE e.id = ?1",
        )?;
        let rows = statement.query_map([id.as_bytes()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    office.community().query(read).unwrap()
}

#[test]
fn an_edit_made_after_a_move_that_is_lost_is_held_and_splits_nobody_between_grids() {
    let mut office = Office::new();
    let mut first = office.worker_of_grid(1);
    let entry = first.new_id();
    let (person, items) = new_person(entry, "王小梅");
    first.edit_with_id(entry, Some(grid(1)), vec![], items);
    office.taken(&first, first.all());

    // In the life before, the person had moved to grid 2, and this was merged there.
    let mut second = office.worker_of_grid(2);
    second.edit(
        Some(grid(2)),
        vec![],
        vec![set("person", person, "phone", text("13700000002"))],
    );
    second.door_check(grid(2), EntityId::from_bytes([9; 16]));
    office.refilled(&second);
    let reasons = [1, 2].map(|seq| office.reason(&second, seq));
    assert_eq!(
        reasons,
        ["wrong_grid", "merged"],
        "the office releases it where the person is"
    );
    assert_eq!(shown_in(&office, person), [format!("{}/open", grid(1))]);
    assert_eq!(verify(office.community()).unwrap().findings, []);
    assert!(rebuild(office.community()).unwrap().is_equal());
}
