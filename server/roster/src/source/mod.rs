//! Gets tables out of files. The ending of the name says which kind a file is and its content
//! has to agree; nothing here knows what a roster is.

mod csv;
mod guard;
mod watch;
mod xlsx;

use std::io::Read;
use std::path::Path;

use crate::error::{RosterError, TooLarge};
use crate::limits::MAX_FILE_BYTES;
use crate::table::Table;

/// The whole of a file, unless it is larger than a roster can be.
pub(crate) fn load(path: &Path) -> Result<Vec<u8>, RosterError> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every table in a file of this name and content, in its order.
pub(crate) fn tables(name: &Path, bytes: &[u8]) -> Result<Vec<Table>, RosterError> {
    let extension = name
        .extension()
        .and_then(|extension| extension.to_str())
        .map(str::to_ascii_lowercase);
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(RosterError::TooLarge(TooLarge::File));
    }
    match extension.as_deref() {
        _ if bytes.starts_with(OLD_OR_PROTECTED) => Err(RosterError::OldOrProtected),
        Some("xlsx") => xlsx::tables(bytes),
        Some("csv") if bytes.starts_with(ARCHIVE) => Err(RosterError::WorkbookNamedCsv),
        Some("csv") => csv::table(bytes).map(|table| vec![table]),
        _ => Err(RosterError::UnknownKind),
    }
}

fn damaged(error: &dyn std::fmt::Display) -> RosterError {
    RosterError::NotAWorkbook {
        detail: error.to_string(),
    }
}

/// First bytes of an OLE container: `.xls`, and `.xlsx` under a password.
const OLD_OR_PROTECTED: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// First bytes of a zip archive.
const ARCHIVE: &[u8] = b"PK\x03\x04";
