//! A request: what only this phone has, cut into slices that surely fit, to be signed by the
//! device key. Sends nothing that the own log has not, and leaves the log as it is. After one that
//! was not answered it first asks what arrived.

use super::super::Phone;
use super::super::own_log::{OwnEntry, OwnLog};
use crate::device_log::slice_message;
use crate::ids::{Hash, Lsn, Seq};
use crate::signature::Signature;
use crate::time::Instant;
use crate::wire::{
    self, BriefSliceLine, MAX_SLICE_COMPRESSED, MAX_SLICE_INFLATED, MAX_SLICES, SEVERAL_ANSWERS, UpHeader, wants,
};

/// Room in a slice for its first line.
const SLICE_LINE_BYTES: usize = 512;

/// So many bytes of entries are sent again without asking what of them arrived: asking costs more.
const MAX_UNASKED_BYTES: usize = 4_096;

/// About how many bytes of entries and receipts a request brings again to a home that lost them.
const MAX_REFILL_BYTES: usize = 262_144;

/// A request that waits for its signatures, or an answer that is waited for.
#[derive(Debug)]
pub(in super::super) struct InFlight {
    pub(super) header: UpHeader,
    /// Those that cover what is sent: the home once had it.
    pub(super) receipts: Vec<u8>,
    pub(in super::super) slices: Vec<Slice>,
}

#[derive(Debug)]
pub(in super::super) struct Slice {
    pub(in super::super) first: Seq,
    /// The first that is sent; the home keeps what is before it.
    from: Seq,
    pub(in super::super) last: Seq,
    previous: Hash,
    lines: Vec<u8>,
}

/// What is to be signed by the device key, slice by slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDraft {
    /// One message per slice; none if there is nothing to send.
    pub to_sign: Vec<Vec<u8>>,
}

impl Phone {
    /// Begins a sync: whatever only this phone has, cut into slices. An earlier request that was
    /// not answered is forgotten: what it brought is asked for first, unless it is little.
    #[must_use]
    pub fn begin_sync(&mut self, now: Instant, wants_digest: bool) -> Option<SyncDraft> {
        let (mut in_flight, mut to_sign) = self.unsent(now, 0)?;
        let receipt_from = self.handed_from().or(self.unsure_from(&in_flight));
        if receipt_from.is_some() {
            (in_flight.receipts, in_flight.slices, to_sign) = Default::default();
        }
        // A home that refused may not have what it had.
        if let Some(first) = in_flight.slices.first_mut()
            && in_flight.receipts.is_empty()
            && self.contact.refused.is_none()
        {
            let own = self.own.as_ref()?;
            first.leave_out(own.after(own.durable()), self.kept);
        }
        self.unsure = receipt_from.is_some() || !in_flight.slices.is_empty();
        self.kept = 0;
        let replica = self.replica.as_ref()?;
        // Told which parts to fetch whole, or before it knows any, a phone that does not says so.
        let has_nothing_of = |lsn: &Lsn| *lsn == 0;
        let wants_lines =
            !self.snapshots && (replica.cursor().is_empty() || replica.cursor().values().any(has_nothing_of));
        in_flight.header = UpHeader {
            log: self.contact.log.map(wire::short_log),
            cursor: replica
                .cursor()
                .iter()
                .map(|(part, lsn)| (wire::short_part(*part), *lsn))
                .collect(),
            receipt_from,
            wants: [
                (wants_digest, wants::DIGEST),
                (!self.asked_courier_key, wants::COURIER_KEY),
                (wants_lines, wants::LINES),
                (self.asks_verdicts(), wants::VERDICTS),
            ]
            .into_iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, name)| name.to_owned())
            .collect(),
            ..in_flight.header
        };
        self.in_flight = Some(in_flight);
        Some(SyncDraft { to_sign })
    }

    /// From which entry on an earlier request may have brought what this one would send, where that
    /// is much.
    fn unsure_from(&self, next: &InFlight) -> Option<Seq> {
        let bytes: usize = next.slices.iter().map(|slice| slice.lines.len()).sum();
        let asks = self.unsure && bytes > MAX_UNASKED_BYTES && self.protocol >= SEVERAL_ANSWERS;
        next.slices.first().filter(|_| asks).map(|slice| slice.first)
    }

    /// What only this phone has and comes after an entry, under a header that says no more; and what
    /// is to be signed.
    pub(in super::super) fn unsent(&self, now: Instant, after: Seq) -> Option<(InFlight, Vec<Vec<u8>>)> {
        let (enrolment, own) = (self.enrolment.as_ref()?, self.own.as_ref()?);
        let durable = own.durable().max(after);
        let (receipts, covered) = self.covering(own, durable);
        let unsent = own.after(durable);
        let slices = cut(unsent.get(..covered).unwrap_or(unsent), own.head_at(durable)?.h);
        let to_sign = slices
            .iter()
            .filter_map(|slice| {
                let head = own.head_at(slice.last)?;
                Some(slice_message(enrolment.community.code, enrolment.device.id, head))
            })
            .collect();
        let header = UpHeader {
            menpai: self.protocol,
            // Who speaks, the signature of the request says, or the line in clear.
            community: None,
            device: None,
            last: own.head().seq,
            clock: now,
            log: None,
            jumps: self.jumps_after(durable).into_pairs(),
            cursor: [].into(),
            receipt_from: None,
            wants: Vec::new(),
        };
        let in_flight = InFlight {
            header,
            receipts,
            slices,
        };
        Some((in_flight, to_sign))
    }

    /// The receipts of entries after `durable`, and how many of these one request is to bring: as
    /// many as the receipts cover whole, for a receipt is believed by the chain at its end.
    fn covering(&self, own: &OwnLog, durable: Seq) -> (Vec<u8>, usize) {
        let mut member = Vec::new();
        let (mut covered, mut bytes) = (0, 0);
        for (place, receipt) in self.receipts.range(own.place(durable) + 1..) {
            let end = usize::try_from(place - own.place(durable)).unwrap_or(usize::MAX);
            let Some(more) = own.after(durable).get(covered..end) else {
                break;
            };
            bytes += more.iter().map(|own| own.bytes.len() + 1).sum::<usize>() + receipt.len();
            if covered > 0 && bytes > MAX_REFILL_BYTES {
                break;
            }
            member.extend_from_slice(receipt);
            member.push(b'\n');
            covered = end;
        }
        let rest = own.after(durable).get(covered..).unwrap_or_default();
        bytes += rest.iter().map(|own| own.bytes.len() + 1).sum::<usize>();
        let all = covered == 0 || bytes <= MAX_REFILL_BYTES;
        (member, if all { usize::MAX } else { covered })
    }

    /// The body of the request, with one signature per message of the draft.
    #[must_use]
    pub fn request(&self, signatures: &[Signature]) -> Option<Vec<u8>> {
        // Left out, unless the home has refused something: it may not have what it had.
        let says_previous = self.contact.refused.is_some();
        InFlight::body(self.in_flight.as_ref()?, signatures, says_previous)
    }
}

