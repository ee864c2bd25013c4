//! What a courier brought, opened: read as a sync's body is and taken in as one, but for the
//! clocks. Nobody measured the author's; it is bounded by the hand-over (docs/protocol.md
//! section 18). No contact of the author is noted.

use menpai_sync_core::clock::{ClockJumps, LastContact};
use menpai_sync_core::ids::{DeviceId, Seq};
use menpai_sync_core::wire::{
    MAX_HEADER_BYTES, MAX_SLICE_COMPRESSED, MAX_SLICE_INFLATED, MAX_SLICES, OLDEST_PROTOCOL, PROTOCOL, UpHeader,
};

use super::community::Community;
use super::ingest::Contact;
use super::members::{Limits, Members};
use super::refill::{RECEIPTS_MEMBER, Refilled, ShownReceipt, read_receipts};
use super::slice::{Refusal, Slice};
use crate::store::community::{StoreError, device_logs};

/// A device's header, receipts and slices, as it would have sent them; nothing is believed yet.
#[derive(Debug)]
pub struct Carried {
    header: UpHeader,
    receipts: Vec<ShownReceipt>,
    slices: Vec<Slice>,
}

/// When a packet came, both by the home's clock.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// It arrived.
    pub received_ms: i64,
    /// Its author handed it over.
    pub handed_ms: i64,
}

impl Carried {
    /// Reads what was sealed.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(content: &[u8]) -> Result<Carried, Refusal> {
        let mut members = Members::new(Limits {
            compressed: MAX_HEADER_BYTES,
            inflated: MAX_HEADER_BYTES,
        });
        let mut rest = content;
        let mut next = |members: &mut Members| members.read(&mut rest).map_err(|_| Refusal::Unreadable);
        let line = next(&mut members)?.ok_or(Refusal::Unreadable)?;
        let header: UpHeader = serde_json::from_slice(&line).map_err(|_| Refusal::Unreadable)?;
        if !(OLDEST_PROTOCOL..=PROTOCOL).contains(&header.menpai) {
            return Err(Refusal::Unreadable);
        }
        members.set_limits(Limits {
            compressed: MAX_SLICE_COMPRESSED,
            inflated: MAX_SLICE_INFLATED,
        });
        let jumps = ClockJumps::from(header.jumps.clone());
        let mut carried = Carried {
            header,
            receipts: Vec::new(),
            slices: Vec::new(),
        };
        while let Some(member) = next(&mut members)? {
            if carried.slices.is_empty() && carried.receipts.is_empty() && member.starts_with(RECEIPTS_MEMBER) {
                carried.receipts = read_receipts(&member)?;
                continue;
            }
            let slice = Slice::read(member)?.with_jumps(&jumps);
            let follows = carried
                .slices
                .last()
                .is_none_or(|last| slice.line.first == last.last() + 1);
            if !follows || slice.line.previous.is_none() {
                return Err(Refusal::Unreadable);
            }
            carried.slices.push(slice);
            if carried.slices.len() > MAX_SLICES {
                return Err(Refusal::TooMany);
            }
        }
        if carried.slices.is_empty() || !members.between_members() {
            return Err(Refusal::Unreadable);
        }
        Ok(carried)
    }

    /// When it was handed over: after the author's last contact before what it brings, whatever
    /// the courier's clock says, and before it arrived.
    fn handed_ms(&self, delivery: Delivery, contacts: &[(Seq, LastContact)]) -> i64 {
        let first = self.slices.first().map_or(0, |slice| slice.line.first);
        let before = contacts.iter().filter(|(last, _)| *last < first);
        let earliest = before.map(|(_, contact)| contact.at_ms).max().unwrap_or(i64::MIN);
        delivery.handed_ms.max(earliest).min(delivery.received_ms)
    }

    /// The author's offset at sealing, as far as is known.
    fn offset_ms(&self, handed_ms: i64, contacts: &[(Seq, LastContact)]) -> i64 {
        let most = handed_ms.saturating_sub(self.header.clock.unix_ms);
        let jumps = ClockJumps::from(self.header.jumps.clone());
        let measured = contacts
            .iter()
            .filter(|(last, _)| *last <= self.header.last)
            .max_by_key(|(_, contact)| contact.at_ms)
            .and_then(|(last, contact)| Some(contact.offset_ms?.saturating_sub(jumps.after(*last))));
        measured.map_or(most, |measured| measured.min(most))
    }
}

