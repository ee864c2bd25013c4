//! The audit log of one community: who did or saw what, about whom. It only grows; each line is
//! chained to the one before, and heads are signed, so that a line taken out or changed is found.
//! It holds no personal values: a line names the worker, the action, and those it is about as
//! hashes, which stay when somebody is erased.

use menpai_sync_core::erase::subject_hash;
use menpai_sync_core::ids::{CommunityCode, EntityId, Hash, WorkerId};
use menpai_sync_core::signature::{PublicKey, Signature};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::StoreError;
use crate::signing;

/// A head is signed when the last one is this old.
pub const SIGNED_EVERY_MS: i64 = 10 * 60 * 1000;

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub worker: WorkerId,
    /// What: the word of `rights::Action`, or one of the home's own.
    pub action: String,
    /// Where: a part, a device, or who works here and is meant ([`of_worker`]).
    pub place: Option<String>,
    /// About whom.
    pub about: Vec<EntityId>,
}

/// A line about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1 on.
    pub number: i64,
    /// Home's clock, milliseconds UTC.
    pub at_ms: i64,
    /// Who.
    pub worker: WorkerId,
    /// What.
    pub action: String,
    /// Where.
    pub place: Option<String>,
    /// About how many.
    pub subjects: i64,
}

/// The place of a line about somebody who works here: an id, no name.
#[must_use]
pub fn of_worker(worker: WorkerId) -> String {
    format!("worker:{worker}")
}

/// Whom a place of [`of_worker`] names.
#[must_use]
pub fn worker_of(place: &str) -> Option<WorkerId> {
    place.strip_prefix("worker:")?.parse().ok()
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last line; 0: none.
    pub number: i64,
    /// The chain up to it.
    pub h: Hash,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A number is missing.
    Missing(i64),
    /// The chain differs at this line: it or one before it was changed.
    Chain(i64),
    /// The home's signature of this line's head does not fit.
    Signature(i64),
}

/// What a head is signed as.
#[must_use]
pub fn head_message(code: CommunityCode, head: Head) -> Vec<u8> {
    let mut message = b"menpai-audit-head-1\0".to_vec();
    message.extend_from_slice(code.as_bytes());
    message.extend_from_slice(&head.number.to_be_bytes());
    message.extend_from_slice(&head.h.0);
    message
}

/// Where the log ends.
///
/// # Errors
/// [`StoreError`].
pub fn head(connection: &Connection, code: CommunityCode) -> Result<Head, StoreError> {
    let found = connection
        .prepare_cached("SELECT number, h FROM audit_line ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Head {
                number: row.get(0)?,
                h: Hash(row.get(1)?),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_else(|| beginning(code)))
}

