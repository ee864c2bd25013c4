//! What merged records state about doors and about people on care plans, read from the typed
//! tables for the folds of sync-core. A kind's effects say which columns; withdrawn records
//! are left out.

use std::collections::{HashMap, HashSet};

use menpai_sync_core::folds::Stated;
use menpai_sync_core::folds::care_clock::Contact;
use menpai_sync_core::folds::coverage::DoorStatement;
use menpai_sync_core::folds::withdrawn::{Speaker, withdrawn};
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, WorkerId};
use menpai_sync_core::kinds::{Column, Condition, Kind, Kinds, Name, Stored, tables};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};
use serde_json::{Map, Value};

use super::aliases::Aliases;
use crate::store::community::StoreError;

/// What took a record's word from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal {
    /// The withdrawal or correction.
    pub entry: EntryId,
    /// Whose it is.
    pub worker: WorkerId,
    /// It says something else instead.
    pub corrects: bool,
}

/// The records that no longer speak.
///
/// # Errors
/// [`StoreError`].
pub fn withdrawn_records(
    connection: &Connection,
    is_office: impl Fn(DeviceId) -> bool,
) -> Result<HashSet<EntryId>, StoreError> {
    Ok(withdrawals(connection, is_office)?.into_keys().collect())
}

/// The records that no longer speak, each with what took that from it.
///
/// # Errors
/// [`StoreError`].
pub fn withdrawals(
    connection: &Connection,
    is_office: impl Fn(DeviceId) -> bool,
) -> Result<HashMap<EntryId, Withdrawal>, StoreError> {
    let mut statement = connection.prepare_cached(
        "WITH withdrawal (entry, target) AS (
           SELECT entry, coalesce(retracts, supersedes) FROM merged_entry
            WHERE retracts IS NOT NULL OR supersedes IS NOT NULL)
         SELECT e.id, w.id, d.device, coalesce(m.retracts, m.supersedes), m.retracts IS NULL AND m.supersedes IS NOT NULL
           FROM merged_entry m
           JOIN entry e ON e.number = m.entry
           JOIN worker w ON w.number = m.worker
           JOIN device_log d ON d.number = e.device
          WHERE m.entry IN (SELECT entry FROM withdrawal)
             OR m.entry IN (SELECT t.number FROM withdrawal JOIN entry t ON t.id = withdrawal.target)",
    )?;
    let rows = statement.query_map([], |row| {
        let speaker = Speaker {
            entry: EntryId::from_bytes(row.get(0)?),
            worker: WorkerId::from_bytes(row.get(1)?),
            office: is_office(DeviceId::from_bytes(row.get(2)?)),
            withdraws: row.get::<_, Option<[u8; 16]>>(3)?.map(EntryId::from_bytes),
            corrects: row.get(4)?,
        };
        Ok(speaker)
    })?;
    let speakers = rows.collect::<Result<Vec<_>, _>>()?;
    let gone = withdrawn(speakers.iter().copied());
    let authors: HashMap<EntryId, WorkerId> = speakers.iter().map(|by| (by.entry, by.worker)).collect();
    // One that speaks itself tells more than one that was corrected again.
    let (last, corrected): (Vec<&Speaker>, Vec<&Speaker>) = speakers.iter().partition(|by| !gone.contains(&by.entry));
    Ok(corrected
        .into_iter()
        .filter(|by| by.corrects)
        .chain(last)
        .filter_map(|by| {
            let target = by.withdraws.filter(|target| gone.contains(target))?;
            let may = by.office || authors.get(&target) == Some(&by.worker);
            let Speaker {
                entry,
                worker,
                corrects,
                ..
            } = *by;
            may.then_some((
                target,
                Withdrawal {
                    entry,
                    worker,
                    corrects,
                },
            ))
        })
        .collect())
}

/// What every record of a closing kind states about the door that its door stands for; only of `record_kind`, where
/// one is named, and of records made at `since_ms` or later or naming `campaign`.
///
/// # Errors
/// [`StoreError`].
pub fn of_doors(
    connection: &Connection,
    kinds: &Kinds,
    withdrawn: &HashSet<EntryId>,
    wanted: Wanted<'_>,
) -> Result<Vec<DoorStatement>, StoreError> {
    let aliases = Aliases::read(connection, kinds)?;
    let mut statements = Vec::new();
    for kind in kinds.iter() {
        let Some(closes) = &kind.effects.closes else { continue };
        if wanted.record_kind.is_some_and(|only| kind.name != *only) {
            continue;
        }
        let fields = [Some(&closes.subject), Some(&closes.by), closes.campaign.as_ref()];
        let fields: Vec<&str> = fields.into_iter().flatten().map(Name::as_str).collect();
        let source = Source {
            kind,
            fields: &fields,
            at: closes.at.as_ref(),
            campaign: closes.campaign.as_ref(),
        };
        for_each(connection, &source, wanted, |stated, body| {
            if !withdrawn.contains(&stated.entry)
                && let Some(mut statement) = DoorStatement::read(kind, body, stated)
            {
                statement.dwelling = aliases.canonical(statement.dwelling);
                statements.push(statement);
            }
        })?;
    }
    Ok(statements)
}

