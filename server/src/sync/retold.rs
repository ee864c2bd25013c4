//! What a receipt does not say right: where several requests brought what it is about, their answers
//! lost, it states one arrival and one offset for all. A device reckons the made-times of its own
//! records by it, so the home tells the lines of those for which that comes out wrong.

use std::collections::BTreeMap;

use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{Lsn, Seq};
use menpai_sync_core::part::Part;
use menpai_sync_core::wire::Receipt;

use super::answer::Asked;
use super::community::Reader;
use crate::store::community::{StoreError, lines};

/// The lines, without their entries, of records of a receipt whose device would take them for made or
/// arrived at another time; of parts that it has in `after` and knows already.
pub(super) fn retold(
    reader: &mut Reader,
    log: i64,
    receipt: &Receipt,
    asked: &Asked<'_>,
    after: &BTreeMap<Part, Lsn>,
) -> Result<Vec<u8>, StoreError> {
    // Version 1 cannot be told when its entries arrived.
    let (Some(received), Some(offset_ms)) = (receipt.received, receipt.offset_ms) else {
        return Ok(Vec::new());
    };
    let jumps = ClockJumps::from(asked.header.jumps.clone());
    let measured_at: Seq = if received.unix_ms == asked.now_ms {
        asked.header.last
    } else {
        receipt.seq
    };
    let mut told = Vec::new();
    let range = receipt.first..=receipt.seq;
    lines::own_records(&reader.connection, &mut reader.codec, log, range, |line, bytes| {
        let envelope = &line.envelope;
        // From its beginning a part's own lines come anyway.
        let is_known = after.get(&envelope.part).is_some_and(|seen| *seen > 0);
        let Some(entry) = Entry::parse(&bytes).ok().filter(|_| is_known) else {
            return;
        };
        let since_ms = jumps.after(envelope.seq).saturating_sub(jumps.after(measured_at));
        let reckoned_ms = (entry.made_at.unix_ms)
            .saturating_add(offset_ms)
            .saturating_add(since_ms);
        if (reckoned_ms, received) != (envelope.made_ms, envelope.received) {
            told.extend_from_slice(&line.bytes);
            told.push(b'\n');
        }
    })?;
    Ok(told)
}
