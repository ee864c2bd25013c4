//! The community log as NDJSON, one object per line of it, in order:
//! `{"envelope":{…},"entry":{…},"sha256":"…"}`. Envelope and entry stand there byte for byte as
//! they were hashed, so a file can be made again from it (docs/protocol.md section 6). Bytes
//! that are no entry come as `entry_hex`; what was too large to keep, or is erased, has its
//! hash alone, and `remains` where an erased record still counts.

use std::io::Write;

use menpai_sync_core::entry::Entry;
use rusqlite::Connection;

use super::ExportError;
use crate::store::community::{BodyCodec, StoreError, entries, erased, lines};

/// Lines read at a time.
const PIECE: usize = 1_000;

/// Writes every line; says how many there were.
///
/// # Errors
/// [`ExportError`].
pub fn write(connection: &Connection, out: &mut impl Write) -> Result<u64, ExportError> {
    let mut codec = BodyCodec::new().map_err(StoreError::from)?;
    let mut count = 0;
    let mut after = 0;
    loop {
        let piece = lines::after(connection, after, PIECE)?;
        let Some(last) = piece.last() else { return Ok(count) };
        after = last.envelope.lsn;
        for line in piece {
            let mut entry = entries::get(connection, &mut codec, line.entry)?;
            if let (None, Some(same)) = (&entry.bytes, entry.same_as) {
                entry = entries::get(connection, &mut codec, same)?;
            }
            out.write_all(b"{\"envelope\":")?;
            out.write_all(&line.bytes)?;
            match &entry.bytes {
                Some(bytes) if Entry::parse(bytes).is_ok() => {
                    out.write_all(b",\"entry\":")?;
                    out.write_all(bytes)?;
                }
                Some(bytes) => {
                    out.write_all(b",\"entry\":null,\"entry_hex\":\"")?;
                    for byte in bytes {
                        write!(out, "{byte:02x}")?;
                    }
                    out.write_all(b"\"")?;
                }
                None => {
                    out.write_all(b",\"entry\":null")?;
                    let remains = erased::remains(connection, line.entry)?;
                    if let Some(remains) = remains.and_then(|remains| remains.entry) {
                        out.write_all(b",\"remains\":")?;
                        out.write_all(&remains)?;
                    }
                }
            }
            writeln!(out, ",\"sha256\":\"{}\"}}", entry.hash)?;
            count += 1;
        }
    }
}