/// Appends a line and says where the log ends then.
///
/// # Errors
/// [`StoreError`].
pub fn append(transaction: &Transaction<'_>, code: CommunityCode, at_ms: i64, seen: &Seen) -> Result<Head, StoreError> {
    let before = head(transaction, code)?;
    let mut subjects: Vec<i64> = seen.about.iter().map(|id| subject(code, *id)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let line = Line {
        number: before.number + 1,
        at_ms,
        worker: seen.worker,
        action: seen.action.clone(),
        place: seen.place.clone(),
        subjects: i64::try_from(subjects.len()).unwrap_or(i64::MAX),
    };
    let h = chained(before.h, &line, &subjects);
    transaction
        .prepare_cached(
            "INSERT INTO audit_line (number, at_ms, worker, action, place, subjects, h)
             VALUES (:number, :at, :worker, :action, :place, :subjects, :h)",
        )?
        .execute(named_params! {
            ":number": line.number, ":at": at_ms, ":worker": line.worker.as_bytes(), ":action": line.action,
            ":place": line.place, ":subjects": line.subjects, ":h": h.0,
        })?;
    let mut statement = transaction.prepare_cached("INSERT INTO audit_subject (subject, line) VALUES (?1, ?2)")?;
    for subject in subjects {
        statement.execute((subject, line.number))?;
    }
    Ok(Head { number: line.number, h })
}

/// The last line whose head is signed, and when.
///
/// # Errors
/// [`StoreError`].
pub fn signed(connection: &Connection) -> Result<Option<(i64, i64)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT number, at_ms FROM audit_head ORDER BY number DESC LIMIT 1")?;
    Ok(statement
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Keeps the signature of a head.
///
/// # Errors
/// [`StoreError`].
pub fn keep_signature(
    transaction: &Transaction<'_>,
    head: Head,
    at_ms: i64,
    signature: &Signature,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO audit_head (number, at_ms, signature) VALUES (?1, ?2, ?3)")?
        .execute((head.number, at_ms, signature.0))?;
    Ok(())
}

/// Lines about somebody, newest first.
///
/// # Errors
/// [`StoreError`].
pub fn about(connection: &Connection, code: CommunityCode, id: EntityId, most: usize) -> Result<Vec<Line>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.number, l.at_ms, l.worker, l.action, l.place, l.subjects
           FROM audit_subject s JOIN audit_line l ON l.number = s.line
          WHERE s.subject = ?1 ORDER BY l.number DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((subject(code, id), most), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest lines.
///
/// # Errors
/// [`StoreError`].
pub fn newest(connection: &Connection, most: usize) -> Result<Vec<Line>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, at_ms, worker, action, place, subjects FROM audit_line ORDER BY number DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([most], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whatever does not fit, in order; empty where all is well.
///
/// # Errors
/// [`StoreError`].
pub fn check(connection: &Connection, code: CommunityCode, key: &PublicKey) -> Result<Vec<Fault>, StoreError> {
    let mut faults = Vec::new();
    let mut last = beginning(code);
    let mut lines = connection
        .prepare("SELECT number, at_ms, worker, action, place, subjects, h FROM audit_line ORDER BY number")?;
    let mut subjects_of = connection.prepare("SELECT subject FROM audit_subject WHERE line = ?1 ORDER BY subject")?;
    let mut signature_of = connection.prepare("SELECT signature FROM audit_head WHERE number = ?1")?;
    let mut rows = lines.query([])?;
    while let Some(row) = rows.next()? {
        let line = read(row)?;
        let written = Hash(row.get("h")?);
        if line.number != last.number + 1 {
            faults.push(Fault::Missing(last.number + 1));
        }
        let subjects: Vec<i64> = subjects_of
            .query_map([line.number], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if chained(last.h, &line, &subjects) != written {
            faults.push(Fault::Chain(line.number));
        }
        // One fault is one finding: what follows is chained to what is written.
        last = Head {
            number: line.number,
            h: written,
        };
        let signature = signature_of.query_row([line.number], |row| row.get(0)).optional()?;
        if signature.is_some_and(|bytes| !signing::fits(key, &head_message(code, last), &Signature(bytes))) {
            faults.push(Fault::Signature(line.number));
        }
    }
    let signed = signed(connection)?.map_or(0, |(number, _)| number);
    if signed > last.number {
        faults.push(Fault::Missing(signed));
    }
    Ok(faults)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        number: row.get("number")?,
        at_ms: row.get("at_ms")?,
        worker: WorkerId::from_bytes(row.get("worker")?),
        action: row.get("action")?,
        place: row.get("place")?,
        subjects: row.get("subjects")?,
    })
}

fn beginning(code: CommunityCode) -> Head {
    Head {
        number: 0,
        h: Hash::of_parts(&[b"menpai-audit-1\0", code.as_bytes()]),
    }
}

fn subject(code: CommunityCode, id: EntityId) -> i64 {
    let hash = subject_hash(code, id).0;
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

/// Texts are separated by a byte that none of them has.
fn chained(before: Hash, line: &Line, subjects: &[i64]) -> Hash {
    let about: Vec<u8> = subjects.iter().flat_map(|subject| subject.to_be_bytes()).collect();
    Hash::of_parts(&[
        &before.0,
        &line.number.to_be_bytes(),
        &line.at_ms.to_be_bytes(),
        line.worker.as_bytes(),
        line.action.as_bytes(),
        b"\0",
        line.place.as_deref().unwrap_or_default().as_bytes(),
        b"\0",
        &line.subjects.to_be_bytes(),
        &about,
    ])
}
