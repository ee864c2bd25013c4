//! What a home that was put back from a copy is shown of its own decisions: receipts, each
//! believed only if this home signed it, about this device's very entries. What it states is a
//! fact and is repeated, not judged again (docs/protocol.md section 7).

use std::collections::BTreeMap;

use menpai_sync_core::clock::LastContact;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Seq};
use menpai_sync_core::signature::{PublicKey, Signature};
use menpai_sync_core::verdict::{Reason, Verdict};
use menpai_sync_core::wire::{Receipt, ReceiptLine, SignatureLine, lines, receipt_message};

use super::ingest::Taken;
use super::slice::{CheckedSlice, Refusal};

/// How a member of receipts begins, and no slice.
pub const RECEIPTS_MEMBER: &[u8] = b"{\"receipt\":";

/// A receipt as a device shows it; nothing about it is believed yet.
#[derive(Debug, Clone)]
pub struct ShownReceipt {
    line: Vec<u8>,
    receipt: Receipt,
    signature: Signature,
}

/// What became of slices that came with receipts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refilled {
    /// Those that were taken.
    pub taken: Option<Taken>,
    /// Number of the slice that was not taken, from 1, and why.
    pub refused: Option<(usize, Refusal)>,
}

/// What this home once stated about entries of a device.
#[derive(Debug)]
pub(super) struct Stated {
    first: Seq,
    last: Seq,
    /// When they arrived, and with which offset; receipts of version 1 do not say.
    arrived: Option<(i64, i64)>,
    exceptions: BTreeMap<Seq, (Verdict, Option<Reason>)>,
}

/// Reads a member of receipts: each a line and the line of its signature.
///
/// # Errors
/// [`Refusal::Unreadable`].
pub fn read_receipts(member: &[u8]) -> Result<Vec<ShownReceipt>, Refusal> {
    let mut lines = lines(member).ok_or(Refusal::Unreadable)?;
    let mut shown = Vec::new();
    while let Some(line) = lines.next() {
        let signature_line = lines.next().ok_or(Refusal::Unreadable)?;
        let ReceiptLine { receipt } = serde_json::from_slice(line).map_err(|_| Refusal::Unreadable)?;
        let SignatureLine { signature } = serde_json::from_slice(signature_line).map_err(|_| Refusal::Unreadable)?;
        shown.push(ShownReceipt {
            line: line.to_vec(),
            receipt,
            signature,
        });
    }
    Ok(shown)
}

/// Those that this home signed and whose end is a point of the slices' chain. Others say nothing.
pub(super) fn stated(
    shown: Vec<ShownReceipt>,
    (community, device): (CommunityCode, DeviceId),
    key: &PublicKey,
    slices: &[CheckedSlice],
) -> Vec<Stated> {
    let fits = |shown: &ShownReceipt| {
        let receipt = &shown.receipt;
        let in_chain = slices.iter().any(|slice| slice.h_at(receipt.seq) == Some(receipt.h));
        let ours = receipt.community == community && receipt.device == device;
        ours && in_chain && key.verify(&receipt_message(&shown.line), &shown.signature).is_ok()
    };
    shown
        .into_iter()
        .filter(fits)
        .map(|ShownReceipt { receipt, .. }| Stated {
            first: receipt.first,
            last: receipt.seq,
            arrived: receipt.received.map(|at| at.unix_ms).zip(receipt.offset_ms),
            exceptions: receipt
                .verdicts
                .into_iter()
                .map(|verdict| (verdict.seq, (verdict.verdict, verdict.reason)))
                .collect(),
        })
        .collect()
}

impl Stated {
    pub(super) fn covers(&self, seq: Seq) -> bool {
        (self.first..=self.last).contains(&seq)
    }

    pub(super) fn arrived(&self) -> Option<(i64, i64)> {
        self.arrived
    }

    pub(super) fn last(&self) -> Seq {
        self.last
    }

    /// The contact that bounds the made-times of what came after these entries.
    pub(super) fn contact_before(&self, seq: Seq) -> Option<LastContact> {
        let (at_ms, offset_ms) = self.arrived.filter(|_| self.last < seq)?;
        Some(LastContact {
            at_ms,
            offset_ms: Some(offset_ms),
        })
    }

    /// What counts as decided. What waited is judged; what the office decided about a held entry
    /// is in entries of its own, which this home may have lost: it is held, to be decided again.
    pub(super) fn verdict(&self, seq: Seq) -> Option<(Verdict, Option<Reason>)> {
        match self.exceptions.get(&seq) {
            None => Some((Verdict::Merged, None)),
            Some((Verdict::Waiting, _) | (_, None)) => None,
            Some((_, reason)) => Some((Verdict::Held, *reason)),
        }
    }
}
