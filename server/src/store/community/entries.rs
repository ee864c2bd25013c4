//! Entries exactly as they were made. Always holds: one row for each entry of a device's
//! log, and its bytes or, where they are not kept, their hash.

use menpai_sync_core::entry::MAX_ENTRY_BYTES;
use menpai_sync_core::ids::{EntryId, Hash, Seq};
use rusqlite::{Connection, Row, named_params, params};

use super::kept::{self, Kept};
use super::{BodyCodec, StoreError};

/// One stored entry.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// Its row.
    pub number: i64,
    /// Position in its device's log.
    pub seq: Seq,
    /// `None` where the bytes cannot be read.
    pub id: Option<EntryId>,
    /// Its bytes; `None` where they are not kept.
    pub bytes: Option<Vec<u8>>,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// The row that has the same id and bytes from another device.
    pub same_as: Option<i64>,
}

/// What is to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// The device's number.
    pub device: i64,
    /// Position in its log.
    pub seq: Seq,
    /// `None` where the bytes cannot be read.
    pub id: Option<EntryId>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// The row that has the same id and bytes already.
    pub same_as: Option<i64>,
    /// It names something that was erased.
    pub names_erased: bool,
}

/// Stores one entry and returns its row. Bytes over the limit, and those that name something
/// erased, are kept as their hash.
///
/// # Errors
/// [`StoreError`]; also where the device's log has that number already.
pub fn insert(kept: &mut Kept<'_>, codec: &mut BodyCodec, entry: &NewEntry<'_>) -> Result<i64, StoreError> {
    let is_kept = entry.same_as.is_none() && !entry.names_erased && entry.bytes.len() <= MAX_ENTRY_BYTES;
    let body = if is_kept { Some(codec.store(entry.bytes)?) } else { None };
    let number = kept
        .statement(
            kept::ENTRY,
            "INSERT INTO entry (device, seq, id, body, dictionary, hash, same_as)
             VALUES (:device, :seq, :id, :body, :dictionary, :hash, :same_as)",
        )?
        .insert(params![
            entry.device,
            entry.seq,
            entry.id.as_ref().map(EntryId::as_bytes),
            body.as_ref().map(|body| &body.bytes),
            body.as_ref().map_or(0, |body| body.dictionary),
            body.is_none().then_some(entry.hash.0),
            entry.same_as,
        ])?;
    Ok(number)
}

/// One entry of a device's log.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    connection: &Connection,
    codec: &mut BodyCodec,
    device: i64,
    seq: Seq,
) -> Result<Option<StoredEntry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, seq, id, body, dictionary, hash, same_as FROM entry WHERE device = :device AND seq = :seq",
    )?;
    let mut rows = statement.query(named_params! {":device": device, ":seq": seq})?;
    rows.next()?.map(|row| read(row, codec)).transpose()
}

/// The entry in a row.
///
/// # Errors
/// [`StoreError`].
pub fn get(connection: &Connection, codec: &mut BodyCodec, number: i64) -> Result<StoredEntry, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT number, seq, id, body, dictionary, hash, same_as FROM entry WHERE number = :number")?;
    let mut rows = statement.query(named_params! {":number": number})?;
    match rows.next()? {
        Some(row) => read(row, codec),
        None => Err(StoreError::damaged(format!("entry row {number} is missing"))),
    }
}

/// The first row that has an id: that entry owns it.
///
/// # Errors
/// [`StoreError`].
pub fn owner_of_id(connection: &Connection, id: EntryId) -> Result<Option<i64>, StoreError> {
    find_owner(&mut Kept::new(connection), id)
}

/// The same, for many ids in one request.
///
/// # Errors
/// [`StoreError`].
pub fn find_owner(kept: &mut Kept<'_>, id: EntryId) -> Result<Option<i64>, StoreError> {
    Ok(kept
        .statement(kept::OWNER, "SELECT min(number) FROM entry WHERE id = :id")?
        .query_row([id.as_bytes()], |row| row.get(0))?)
}

/// Entries of a device, `first` to `last`, in order, those that are here.
///
/// # Errors
/// [`StoreError`], also those of `visit`.
pub fn for_each(
    connection: &Connection,
    codec: &mut BodyCodec,
    device: i64,
    range: std::ops::RangeInclusive<Seq>,
    mut visit: impl FnMut(StoredEntry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, seq, id, body, dictionary, hash, same_as FROM entry
          WHERE device = :device AND seq BETWEEN :first AND :last ORDER BY seq",
    )?;
    let mut rows = statement.query(named_params! {":device": device, ":first": range.start(), ":last": range.end()})?;
    while let Some(row) = rows.next()? {
        visit(read(row, codec)?)?;
    }
    Ok(())
}

fn read(row: &Row<'_>, codec: &mut BodyCodec) -> Result<StoredEntry, StoreError> {
    let bytes = match row.get_ref("body")?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        Some(body) => Some(codec.read(row.get("dictionary")?, body)?),
        None => None,
    };
    let hash = match &bytes {
        Some(bytes) => Hash::of(bytes),
        None => Hash(row.get("hash")?),
    };
    Ok(StoredEntry {
        number: row.get("number")?,
        seq: row.get("seq")?,
        id: row.get::<_, Option<[u8; 16]>>("id")?.map(EntryId::from_bytes),
        bytes,
        hash,
        same_as: row.get("same_as")?,
    })
}
