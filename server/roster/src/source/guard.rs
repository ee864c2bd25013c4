//! Stands between a stranger's archive and the workbook reader. It unpacks every part once
//! and counts, because the sizes in an archive's directory are only claims; what passes here
//! cannot make the reader take more memory than the limits say.

use std::io::{Cursor, Read};

use memchr::memmem;
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
        let name = part.name().map_err(|error| damaged(&error))?.into_owned();
        let mut watch = Watch::for_part(&name);
        let mut declarations = Declarations::default();
        budget = unpack(part, budget, |bytes| {
            if declarations.stand_in(bytes) {
                return Err(RosterError::Entities { part: name.clone() });
            }
            watch.as_mut().map_or(Ok(()), |watch| watch.look(bytes))
        })?;
    }
    Ok(())
}

/// Reads a part to its end, which also checks its sum, and returns what is left of the budget.
fn unpack(
    mut part: impl Read,
    mut budget: u64,
    mut look: impl FnMut(&[u8]) -> Result<(), RosterError>,
) -> Result<u64, RosterError> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = part.read(&mut buffer).map_err(|error| damaged(&error))?;
        if read == 0 {
            return Ok(budget);
        }
        budget = budget
            .checked_sub(read as u64)
            .ok_or(RosterError::TooLarge(TooLarge::Inflated))?;
        look(&buffer[..read])?;
    }
}

/// Looks for declarations of a document type, with which entities come: no spreadsheet
/// program writes them, and what they stand for is not in the file.
#[derive(Default)]
struct Declarations {
    /// The end of the bytes before, in case a declaration lies across.
    tail: Vec<u8>,
}

impl Declarations {
    fn stand_in(&mut self, bytes: &[u8]) -> bool {
        const DECLARATION: &[u8] = b"<!DOCTYPE";
        self.tail
            .extend_from_slice(&bytes[..bytes.len().min(DECLARATION.len())]);
        let found = memmem::find(&self.tail, DECLARATION).is_some() || memmem::find(bytes, DECLARATION).is_some();
        self.tail.clear();
        self.tail
            .extend_from_slice(&bytes[bytes.len().saturating_sub(DECLARATION.len())..]);
        found
    }
}
