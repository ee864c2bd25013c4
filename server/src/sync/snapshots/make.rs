//! A snapshot, made from one moment of the file and read as a device will read it before anybody is
//! given it: what does not give the same heads and the same sum as the tables is never kept.

use std::collections::HashSet;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::folds::overtaken::{Horizon, overtaken};
use menpai_sync_core::ids::{EntryId, Hash, Lsn};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::replica::{Replica, record_line};
use menpai_sync_core::snapshot::{FORMAT, LeftOut, Snapshot, SnapshotFacts};

use crate::store::community::snapshots::{self, Record};
use crate::store::community::{StoreError, digest, identity, projection};
use crate::sync::community::{Community, Reader};
use crate::sync::documents;

/// One that was made.
pub(super) struct Made {
    pub(super) lsn: Lsn,
    /// What the header says that it leaves out, or would say; `None`: nobody asked for that.
    pub(super) left_out: Option<LeftOut>,
    pub(super) bytes: Vec<u8>,
}

/// The part; without what was overtaken before a horizon, if one is given.
pub(super) fn make(
    community: &Community,
    reader: &mut Reader,
    (part, number): (Part, i64),
    horizon: Option<&Horizon>,
) -> Result<Made, StoreError> {
    let me = community.identity();
    let head = identity::head(&reader.connection)?.map_or_else(|| me.beginning(), |(head, _)| head);
    let document = documents::stored(&reader.connection, &mut reader.codec, number, me.code, part)?;
    let shown = digest::lines_of_part(&reader.connection, &mut reader.codec, number)?;
    let sum = shown.sum();
    let mut records = snapshots::records(&reader.connection, &mut reader.codec, number)?;
    let (left_out, gone) = match horizon {
        Some(horizon) => {
            let disputed = snapshots::disputed(&reader.connection)?;
            let (left_out, gone) = leave_out(community.kinds(), horizon, &disputed, &mut records)?;
            (Some(left_out), gone)
        }
        None => (None, HashSet::new()),
    };
    let mut lines = Vec::new();
    for record in records {
        for line in [record.envelope, record.entry] {
            lines.extend(line);
            lines.push(b'\n');
        }
    }
    let snapshot = Snapshot {
        facts: SnapshotFacts {
            menpai: FORMAT,
            community: me.code,
            log: me.log,
            part,
            lsn: head.lsn,
            epoch: document.as_ref().map_or(0, Document::epoch),
            digest: shown.without(&gone).digest(),
            left_out: left_out.clone().filter(|_| !gone.is_empty()),
        },
        document: document.as_ref().map(Document::save_plain).unwrap_or_default(),
        lines,
    };
    let bytes = snapshot.write(&snapshots::makers(&reader.connection, number)?);
    let heads = projection::heads(&reader.connection, number)?;
    let lsn = head.lsn;
    match read_back(community, part, &bytes) {
        Ok(read) if read == (heads, sum) => Ok(Made { lsn, left_out, bytes }),
        Ok(_) => Err(StoreError::damaged(format!(
            "a snapshot of {part} shows something else than the tables"
        ))),
        Err(error) => Err(StoreError::damaged(format!(
            "a snapshot of {part} cannot be read: {error}"
        ))),
    }
}

/// Takes out the records that were overtaken; gives what the header says of them, and the lines
/// that they are in the part's digest.
fn leave_out(
    kinds: &Kinds,
    horizon: &Horizon,
    disputed: &HashSet<EntryId>,
    records: &mut Vec<Record>,
) -> Result<(LeftOut, HashSet<String>), StoreError> {
    let read = |record: &Record| match Entry::parse(&record.entry) {
        Ok(entry) => Ok((entry, record.made_ms)),
        Err(error) => Err(StoreError::damaged(format!("a merged record: {error}"))),
    };
    let entries: Vec<(Entry, i64)> = records.iter().map(read).collect::<Result<_, _>>()?;
    let entries = || entries.iter().map(|(entry, made_ms)| (entry, *made_ms));
    let gone = overtaken(kinds, horizon, disputed, entries());
    let mut lines = HashSet::new();
    let mut ids = entries().map(|(entry, _)| entry.id);
    records.retain(|record| {
        let gone = ids.next().filter(|id| gone.records.contains(id));
        lines.extend(gone.map(|id| record_line(id, Hash::of(&record.entry))));
        gone.is_none()
    });
    let hashes = lines.iter().map(|line| Hash::of(line.as_bytes()));
    let left_out = LeftOut {
        since: horizon.since.to_string(),
        sum: hashes.fold(Hash::ZERO, Hash::plus),
        campaigns: gone.campaigns.into_iter().collect(),
    };
    Ok((left_out, lines))
}

/// The heads and the sum that a device will have.
fn read_back(community: &Community, part: Part, bytes: &[u8]) -> Result<(Vec<Hash>, Hash), Box<dyn std::error::Error>> {
    let (snapshot, _) = Snapshot::read(bytes)?.ok_or("it is cut short")?;
    let mut replica = Replica::empty(community.identity().code, community.kinds().clone());
    snapshot.unfold(&mut replica)?;
    replica.begin_with(snapshot.facts);
    let mut heads = replica.heads(part);
    heads.sort_unstable();
    Ok((heads, replica.sum(part)))
}
