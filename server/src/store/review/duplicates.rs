//! Entities that look alike: they agree in all fields of a list that their type's effect
//! `merges` names, or have one id number, anywhere in the community. Pairs that the office called two are left out,
//! and so is whatever was merged into another.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId};
use menpai_sync_core::kinds::{Column, Family, Kind, Kinds, Rule, Shape, Stored, tables};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::aliases::Aliases;
use super::id_numbers;
use crate::store::community::{BodyCodec, StoreError, entries, lines};

/// As many alike are offered pair by pair; more are a mistake of whoever wrote them.
const MOST_ALIKE: usize = 12;

/// Two entities that may be the same.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Their registry type.
    pub entity_type: String,
    /// The fields in which they agree, or the kind that carries the number that both have.
    pub same: Vec<String>,
    /// The one that was made first.
    pub one: EntityId,
    /// The other.
    pub other: EntityId,
}

/// Pairs that the office called two, each smaller id first, with the record that says so.
pub type Distinguished = BTreeMap<(EntityId, EntityId), EntryId>;

/// The two in the order in which [`Distinguished`] has them.
#[must_use]
pub fn ordered(one: EntityId, other: EntityId) -> (EntityId, EntityId) {
    (one.min(other), one.max(other))
}

/// Every pair that is to be looked at.
///
/// # Errors
/// [`StoreError`].
pub fn pairs(
    connection: &Connection,
    kinds: &Kinds,
    aliases: &Aliases,
    withdrawn: &HashSet<EntryId>,
    distinguished: &Distinguished,
) -> Result<Vec<Pair>, StoreError> {
    let mut pairs = Vec::new();
    let numbers = id_numbers::standing(connection, aliases, withdrawn)?;
    for kind in kinds.iter() {
        let Some(merges) = &kind.effects.merges else { continue };
        let mut found = BTreeSet::new();
        let mut groups = Vec::new();
        for same in merges.same() {
            groups.extend(
                alike(connection, kind, &same, aliases)?
                    .into_iter()
                    .map(|group| (same.clone(), group)),
            );
        }
        for sealing in kinds.iter().filter(|other| other.seals_numbers_of(kind.name.as_str())) {
            let shared = id_numbers::shared(&numbers).into_iter();
            groups.extend(shared.map(|group| (vec![sealing.name.as_str()], group)));
        }
        for (same, group) in groups {
            let group = &group[..group.len().min(MOST_ALIKE)];
            for (at, one) in group.iter().enumerate() {
                for other in &group[at + 1..] {
                    let known = ordered(*one, *other);
                    if !distinguished.contains_key(&known) && found.insert(known) {
                        pairs.push(Pair {
                            entity_type: kind.name.to_string(),
                            same: same.iter().map(|field| (*field).to_owned()).collect(),
                            one: *one,
                            other: *other,
                        });
                    }
                }
            }
        }
    }
    pairs.sort_by(|a, b| (&a.entity_type, a.one, a.other).cmp(&(&b.entity_type, b.one, b.other)));
    Ok(pairs)
}

/// Entities of a type that agree in all of these fields, each group in the order in which they
/// were made. One of which something of it is not known is like no other.
fn alike(
    connection: &Connection,
    kind: &Kind,
    same: &[&str],
    aliases: &Aliases,
) -> Result<Vec<Vec<EntityId>>, StoreError> {
    let tables = tables(kind);
    let Some(main) = tables.first() else {
        return Ok(Vec::new());
    };
    let columns: Vec<&Column> = same
        .iter()
        .filter_map(|field| main.columns.iter().find(|column| column.path == [*field]))
        .collect();
    let select: String = columns
        .iter()
        .map(|column| format!(", t.\"{}\"", column.name))
        .collect();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT e.id{select} FROM registry_{} t JOIN entity e ON e.number = t.entity AND e.held = 0
          ORDER BY e.number",
        main.name
    ))?;
    let mut rows = statement.query([])?;
    let mut alike: HashMap<Vec<String>, Vec<EntityId>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = EntityId::from_bytes(row.get(0)?);
        let mut key = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let value = match column.stored {
                Stored::Id => row
                    .get::<_, Option<[u8; 16]>>(index + 1)?
                    .map(|id| aliases.canonical(EntityId::from_bytes(id)).to_string()),
                _ => row
                    .get::<_, Option<String>>(index + 1)?
                    .map(|text| folded(kind, same[index], &text)),
            };
            key.extend(value.filter(|value| !value.is_empty()));
        }
        if key.len() == same.len() && !aliases.is_alias(id) {
            alike.entry(key).or_default().push(id);
        }
    }
    Ok(alike.into_values().filter(|group| group.len() > 1).collect())
}

