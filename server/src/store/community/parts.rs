//! Parts by number, so that a line does not repeat 41 letters.

use std::collections::HashMap;

use menpai_sync_core::part::Part;
use rusqlite::{Connection, Transaction, named_params};

use super::StoreError;

/// The parts of one community's file.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    by_part: HashMap<Part, i64>,
}

impl Parts {
    /// Reads them all; there are two for each grid.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(connection: &Connection) -> Result<Parts, StoreError> {
        let mut by_part = HashMap::new();
        let mut statement = connection.prepare_cached("SELECT number, name FROM part")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            by_part.insert(
                parse(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
                row.get(0)?,
            );
        }
        Ok(Parts { by_part })
    }

    /// The number of a part, if any line was ever of it.
    #[must_use]
    pub fn find(&self, part: Part) -> Option<i64> {
        self.by_part.get(&part).copied()
    }

    /// Every part that a line was ever of.
    pub fn all(&self) -> impl Iterator<Item = Part> {
        self.by_part.keys().copied()
    }

    /// The number of a part, given now if it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn number(&mut self, transaction: &Transaction<'_>, part: Part) -> Result<i64, StoreError> {
        if let Some(number) = self.find(part) {
            return Ok(number);
        }
        transaction
            .prepare_cached("INSERT INTO part (name) VALUES (:name)")?
            .execute(named_params! {":name": part.to_string()})?;
        let number = transaction.last_insert_rowid();
        self.by_part.insert(part, number);
        Ok(number)
    }
}

/// A part's name as the file has it.
pub(super) fn parse(name: &str) -> Result<Part, StoreError> {
    name.parse()
        .map_err(|_| StoreError::damaged(format!("no part: {name:?}")))
}
