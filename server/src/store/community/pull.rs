//! What a device lacks: lines of the parts it may see, after its cursor, and how its worker's
//! held entries stand, wherever they belong; in lsn order, up to a budget of bytes, in pieces of
//! which each can be taken up by itself. What is not merged goes to nobody else.

use std::collections::BTreeMap;

use menpai_sync_core::ids::{Hash, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::wire::{DATED_RECEIPTS, erased_line};
use rusqlite::{CachedStatement, Connection, named_params};

use super::lines::{self, COLUMNS, KEPT_BODY, StoredLine, TABLES};
use super::parts::Parts;
use super::{BodyCodec, StoreError};

/// No line has fewer bytes: of a part no more than the budget holds are looked for.
const LEAST_LINE_BYTES: usize = 128;

/// Why a line is given; where both are true, for its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Part,
    Held,
}

/// What is asked for.
#[derive(Debug)]
pub struct Pull<'a> {
    /// The device's number, if it has a log here: its own lines come without entries.
    pub device: Option<i64>,
    /// The parts it may see, each with the last line it has seen.
    pub after: &'a BTreeMap<Part, Lsn>,
    /// The numbers of the devices of its worker, its own among them.
    pub worker: &'a [i64],
    /// It took parts whole, and has forgotten its own records in them.
    pub after_snapshot: bool,
    /// How its worker's held entries stand is given after this line; `None`: not now.
    pub held_after: Option<Lsn>,
    /// The end of the log in this snapshot.
    pub head: Lsn,
    /// The protocol that the device speaks.
    pub protocol: u32,
    /// About how many bytes of lines to give.
    pub budget_bytes: usize,
    /// About how many of them the first piece has, and each after it.
    pub piece_bytes: (usize, usize),
}

/// Some of what is given.
#[derive(Debug)]
pub struct Piece {
    /// Lines as they travel.
    pub bytes: Vec<u8>,
    /// The complete cursor of who has this piece and those before it.
    pub cursor: BTreeMap<Part, Lsn>,
    /// There is more.
    pub more: bool,
}

/// Collects the lines; at least one piece, which may be empty.
///
/// # Errors
/// [`StoreError`].
pub fn pull(
    connection: &Connection,
    codec: &mut BodyCodec,
    parts: &Parts,
    pull: &Pull<'_>,
) -> Result<Vec<Piece>, StoreError> {
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    let cut = |bytes: &mut Vec<u8>, reached: Lsn, more: bool| Piece {
        bytes: std::mem::take(bytes),
        cursor: (pull.after.iter())
            .map(|(part, after)| (*part, reached.max(*after)))
            .collect(),
        more,
    };
    let numbered: Vec<(i64, Lsn)> = pull
        .after
        .iter()
        .filter_map(|(part, after)| Some((parts.find(*part)?, *after)))
        .collect();
    // One part after the other: a statement can be kept only once, and the next to be read at the
    // same time would be compiled anew.
    let most = pull.budget_bytes / LEAST_LINE_BYTES + 1;
    let mut found: Vec<(Lsn, Of)> = Vec::new();
    for (part, after) in &numbered {
        let mut statement = candidates(connection, pull.after_snapshot)?;
        let lsns = statement.query_map(
            named_params! {":part": part, ":after": after, ":device": pull.device, ":most": most},
            |row| Ok((row.get(0)?, Of::Part)),
        )?;
        found.extend(lsns.collect::<Result<Vec<_>, _>>()?);
    }
    if let Some(after) = pull.held_after {
        let others = pull.protocol >= DATED_RECEIPTS;
        let parts: Vec<i64> = numbered.iter().map(|(part, _)| *part).collect();
        let mut statement = held_of_worker(connection)?;
        let lsns = statement.query_map(
            named_params! {
                ":worker": serde_json::json!(pull.worker).to_string(),
                ":device": pull.device,
                ":after": after,
                ":others": others,
                ":parts": serde_json::json!(parts).to_string(),
            },
            |row| Ok((row.get(0)?, Of::Held)),
        )?;
        found.extend(lsns.collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_unstable();
    found.dedup_by_key(|(lsn, _)| *lsn);
    let mut line_statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KEPT_BODY}, e.device AS device_number, e.hash FROM {TABLES}
           LEFT JOIN erased_entry x ON x.entry = e.number WHERE l.lsn = :lsn"
    ))?;
    // How held entries stand comes whole, or a device that asks for all of it never gets to the end.
    let mut budget_bytes = 0;
    let mut more = false;
    let mut seen = 0;
    for (lsn, of) in found {
        if budget_bytes >= pull.budget_bytes {
            more = true;
            break;
        }
        let (first, others) = pull.piece_bytes;
        if bytes.len() >= if pieces.is_empty() { first } else { others } {
            pieces.push(cut(&mut bytes, seen, true));
        }
        let mut rows = line_statement.query(named_params! {":lsn": lsn})?;
        let row = rows
            .next()?
            .ok_or_else(|| StoreError::damaged(format!("line {lsn} is missing")))?;
        let line = lines::read(row)?;
        let own = pull.device == Some(row.get("device_number")?);
        let body = row.get_ref("body")?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let entry = match body {
            _ if own => None,
            Some(body) => Some(codec.read(row.get("dictionary")?, body)?),
            None => row.get::<_, Option<_>>("hash")?.map(|hash| erased_line(Hash(hash))),
        };
        let before = bytes.len();
        write(&mut bytes, &as_spoken(line, pull.protocol), entry.as_deref());
        if of == Of::Part {
            budget_bytes += bytes.len() - before;
        }
        seen = lsn;
    }
    pieces.push(cut(&mut bytes, if more { seen } else { pull.head }, more));
    Ok(pieces)
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
          ORDER BY l.lsn LIMIT :most",
    ))?)
}

