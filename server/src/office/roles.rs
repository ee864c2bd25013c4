//! Roles that are given and ended, and phones that are stopped: records of the office, written by
//! the account that decides. Both count with the next request; whatever a stopped phone still sends
//! is kept and held.

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntryId, GridId, WorkerId};
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::{Office, OfficeError, records};
use crate::clock;
use crate::rights::{Place, rights_of};
use crate::store::community::entries;
use crate::sync::Granted;

/// Why a role or a phone stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// Nobody is called so here, or no role, phone or grid is.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// It ended or was stopped before.
    #[error("it has ended already")]
    Ended,
    /// A role of a grid without one, or one of the community with one.
    #[error("this role does not work there")]
    WrongPlace,
    /// Nobody ends their own role: the last who may give roles would be gone.
    #[error("nobody ends their own role")]
    Own,
}

/// A role to be given from now on.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// To whom.
    pub worker: WorkerId,
    /// As the office calls them.
    pub name: String,
    /// A role of `schemas/kinds/assignment.json`.
    pub role: String,
    /// Where; `None`: in the whole community.
    pub grid: Option<GridId>,
    /// The end, if it is known: a key period.
    pub until: Option<Instant>,
}

/// Why a role ends, or a phone is stopped: the words of the kind files.
pub type Because = &'static str;

/// Gives a role. One that the person has there already is not given twice.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn grant(office: &Office, new: &NewRole) -> Result<(), ChangeError> {
    let rights = rights_of(&new.role).ok_or(ChangeError::Unknown("role"))?;
    if (rights.place == Place::Grid) != new.grid.is_some() {
        return Err(ChangeError::WrongPlace);
    }
    if let Some(grid) = new.grid {
        let known = office.community.query(super::grids::all).map_err(OfficeError::from)?;
        if !known.iter().any(|one| one.id == grid) {
            return Err(ChangeError::Unknown("grid"));
        }
    }
    let now = clock::now();
    let has = |assignment: &menpai_sync_core::judge::Assignment| {
        assignment.role == new.role && assignment.grid == new.grid && assignment.is_current(now.unix_ms)
    };
    if office.community.directory().assignments(new.worker).iter().any(has) {
        return Ok(());
    }
    let mut body = records::assignment(new.worker, &new.name, &new.role, new.grid, now);
    if let Some(until) = new.until {
        body.insert("until".to_owned(), json!(until));
        body.insert("end_reason".to_owned(), json!("ordinary"));
    }
    office.write(&[office.record(records::ASSIGNMENT, None, body)])?;
    Ok(())
}

/// Ends a role now; `record` gave it.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn end(office: &Office, record: EntryId, because: Because) -> Result<(), ChangeError> {
    let now = clock::now();
    let directory = office.community.directory();
    let Granted { worker, assignment, .. } = directory.granted_by(record).ok_or(ChangeError::Unknown("role"))?;
    if worker == office.worker {
        return Err(ChangeError::Own);
    }
    if assignment.until_ms.is_some_and(|until| until <= now.unix_ms) {
        return Err(ChangeError::Ended);
    }
    let mut body = body_of(office, record)?;
    body.insert("until".to_owned(), json!(now));
    body.insert("end_reason".to_owned(), Value::from(because));
    let mut draft = office.record(records::ASSIGNMENT, None, body);
    draft.supersedes = Some(record);
    office.write(&[draft])?;
    Ok(())
}

/// Stops a phone now: from the next request on it gets nothing, and what it still sends is held.
///
/// # Errors
/// [`ChangeError`]; then nothing is written.
pub fn stop_phone(office: &Office, device: DeviceId, because: Because) -> Result<(), ChangeError> {
    let directory = office.community.directory();
    let (record, known) = directory.registered(device).ok_or(ChangeError::Unknown("phone"))?;
    if known.facts.office {
        return Err(ChangeError::Unknown("phone"));
    }
    if known.facts.revoked_ms.is_some() {
        return Err(ChangeError::Ended);
    }
    let mut body = body_of(office, record)?;
    body.insert("revoked_at".to_owned(), json!(clock::now()));
    body.insert("revoked_because".to_owned(), Value::from(because));
    let mut draft = office.record(records::DEVICE, None, body);
    draft.supersedes = Some(record);
    office.write(&[draft])?;
    Ok(())
}

/// What a record says: the one in its place says all of it and something more.
fn body_of(office: &Office, record: EntryId) -> Result<Map<String, Value>, ChangeError> {
    let bytes = office
        .community
        .read(|reader| match entries::owner_of_id(&reader.connection, record)? {
            Some(number) => Ok(entries::get(&reader.connection, &mut reader.codec, number)?.bytes),
            None => Ok(None),
        });
    let entry = bytes
        .map_err(OfficeError::from)?
        .and_then(|bytes| Entry::parse(&bytes).ok());
    entry.map(|entry| entry.body).ok_or(ChangeError::Unknown("record"))
}
