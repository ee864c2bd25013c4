//! Gets tables out of files. The ending of the name says which kind a file is and its content
//! has to agree; nothing here knows what a roster is.

mod csv;
mod encoding;
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

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Every visible table, in the file's order.
    pub(crate) tables: Vec<Table>,
    /// The names of the sheets that are hidden.
    pub(crate) hidden_sheets: Vec<String>,
}

/// Every table in a file of this name and content.
pub(crate) fn tables(name: &Path, bytes: &[u8]) -> Result<Found, RosterError> {
    let extension = name
        .extension()
        .and_then(|extension| extension.to_str())
        .map(str::to_ascii_lowercase);
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(RosterError::TooLarge(TooLarge::File));
    }
    match extension.as_deref() {
        _ if bytes.starts_with(OLD_OR_PROTECTED) => Err(RosterError::OldOrProtected),
        Some("xlsx" | "xls") if !bytes.starts_with(ARCHIVE) && is_web_page(&String::from_utf8_lossy(bytes)) => {
            Err(RosterError::WebPage)
        }
        Some("xlsx") => xlsx::tables(bytes),
        Some("csv") if bytes.starts_with(ARCHIVE) => Err(RosterError::WorkbookNamedCsv),
        Some("csv") => Ok(Found {
            tables: vec![csv::table(bytes)?],
            hidden_sheets: Vec::new(),
        }),
        _ => Err(RosterError::UnknownKind),
    }
}

/// Whether a text begins as web pages do.
fn is_web_page(text: &str) -> bool {
    let start: String = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .chars()
        .take(200)
        .collect::<String>()
        .to_ascii_lowercase();
    start.starts_with('<')
        && ["<html", "<!doctype html", "<table", "<head", "<meta"]
            .iter()
            .any(|tag| start.contains(tag))
}

/// Content outside of what is read; `position` counts columns from 0.
fn far_cell(row: u32, position: usize) -> RosterError {
    let mut letters = String::new();
    let mut rest = position + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    RosterError::FarCell {
        cell: format!("{letters}{row}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_cell_is_called_as_a_spreadsheet_calls_it() {
        for (position, name) in [(0, "A7"), (25, "Z7"), (26, "AA7"), (701, "ZZ7"), (16_383, "XFD7")] {
            assert!(matches!(far_cell(7, position), RosterError::FarCell { cell } if cell == name));
        }
    }
}
