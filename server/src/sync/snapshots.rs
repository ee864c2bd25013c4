//! Snapshots of parts for devices that have nothing of them (docs/protocol.md section 14).
//! Made on a read connection, so that nobody who writes waits; one at a time, so that a crowd
//! that asks for the same part waits for one making. Only the keeping goes through the writer.
//! Devices that do without what was overtaken (`folds::overtaken`) have snapshots of their own.

mod make;

use chrono::NaiveDate;
use menpai_sync_core::folds::overtaken::{Horizon, old_before_ms};
use menpai_sync_core::ids::{DeviceId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::snapshot::LeftOut;

use super::community::{Community, Reader};
use crate::fail_points;
use crate::local_time::LocalTime;
use crate::store::community::StoreError;
use crate::store::community::parts::Parts;
use crate::store::community::snapshots::{self, Named};
use crate::store::review::campaigns;
use make::{Made, make};

/// A snapshot is made again when so many lines of its part have come since: until then they
/// cost the device less than the making costs the home.
const RENEWED_AFTER_LINES: usize = 200;

impl Community {
    /// The newest snapshots of the parts that a device may see now, in the order in which
    /// they travel; of those named in `wanted` only, if any are. Made first where one is
    /// missing or too old. With `leave_out` they are without what was overtaken by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_snapshots(
        &self,
        device: DeviceId,
        now_ms: i64,
        wanted: Option<&[Part]>,
        leave_out: bool,
    ) -> Result<Vec<Named>, StoreError> {
        let today = leave_out.then(|| LocalTime::of_community().day(now_ms));
        let mut newest = Vec::new();
        for (part, number) in self.visible_parts(device, now_ms)? {
            if wanted.is_none_or(|wanted| wanted.contains(&part)) {
                newest.push(self.newest_snapshot(part, number, today)?);
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
                let of_part = snapshots::of_part(&reader.connection, number)?;
                kept.extend(of_part.into_iter().map(|(named, _)| named));
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

    fn newest_snapshot(&self, part: Part, number: i64, today: Option<NaiveDate>) -> Result<Named, StoreError> {
        if let Some(named) = self.read(|reader| self.fresh(reader, number, today))? {
            return Ok(named);
        }
        let _making = self.making_snapshot();
        // Somebody else may have made it while this one waited.
        if let Some(named) = self.read(|reader| self.fresh(reader, number, today))? {
            return Ok(named);
        }
        let Made { lsn, left_out, bytes } = self.read(|reader| {
            let horizon = self.horizon(reader, today)?;
            make(self, reader, (part, number), horizon.as_ref())
        })?;
        fail_points::at("snapshot made")?;
        let named = Named {
            part: number,
            leaves_out: today.is_some(),
            lsn,
            id: Hash::of(&bytes),
        };
        self.write(move |work| {
            snapshots::keep(work.transaction, &named, left_out.as_ref(), &bytes)?;
            fail_points::at("snapshot kept")
        })?;
        Ok(named)
    }

    /// What still counts on a day, as one moment of the file shows it.
    fn horizon(&self, reader: &Reader, today: Option<NaiveDate>) -> Result<Option<Horizon>, StoreError> {
        let Some(today) = today else { return Ok(None) };
        let campaigns = campaigns::all(&reader.connection, self.kinds())?;
        Ok(Some(Horizon::of(today, &campaigns)))
    }

    /// The newest of a part and sort, if it is new enough.
    fn fresh(&self, reader: &Reader, part: i64, today: Option<NaiveDate>) -> Result<Option<Named>, StoreError> {
        let kept = snapshots::of_part(&reader.connection, part)?.into_iter();
        let Some((newest, left_out)) = kept.into_iter().find(|(named, _)| named.leaves_out == today.is_some()) else {
            return Ok(None);
        };
        if fail_points::is_broken("snapshots are renewed seldom") {
            return Ok(None);
        }
        let behind = snapshots::lines_after(&reader.connection, part, newest.lsn, RENEWED_AFTER_LINES)?;
        if behind >= RENEWED_AFTER_LINES {
            return Ok(None);
        }
        let horizon = self.horizon(reader, today)?;
        let still_fits = match left_out.zip(horizon) {
            Some((left_out, horizon)) => still_fits(reader, &newest, &left_out, &horizon)?,
            // It is whole.
            None => true,
        };
        Ok(Some(newest).filter(|_| still_fits))
    }
}

/// Whether a device has to fetch nothing again that takes up a snapshot which leaves something out.
fn still_fits(reader: &Reader, named: &Named, left_out: &LeftOut, horizon: &Horizon) -> Result<bool, StoreError> {
    let are_over = left_out
        .campaigns
        .iter()
        .all(|campaign| horizon.over.contains(campaign));
    if left_out.since != horizon.since.to_string() || !are_over {
        return Ok(false);
    }
    let old_before = old_before_ms(horizon.since);
    Ok(!snapshots::disputes_old(
        &reader.connection,
        named.part,
        named.lsn,
        old_before,
    )?)
}
