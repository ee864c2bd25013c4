//! What a receipt does not say right: it states one arrival and one offset for all that it is about.
//! A device reckons the made-times of its own records by them, and that comes out wrong where several
//! requests brought them, their answers lost, or where a record cannot have been made at that time.

use std::collections::BTreeMap;

use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{Lsn, Seq};
use menpai_sync_core::part::Part;
use menpai_sync_core::wire::Receipt;

use super::answer::Asked;
use super::community::Reader;
use crate::store::community::{StoreError, lines};

/// Seq, made-time and arrival, both milliseconds UTC, of those records of a receipt whose device would
/// take them for made or arrived at another time; of parts that it has in `after` and knows already.
pub(super) fn dated(
    reader: &mut Reader,
    log: i64,
    receipt: &Receipt,
    asked: &Asked<'_>,
    after: &BTreeMap<Part, Lsn>,
) -> Result<Vec<(Seq, i64, i64)>, StoreError> {
    // Version 1 cannot be told when its entries arrived.
    let (Some(received), Some(offset_ms)) = (receipt.received, receipt.offset_ms) else {
        return Ok(Vec::new());
    };
    let jumps = ClockJumps::from(asked.header.jumps.clone());
    let measured_at = if received.unix_ms == asked.now_ms {
        asked.header.last
    } else {
        receipt.seq
    };
    let mut dated = Vec::new();
    let range = receipt.first..=receipt.seq;
    lines::own_records(&reader.connection, &mut reader.codec, log, range, |line, bytes| {
        let envelope = &line.envelope;
        // From its beginning a part's own lines come anyway.
        let is_known = after.get(&envelope.part).is_some_and(|seen| *seen > 0);
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
