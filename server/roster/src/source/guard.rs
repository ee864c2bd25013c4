//! Stands between a stranger's archive and the workbook reader. It unpacks every part once
//! and counts, because the sizes in an archive's directory are only claims; what passes here
//! cannot make the reader take more memory than the limits say.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::damaged;
use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_INFLATED_BYTES, MAX_PARTS, MAX_SHARED_TEXTS};

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
        let announces = part
            .name()
            .map_err(|error| damaged(&error))?
            .to_ascii_lowercase()
            .ends_with("sharedstrings.xml");
        let mut announcement = announces.then(Announcement::default);
        budget = unpack(part, budget, announcement.as_mut())?;
    }
    Ok(())
}

/// Reads a part to its end, which also checks its sum, and returns what is left of the budget.
fn unpack(
    mut part: impl Read,
    mut budget: u64,
    mut announcement: Option<&mut Announcement>,
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
        if let Some(announcement) = announcement.as_deref_mut() {
            announcement.watch(&buffer[..read])?;
        }
    }
}

/// Watches the bytes of a table of texts for the number of texts that it announces.
///
/// The reader reserves memory for that number unseen; a false one of a few bytes would end
/// the whole server. Zero bytes are passed over, so that UTF-16 hides nothing.
#[derive(Default)]
struct Announcement {
    matched: usize,
    number: Option<u64>,
}

impl Announcement {
    fn watch(&mut self, bytes: &[u8]) -> Result<(), RosterError> {
        const NAME: &[u8; 11] = b"uniqueCount";
        // What of a match so far can be the beginning of the next: the u of uniqu, uniqueCou.
        const BORDERS: [usize; 11] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0];
        for &byte in bytes.iter().filter(|byte| **byte != 0) {
            if let Some(number) = self.number {
                match byte {
                    b'0'..=b'9' => {
                        let number = number * 10 + u64::from(byte - b'0');
                        if number > MAX_SHARED_TEXTS {
                            return Err(RosterError::TooLarge(TooLarge::Structure));
                        }
                        self.number = Some(number);
                        continue;
                    }
                    b'=' | b'"' | b'\'' | b'+' | b' ' | b'\t' | b'\r' | b'\n' if number == 0 => {
                        continue;
                    }
                    _ => self.number = None,
                }
            }
            while self.matched > 0 && byte != NAME[self.matched] {
                self.matched = BORDERS[self.matched];
            }
            self.matched += usize::from(byte == NAME[self.matched]);
            if self.matched == NAME.len() {
                self.matched = 0;
                self.number = Some(0);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(text: &[u8]) -> bool {
        // One byte at a time, so that every place is once a border between two reads.
        let mut announcement = Announcement::default();
        text.iter().all(|byte| announcement.watch(&[*byte]).is_ok())
    }

    #[test]
    fn a_false_announcement_is_found_wherever_and_however_it_stands() {
        assert!(watched(
            b"<sst count=\"99999999\" uniqueCount=\"6000\"><si>"
        ));
        assert!(!watched(b"<sst uniqueCount=\"99999999\">"));
        assert!(!watched(
            b"<sst uniquniqueCount = '99999999999999999999999'>"
        ));
        assert!(!watched(
            b"<!-- uniqueCount=\"1\" --><sst uniqueCount=\"0099999999\">"
        ));
        assert!(!watched(
            b"u\0n\0i\0q\0u\0e\0C\0o\0u\0n\0t\0=\0\"\09\09\09\09\09\09\09\0\"\0"
        ));
    }
}
