//! The secretary takes a decision back: the values that it replaced are a conflict again, each
//! with who wrote it and when. One office device for each value, so that none of them hides
//! another; those that are missing are registered first.

use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{CommunityCode, EntryId, WorkerId};
use serde_json::{Map, Value};

use super::{Office, OfficeError};
use crate::clock;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::sync::{Undo, Undone};

/// What the edits say about where their values are known from.
const DECISION_UNDONE: &str = "decision_undone";

/// Why nothing was taken back; then nothing is written.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is no such decision.
    #[error("no such decision")]
    NoDecision,
    /// Somebody has written the field since.
    #[error("the field has changed since")]
    Gone,
    /// Something else was written under that id.
    #[error("the id is another entry's")]
    OtherEntry,
    /// The community's or the node's file.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<StoreError> for UndoError {
    fn from(error: StoreError) -> UndoError {
        UndoError::Office(error.into())
    }
}

/// Takes a decision back in the name of an account; durable when it returns. Says how many
/// values the field has then.
///
/// # Errors
/// [`UndoError`].
pub fn undo(
    home: &Home,
    code: CommunityCode,
    account: &str,
    worker: WorkerId,
    (id, decision): (EntryId, EntryId),
) -> Result<u64, UndoError> {
    let office = Office::of_account(home, code, account, worker)?;
    let source = Scalar::Text(DECISION_UNDONE.to_owned()).to_json();
    let mut undo = Undo {
        id,
        decision,
        worker: office.worker,
        body: Map::<String, Value>::from_iter([(super::decisions::SOURCE.to_owned(), source)]),
        devices: vec![office.device],
        at: clock::now(),
    };
    loop {
        match office.community.undo_decision(undo.clone())? {
            Undone::Written(values) => return Ok(values),
            Undone::NoDecision => return Err(UndoError::NoDecision),
            Undone::Gone => return Err(UndoError::Gone),
            Undone::OtherEntry => return Err(UndoError::OtherEntry),
            Undone::Needs(count) => {
                for number in undo.devices.len() + 1..=count {
                    let further = Office::further_of_account(home, code, account, worker, number)?;
                    undo.devices.push(further.device);
                }
            }
        }
    }
}
