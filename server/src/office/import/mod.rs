//! Turns a roster into entries of the importer's device. Reads the file, plans against what
//! the community has, and only then writes, some hundred entries at a time: an import that
//! was broken off is taken up by importing again, and importing again writes nothing.

mod address;
mod draft;
mod grids;
mod known;
mod load;
mod people;
mod plan;
mod report;

use std::path::Path;

use chrono::NaiveDate;
use menpai_roster::RosterError;
use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{CommunityCode, EntityId};
use serde_json::{Map, json};

use super::{Office, OfficeError, schema_of};
use crate::clock;
use crate::home::Home;
use crate::id_numbers;
use crate::packet::PacketError;
use crate::store::community::StoreError;
use crate::store::roster::count_held;
use plan::{Context, PlannedEntry, Says, plan, plan_grids};

pub use report::{Counts, Finding, ImportReport, ReadSheet, UnreadSheet};

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
    /// An id number could not be sealed.
    #[error("an id number could not be sealed: {0}")]
    Sealing(#[from] PacketError),
}

/// What is to be imported, and how.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// The roster, `.xlsx` or `.csv`.
    pub file: &'a Path,
    /// Into which community.
    pub community: CommunityCode,
    /// Write; else only say what that would do.
    pub apply: bool,
    /// The day on which ages are judged and new care plans begin; `None` for today.
    pub today: Option<NaiveDate>,
}

/// Imports a roster, or without `apply` only says what that would do. `progress` hears
/// entries written and entries to write.
///
/// # Errors
/// [`ImportError`]. What was written until then stays: import again to go on.
pub fn import_roster(
    home: &Home,
    import: &Import<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ImportReport, ImportError> {
    let code = import.community;
    let today = import.today.unwrap_or_else(|| clock::now().local_date());
    let roster = menpai_roster::read(import.file, today)?;
    let community = home.communities.get(code)?.ok_or(OfficeError::UnknownCommunity(code))?;
    let mut known = load::known(&community, Office::importer_device(home, code)?)?;
    let sheets: Vec<String> = roster.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let planned = plan(
        &roster.rows,
        &mut known,
        &mut Context {
            community: code,
            today,
            next_id: &mut clock::new_entry_id,
            hash: &|number| home.id_numbers.hash(code, number),
            sheets: &sheets,
        },
    );

    let importable = roster.rows.len() - planned.rejected.len();
    let mut report = ImportReport {
        rows: roster.rows.len() + roster.rejected_row_count(),
        importable,
        rejected: roster.rejected.iter().map(Finding::from).collect(),
        create: planned.create,
        changed: planned.changed,
        unchanged: planned.unchanged,
        applied: import.apply,
        entries: planned.entries.len(),
        held: 0,
        notices: roster.notices.iter().map(Finding::from).collect(),
        sheets: roster.sheets.iter().map(ReadSheet::from).collect(),
        unread_sheets: roster.unread_sheets.iter().map(UnreadSheet::from).collect(),
    };
    report.notices.extend(planned.placed.notices(&sheets));
    report.rejected.extend(planned.rejected);
    let position = |sheet: &String| sheets.iter().position(|known| known == sheet);
    report
        .rejected
        .sort_by_key(|finding| (position(&finding.sheet), finding.row));
    if import.apply && !planned.entries.is_empty() {
        report.held = write(home, &Office::of_importer(home, code)?, &planned.entries, progress)?;
    }
    Ok(report)
}

/// Makes the grids of these names that are missing; returns all of them in this order.
///
/// # Errors
/// [`ImportError`].
pub fn ensure_grids(home: &Home, code: CommunityCode, names: &[&str]) -> Result<Vec<EntityId>, ImportError> {
    let office = Office::of_importer(home, code)?;
    let mut known = load::known(&office.community, Some(office.device.device))?;
    let planned = plan_grids(
        names,
        &mut known,
        &mut Context {
            community: code,
            today: clock::now().local_date(),
            next_id: &mut clock::new_entry_id,
            hash: &|number| home.id_numbers.hash(code, number),
            sheets: &[],
        },
    );
    if !planned.1.entries.is_empty() {
        write(home, &office, &planned.1.entries, &mut |_, _| {})?;
    }
    Ok(planned.0)
}

/// Writes the planned entries; says how many are held.
fn write(
    home: &Home,
    office: &Office,
    entries: &[PlannedEntry],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<usize, ImportError> {
    let total = entries.len() as u64;
    let mut done = 0;
    let mut first_seq = None;
    progress(done, total);
    for slice in entries.chunks(SLICE_ENTRIES) {
        let drafts = slice.iter().map(|planned| drafted(home, office, planned));
        let drafts: Vec<Draft> = drafts.collect::<Result<_, _>>()?;
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

/// A planned entry as it is written, an id number sealed.
fn drafted(home: &Home, office: &Office, planned: &PlannedEntry) -> Result<Draft, ImportError> {
    let (id, grid, now) = (planned.id, planned.part.grid, clock::now());
    let kinds = office.community.kinds();
    match &planned.says {
        Says::Edit(edit) => {
            let body = Map::from_iter([("source".to_owned(), json!("roster_import"))]);
            let schema = schema_of(kinds, EDIT);
            Ok(Draft::edit(id, schema, grid, office.worker, now, edit.clone(), body))
        }
        Says::Number(person, number) => {
            let sealed = home
                .id_numbers
                .seal(office.community.identity().code, *person, number)?;
            let (kind, body) = id_numbers::record(kinds, *person, &sealed).ok_or(StoreError::Other("no kind seals"))?;
            let name = kind.name.as_str();
            Ok(Draft::record(id, name, kind.schema, grid, office.worker, now, body))
        }
    }
}
