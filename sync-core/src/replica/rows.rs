//! Registry entities as plain rows: read once from the documents, then kept up to date
//! field by field, so that a screen never walks a document.

use std::collections::BTreeMap;

use super::{Held, Replica};
use crate::entry::Scalar;
use crate::ids::EntityId;
use crate::part::Part;
use crate::registry::FieldValue;

/// One registry entity with the fields this replica may see, of all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its registry type.
    pub entity_type: String,
    /// The part that first showed it.
    pub part: Part,
    /// Field → distinct visible values, the one shown first. Cleared fields hold null.
    pub fields: BTreeMap<String, Vec<FieldValue>>,
}

impl Row {
    /// The value shown, `None` if the field was never set or is cleared.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Scalar> {
        match &self.fields.get(field)?.first()?.value {
            Scalar::Null => None,
            value => Some(value),
        }
    }

    /// The text shown.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_text()
    }

    /// The integer shown.
    #[must_use]
    pub fn integer(&self, field: &str) -> Option<i64> {
        match self.get(field)? {
            Scalar::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The entity that the field refers to.
    #[must_use]
    pub fn reference(&self, field: &str) -> Option<EntityId> {
        self.text(field)?.parse().ok()
    }

    /// Whether a field has more than one value.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.fields.values().any(|values| values.len() > 1)
    }

    /// The members of a set that are in it.
    pub fn members<'a>(&'a self, set: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.keys().filter_map(move |key| {
            let member = key.strip_prefix(set)?.strip_prefix(':')?;
            matches!(self.get(key), Some(Scalar::Boolean(true))).then_some(member)
        })
    }
}

impl Replica {
    /// Reads everything that a part's document shows into rows; `false` if it cannot be read.
    pub(super) fn read_rows(&mut self, part: Part) -> bool {
        let rows = self.documents.get(&part).and_then(Held::rows);
        let read = rows.is_some();
        self.adopt_rows(rows.into_iter().flatten());
        read
    }

    /// Adds rows of one part to those of others.
    pub(super) fn adopt_rows(&mut self, rows: impl IntoIterator<Item = (EntityId, Row)>) {
        for (id, row) in rows {
            match self.rows.entry(id) {
                std::collections::hash_map::Entry::Vacant(place) => drop(place.insert(row)),
                std::collections::hash_map::Entry::Occupied(mut known) => known.get_mut().fields.extend(row.fields),
            }
        }
    }

    /// Reads the fields that one change touched.
    pub(super) fn reread(&mut self, part: Part, touched: &[(EntityId, String)]) {
        let Some(document) = self.documents.get(&part).and_then(Held::document) else {
            return;
        };
        for (id, field) in touched {
            let Some(entity_type) = document.entity_type(*id) else {
                continue;
            };
            let row = self.rows.entry(*id).or_insert_with(|| new_row(entity_type, part));
            row.fields.insert(field.clone(), document.distinct_values(*id, field));
        }
    }

    /// Forgets the fields that came from a part, and rows that had nothing else.
    pub(super) fn drop_rows(&mut self, gone: Vec<(EntityId, Row)>) {
        for (id, of_part) in gone {
            if let Some(row) = self.rows.get_mut(&id) {
                row.fields.retain(|field, _| !of_part.fields.contains_key(field));
                if row.fields.is_empty() {
                    self.rows.remove(&id);
                }
            }
        }
    }
}

pub(super) fn new_row(entity_type: &str, part: Part) -> Row {
    Row {
        entity_type: entity_type.to_owned(),
        part,
        fields: BTreeMap::new(),
    }
}
