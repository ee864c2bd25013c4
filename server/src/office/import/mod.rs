//! Turns a roster into entries of the importer's device. Reads the file, plans against what
//! the community has, and only then writes, some hundred entries at a time: an import that
//! was broken off is taken up by importing again, and importing again writes nothing.

mod address;
mod draft;
mod known;
mod load;
mod people;
mod plan;
mod report;

use std::path::Path;

use menpai_roster::RosterError;
use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{CommunityCode, EntityId};
use serde_json::{Map, json};

use super::{Office, OfficeError, schema_of};
use crate::clock;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::roster::count_held;
use plan::{Context, PlannedEntry, plan, plan_grids};

pub use report::{Counts, ImportReport, Rejected};

/// Entries of one commit.
const SLICE_ENTRIES: usize = 400;
const EDIT: &str = "edit";

/// Why a roster could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The community.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The community's file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports a roster, or without `apply` only says what that would do. `progress` hears
/// entries written and entries to write.
///
/// # Errors
/// [`ImportError`]. What was written until then stays: import again to go on.
pub fn import_roster(
    home: &Home,
    file: &Path,
    code: CommunityCode,
    apply: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ImportReport, ImportError> {
    let today = clock::now().local_date();
    let sheet = menpai_roster::read(file, today)?;
    let community = home.communities.get(code)?.ok_or(OfficeError::UnknownCommunity(code))?;
    let mut known = load::known(&community)?;
    // Heads cannot fail inside the planner; a failure means no base, and is looked at after.
    let failure = std::cell::Cell::new(None);
    let planned = plan(
        &sheet.rows,
        &mut known,
        &mut Context {
            community: code,
            today,
            next_id: &mut clock::new_entry_id,
            heads: &|part| {
                community.heads(part).unwrap_or_else(|error| {
                    failure.set(Some(error));
                    Vec::new()
                })
            },
        },
    );
    if let Some(error) = failure.take() {
        return Err(error.into());
    }

    let mut rejections: Vec<Rejected> = sheet.rejected.iter().map(Rejected::from).collect();
    let unplaced = planned.rejected.len();
    rejections.extend(planned.rejected);
    rejections.sort_by_key(|rejected| rejected.row);
    let importable = sheet.rows.len() - unplaced;
    let rejected = sheet.rejected_row_count() + unplaced;
    let mut report = ImportReport {
        rows: importable + rejected,
        importable,
        rejected,
        create: planned.create,
        changed: planned.changed,
        unchanged: planned.unchanged,
        applied: apply,
        entries: planned.entries.len(),
        held: 0,
        rejections,
    };
    if apply && !planned.entries.is_empty() {
        report.held = write(&Office::of_importer(home, code)?, &planned.entries, progress)?;
    }
    Ok(report)
}

/// Makes the grids of these names that are missing; returns all of them in this order.
///
/// # Errors
/// [`ImportError`].
pub fn ensure_grids(home: &Home, code: CommunityCode, names: &[&str]) -> Result<Vec<EntityId>, ImportError> {
    let office = Office::of_importer(home, code)?;
    let mut known = load::known(&office.community)?;
    let planned = plan_grids(
        names,
        &mut known,
        &mut Context {
            community: code,
            today: clock::now().local_date(),
            next_id: &mut clock::new_entry_id,
            heads: &|_| Vec::new(),
        },
    );
    if !planned.1.entries.is_empty() {
        write(&office, &planned.1.entries, &mut |_, _| {})?;
    }
    Ok(planned.0)
}

/// Writes the planned entries; says how many are held.
fn write(office: &Office, entries: &[PlannedEntry], progress: &mut dyn FnMut(u64, u64)) -> Result<usize, ImportError> {
    let schema = schema_of(office.community.kinds(), EDIT);
    let total = entries.len() as u64;
    let mut done = 0;
    let mut first_seq = None;
    progress(done, total);
    for slice in entries.chunks(SLICE_ENTRIES) {
        let drafts: Vec<Draft> = slice
            .iter()
            .map(|planned| {
                let body = Map::from_iter([("source".to_owned(), json!("roster_import"))]);
                Draft::edit(
                    planned.id,
                    schema,
                    planned.part.grid,
                    office.worker,
                    clock::now(),
                    planned.edit.clone(),
                    body,
                )
            })
            .collect();
        let head = office.write(&drafts)?;
        first_seq.get_or_insert(head.seq - slice.len() as u64);
        done += slice.len() as u64;
        progress(done, total);
    }
    let after = first_seq.unwrap_or(0);
    Ok(office
        .community
        .query(|connection| count_held(connection, office.device.device, after))?)
}
