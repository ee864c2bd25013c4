//! In which grid a row's door lies. What is known of a door stays in its grid; else the grid
//! that the row names counts, else the one grid in which its building lies, else the only
//! grid there is. A row of which nobody can tell the grid is not refused: it goes to a grid
//! called 未分网格, and the report says so.

use std::collections::{BTreeMap, HashMap};

use menpai_roster::{Row, whole_number};
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;

use super::super::grids::free_code;
use super::address::{address_key, building_of, fold_grid};
use super::draft::Draft;
use super::known::Known;
use super::plan::{Context, Plan};
use super::report::Finding;

/// Where doors stand whose grid nobody has told.
const UNASSIGNED: &str = "未分网格";
/// Digits of a grid's code.
const CODE_DIGITS: usize = 16;

/// The grids in which the buildings lie, by the first parts of their doors' `address_key`;
/// `None` for one that lies in several.
pub(super) struct GridsOfBuildings(HashMap<String, Option<Named>>);

/// A grid as a row or the registry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Known(GridId),
    New(String),
}

/// Rows without a grid of their own, by the grid they were given: the first one and how many.
#[derive(Debug, Default)]
pub(super) struct Placed(BTreeMap<String, (usize, u32, usize)>);

impl GridsOfBuildings {
    /// What the registry and the rows say of buildings.
    pub(super) fn new(rows: &[Row], known: &Known) -> GridsOfBuildings {
        let mut grids = HashMap::new();
        let mut add = |building: &str, grid: Named| {
            grids
                .entry(building.to_owned())
                .and_modify(|known: &mut Option<Named>| {
                    if known.as_ref() != Some(&grid) {
                        *known = None;
                    }
                })
                .or_insert(Some(grid.clone()));
        };
        for (key, dwelling) in &known.dwellings {
            add(building_of(key), Named::Known(dwelling.grid));
        }
        for row in rows {
            if let Some(name) = &row.grid {
                let grid = find(name, known).map_or_else(|| Named::New(name.clone()), |id| Named::Known(as_grid(id)));
                add(building_of(&address_key(row)), grid);
            }
        }
        GridsOfBuildings(grids)
    }
}

/// The grid of a row, made if it is new. `None` where the row is rejected, because its grid's
/// code is another community's.
pub(super) fn grid_of(
    row: &Row,
    buildings: &GridsOfBuildings,
    known: &mut Known,
    plan: &mut Plan,
    context: &mut Context<'_>,
) -> Option<GridId> {
    let key = address_key(row);
    if let Some(dwelling) = known.dwellings.get(&key) {
        return Some(dwelling.grid);
    }
    if let Some(name) = &row.grid {
        if is_code(name) && !name.starts_with(&context.community.to_string()) {
            plan.rejected.push(Finding::about_grid(
                context.sheet_name(row),
                row.number,
                "missing_grid",
                format!("网格编码 {name} 不属于本社区 {}。", context.community),
                format!("The grid code {name} is not of this community, {}.", context.community),
            ));
            return None;
        }
        return Some(as_grid(named(name, known, plan, context)));
    }
    let (grid, name) = match buildings.0.get(building_of(&key)).cloned().flatten() {
        Some(Named::Known(grid)) => (grid, name_of(grid, known)),
        Some(Named::New(name)) => (as_grid(named(&name, known, plan, context)), name),
        None => match only_grid(known) {
            Some(grid) => (grid, name_of(grid, known)),
            None => (as_grid(named(UNASSIGNED, known, plan, context)), UNASSIGNED.to_owned()),
        },
    };
    plan.placed.0.entry(name).or_insert((row.sheet, row.number, 0)).2 += 1;
    Some(grid)
}

impl Placed {
    /// What to say of rows that name no grid.
    pub(super) fn notices(&self, sheets: &[String]) -> Vec<Finding> {
        let sheet = |index: usize| sheets.get(index).map_or("", String::as_str);
        self.0
            .iter()
            .map(|(grid, (index, row, count))| {
                Finding::about_grid(
                    sheet(*index),
                    *row,
                    "grid_not_named",
                    format!("从这一行起有 {count} 行没有写网格,登记在“{grid}”。"),
                    format!("From this row on {count} rows name no grid; they were put into {grid}."),
                )
            })
            .collect()
    }
}

/// The grid of this name or code, made if it is new.
pub(super) fn named(name: &str, known: &mut Known, plan: &mut Plan, context: &mut Context<'_>) -> EntityId {
    if let Some(grid) = find(name, known) {
        return grid;
    }
    // A bare 1 is 第1网格.
    let shown = if whole_number(name).is_some() {
        fold_grid(name)
    } else {
        name.to_owned()
    };
    let mut draft = Draft::new((context.next_id)());
    let id = draft.new_entity();
    draft.text("place", id, "type", "grid");
    draft.text("place", id, "name", shown);
    draft.text("place", id, "grid_kind", "basic");
    if is_code(name) {
        draft.text("place", id, "code", name);
        known.grid_codes.insert(name.to_owned(), id);
    } else if name != UNASSIGNED {
        let free = free_code(context.community, |code| known.grid_codes.contains_key(code));
        if let Some(code) = free {
            draft.text("place", id, "code", code.as_str());
            known.grid_codes.insert(code, id);
        }
    }
    let part = Part {
        grid: None,
        class: Class::Open,
    };
    draft.finish(part, plan);
    plan.create.grid += 1;
    known.grids.insert(fold_grid(name), id);
    id
}

fn find(name: &str, known: &Known) -> Option<EntityId> {
    let by_code = known.grid_codes.get(name).filter(|_| is_code(name));
    by_code.or_else(|| known.grids.get(&fold_grid(name))).copied()
}

fn is_code(name: &str) -> bool {
    name.len() == CODE_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn only_grid(known: &Known) -> Option<GridId> {
    let mut all = known.grids.values();
    match (all.next(), all.next()) {
        (Some(only), None) => Some(as_grid(*only)),
        _ => None,
    }
}

fn name_of(grid: GridId, known: &Known) -> String {
    let mut names = known.grids.iter().filter(|(_, id)| as_grid(**id) == grid);
    names.next().map(|(name, _)| name.clone()).unwrap_or_default()
}

fn as_grid(id: EntityId) -> GridId {
    GridId::from_bytes(*id.as_bytes())
}