impl Community {
    /// Takes up what a courier brought of a device's log; when this returns it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of it is stored.
    pub fn take_carried(&self, device: DeviceId, carried: Carried, delivery: Delivery) -> Result<Refilled, StoreError> {
        let contacts = self.query(|connection| match device_logs::find(connection, device)? {
            Some(log) => device_logs::contacts(connection, log.number),
            None => Ok(Vec::new()),
        })?;
        let handed_ms = carried.handed_ms(delivery, &contacts);
        let contact = Contact {
            received_ms: delivery.received_ms,
            offset_ms: carried.offset_ms(handed_ms, &contacts),
            last: None,
        };
        let slices = carried.slices.into_iter().map(|slice| slice.made_by(handed_ms));
        self.refill(device, carried.receipts, slices.collect(), contact)
    }
}

#[cfg(test)]
mod tests {
    use menpai_sync_core::time::Instant;

    use super::*;

    const NINE: i64 = 1_795_482_000_000;
    const HOUR: i64 = 3_600_000;

    fn sealed_at(clock_ms: i64, jumps: Vec<(Seq, i64)>) -> Carried {
        let header = UpHeader {
            menpai: PROTOCOL,
            community: None,
            device: None,
            last: 9,
            clock: Instant::utc(clock_ms),
            jumps,
            log: None,
            cursor: [].into(),
            receipt_from: None,
            wants: Vec::new(),
        };
        Carried {
            header,
            receipts: Vec::new(),
            slices: Vec::new(),
        }
    }

    fn contact(last: Seq, offset_ms: i64) -> (Seq, LastContact) {
        let at_ms = NINE - HOUR + i64::try_from(last).unwrap();
        let offset_ms = Some(offset_ms);
        (last, LastContact { at_ms, offset_ms })
    }

    #[test]
    fn a_packet_that_waited_goes_by_the_last_contact() {
        // An hour in a pocket: the hand-over alone would have made everything an hour late.
        let carried = sealed_at(NINE, Vec::new());
        assert_eq!(carried.offset_ms(NINE + HOUR, &[contact(3, 250)]), 250);
        assert_eq!(carried.offset_ms(NINE + HOUR, &[contact(3, 0), contact(5, 300)]), 300);
        // After the sealing its device made more: that contact says nothing about then.
        assert_eq!(carried.offset_ms(NINE + HOUR, &[contact(3, 250), contact(10, 9)]), 250);
    }

    #[test]
    fn a_clock_that_was_set_forward_unnoticed_is_bounded_by_the_hand_over() {
        // By its last contact it would have been sealed an hour after it was handed over.
        let carried = sealed_at(NINE + HOUR, Vec::new());
        assert_eq!(carried.offset_ms(NINE, &[contact(3, 0)]), -HOUR);
        // Nobody ever measured it.
        assert_eq!(sealed_at(NINE, Vec::new()).offset_ms(NINE + 500, &[]), 500);
    }

    #[test]
    fn jumps_since_the_last_contact_are_in_the_offset() {
        // Set back by an hour after the contact: it shows an hour less, and lacks an hour.
        let carried = sealed_at(NINE - HOUR, vec![(2, -5), (7, -HOUR)]);
        assert_eq!(carried.offset_ms(NINE + 2 * HOUR, &[contact(3, 100)]), 100 + HOUR);
    }
}
