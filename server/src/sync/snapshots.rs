//! Snapshots of parts for devices that have nothing of them (docs/protocol.md section 14).
//! Made on a read connection, so that nobody who writes waits; one at a time, so that a crowd
//! that asks for the same part waits for one making. Only the keeping goes through the writer.

use menpai_sync_core::ids::{DeviceId, Hash, Lsn};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::snapshot::{FORMAT, Snapshot, SnapshotFacts};

use super::community::{Community, Reader};
use super::documents;
use crate::fail_points;
use crate::store::community::parts::Parts;
use crate::store::community::snapshots::{self, Named};
use crate::store::community::{StoreError, digest, identity};

/// A snapshot is made again when so many lines of its part have come since: until then they
/// cost the device less than the making costs the home.
const RENEWED_AFTER_LINES: usize = 200;

impl Community {
    /// The newest snapshots of the parts that a device may see now, in the order in which
    /// they travel; of those named in `wanted` only, if any are. Made first where one is
    /// missing or too old.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_snapshots(
        &self,
        device: DeviceId,
        now_ms: i64,
        wanted: Option<&[Part]>,
    ) -> Result<Vec<Named>, StoreError> {
        let mut newest = Vec::new();
        for (part, number) in self.visible_parts(device, now_ms)? {
            if wanted.is_none_or(|wanted| wanted.contains(&part)) {
                newest.push(self.newest_snapshot(part, number)?);
            }
        }
        Ok(newest)
    }

    /// Snapshots by the beginnings of their ids, as far as they are kept and the device may
    /// see their parts now; `None` if one is not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_snapshots(
        &self,
        device: DeviceId,
        now_ms: i64,
        ids: &[&str],
    ) -> Result<Option<Vec<Named>>, StoreError> {
        let parts = self.visible_parts(device, now_ms)?;
        let mut kept = Vec::new();
        self.read(|reader| {
            for (_, number) in parts {
                kept.extend(snapshots::of_part(&reader.connection, number)?);
            }
            Ok(())
        })?;
        let find = |id: &&str| kept.iter().find(|named| named.id.to_string().starts_with(id)).copied();
        Ok(ids.iter().map(find).collect())
    }

    /// The bytes of one; `None` if it is no longer kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshot_bytes(&self, named: &Named) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|reader| snapshots::bytes(&reader.connection, named))
    }

    /// Grids before the community, open before care: what a worker needs first comes first.
    fn visible_parts(&self, device: DeviceId, now_ms: i64) -> Result<Vec<(Part, i64)>, StoreError> {
        let parts = self.read(|reader| Parts::load(&reader.connection))?;
        let visible = self.directory().visible(device, now_ms, parts.all());
        let mut visible: Vec<(Part, i64)> = visible
            .into_iter()
            .filter_map(|part| Some((part, parts.find(part)?)))
            .collect();
        visible.sort_by_key(|(part, _)| (part.grid.is_none(), part.grid, part.class == Class::Care));
        Ok(visible)
    }

    fn newest_snapshot(&self, part: Part, number: i64) -> Result<Named, StoreError> {
        if let Some(named) = self.read(|reader| fresh(reader, number))? {
            return Ok(named);
        }
        let _making = self.making_snapshot();
        // Somebody else may have made it while this one waited.
        if let Some(named) = self.read(|reader| fresh(reader, number))? {
            return Ok(named);
        }
        let (lsn, bytes) = self.read(|reader| make(self, reader, part, number))?;
        fail_points::at("snapshot made")?;
        let named = Named {
            part: number,
            lsn,
            id: Hash::of(&bytes),
        };
        self.write(move |work| {
            snapshots::keep(work.transaction, &named, &bytes)?;
            fail_points::at("snapshot kept")
        })?;
        Ok(named)
    }
}

/// The newest of a part, if it is new enough.
fn fresh(reader: &mut Reader, part: i64) -> Result<Option<Named>, StoreError> {
    let Some(newest) = snapshots::of_part(&reader.connection, part)?.into_iter().next() else {
        return Ok(None);
    };
    if fail_points::is_broken("snapshots are renewed seldom") {
        return Ok(None);
    }
    let behind = snapshots::lines_after(&reader.connection, part, newest.lsn, RENEWED_AFTER_LINES)?;
    Ok(Some(newest).filter(|_| behind < RENEWED_AFTER_LINES))
}

/// The part as one moment of the file shows it.
fn make(community: &Community, reader: &mut Reader, part: Part, number: i64) -> Result<(Lsn, Vec<u8>), StoreError> {
    let me = community.identity();
    let head = identity::head(&reader.connection)?.map_or_else(|| me.beginning(), |(head, _)| head);
    let document = documents::stored(&reader.connection, &mut reader.codec, number, me.code, part)?;
    let snapshot = Snapshot {
        facts: SnapshotFacts {
            menpai: FORMAT,
            community: me.code,
            log: me.log,
            part,
            lsn: head.lsn,
            epoch: document.as_ref().map_or(0, Document::epoch),
            digest: digest::of_part(&reader.connection, &mut reader.codec, number)?,
        },
        document: document.as_ref().map(Document::save_plain).unwrap_or_default(),
        lines: snapshots::record_lines(&reader.connection, &mut reader.codec, number)?,
    };
    let bytes = snapshot.write(&snapshots::makers(&reader.connection, number)?);
    Ok((head.lsn, bytes))
}
