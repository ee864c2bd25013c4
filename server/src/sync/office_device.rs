//! Devices of the office: what the server itself writes, it appends to the log of one of them,
//! whose key it holds.

use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::signature::Signer;
use rusqlite::Connection;

use super::community::Community;
use super::ingest::{Contact, SliceOutcome, ingest};
use super::slice::CheckedSlice;
use super::state::Work;
use crate::clock;
use crate::store::community::{StoreError, device_logs};

/// Entries of one slice that an office device writes.
const OFFICE_SLICE: usize = 512;

/// A device of the office, with its key: only the server has both.
#[derive(Clone)]
pub struct OfficeDevice {
    /// The device.
    pub device: DeviceId,
    /// Its key.
    pub key: Signer,
}

impl Community {
    /// Appends entries to the log of a device whose key this server holds, all or none; when
    /// this returns they are durable. What became of them is in their lines, as for phones.
    ///
    /// # Errors
    /// [`StoreError`]; then none is stored.
    pub fn write_as_office(&self, office: &OfficeDevice, entries: Vec<Vec<u8>>) -> Result<LogHead, StoreError> {
        self.decide_as_office(office, clock::now_ms(), |_| Ok(entries))
    }

    /// The same, received at `received_ms`; which entries, `decide` says from what the file
    /// holds, and nobody else writes between its look and its entries.
    ///
    /// # Errors
    /// [`StoreError`], also that of `decide`; then none is stored.
    pub fn decide_as_office(
        &self,
        office: &OfficeDevice,
        received_ms: i64,
        decide: impl FnOnce(&Connection) -> Result<Vec<Vec<u8>>, StoreError> + Send + 'static,
    ) -> Result<LogHead, StoreError> {
        let office = office.clone();
        self.write(move |work| {
            let entries = decide(work.transaction)?;
            append_as_office(work, &office, received_ms, entries)
        })
    }
}

/// Appends entries to the log of an office device, inside the caller's transaction.
pub(super) fn append_as_office(
    work: &mut Work<'_>,
    office: &OfficeDevice,
    received_ms: i64,
    entries: Vec<Vec<u8>>,
) -> Result<LogHead, StoreError> {
    let contact = Contact {
        received_ms,
        offset_ms: 0,
        last: None,
    };
    let code = work.state.identity.code;
    let mut head = match device_logs::find(work.transaction, office.device)? {
        Some(log) => log.head,
        None => LogHead::empty(code, office.device),
    };
    let mut rest = entries.into_iter().peekable();
    while rest.peek().is_some() {
        let piece = rest.by_ref().take(OFFICE_SLICE).collect();
        let slice = CheckedSlice::of_office(code, office.device, &office.key, head, piece);
        match ingest(work, &slice, contact, &[])? {
            SliceOutcome::Taken { end, .. } => head = end,
            SliceOutcome::Refused(refusal) => return Err(StoreError::damaged(refusal.to_string())),
        }
    }
    Ok(head)
}
