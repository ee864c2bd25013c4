//! What devices send becomes part of the community's file: slices, slices with the receipts of a
//! home that was put back, and that they were heard from.

use std::sync::Arc;

use menpai_sync_core::clock::LastContact;
use menpai_sync_core::ids::DeviceId;

use super::Community;
use crate::store::community::{StoreError, device_logs, heard};
use crate::sync::ingest::{Contact, Dating, SliceOutcome, Taken, chain_at, ingest};
use crate::sync::refill::{Refilled, ShownReceipt, stated};
use crate::sync::slice::{CheckedSlice, Refusal, Slice};
use crate::sync::state::Work;
use crate::sync::writer::task;

impl Community {
    /// A slice with its beginning, where that came before and it left it out.
    #[must_use]
    pub fn with_beginning(&self, device: DeviceId, slice: Slice) -> Slice {
        match self.unfinished.take(device) {
            Some(beginning) => slice.after(&beginning),
            None => slice,
        }
    }

    /// Takes up one slice of a device's log and notes the contact; when this returns it is
    /// durable.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the slice is stored.
    pub fn ingest(&self, device: DeviceId, slice: Slice, contact: Contact) -> Result<SliceOutcome, StoreError> {
        let directory = self.directory();
        let Some(known) = directory.device(device) else {
            return Ok(SliceOutcome::Refused(Refusal::BadSignature));
        };
        let code = self.identity.code;
        let previous = match slice.line.previous {
            Some(previous) => Some(previous),
            None => self.read(|reader| chain_at(reader, code, device, slice.line.first - 1))?,
        };
        let Some(previous) = previous else {
            return Ok(SliceOutcome::Refused(Refusal::PreviousUnknown));
        };
        let is_whole = slice.line.begins() == slice.line.first;
        match slice.check(code, device, &known.public_key, previous) {
            Ok(slice) => {
                let slice = Arc::new(slice);
                self.write_repeatable(move |work| {
                    let mut outcome = ingest(work, &slice, contact, &[])?;
                    if let SliceOutcome::Taken { dating, .. } = &mut outcome {
                        // What was left out and is no beginning came before on another way.
                        if !is_whole {
                            *dating = Dating::Earlier;
                        }
                        note(work, device, contact)?;
                    }
                    Ok(outcome)
                })
            }
            Err(refusal) => Ok(SliceOutcome::Refused(refusal)),
        }
    }

    /// Takes up slices that the home once acknowledged, with the receipts that say so: it repeats
    /// what it decided. All or none, unless one does not continue the log.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of them is stored.
    pub fn refill(
        &self,
        device: DeviceId,
        receipts: Vec<ShownReceipt>,
        slices: Vec<Slice>,
        contact: Contact,
    ) -> Result<Refilled, StoreError> {
        let mut refilled = Refilled::default();
        let directory = self.directory();
        let Some(known) = directory.device(device) else {
            refilled.refused = Some((1, Refusal::BadSignature));
            return Ok(refilled);
        };
        let code = self.identity.code;
        let mut checked: Vec<CheckedSlice> = Vec::new();
        for slice in slices {
            let before = match (slice.line.previous, checked.last()) {
                (Some(previous), _) => Some(previous),
                (None, Some(last)) => Some(last.last_h()),
                (None, None) => self.read(|reader| chain_at(reader, code, device, slice.line.first - 1))?,
            };
            let before = before.ok_or(Refusal::PreviousUnknown);
            match before.and_then(|before| slice.check(code, device, &known.public_key, before)) {
                Ok(slice) => checked.push(slice),
                Err(refusal) => {
                    refilled.refused = Some((checked.len() + 1, refusal));
                    break;
                }
            }
        }
        let stated = stated(receipts, (code, device), &self.identity.receipt_key, &checked);
        let (checked, stated) = (Arc::new(checked), Arc::new(stated));
        self.write_repeatable(move |work| {
            let mut refilled = refilled;
            for (number, slice) in (1..).zip(&*checked) {
                match ingest(work, slice, contact, &stated)? {
                    SliceOutcome::Taken { end, dating, .. } => {
                        refilled.taken = Some(Taken::after(refilled.taken, slice.line.first, end, dating));
                    }
                    SliceOutcome::Refused(refusal) => {
                        refilled.refused = Some((number, refusal));
                        break;
                    }
                }
            }
            if refilled.taken.is_some() {
                note(work, device, contact)?;
            }
            Ok(refilled)
        })
    }
    /// Notes that a device was heard from that brought no slice. Nobody waits: it shares a
    /// later commit.
    pub fn note_contact(&self, device: DeviceId, contact: Contact) {
        let (job, _) = task(move |work: &mut Work<'_>| note(work, device, contact));
        if let Some(queue) = &self.queue {
            // A full queue costs precision: of made-times, and of when a phone was heard from.
            let _ = queue.try_send(job);
        }
    }

    /// The same for what may be done again: where changes of a registry document could not be
    /// taken up together it is done once more, each by itself, so that the one at fault is held.
    fn write_repeatable<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Work<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.write(work.clone()) {
            Err(StoreError::Registry { .. }) => self.write(work),
            other => other,
        }
    }
}

fn note(work: &mut Work<'_>, device: DeviceId, contact: Contact) -> Result<(), StoreError> {
    let Some(last) = contact.last else {
        return Ok(());
    };
    let clocks = LastContact {
        at_ms: contact.received_ms,
        offset_ms: Some(contact.offset_ms),
    };
    // Also of a device that has sent nothing yet: what it makes next was made after this.
    let log = device_logs::find_or_begin(work.transaction, work.state.identity.code, device)?;
    device_logs::add_contact(work.transaction, log.number, last, clocks, log.head.seq)?;
    let complete = last <= log.head.seq;
    heard::note(work.transaction, device, clocks.at_ms, complete)
}
