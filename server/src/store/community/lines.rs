//! The community log in SQL: one row for each line, its envelope's exact bytes recoverable.
//! Refuses to read a line whose columns contradict each other.

use std::io::Write;

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, Hash, Lsn};
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::{Derived, Reason, Verdict};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::kept::{self, Kept};
use super::{BodyCodec, StoreError, parts};

/// A line as it is stored.
#[derive(Debug, Clone)]
pub struct StoredLine {
    /// What was decided.
    pub envelope: Envelope,
    /// The envelope's exact bytes, without the newline.
    pub bytes: Vec<u8>,
    /// The row of the entry it is about.
    pub entry: i64,
}

/// A line as far as a replay needs it.
#[derive(Debug)]
pub struct Replayed {
    /// What was decided.
    pub envelope: Envelope,
    /// The row of the entry it is about.
    pub entry: i64,
    /// The entry's bytes, where they are kept.
    pub bytes: Option<Vec<u8>>,
}

/// The columns of a line and what its envelope needs of entry, device and part, in the
/// order that [`read`] takes them.
pub(super) const COLUMNS: &str = "l.lsn, l.entry, p.name, d.device, e.seq, e.id, l.verdict, l.reason, l.detail,
    l.derived, l.received_ms, l.offset_ms, l.made_ms, l.envelope";
/// Where they come from.
pub(super) const TABLES: &str = "log_line l JOIN entry e ON e.number = l.entry
    JOIN device_log d ON d.number = e.device JOIN part p ON p.number = l.part";
/// The bytes that are kept of the entry, and their dictionary; with `erased_entry x` joined.
pub(super) const KEPT_BODY: &str =
    "coalesce(e.body, x.remains) AS body, iif(e.body IS NULL, 0, e.dictionary) AS dictionary";

/// Envelope layout 1: what a stored line's columns are written as. A golden test holds it;
/// should the core ever write envelopes otherwise, this stays and rows keep their bytes.
#[must_use]
pub fn layout_1(envelope: &Envelope) -> Vec<u8> {
    let mut line = Vec::with_capacity(384);
    // Texts and numbers into memory: nothing that can fail.
    let written = write_layout_1(&mut line, envelope);
    debug_assert!(written.is_ok());
    line
}

/// By hand: one is written for every entry, and a general writer takes three times as long.
fn write_layout_1(line: &mut Vec<u8>, envelope: &Envelope) -> std::io::Result<()> {
    let Envelope {
        lsn,
        part,
        device,
        seq,
        received,
        offset_ms,
        made_ms,
        ..
    } = envelope;
    write!(
        line,
        r#"{{"lsn":{lsn},"part":"{part}","device":"{device}","seq":{seq},"entry":"#
    )?;
    match envelope.entry {
        Some(id) => write!(line, r#""{id}""#)?,
        None => line.extend_from_slice(b"null"),
    }
    write!(line, r#","verdict":"{}""#, envelope.verdict.code())?;
    if let Some(reason) = envelope.reason {
        write!(line, r#","reason":"{}""#, reason.code())?;
    }
    if let Some(detail) = &envelope.detail {
        line.extend_from_slice(br#","detail":"#);
        serde_json::to_writer(&mut *line, detail)?;
    }
    if let Some(derived) = &envelope.derived {
        line.extend_from_slice(br#","derived":"#);
        serde_json::to_writer(&mut *line, derived)?;
    }
    write!(
        line,
        r#","received":"{received}","offset_ms":{offset_ms},"made_ms":{made_ms}}}"#
    )
}

/// Appends one line and returns the envelope's bytes.
///
/// # Errors
/// [`StoreError`].
pub fn append(kept: &mut Kept<'_>, envelope: &Envelope, entry: i64, part: i64) -> Result<Vec<u8>, StoreError> {
    kept.statement(
        kept::LINE,
        "INSERT INTO log_line (lsn, entry, part, verdict, reason, detail, received_ms, offset_ms, made_ms, derived)
             VALUES (:lsn, :entry, :part, :verdict, :reason, :detail, :received, :offset, :made, :derived)",
    )?
    .execute(params![
        envelope.lsn,
        entry,
        part,
        envelope.verdict.code(),
        envelope.reason.map(Reason::code),
        envelope.detail,
        envelope.received.unix_ms,
        envelope.offset_ms,
        envelope.made_ms,
        envelope.derived.as_ref().map(pack),
    ])?;
    Ok(layout_1(envelope))
}

/// The last line of an entry: the one that counts.
///
/// # Errors
/// [`StoreError`].
pub fn last_of(connection: &Connection, entry: i64) -> Result<Option<StoredLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE l.entry = :entry ORDER BY l.lsn DESC LIMIT 1"
    ))?;
    let mut rows = statement.query(named_params! {":entry": entry})?;
    rows.next()?.map(read).transpose()
}

/// When the entry of a line arrived.
///
/// # Errors
/// [`StoreError`].
pub fn received_at(connection: &Connection, lsn: Lsn) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT received_ms FROM log_line WHERE lsn = :lsn")?
        .query_row(named_params! {":lsn": lsn}, |row| row.get(0))
        .optional()?)
}

