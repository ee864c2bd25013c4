//! What a device lacks: lines of the parts it may see, after its cursor, in lsn order,
//! up to a budget of bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use menpai_sync_core::ids::Lsn;
use menpai_sync_core::part::Part;
use menpai_sync_core::verdict::Verdict;
use rusqlite::{CachedStatement, Connection, Rows, named_params};

use super::lines::{self, COLUMNS, KEPT_BODY, StoredLine, TABLES};
use super::parts::Parts;
use super::{BodyCodec, StoreError};

/// What is asked for.
#[derive(Debug)]
pub struct Pull<'a> {
    /// The device's number, if it has a log here: its own lines come without entries.
    pub device: Option<i64>,
    /// The parts it may see, each with the last line it has seen.
    pub after: &'a BTreeMap<Part, Lsn>,
    /// Whether its own verdicts that are not simply merged are given whatever it has seen.
    pub verdicts: bool,
    /// The end of the log in this snapshot.
    pub head: Lsn,
    /// The protocol that the device speaks.
    pub protocol: u32,
    /// About how many bytes of lines to give.
    pub budget_bytes: usize,
}

/// What is given.
#[derive(Debug)]
pub struct Pulled {
    /// Lines as they travel.
    pub bytes: Vec<u8>,
    /// How many envelopes.
    pub lines: usize,
    /// The complete new cursor.
    pub cursor: BTreeMap<Part, Lsn>,
    /// There is more.
    pub more: bool,
}

/// Collects the lines.
///
/// # Errors
/// [`StoreError`].
pub fn pull(
    connection: &Connection,
    codec: &mut BodyCodec,
    parts: &Parts,
    pull: &Pull<'_>,
) -> Result<Pulled, StoreError> {
    let mut pulled = Pulled {
        bytes: Vec::new(),
        lines: 0,
        cursor: pull.after.clone(),
        more: false,
    };
    let numbered: Vec<(i64, Lsn)> = pull
        .after
        .iter()
        .filter_map(|(part, after)| Some((parts.find(*part)?, *after)))
        .collect();
    let mut statements = numbered
        .iter()
        .map(|_| candidates(connection, pull.verdicts))
        .collect::<Result<Vec<_>, _>>()?;
    if pull.verdicts && pull.device.is_some() {
        for _ in &numbered {
            statements.push(own_verdicts(connection)?);
        }
    }
    let mut streams: Vec<Rows<'_>> = Vec::with_capacity(statements.len());
    for (statement, (part, after)) in statements.iter_mut().zip(numbered.iter().cycle()) {
        streams.push(statement.query(named_params! {":part": part, ":after": after, ":device": pull.device})?);
    }
    let mut next = BinaryHeap::new();
    for (index, stream) in streams.iter_mut().enumerate() {
        if let Some(row) = stream.next()? {
            next.push(Reverse((row.get::<_, Lsn>(0)?, index)));
        }
    }
    let mut line_statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KEPT_BODY}, e.device AS device_number FROM {TABLES}
           LEFT JOIN erased_entry x ON x.entry = e.number WHERE l.lsn = :lsn"
    ))?;
    let mut seen = 0;
    while let Some(Reverse((lsn, index))) = next.pop() {
        if pulled.bytes.len() >= pull.budget_bytes {
            pulled.more = true;
            break;
        }
        if let Some(row) = streams[index].next()? {
            next.push(Reverse((row.get(0)?, index)));
        }
        let mut rows = line_statement.query(named_params! {":lsn": lsn})?;
        let row = rows
            .next()?
            .ok_or_else(|| StoreError::damaged(format!("line {lsn} is missing")))?;
        let line = lines::read(row)?;
        let own = pull.device == Some(row.get("device_number")?);
        let body = row.get_ref("body")?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let entry = match body {
            Some(body) if !own => Some(codec.read(row.get("dictionary")?, body)?),
            _ => None,
        };
        write(&mut pulled, &as_spoken(line, pull.protocol), entry.as_deref());
        seen = lsn;
    }
    let reached = if pulled.more { seen } else { pull.head };
    for after in pulled.cursor.values_mut() {
        *after = (*after).max(reached);
    }
    Ok(pulled)
}

/// Merged lines of others; of its own those that say more than "merged", and all of them from
/// the beginning of a part, or after a snapshot of it: a device that lost sight of it has
/// forgotten its own records too, also those that came after the snapshot.
fn candidates(connection: &Connection, after_snapshot: bool) -> Result<CachedStatement<'_>, StoreError> {
    Ok(connection.prepare_cached(&format!(
        "SELECT l.lsn FROM log_line l JOIN entry e ON e.number = l.entry
          WHERE l.part = :part AND l.lsn > :after
            AND CASE WHEN e.device IS :device THEN {after_snapshot} OR :after = 0 OR l.verdict <> 'merged' OR l.derived IS NOT NULL
                     ELSE l.verdict = 'merged' AND (e.body IS NOT NULL OR EXISTS
                       (SELECT 1 FROM erased_entry x WHERE x.entry = l.entry AND x.remains IS NOT NULL)) END
          ORDER BY l.lsn",
    ))?)
}

/// Lines a device has passed without seeing them: of its own, those that say more than
/// "merged" and those that came after another verdict.
fn own_verdicts(connection: &Connection) -> Result<CachedStatement<'_>, StoreError> {
    Ok(connection.prepare_cached(
        "SELECT l.lsn FROM entry e JOIN log_line l ON l.entry = e.number
          WHERE e.device = :device AND l.part = :part AND l.lsn <= :after
            AND (l.verdict <> 'merged' OR EXISTS
                 (SELECT 1 FROM log_line before WHERE before.entry = l.entry AND before.lsn < l.lsn))
          ORDER BY l.lsn",
    )?)
}

/// The line in words that the device knows.
fn as_spoken(mut line: StoredLine, protocol: u32) -> StoredLine {
    let verdict = line.envelope.verdict.as_spoken(protocol);
    if verdict != line.envelope.verdict {
        line.envelope.verdict = verdict;
        line.bytes = lines::layout_1(&line.envelope);
    }
    line
}

fn write(pulled: &mut Pulled, line: &StoredLine, entry: Option<&[u8]>) {
    debug_assert!(entry.is_none() || line.envelope.verdict == Verdict::Merged);
    pulled.bytes.extend_from_slice(&line.bytes);
    pulled.bytes.push(b'\n');
    if let Some(entry) = entry {
        pulled.bytes.extend_from_slice(entry);
        pulled.bytes.push(b'\n');
    }
    pulled.lines += 1;
}