/// Every contact with the subject of a care plan, by what that subject stands for.
///
/// # Errors
/// [`StoreError`].
pub fn contacts(
    connection: &Connection,
    kinds: &Kinds,
    withdrawn: &HashSet<EntryId>,
    offset_minutes: i32,
) -> Result<HashMap<EntityId, Vec<Contact>>, StoreError> {
    let aliases = Aliases::read(connection, kinds)?;
    let mut contacts: HashMap<EntityId, Vec<Contact>> = HashMap::new();
    for kind in kinds.iter() {
        let Some(resets) = &kind.effects.resets else { continue };
        let mut fields = vec![resets.subject.as_str()];
        fields_of(&resets.when, &mut fields);
        fields_of(&resets.in_person, &mut fields);
        fields.sort_unstable();
        fields.dedup();
        let source = Source {
            kind,
            fields: &fields,
            at: resets.at.as_ref(),
            campaign: None,
        };
        for_each(connection, &source, Wanted::default(), |stated, body| {
            if !withdrawn.contains(&stated.entry)
                && let Some((subject, contact)) = Contact::read(kind, body, stated, offset_minutes)
            {
                contacts.entry(aliases.canonical(subject)).or_default().push(contact);
            }
        })?;
    }
    Ok(contacts)
}

/// Who wrote a merged record.
///
/// # Errors
/// [`StoreError`].
pub fn author(connection: &Connection, entry: EntryId) -> Result<Option<WorkerId>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT w.id FROM entry e JOIN merged_entry m ON m.entry = e.number JOIN worker w ON w.number = m.worker
              WHERE e.id = :entry",
        )?
        .query_row(named_params! {":entry": entry.as_bytes()}, |row| {
            Ok(WorkerId::from_bytes(row.get(0)?))
        })
        .optional()?)
}

/// Which records are read at all; by default every one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Only of this kind.
    pub record_kind: Option<&'a str>,
    /// Only with a made-time of this or later …
    pub since_ms: Option<i64>,
    /// … or naming this campaign.
    pub campaign: Option<EntityId>,
}

/// Which columns of which kind are read.
struct Source<'a> {
    kind: &'a Kind,
    fields: &'a [&'a str],
    at: Option<&'a Name>,
    campaign: Option<&'a Name>,
}

/// Calls `each` with when a record was and the fields asked for.
fn for_each(
    connection: &Connection,
    source: &Source<'_>,
    wanted: Wanted<'_>,
    mut each: impl FnMut(Stated, &Map<String, Value>),
) -> Result<(), StoreError> {
    let tables = tables(source.kind);
    let Some(main) = tables.first() else { return Ok(()) };
    let column = |field: &str| main.columns.iter().find(|column| column.path == [field]);
    let columns: Vec<&Column> = source.fields.iter().filter_map(|field| column(field)).collect();
    let at = source.at.and_then(|at| column(at.as_str()));
    let mut sql = format!(
        "SELECT e.id, m.made_ms, {}{} FROM record_{} t
           JOIN merged_entry m ON m.entry = t.entry JOIN entry e ON e.number = t.entry
          WHERE m.retracts IS NULL",
        at.map_or_else(|| "NULL".to_owned(), |at| format!("t.\"{}\"", at.name)),
        columns
            .iter()
            .map(|column| format!(", t.\"{}\"", column.name))
            .collect::<String>(),
        main.name,
    );
    // What was is never later than made-time, so made-time bounds a window from below.
    let named = wanted.campaign.as_ref().map(EntityId::as_bytes);
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":since", &wanted.since_ms)];
    sql += " AND (:since IS NULL OR m.made_ms >= :since";
    if let Some(campaign) = source.campaign.and_then(|campaign| column(campaign.as_str())) {
        sql += &format!(" OR t.\"{}\" = :campaign", campaign.name);
        parameters.push((":campaign", &named));
    }
    sql += ")";
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(parameters.as_slice())?;
    while let Some(row) = rows.next()? {
        let stated = Stated::new(EntryId::from_bytes(row.get(0)?), row.get(1)?, row.get(2)?);
        let mut body = Map::new();
        for (index, column) in columns.iter().enumerate() {
            if let Some(value) = value(row, index + 3, column.stored)? {
                body.insert(column.path.concat(), value);
            }
        }
        each(stated, &body);
    }
    Ok(())
}

/// A cell as the entry's body had it.
fn value(row: &Row<'_>, index: usize, stored: Stored) -> Result<Option<Value>, StoreError> {
    Ok(match stored {
        Stored::Text | Stored::Date => row.get::<_, Option<String>>(index)?.map(Value::String),
        Stored::Id => row
            .get::<_, Option<[u8; 16]>>(index)?
            .map(|id| Value::String(EntityId::from_bytes(id).to_string())),
        Stored::Integer | Stored::InstantMs => row.get::<_, Option<i64>>(index)?.map(Value::from),
        Stored::Bool => row.get::<_, Option<bool>>(index)?.map(Value::Bool),
    })
}

/// The fields that a condition looks at.
pub fn fields_of<'c>(condition: &'c Condition, fields: &mut Vec<&'c str>) {
    match condition {
        Condition::Field { field, .. } => fields.push(field),
        Condition::All(conditions) | Condition::Any(conditions) => {
            for condition in conditions {
                fields_of(condition, fields);
            }
        }
        Condition::Not(condition) => fields_of(condition, fields),
    }
}