/// What a receipt for a device's entries `first` to `last` must name: those that are not
/// simply merged, in order of seq.
///
/// # Errors
/// [`StoreError`].
pub fn exceptions(
    connection: &Connection,
    device: i64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Vec<(u64, Verdict, Option<Reason>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.seq, l.verdict, l.reason
           FROM held_entry h JOIN entry e ON e.number = h.entry JOIN log_line l ON l.lsn = h.lsn
          WHERE h.device = :device AND e.seq BETWEEN :first AND :last AND h.verdict <> 'merged'
         UNION ALL
         SELECT e.seq, l.verdict, l.reason
           FROM entry e JOIN held_entry h ON h.entry = e.same_as JOIN log_line l ON l.lsn = h.lsn
          WHERE e.device = :device AND e.seq BETWEEN :first AND :last AND e.same_as IS NOT NULL
            AND h.verdict <> 'merged'
          ORDER BY 1",
    )?;
    let mut rows = statement.query(named_params! {":device": device, ":first": range.start(), ":last": range.end()})?;
    let mut exceptions = Vec::new();
    while let Some(row) = rows.next()? {
        let code = row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        exceptions.push((
            row.get(0)?,
            verdict(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
            code.map(reason).transpose()?,
        ));
    }
    Ok(exceptions)
}

/// When a device's entries `first` to `last` arrived, and with which offset, if all did together.
///
/// # Errors
/// [`StoreError`].
pub fn arrival(
    connection: &Connection,
    device: i64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<(i64, i64)>, StoreError> {
    let arrived = connection
        .prepare_cached(
            "SELECT min(l.received_ms), max(l.received_ms), min(l.offset_ms), max(l.offset_ms)
               FROM entry e JOIN log_line l ON l.entry = coalesce(e.same_as, e.number)
              WHERE e.device = :device AND e.seq BETWEEN :first AND :last",
        )?
        .query_row(
            named_params! {":device": device, ":first": range.start(), ":last": range.end()},
            |row| Ok([row.get::<_, Option<i64>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
        )?;
    Ok(match arrived {
        [Some(first), Some(last), Some(least), Some(most)] if (first, least) == (last, most) => Some((first, least)),
        _ => None,
    })
}

/// The merged records among a device's own entries, each with its line and what is kept of its bytes.
///
/// # Errors
/// [`StoreError`].
pub fn own_records(
    connection: &Connection,
    codec: &mut BodyCodec,
    device: i64,
    range: std::ops::RangeInclusive<u64>,
    mut visit: impl FnMut(StoredLine, Vec<u8>),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KEPT_BODY} FROM {TABLES} LEFT JOIN erased_entry x ON x.entry = e.number
          WHERE e.device = :device AND e.seq BETWEEN :first AND :last
            AND l.verdict = 'merged' AND l.derived IS NULL AND coalesce(e.body, x.remains) IS NOT NULL
          ORDER BY l.lsn"
    ))?;
    let (first, last) = (range.start(), range.end());
    let mut rows = statement.query(named_params! {":device": device, ":first": first, ":last": last})?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref("body")?.as_blob().map_err(rusqlite::Error::from)?;
        visit(read(row)?, codec.read(row.get("dictionary")?, body)?);
    }
    Ok(())
}

