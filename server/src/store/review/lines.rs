//! Lines of the community log with their entries, newest first: the last line of each entry,
//! narrowed by where, what, who, when and verdict. What is not merged is in no derived table,
//! so for it kind and worker are read from the entry itself.

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, EntryId, GridId, Lsn, Seq, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::verdict::{Reason, Verdict};
use rusqlite::{Connection, Row, named_params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::store::community::{BodyCodec, StoreError};

/// Which lines are asked for.
#[derive(Debug, Clone)]
pub struct LineFilter<'a> {
    /// Only of this grid.
    pub grid: Option<GridId>,
    /// Only of these kinds.
    pub kinds: Vec<&'a str>,
    /// What cannot be read or is of a kind unknown here is listed too.
    pub unknown_kinds: bool,
    /// Only by this worker.
    pub worker: Option<WorkerId>,
    /// Only with a made-time in here.
    pub made_ms: Option<std::ops::Range<i64>>,
    /// Only with this verdict.
    pub verdict: Option<Verdict>,
    /// Only lines before this one.
    pub before: Option<Lsn>,
}

/// One entry at the line that counts for it.
#[derive(Debug, Clone)]
pub struct ReviewLine {
    /// The line.
    pub lsn: Lsn,
    /// Where the entry belongs.
    pub part: Part,
    /// Whose log it is from.
    pub device: DeviceId,
    /// Where in that log.
    pub seq: Seq,
    /// `None` where the bytes cannot be read.
    pub id: Option<EntryId>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why it does not count.
    pub reason: Option<Reason>,
    /// What the reason is about.
    pub detail: Option<String>,
    /// Home's clock at arrival.
    pub received_ms: i64,
    /// Home's clock minus device's.
    pub offset_ms: i64,
    /// Made-time.
    pub made_ms: i64,
    /// What it says, where it can be read and is still kept.
    pub entry: Option<Entry>,
}

/// At most `limit` lines that fit, newest first.
///
/// # Errors
/// [`StoreError`].
pub fn newest(
    connection: &Connection,
    codec: &mut BodyCodec,
    filter: &LineFilter<'_>,
    limit: usize,
) -> Result<Vec<ReviewLine>, StoreError> {
    let mut statement = connection.prepare_cached(include_str!("newest_lines.sql"))?;
    let kinds = serde_json::json!(filter.kinds).to_string();
    let mut rows = statement.query(named_params! {
        ":before": filter.before,
        ":verdict": filter.verdict.map(Verdict::code),
        ":first_ms": filter.made_ms.as_ref().map(|range| range.start),
        ":end_ms": filter.made_ms.as_ref().map(|range| range.end),
        ":grid": filter.grid.map(|grid| format!("{grid}/")),
        ":kinds": kinds,
        ":worker": filter.worker.as_ref().map(WorkerId::as_bytes),
    })?;
    let mut lines = Vec::new();
    while lines.len() < limit
        && let Some(row) = rows.next()?
    {
        let line = read(row, codec)?;
        if line.verdict == Verdict::Merged || fits(&line, filter) {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// The lines that count for what is or was held and stands at a verdict, newest first.
///
/// # Errors
/// [`StoreError`].
pub fn standing_at(
    connection: &Connection,
    codec: &mut BodyCodec,
    verdict: Verdict,
    limit: usize,
) -> Result<Vec<ReviewLine>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.lsn, p.name AS part, d.device, e.seq, e.id, l.verdict, l.reason, l.detail,
                l.received_ms, l.offset_ms, l.made_ms, e.body, e.dictionary
           FROM held_entry h JOIN log_line l ON l.lsn = h.lsn JOIN entry e ON e.number = h.entry
           JOIN device_log d ON d.number = e.device JOIN part p ON p.number = l.part
          WHERE h.verdict = :verdict ORDER BY h.lsn DESC LIMIT :limit",
    )?;
    let mut rows = statement.query(named_params! {":verdict": verdict.code(), ":limit": limit})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(row, codec)?);
    }
    Ok(lines)
}

/// Whether a line that no derived table knows fits kind and worker.
fn fits(line: &ReviewLine, filter: &LineFilter<'_>) -> bool {
    let Some(entry) = &line.entry else {
        return filter.unknown_kinds && filter.worker.is_none();
    };
    let kind = filter.kinds.contains(&entry.kind.as_str())
        || (filter.unknown_kinds && line.reason == Some(Reason::UnknownKind));
    kind && filter.worker.is_none_or(|worker| worker == entry.worker)
}

fn read(row: &Row<'_>, codec: &mut BodyCodec) -> Result<ReviewLine, StoreError> {
    let text = |name: &str| -> Result<String, StoreError> { Ok(row.get(name)?) };
    let bytes = match row.get_ref("body")?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        Some(body) => Some(codec.read(row.get("dictionary")?, body)?),
        None => None,
    };
    let reason: Option<String> = row.get("reason")?;
    Ok(ReviewLine {
        lsn: row.get("lsn")?,
        part: text("part")?
            .parse()
            .map_err(|_| StoreError::damaged("a part's name"))?,
        device: DeviceId::from_bytes(row.get("device")?),
        seq: row.get("seq")?,
        id: row.get::<_, Option<[u8; 16]>>("id")?.map(EntryId::from_bytes),
        verdict: code(text("verdict")?)?,
        reason: reason.map(code).transpose()?,
        detail: row.get("detail")?,
        received_ms: row.get("received_ms")?,
        offset_ms: row.get("offset_ms")?,
        made_ms: row.get("made_ms")?,
        entry: bytes.and_then(|bytes| Entry::parse(&bytes).ok()),
    })
}

fn code<T: DeserializeOwned>(code: String) -> Result<T, StoreError> {
    serde_json::from_value(Value::String(code)).map_err(|_| StoreError::damaged("an unknown verdict or reason"))
}
