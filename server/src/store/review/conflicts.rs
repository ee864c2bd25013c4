//! Open conflicts: every registry field with more than one visible value, the edit that
//! wrote each, and the value that all of their authors had seen before, where the log tells.

use std::collections::{BTreeMap, HashMap, HashSet};

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::{Edit, Entry};
use menpai_sync_core::ids::{DeviceId, EntityId, GridId, Hash};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::ancestry::{Ancestry, Made};
use crate::store::community::projection::heads;
use crate::store::community::{BodyCodec, StoreError, entries, lines};

/// One field with several values.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Registry type of the entity.
    pub entity_type: String,
    /// The entity.
    pub entity: EntityId,
    /// Its grid.
    pub grid: Option<GridId>,
    /// `field` or `field:member`.
    pub field: String,
    /// The values, the one shown first.
    pub values: Vec<Written>,
    /// What all of their authors had seen.
    pub before: Option<Writing>,
    /// The heads of the document that has these values.
    pub seen: Vec<Hash>,
}

/// A field that has several values now.
#[derive(Debug, Clone)]
pub struct OpenField {
    /// Registry type of the entity.
    pub entity_type: String,
    /// Its grid.
    pub grid: Option<GridId>,
    /// How many distinct values.
    pub values: u64,
}

/// One visible value.
#[derive(Debug, Clone)]
pub struct Written {
    /// The value.
    pub value: Value,
    /// Whose, as the document says.
    pub device: Option<DeviceId>,
    /// When by its author's clock, in whole seconds.
    pub at_s: i64,
    /// The edit that wrote it. `None` where it was carried over from an older epoch.
    pub by: Option<Writing>,
}

/// An edit that set a field.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Its line.
    pub envelope: Envelope,
    /// The edit.
    pub entry: Entry,
    /// What it set the field to.
    pub value: Value,
}

type Field = (EntityId, String);

/// Every open conflict, the one that moved last first.
///
/// # Errors
/// [`StoreError`].
pub fn open(connection: &Connection, codec: &mut BodyCodec) -> Result<Vec<Conflict>, StoreError> {
    let by_part = visible(connection)?;
    let mut conflicts = Vec::new();
    for (part, mut fields) in by_part {
        let history = History::read(
            connection,
            codec,
            part,
            &fields.iter().map(|(field, _)| field.clone()).collect(),
        )?;
        let heads = heads(connection, part)?;
        for (field, conflict) in &mut fields {
            history.explain(field, conflict);
            conflict.seen.clone_from(&heads);
        }
        conflicts.extend(fields.into_iter().map(|(_, conflict)| conflict));
    }
    conflicts.sort_by_key(|conflict| {
        std::cmp::Reverse(
            conflict
                .values
                .iter()
                .filter_map(|value| Some(value.by.as_ref()?.envelope.lsn))
                .max(),
        )
    });
    Ok(conflicts)
}

/// The field of an entity, if it has more than one value.
///
/// # Errors
/// [`StoreError`].
pub fn find_open(connection: &Connection, entity: EntityId, field: &str) -> Result<Option<OpenField>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT e.type, e.grid, count(*)
               FROM entity e JOIN registry_value v ON v.entity = e.number
              WHERE e.id = :entity AND v.field = :field
              GROUP BY e.number HAVING count(*) > 1",
        )?
        .query_row(named_params! {":entity": entity.as_bytes(), ":field": field}, |row| {
            Ok(OpenField {
                entity_type: row.get(0)?,
                grid: row.get::<_, Option<[u8; 16]>>(1)?.map(GridId::from_bytes),
                values: row.get(2)?,
            })
        })
        .optional()?)
}

/// The value of a field that is shown now; `None` where it was never set.
///
/// # Errors
/// [`StoreError`].
pub fn shown(connection: &Connection, entity: EntityId, field: &str) -> Result<Option<Value>, StoreError> {
    let value: Option<String> = connection
        .prepare_cached(
            "SELECT v.value FROM entity e JOIN registry_value v ON v.entity = e.number
              WHERE e.id = :entity AND v.field = :field AND v.rank = 0",
        )?
        .query_row(named_params! {":entity": entity.as_bytes(), ":field": field}, |row| {
            row.get(0)
        })
        .optional()?;
    value
        .map(|value| serde_json::from_str(&value).map_err(|_| StoreError::damaged("a registry value is no JSON")))
        .transpose()
}