/// A text without regard to spaces and capitals, a phone number by its digits.
fn folded(kind: &Kind, field: &str, text: &str) -> String {
    match kind.field(field).map(|field| &field.shape) {
        Some(Shape::Text {
            rule: Some(Rule::Phone),
            ..
        }) => text.chars().filter(char::is_ascii_digit).collect(),
        _ => text
            .chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_uppercase)
            .collect(),
    }
}

/// What the office called two. Withdrawn records say nothing.
///
/// # Errors
/// [`StoreError`].
pub fn distinguished(
    connection: &Connection,
    kinds: &Kinds,
    withdrawn: &HashSet<EntryId>,
) -> Result<Distinguished, StoreError> {
    let mut found = Distinguished::new();
    for kind in kinds.iter() {
        let Some(distinguishes) = &kind.effects.distinguishes else {
            continue;
        };
        let Some(main) = tables(kind).into_iter().next() else {
            continue;
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT e.id, t.\"{one}\", t.\"{other}\" FROM record_{table} t JOIN entry e ON e.number = t.entry",
            one = distinguishes.one,
            other = distinguishes.other,
            table = main.name,
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let entry = EntryId::from_bytes(row.get(0)?);
            let two = (row.get::<_, Option<[u8; 16]>>(1)?, row.get::<_, Option<[u8; 16]>>(2)?);
            if let (Some(one), Some(other)) = two
                && !withdrawn.contains(&entry)
            {
                found.insert(ordered(EntityId::from_bytes(one), EntityId::from_bytes(other)), entry);
            }
        }
    }
    Ok(found)
}

/// The entry that made an entity, with its line; `None` if it is not kept.
///
/// # Errors
/// [`StoreError`].
pub fn maker(
    connection: &Connection,
    codec: &mut BodyCodec,
    entity: EntityId,
) -> Result<Option<(Envelope, Entry)>, StoreError> {
    let number: Option<i64> = connection
        .prepare_cached("SELECT maker FROM entity WHERE id = :id")?
        .query_row(named_params! {":id": entity.as_bytes()}, |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(None) };
    let bytes = entries::get(connection, codec, number)?.bytes;
    let entry = bytes.and_then(|bytes| Entry::parse(&bytes).ok());
    let line = lines::last_of(connection, number)?;
    Ok(line.map(|line| line.envelope).zip(entry))
}

/// How many records name each of these, in any of their fields.
///
/// # Errors
/// [`StoreError`].
pub fn count_records(
    connection: &Connection,
    kinds: &Kinds,
    of: &BTreeSet<EntityId>,
) -> Result<HashMap<EntityId, u64>, StoreError> {
    let mut counts = HashMap::new();
    for kind in kinds.iter().filter(|kind| kind.family == Family::Record) {
        let Some(main) = tables(kind).into_iter().next() else {
            continue;
        };
        for column in main.columns.iter().filter(|column| column.stored == Stored::Id) {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT \"{column}\", count(*) FROM record_{table} WHERE \"{column}\" IS NOT NULL GROUP BY 1",
                column = column.name,
                table = main.name,
            ))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let id = EntityId::from_bytes(row.get(0)?);
                if of.contains(&id) {
                    *counts.entry(id).or_default() += row.get::<_, u64>(1)?;
                }
            }
        }
    }
    Ok(counts)
}

/// Who last set a field of an entity to what it shows, and when in whole seconds.
///
/// # Errors
/// [`StoreError`].
pub fn written(connection: &Connection, entity: EntityId, field: &str) -> Result<Option<(DeviceId, i64)>, StoreError> {
    let found: Option<(Option<[u8; 16]>, i64)> = connection
        .prepare_cached(
            "SELECT v.device, v.at_s FROM entity e JOIN registry_value v ON v.entity = e.number
              WHERE e.id = :entity AND v.field = :field AND v.rank = 0",
        )?
        .query_row(named_params! {":entity": entity.as_bytes(), ":field": field}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(found.and_then(|(device, at_s)| Some((DeviceId::from_bytes(device?), at_s))))
}
