//! What a colleague's phone can bring: the header and slices that this phone would send itself,
//! for the caller to seal. That it was made is noted: the next request asks first for the
//! receipt of what may be there already. Or the same for this phone's own keeping, for when its
//! log can no longer be read on it (docs/adr/0028): of that nothing is noted.

use super::sync::InFlight;
use super::{Phone, Stored, Write, store};
use crate::ids::Seq;
use crate::signature::{PublicKey, Signature};
use crate::time::Instant;

/// A packet that waits for its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketDraft {
    /// One message per slice.
    pub to_sign: Vec<Vec<u8>>,
    /// How many entries it brings.
    pub count: usize,
    /// The number of the last.
    pub last: Seq,
    /// What it is to be sealed to.
    pub key: PublicKey,
    /// What must be durable before anybody gets it.
    pub writes: Vec<Write>,
}

impl Phone {
    /// Begins a packet of what only this phone has; `None` where there is nothing, or the home
    /// has given no key for it. `kept_after`: nobody gets it, it brings what comes after that entry.
    #[must_use]
    pub fn begin_packet(&mut self, now: Instant, kept_after: Option<Seq>) -> Option<PacketDraft> {
        let key = self.enrolment.as_ref()?.home.courier_key.clone()?;
        let (draft, to_sign) = self.unsent(now, kept_after.unwrap_or(0))?;
        let last = draft.slices.last()?.last;
        let first = draft.slices.first()?.first;
        self.packet = Some(draft);
        let mut writes = Vec::new();
        if kept_after.is_none() {
            self.contact.handed = last;
            writes.push(Write::json(Stored::Meta, store::CONTACT, &self.contact));
        }
        Some(PacketDraft {
            to_sign,
            count: usize::try_from(last + 1 - first).unwrap_or(usize::MAX),
            last,
            key,
            writes,
        })
    }

    /// The content of the packet that was begun, with one signature per message of the draft.
    #[must_use]
    pub fn packet(&mut self, signatures: &[Signature]) -> Option<Vec<u8>> {
        // The home may lack what comes before.
        InFlight::body(&self.packet.take()?, signatures, true)
    }

    /// The first entry that a courier may have brought since the home's last answer.
    pub(super) fn handed_from(&self) -> Option<Seq> {
        let first = self.own.as_ref()?.durable() + 1;
        (first <= self.contact.handed).then_some(first)
    }

    /// How many entries that only this phone has are in a packet.
    pub(super) fn handed(&self) -> usize {
        let first = self.handed_from();
        first.map_or(0, |first| usize::try_from(self.contact.handed + 1 - first).unwrap_or(0))
    }
}
