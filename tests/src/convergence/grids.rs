//! Grids change: the office moves a building, or everything of a grid, to another one or to one
//! that it makes, and gives workers a role there, while phones work on with what they had heard.
//! What is recorded of it in the old grid the home hands over to the new one.

use std::collections::BTreeSet;

use menpai_server::office::grids::{Grid, all};
use menpai_server::store::community::StoreError;
use menpai_server::sync::moving::{Joining, Move, MoveError};
use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, GridId};

use super::world::{GRID_ROLE, World};
use super::{Trial, forget};

const MOST_GRIDS: usize = 4;

/// Moves something somewhere.
pub(super) fn change(world: &mut World) -> Result<(), String> {
    let known = world.home.community().query(all).map_err(text)?;
    let full: Vec<&Grid> = known.iter().filter(|grid| !grid.buildings.is_empty()).collect();
    let Some(from) = world.dice.pick(&full).copied() else {
        return Ok(());
    };
    let others: Vec<GridId> = known.iter().map(|grid| grid.id).filter(|id| *id != from.id).collect();
    let makes = known.len() < MOST_GRIDS && world.dice.percent(40);
    let (to, first) = match world.dice.pick(&others) {
        Some(other) if !makes => (*other, Vec::new()),
        _ => made(world),
    };
    let merges = world.dice.percent(35);
    let building = world.dice.pick(&from.buildings).map(|building| building.id);
    let working = world.workers_of(from.id);
    let joining = working.iter().filter(|_| world.dice.percent(50)).map(|worker| Joining {
        worker: *worker,
        name: "测试员".to_owned(),
        role: GRID_ROLE.to_owned(),
    });
    let wanted = Move {
        from: from.id,
        to,
        buildings: (!merges).then(|| BTreeSet::from_iter(building)),
        workers: joining.collect(),
        first,
        doors: None,
        apply: true,
    };
    let before = handovers(world).map_err(text)?;
    match world.home.community().move_to_grid(&world.office.scribe(), wanted) {
        // A building in which nothing is left.
        Err(MoveError::Nothing) => return Ok(()),
        moved => world
            .trials
            .add(Trial::HandedOver, moved.map_err(|error| error.to_string())?.told),
    }
    world.handovers += handovers(world).map_err(text)? - before;
    world
        .trials
        .note(if merges { Trial::GridMerged } else { Trial::GridSplit });
    if merges {
        world.past.extend(working.into_iter().map(|worker| (worker, from.id)));
    }
    if !world.grids.contains(&to) {
        world.grids.push(to);
    }
    forget::begins_again(world);
    Ok(())
}

/// Counts the records that the home handed over when they came.
pub(super) fn count(world: &mut World) -> Result<(), String> {
    // A home that was put back has lost some that it wrote.
    let late = handovers(world).map_err(text)?.saturating_sub(world.handovers);
    world.trials.add(Trial::HandedOverLate, late);
    Ok(())
}

fn handovers(world: &World) -> Result<usize, StoreError> {
    world.home.community().query(|connection| {
        let sql = "SELECT count(*) FROM merged_entry m JOIN kind k ON k.number = m.kind WHERE k.name = 'handover'";
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    })
}

/// A new grid, and what makes it.
fn made(world: &mut World) -> (GridId, Vec<Vec<u8>>) {
    let entry = world.office.new_id();
    let id = EntityId::made_by(entry, 0);
    let name = format!("第{}网格", world.grids.len() + 1);
    let set = [("type", "grid"), ("name", &name)].map(|(field, value)| SetItem {
        entity_type: "place".to_owned(),
        id,
        field: field.to_owned(),
        value: Scalar::Text(value.to_owned()),
    });
    let edit = world.office.edit(entry, None, Vec::new(), set.to_vec());
    (GridId::from_bytes(*id.as_bytes()), vec![edit])
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: StoreError) -> String {
    error.to_string()
}