impl Phone {
    /// How many bytes of the body are its first member: what the request is signed over.
    #[must_use]
    pub fn request_header_length(&self) -> usize {
        let header = self.in_flight.as_ref().and_then(InFlight::header_member);
        header.map_or(0, |member| member.len())
    }
}

impl InFlight {
    /// The first entry that the home is to vouch for.
    pub(super) fn first(&self) -> Option<Seq> {
        let sent = self.slices.first().map(|slice| slice.first);
        sent.or(self.header.receipt_from)
    }

    fn header_member(&self) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(&self.header).ok()?;
        line.push(b'\n');
        Some(wire::deflate(&line))
    }

    /// As it travels, with one signature per slice.
    pub(in super::super) fn body(&self, signatures: &[Signature], says_previous: bool) -> Option<Vec<u8>> {
        if signatures.len() != self.slices.len() {
            return None;
        }
        let mut body = self.header_member()?;
        if !self.receipts.is_empty() {
            body.extend(wire::deflate(&self.receipts));
        }
        for (slice, signature) in self.slices.iter().zip(signatures) {
            let line = BriefSliceLine {
                first: slice.from,
                begins: Some(slice.first).filter(|first| *first < slice.from),
                previous: says_previous.then_some(slice.previous),
                signature: *signature,
            };
            let mut lines = serde_json::to_vec(&line).ok()?;
            lines.push(b'\n');
            lines.extend_from_slice(&slice.lines);
            body.extend(wire::deflate(&lines));
        }
        Some(body)
    }
}

impl Slice {
    /// Leaves out what the home keeps of it, up to `kept`: the signature is over all of it.
    fn leave_out(&mut self, unsent: &[OwnEntry], kept: Seq) {
        self.from = self.last.min(kept.saturating_add(1)).max(self.first);
        let is_kept = |own: &&OwnEntry| own.seq < self.from;
        let bytes: usize = unsent.iter().take_while(is_kept).map(|own| own.bytes.len() + 1).sum();
        self.lines.drain(..bytes);
    }
}

/// Cuts entries into slices that surely fit once compressed.
fn cut(entries: &[OwnEntry], mut previous: Hash) -> Vec<Slice> {
    let mut slices = Vec::new();
    let mut rest = entries;
    while let Some(first) = rest.first()
        && slices.len() < MAX_SLICES
    {
        let mut count = 0;
        let mut lines = Vec::new();
        for entry in rest {
            if lines.len() + entry.bytes.len() + 1 + SLICE_LINE_BYTES > MAX_SLICE_INFLATED {
                break;
            }
            lines.extend_from_slice(&entry.bytes);
            lines.push(b'\n');
            count += 1;
        }
        while count > 1 && wire::deflate(&lines).len() + SLICE_LINE_BYTES > MAX_SLICE_COMPRESSED {
            count /= 2;
            lines.truncate(rest[..count].iter().map(|entry| entry.bytes.len() + 1).sum());
        }
        let last = &rest[count.max(1) - 1];
        slices.push(Slice {
            first: first.seq,
            from: first.seq,
            last: last.seq,
            previous,
            lines,
        });
        previous = last.head.h;
        rest = &rest[count.max(1)..];
    }
    slices
}