/// The first lines after `after`, in order, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn after(connection: &Connection, after: Lsn, limit: usize) -> Result<Vec<StoredLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE l.lsn > :after ORDER BY l.lsn LIMIT :limit"
    ))?;
    let mut rows = statement.query(named_params! {":after": after, ":limit": limit})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(row)?);
    }
    Ok(lines)
}

/// The first lines after `after`, as far as a replay needs them.
///
/// # Errors
/// [`StoreError`].
pub fn to_replay(
    connection: &Connection,
    codec: &mut BodyCodec,
    after: Lsn,
    limit: usize,
) -> Result<Vec<Replayed>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, e.body, e.dictionary FROM {TABLES} WHERE l.lsn > :after ORDER BY l.lsn LIMIT :limit"
    ))?;
    let mut rows = statement.query(named_params! {":after": after, ":limit": limit})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let body = row.get_ref(14)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let bytes = match body {
            Some(body) => Some(codec.read(row.get(15)?, body)?),
            None => None,
        };
        lines.push(Replayed {
            envelope: envelope(row)?,
            entry: row.get(1)?,
            bytes,
        });
    }
    Ok(lines)
}

/// Merged edits of one part after a line, in order: what a stored document lacks.
///
/// # Errors
/// [`StoreError`].
pub fn merged_edits_after(connection: &Connection, part: i64, after: Lsn) -> Result<Vec<StoredLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES}
          WHERE l.part = :part AND l.lsn > :after AND l.derived IS NOT NULL ORDER BY l.lsn"
    ))?;
    let mut rows = statement.query(named_params! {":part": part, ":after": after})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(row)?);
    }
    Ok(lines)
}

/// Entries of one device, `first` to `last`, that are waiting still, in order of seq.
///
/// # Errors
/// [`StoreError`].
pub fn waiting(
    connection: &Connection,
    device: i64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Vec<StoredLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES}
          WHERE e.device = :device AND e.seq BETWEEN :first AND :last AND l.verdict = 'waiting'
            AND NOT EXISTS (SELECT 1 FROM log_line later WHERE later.entry = l.entry AND later.lsn > l.lsn)
          ORDER BY e.seq"
    ))?;
    let mut rows = statement.query(named_params! {":device": device, ":first": range.start(), ":last": range.end()})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(row)?);
    }
    Ok(lines)
}

/// Entries that wait for an entity: merged once, where it was there.
///
/// # Errors
/// [`StoreError`].
pub fn waiting_for(connection: &Connection, entity: EntityId) -> Result<Vec<StoredLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES}
          WHERE l.verdict = 'waiting' AND l.detail = :entity
            AND NOT EXISTS (SELECT 1 FROM log_line later WHERE later.entry = l.entry AND later.lsn > l.lsn)
          ORDER BY l.lsn"
    ))?;
    let mut rows = statement.query(named_params! {":entity": entity.to_string()})?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(row)?);
    }
    Ok(lines)
}

pub(super) fn read(row: &Row<'_>) -> Result<StoredLine, StoreError> {
    let envelope = envelope(row)?;
    let bytes = match row.get(13)? {
        Some(bytes) => bytes,
        None => layout_1(&envelope),
    };
    Ok(StoredLine {
        envelope,
        bytes,
        entry: row.get(1)?,
    })
}

fn envelope(row: &Row<'_>) -> Result<Envelope, StoreError> {
    let text = |index| -> Result<&str, StoreError> { Ok(row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?) };
    let why = row
        .get_ref(7)?
        .as_str_or_null()
        .map_err(rusqlite::Error::from)?
        .map(reason)
        .transpose()?;
    let derived = row
        .get_ref(9)?
        .as_blob_or_null()
        .map_err(rusqlite::Error::from)?
        .map(unpack)
        .transpose()?;
    Ok(Envelope {
        lsn: row.get(0)?,
        part: parts::parse(text(2)?)?,
        device: DeviceId::from_bytes(row.get(3)?),
        seq: row.get(4)?,
        entry: row.get::<_, Option<[u8; 16]>>(5)?.map(EntryId::from_bytes),
        verdict: verdict(text(6)?)?,
        reason: why,
        detail: row.get(8)?,
        derived,
        received: Instant::utc(row.get(10)?),
        offset_ms: row.get(11)?,
        made_ms: row.get(12)?,
    })
}

