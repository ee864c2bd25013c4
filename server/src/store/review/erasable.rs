//! Who can be erased, found by the name they go by. What goes along with each is the kind
//! files' to say; here it is only looked up.

use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::{Kind, Kinds, Name, Shape};
use rusqlite::{Connection, named_params};

use crate::store::community::StoreError;

/// Most that are shown at once; whoever wants another types more of the name.
const MOST: usize = 50;
/// The field by which people are called.
const NAME: &str = "name";

/// Somebody who can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasable {
    /// Its id.
    pub id: EntityId,
    /// Its registry type.
    pub entity_type: String,
    /// The name that is shown.
    pub name: String,
    /// What it goes along with.
    pub with: Option<EntityId>,
}

/// Those whose name has `part` in it: first those who are called just so, then in order of name.
///
/// # Errors
/// [`StoreError`].
pub fn named(connection: &Connection, kinds: &Kinds, part: &str) -> Result<Vec<Erasable>, StoreError> {
    let types: Vec<(&str, Option<&str>)> = kinds
        .iter()
        .filter(|kind| kind.effects.erasable)
        .map(|kind| (kind.name.as_str(), goes_with(kinds, kind)))
        .collect();
    let names: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.type, v.value ->> '$', e.number FROM registry_value v JOIN entity e ON e.number = v.entity
          WHERE v.field = :name AND v.rank = 0 AND e.type IN (SELECT value FROM json_each(:types))
            AND instr(v.value ->> '$', :part) > 0
          ORDER BY v.value ->> '$' <> :part, 3, e.id LIMIT :most",
    )?;
    let types_json = serde_json::json!(names).to_string();
    let mut rows = statement.query(named_params! {
        ":name": NAME, ":types": types_json, ":part": part, ":most": MOST,
    })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entity_type: String = row.get(1)?;
        let with = types
            .iter()
            .find(|(name, _)| *name == entity_type)
            .and_then(|(_, with)| *with);
        found.push(Erasable {
            id: EntityId::from_bytes(row.get(0)?),
            with: match with {
                Some(field) => reference(connection, row.get(3)?, field)?,
                None => None,
            },
            entity_type,
            name: row.get(2)?,
        });
    }
    Ok(found)
}

/// The field that names what an entity is erased with, where that can be erased itself.
fn goes_with<'k>(kinds: &Kinds, kind: &'k Kind) -> Option<&'k str> {
    let to = kind.effects.belongs.as_ref()?.to.as_str();
    let Shape::Ref { to: targets } = &kind.field(to)?.shape else {
        return None;
    };
    let erasable = |name: &Name| kinds.get(name.as_str()).is_some_and(|kind| kind.effects.erasable);
    targets.names().iter().any(erasable).then_some(to)
}

fn reference(connection: &Connection, entity: i64, field: &str) -> Result<Option<EntityId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT value ->> '$' FROM registry_value WHERE entity = :entity AND field = :field AND rank = 0",
    )?;
    let mut rows = statement.query(named_params! {":entity": entity, ":field": field})?;
    let value: Option<String> = match rows.next()? {
        Some(row) => row.get(0)?,
        None => None,
    };
    Ok(value.and_then(|id| id.parse().ok()))
}
