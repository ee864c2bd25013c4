//! The ids of entries that the home has acknowledged, one a line, on disk before anything else
//! happens: what a test compares the log with after the server was killed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::EntryId;

/// A file that grows.
#[derive(Debug)]
pub struct Acknowledged(Mutex<File>);

impl Acknowledged {
    /// Goes on with the file, or begins it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open(path: &Path) -> io::Result<Acknowledged> {
        Ok(Acknowledged(Mutex::new(
            OpenOptions::new().create(true).append(true).open(path)?,
        )))
    }

    /// Adds ids.
    ///
    /// # Errors
    /// The operating system's.
    pub fn add(&self, ids: &[EntryId]) -> io::Result<()> {
        let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())?;
        file.flush()
    }
}