fn verdict(code: &str) -> Result<Verdict, StoreError> {
    Verdict::ALL
        .into_iter()
        .find(|verdict| verdict.code() == code)
        .ok_or_else(|| StoreError::damaged(format!("no verdict: {code:?}")))
}

fn reason(code: &str) -> Result<Reason, StoreError> {
    (Reason::ALL.iter().copied().find(|reason| reason.code() == code))
        .ok_or_else(|| StoreError::damaged(format!("no reason: {code:?}")))
}

fn pack(derived: &Derived) -> Vec<u8> {
    let mut packed = Vec::with_capacity(48 + derived.deps.len() * 32);
    packed.extend_from_slice(&derived.epoch.to_be_bytes());
    packed.extend_from_slice(&derived.seq.to_be_bytes());
    packed.extend_from_slice(&derived.hash.0);
    for dep in &derived.deps {
        packed.extend_from_slice(&dep.0);
    }
    packed
}

fn unpack(packed: &[u8]) -> Result<Derived, StoreError> {
    let damaged = || StoreError::damaged("a line's derived column is cut");
    let (epoch, rest) = packed.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (seq, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (hash, rest) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
    let (deps, []) = rest.as_chunks::<32>() else {
        return Err(damaged());
    };
    Ok(Derived {
        epoch: u64::from_be_bytes(*epoch),
        deps: deps.iter().map(|dep| Hash(*dep)).collect(),
        seq: u64::from_be_bytes(*seq),
        hash: Hash(*hash),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            lsn: 812,
            part: "community/open".parse().unwrap(),
            device: DeviceId::from_bytes([1; 16]),
            seq: 14,
            entry: Some(EntryId::from_bytes([2; 16])),
            verdict: Verdict::Merged,
            reason: None,
            detail: None,
            derived: Some(Derived {
                epoch: 1,
                deps: vec![Hash([3; 32]), Hash([4; 32])],
                seq: 3,
                hash: Hash([5; 32]),
            }),
            received: Instant::utc(1_795_483_801_250),
            offset_ms: -3000,
            made_ms: 1_795_483_957_123,
        }
    }

    #[test]
    fn layout_1_is_the_one_that_files_hold() {
        let mut envelope = envelope();
        assert_eq!(
            String::from_utf8(layout_1(&envelope)).unwrap(),
            format!(
                r#"{{"lsn":812,"part":"community/open","device":"01010101-0101-0101-0101-010101010101","seq":14,"entry":"02020202-0202-0202-0202-020202020202","verdict":"merged","derived":{{"epoch":1,"deps":["{}","{}"],"seq":3,"hash":"{}"}},"received":"2026-11-24T01:30:01.250Z","offset_ms":-3000,"made_ms":1795483957123}}"#,
                "03".repeat(32),
                "04".repeat(32),
                "05".repeat(32)
            )
        );
        envelope.derived = None;
        envelope.entry = None;
        envelope.verdict = Verdict::Held;
        envelope.reason = Some(Reason::FailedRule);
        envelope.detail = Some("/outcome: required".to_owned());
        assert_eq!(
            String::from_utf8(layout_1(&envelope)).unwrap(),
            r#"{"lsn":812,"part":"community/open","device":"01010101-0101-0101-0101-010101010101","seq":14,"entry":null,"verdict":"held","reason":"failed_rule","detail":"/outcome: required","received":"2026-11-24T01:30:01.250Z","offset_ms":-3000,"made_ms":1795483957123}"#
        );
    }

    #[test]
    fn layout_1_is_what_the_core_writes() {
        for (verdict, reason) in Verdict::ALL
            .into_iter()
            .flat_map(|verdict| Reason::ALL.iter().map(move |reason| (verdict, Some(*reason))))
            .chain([(Verdict::Merged, None)])
        {
            let envelope = Envelope {
                verdict,
                reason,
                detail: reason.map(|_| "\"\u{1}门牌\n".to_owned()),
                ..envelope()
            };
            assert_eq!(layout_1(&envelope), serde_json::to_vec(&envelope).unwrap());
        }
    }

    #[test]
    fn what_a_change_was_derived_from_comes_back() {
        let derived = envelope().derived.unwrap();
        assert_eq!(unpack(&pack(&derived)).unwrap(), derived);
        assert!(unpack(&pack(&derived)[..50]).is_err());
    }
}
