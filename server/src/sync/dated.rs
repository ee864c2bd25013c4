//! What a receipt does not say right: it states one arrival and one offset for all that a device has just
//! learned is here. The device reckons the made-times of its own records by them, and that comes out wrong
//! where several requests brought them, their answers lost, or a courier did, or where a record cannot have
//! been made at that time.

use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::Seq;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::Receipt;

use super::answer::Asked;
use super::community::Reader;
use crate::store::community::{StoreError, lines};

/// Seq, made-time and arrival, both milliseconds UTC, of those records from the receipt's first to `last`
/// whose device would take them for made or arrived at another time, in parts that it knows already.
pub(super) fn dated(
    reader: &mut Reader,
    log: i64,
    receipt: &Receipt,
    asked: &Asked<'_>,
    last: Seq,
) -> Result<Vec<(Seq, i64, i64)>, StoreError> {
    // Version 1 cannot be told when its entries arrived.
    let (Some(received), Some(offset_ms)) = (receipt.received, receipt.offset_ms) else {
        return Ok(Vec::new());
    };
    let jumps = ClockJumps::from(asked.header.jumps.clone());
    let measured_at = receipt.measured_at(Instant::utc(asked.now_ms), asked.header.last);
    let mut dated = Vec::new();
    let range = receipt.first..=last;
    lines::own_records(&reader.connection, &mut reader.codec, log, range, |line, bytes| {
        let envelope = &line.envelope;
        // From its beginning a part's own lines come anyway.
        let is_known = asked.header.seen(envelope.part).is_some_and(|seen| seen > 0);
        let Some(entry) = Entry::parse(&bytes).ok().filter(|_| is_known) else {
            return;
        };
        let offset_ms = jumps.offset_at(envelope.seq, measured_at, offset_ms);
        let reckoned_ms = entry.made_at.unix_ms.saturating_add(offset_ms);
        if (reckoned_ms, received) != (envelope.made_ms, envelope.received) {
            dated.push((envelope.seq, envelope.made_ms, envelope.received.unix_ms));
        }
    })?;
    Ok(dated)
}
