//! The statements that every entry runs through, prepared once for a request and not once for
//! an entry. They are written like all others; their values are bound in the order of their
//! names, since looking a name up costs as much as storing what it stands for.

use menpai_sync_core::ids::WorkerId;
use rusqlite::{CachedStatement, Connection};

use super::StoreError;

/// The statement that finds who owns an entry's id.
pub(super) const OWNER: usize = 0;
/// The statement that stores an entry.
pub(super) const ENTRY: usize = 1;
/// The statement that appends a line.
pub(super) const LINE: usize = 2;
/// The statement that adds a merged entry.
pub(super) const MERGED: usize = 3;
/// From here on those of the generated tables, by their number.
pub(super) const TABLES: usize = 4;

/// What one request keeps of statements on its connection.
pub struct Kept<'c> {
    pub(super) connection: &'c Connection,
    statements: Vec<Option<CachedStatement<'c>>>,
    /// The worker last looked up, and its number.
    pub(super) worker: Option<(WorkerId, i64)>,
}

impl<'c> Kept<'c> {
    /// Nothing yet.
    #[must_use]
    pub fn new(connection: &'c Connection) -> Kept<'c> {
        Kept {
            connection,
            statements: Vec::new(),
            worker: None,
        }
    }

    /// The statement of a place, prepared where this is its first use.
    pub(super) fn statement(&mut self, place: usize, sql: &str) -> Result<&mut CachedStatement<'c>, StoreError> {
        if self.statements.len() <= place {
            self.statements.resize_with(place + 1, || None);
        }
        Ok(match &mut self.statements[place] {
            Some(statement) => statement,
            empty => empty.insert(self.connection.prepare_cached(sql)?),
        })
    }
}
