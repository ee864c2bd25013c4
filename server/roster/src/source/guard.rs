//! Stands between a stranger's archive and the workbook reader. It unpacks every part once
//! and counts, because the sizes in an archive's directory are only claims; what passes here
//! cannot make the reader take more memory than the limits say.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::damaged;
use super::watch::Watch;
use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_INFLATED_BYTES, MAX_PARTS};

/// Lets an archive pass that is whole and not too large.
pub(super) fn check_archive(bytes: &[u8]) -> Result<(), RosterError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_PARTS {
        return Err(RosterError::TooLarge(TooLarge::Structure));
    }
    let mut budget = MAX_INFLATED_BYTES;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged(&error))?;
        // The cheap refusal first: a directory that already claims too much.
        if part.size() > budget {
            return Err(RosterError::TooLarge(TooLarge::Inflated));
        }
        let mut watch = Watch::for_part(&part.name().map_err(|error| damaged(&error))?);
        budget = unpack(part, budget, watch.as_mut())?;
    }
    Ok(())
}

/// Reads a part to its end, which also checks its sum, and returns what is left of the budget.
fn unpack(mut part: impl Read, mut budget: u64, mut watch: Option<&mut Watch>) -> Result<u64, RosterError> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = part.read(&mut buffer).map_err(|error| damaged(&error))?;
        if read == 0 {
            return Ok(budget);
        }
        budget = budget
            .checked_sub(read as u64)
            .ok_or(RosterError::TooLarge(TooLarge::Inflated))?;
        if let Some(watch) = watch.as_deref_mut() {
            watch.look(&buffer[..read])?;
        }
    }
}