/// The values as the documents show them, by part.
fn visible(connection: &Connection) -> Result<BTreeMap<i64, Vec<(Field, Conflict)>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT v.part, e.type, e.id, e.grid, v.field, v.value, v.device, v.at_s
           FROM registry_value v JOIN entity e ON e.number = v.entity
          WHERE (v.entity, v.field) IN (SELECT entity, field FROM registry_value WHERE rank > 0)
          ORDER BY v.part, v.entity, v.field, v.rank",
    )?;
    let mut rows = statement.query([])?;
    let mut by_part: BTreeMap<i64, Vec<(Field, Conflict)>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let field: Field = (EntityId::from_bytes(row.get(2)?), row.get(4)?);
        let value: String = row.get(5)?;
        let written = Written {
            value: serde_json::from_str(&value).map_err(|_| StoreError::damaged("a registry value"))?,
            device: row.get::<_, Option<[u8; 16]>>(6)?.map(DeviceId::from_bytes),
            at_s: row.get(7)?,
            by: None,
        };
        let fields = by_part.entry(row.get(0)?).or_default();
        match fields.last_mut() {
            Some((last, conflict)) if *last == field => conflict.values.push(written),
            _ => {
                let conflict = Conflict {
                    entity_type: row.get(1)?,
                    entity: field.0,
                    grid: row.get::<_, Option<[u8; 16]>>(3)?.map(GridId::from_bytes),
                    field: field.1.clone(),
                    values: vec![written],
                    before: None,
                    seen: Vec::new(),
                };
                fields.push((field, conflict));
            }
        }
    }
    Ok(by_part)
}

/// What the log of one part says about some fields.
struct History {
    ancestry: Ancestry,
    writings: HashMap<Field, Vec<(Hash, Writing)>>,
}

impl History {
    fn read(
        connection: &Connection,
        codec: &mut BodyCodec,
        part: i64,
        fields: &HashSet<Field>,
    ) -> Result<History, StoreError> {
        let mut history = History {
            ancestry: Ancestry::default(),
            writings: HashMap::new(),
        };
        for line in lines::merged_edits_after(connection, part, 0)? {
            let Some(derived) = &line.envelope.derived else {
                continue;
            };
            let hash = derived.hash;
            history.ancestry.add(
                hash,
                Made {
                    device: line.envelope.device,
                    deps: derived.deps.clone(),
                },
            );
            let Some(bytes) = entries::get(connection, codec, line.entry)?.bytes else {
                continue;
            };
            let Ok(entry) = Entry::parse(&bytes) else { continue };
            let Some(edit) = &entry.edit else { continue };
            // A field set twice in one edit has the second value.
            let set: BTreeMap<Field, Value> = edit
                .set
                .iter()
                .map(|item| ((item.id, item.field.clone()), item.value.to_json()))
                .filter(|(field, _)| fields.contains(field))
                .collect();
            for (field, value) in set {
                let writing = Writing {
                    envelope: line.envelope.clone(),
                    entry: entry.clone(),
                    value,
                };
                history.writings.entry(field).or_default().push((hash, writing));
            }
        }
        Ok(history)
    }

    fn explain(&self, field: &Field, conflict: &mut Conflict) {
        let Some(writings) = self.writings.get(field) else {
            return;
        };
        let mut seen = Vec::new();
        for written in &mut conflict.values {
            let found = writings.iter().find(|(_, writing)| {
                Some(writing.envelope.device) == written.device
                    && writing.entry.made_at.unix_seconds() == written.at_s
                    && writing.value == written.value
            });
            let Some((hash, writing)) = found else { continue };
            seen.push(self.ancestry.seen_by(*hash, base(&writing.entry)));
            written.by = Some(writing.clone());
        }
        // One author who is not known could have seen anything.
        if seen.len() == conflict.values.len() {
            let candidates: Vec<Hash> = writings.iter().map(|(hash, _)| *hash).collect();
            let last = self.ancestry.last_common(&candidates, &seen);
            conflict.before = writings
                .iter()
                .find(|(hash, _)| Some(*hash) == last)
                .map(|(_, writing)| writing.clone());
        }
    }
}

fn base(entry: &Entry) -> &[Hash] {
    entry.edit.as_ref().map_or(&[], |edit: &Edit| &edit.base)
}