/// The lines that count for entries of a worker that are or were held, of whatever part: the
/// work is theirs. What another device of the worker made comes with its bytes, or with the line
/// that says that they were erased, and only the newest of it. An older device knows of its own only, in parts that it sees.
fn held_of_worker(connection: &Connection) -> Result<CachedStatement<'_>, StoreError> {
    Ok(connection.prepare_cached(
        "SELECT h.lsn FROM held_entry h
          WHERE h.device IN (SELECT value FROM json_each(:worker)) AND h.lsn > :after
            AND (h.device IS :device OR (:others AND h.entry IN
                 (SELECT o.entry FROM held_entry o JOIN entry oe ON oe.number = o.entry
                   WHERE o.device IN (SELECT value FROM json_each(:worker)) AND o.device IS NOT :device
                     AND oe.id IS NOT NULL
                     AND (oe.body IS NOT NULL OR EXISTS (SELECT 1 FROM erased_entry x WHERE x.entry = o.entry))
                   ORDER BY o.lsn DESC LIMIT 64)))
            AND (:others OR (SELECT part FROM log_line WHERE lsn = h.lsn) IN (SELECT value FROM json_each(:parts)))
          ORDER BY h.lsn",
    )?)
}

/// The line in words that the device knows.
fn as_spoken(mut line: StoredLine, protocol: u32) -> StoredLine {
    let verdict = line.envelope.verdict.as_spoken(protocol);
    let reason = line.envelope.reason.and_then(|reason| reason.as_spoken(protocol));
    if (verdict, reason) != (line.envelope.verdict, line.envelope.reason) {
        (line.envelope.verdict, line.envelope.reason) = (verdict, reason);
        line.bytes = lines::layout_1(&line.envelope);
    }
    line
}

fn write(bytes: &mut Vec<u8>, line: &StoredLine, entry: Option<&[u8]>) {
    bytes.extend_from_slice(&line.bytes);
    bytes.push(b'\n');
    if let Some(entry) = entry {
        bytes.extend_from_slice(entry);
        bytes.push(b'\n');
    }
}
