//! What was merged into what: for every reader of the registry the same answer as on a phone
//! that sees both (`folds::alias`). The field that says it is the type's effect `merges`.

use std::collections::HashMap;

use menpai_sync_core::folds::alias::canonical;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::{Kinds, tables};
use rusqlite::Connection;

use crate::store::community::StoreError;

/// Entities that were merged into others.
#[derive(Debug, Clone, Default)]
pub struct Aliases(HashMap<EntityId, EntityId>);

impl Aliases {
    /// Reads them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(connection: &Connection, kinds: &Kinds) -> Result<Aliases, StoreError> {
        let mut aliases = HashMap::new();
        for kind in kinds.iter() {
            let Some(merges) = &kind.effects.merges else { continue };
            let Some(main) = tables(kind).into_iter().next() else {
                continue;
            };
            // Merged into something that does not exist, or is of another type, it stands for itself.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT e.id, into_.id FROM registry_{table} t
                   JOIN entity e ON e.number = t.entity AND e.held = 0
                   JOIN entity into_ ON into_.id = t.\"{into}\" AND into_.type = e.type AND into_.held = 0",
                table = main.name,
                into = merges.into,
            ))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                aliases.insert(EntityId::from_bytes(row.get(0)?), EntityId::from_bytes(row.get(1)?));
            }
        }
        Ok(Aliases(aliases))
    }

    /// What an entity stands for: itself, or what it was merged into.
    #[must_use]
    pub fn canonical(&self, id: EntityId) -> EntityId {
        canonical(id, |id| self.0.get(&id).copied())
    }

    /// Whether it stands for another.
    #[must_use]
    pub fn is_alias(&self, id: EntityId) -> bool {
        self.canonical(id) != id
    }

    /// Every entity that was merged, with what it was merged into, as it was said.
    pub fn steps(&self) -> impl Iterator<Item = (EntityId, EntityId)> {
        self.0.iter().map(|(id, into)| (*id, *into))
    }

    /// Every entity that stands for another, with that other; sorted.
    #[must_use]
    pub fn all(&self) -> Vec<(EntityId, EntityId)> {
        let mut all: Vec<(EntityId, EntityId)> = self
            .0
            .keys()
            .map(|id| (*id, self.canonical(*id)))
            .filter(|(id, stands_for)| id != stands_for)
            .collect();
        all.sort_unstable();
        all
    }
}
