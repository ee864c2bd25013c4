//! An answer, read but not taken up: as many whole answers as came, one after the other. Refuses what is not the answer to the request on its way,
//! and a receipt that vouches for another chain. Whether the home signed it the caller verifies.

use super::super::{Enrolment, Phone};
use super::request::InFlight;
use crate::community_log::Envelope;
use crate::ids::Hash;
use crate::json;
use crate::signature::ToVerify;
use crate::wire::{self, DATED_RECEIPTS, DownHeader, Receipt, ReceiptLine, SaidReceipt, SignatureLine, UpHeader};

/// How a receipt line begins, and no envelope.
const RECEIPT_LINE: &[u8] = b"{\"receipt\":";

/// Why an answer was not believed. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No request was sent.
    #[error("no request is on its way")]
    Unasked,
    /// Not gzip, or more than an answer may be.
    #[error(transparent)]
    Inflate(#[from] wire::InflateError),
    /// Not the lines of an answer.
    #[error("the answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// Another protocol.
    #[error("the home speaks protocol {0}")]
    Protocol(u32),
    /// The receipt is not from this phone's home, or about another log.
    #[error("the receipt does not fit: {0}")]
    Receipt(&'static str),
}

/// One line of an answer; own entries are not sent again.
pub(super) struct AnswerLine<'a> {
    pub(super) envelope: Envelope,
    /// The envelope's exact bytes.
    pub(super) bytes: &'a [u8],
    pub(super) entry: Option<&'a [u8]>,
}

/// A receipt as the home sent it.
pub(super) struct SignedReceipt {
    pub(super) receipt: Receipt,
    /// Receipt line and signature line, in full, as they are kept.
    pub(super) kept: Vec<u8>,
    /// That it is the home's.
    pub(super) to_verify: ToVerify,
}

/// The lines of an answer, read but not believed yet.
pub(super) struct Answer<'a> {
    pub(super) header: DownHeader,
    pub(super) receipt: Option<SignedReceipt>,
    pub(super) lines: Vec<AnswerLine<'a>>,
}

impl Phone {
    /// What stands before the lines of an answer, and the lines, unread.
    pub(super) fn read_head<'a>(
        &self,
        text: &'a [u8],
        enrolment: &Enrolment,
        in_flight: &InFlight,
        is_rest: bool,
    ) -> Result<(DownHeader, Option<SignedReceipt>, impl Iterator<Item = &'a [u8]>), ReceiveError> {
        let mut lines = wire::lines(text).ok_or(ReceiveError::Unreadable("no line"))?;
        let first = lines.next().ok_or(ReceiveError::Unreadable("no header"))?;
        let header: DownHeader = json::read(first).map_err(|_| ReceiveError::Unreadable("header"))?;
        if let Some(other) = header.menpai.filter(|spoken| *spoken != self.protocol) {
            return Err(ReceiveError::Protocol(other));
        }
        let mut lines = lines.peekable();
        let receipt = match lines.peek() {
            // It is about the log of the phone that this one was restored or cloned from.
            Some(line) if line.starts_with(RECEIPT_LINE) && in_flight.slices.is_empty() && self.diverged(&header) => {
                lines.nth(1);
                None
            }
            Some(line) if line.starts_with(RECEIPT_LINE) && !is_rest => {
                Some(self.read_receipt(&mut lines, enrolment, in_flight, &header)?)
            }
            // Every slice may have been refused; then there is nothing to vouch for.
            _ if !in_flight.slices.is_empty() && header.refused.is_none() && !is_rest => {
                return Err(ReceiveError::Unreadable("no receipt"));
            }
            _ => None,
        };
        Ok((header, receipt, lines))
    }

    /// What several answers say together: the first says what came of the slices, the last how
    /// far their lines go.
    pub(super) fn read<'a>(
        &self,
        members: &'a [Vec<u8>],
        enrolment: &Enrolment,
        in_flight: &InFlight,
    ) -> Result<Answer<'a>, ReceiveError> {
        let mut whole: Option<Answer<'a>> = None;
        for text in members {
            let (header, receipt, mut lines) = self.read_head(text, enrolment, in_flight, whole.is_some())?;
            check_is_answer_to(&in_flight.header, &header)?;
            let answer = match &mut whole {
                Some(answer) => {
                    answer.header.cursor = header.cursor;
                    answer.header.more = header.more;
                    answer
                }
                None => whole.insert(Answer {
                    header,
                    receipt,
                    lines: Vec::new(),
                }),
            };
            while let Some(line) = lines.next() {
                let envelope: Envelope =
                    serde_json::from_slice(line).map_err(|_| ReceiveError::Unreadable("envelope"))?;
                let entry = if envelope.device == enrolment.device.id {
                    None
                } else {
                    Some(
                        lines
                            .next()
                            .ok_or(ReceiveError::Unreadable("an envelope without its entry"))?,
                    )
                };
                answer.lines.push(AnswerLine {
                    envelope,
                    bytes: line,
                    entry,
                });
            }
        }
        whole.ok_or(ReceiveError::Unreadable("no line"))
    }

    fn read_receipt<'a>(
        &self,
        lines: &mut impl Iterator<Item = &'a [u8]>,
        enrolment: &Enrolment,
        in_flight: &InFlight,
        header: &DownHeader,
    ) -> Result<SignedReceipt, ReceiveError> {
        let mut line = lines.next().ok_or(ReceiveError::Unreadable("no receipt"))?.to_vec();
        let ReceiptLine::<SaidReceipt> { receipt: said } =
            json::read(&line).map_err(|_| ReceiveError::Unreadable("receipt"))?;
        let brief = said.is_brief();
        let seq = said.seq(header.received.seq);
        let dated = self.protocol >= DATED_RECEIPTS;
        let known = || {
            Some(Receipt {
                community: enrolment.community.code,
                device: enrolment.device.id,
                log: header.log.or(self.contact.log)?,
                lsn: header.lsn,
                chain: Hash([0; 32]),
                first: in_flight.first()?,
                seq,
                h: self.own.as_ref()?.head_at(seq)?.h,
                received: dated.then_some(header.clock),
                offset_ms: dated.then_some(header.offset_ms),
                verdicts: Vec::new(),
            })
        };
        let known = known().ok_or(ReceiveError::Receipt("it vouches for what was not sent"))?;
        let receipt = said.or(&known);
        if brief {
            let full = ReceiptLine { receipt: &receipt };
            line = serde_json::to_vec(&full).map_err(|_| ReceiveError::Unreadable("receipt"))?;
        }
        let signature_line = lines.next().ok_or(ReceiveError::Unreadable("no receipt signature"))?;
        let SignatureLine { signature } =
            json::read(signature_line).map_err(|_| ReceiveError::Unreadable("receipt signature"))?;
        if receipt.device != enrolment.device.id || receipt.community != enrolment.community.code {
            return Err(ReceiveError::Receipt("it is another device's"));
        }
        Ok(SignedReceipt {
            receipt,
            kept: [line.as_slice(), b"\n", signature_line].concat(),
            to_verify: ToVerify {
                key: enrolment.home.public_key.clone(),
                message: wire::receipt_message(&line),
                signature,
            },
        })
    }

    pub(super) fn check_receipt(&self, answer: &Answer<'_>, verified: Option<&ToVerify>) -> Result<(), ReceiveError> {
        let own = self.own.as_ref().ok_or(ReceiveError::Unasked)?;
        let Some(SignedReceipt { receipt, to_verify, .. }) = &answer.receipt else {
            return Ok(());
        };
        // A yes about the receipt of another answer says nothing about this one's.
        if verified != Some(to_verify) {
            return Err(ReceiveError::Receipt("its signature is not this home's"));
        }
        if own.head_at(receipt.seq).is_some_and(|head| head.h != receipt.h) {
            return Err(ReceiveError::Receipt("it vouches for another chain"));
        }
        Ok(())
    }

    /// Whether the home has seen another phone with this device's id: more than this one ever
    /// made, or something else.
    pub(super) fn diverged(&self, header: &DownHeader) -> bool {
        let received = &header.received;
        let head = self.own.as_ref().and_then(|own| own.head_at(received.seq));
        let agrees = head.is_some_and(|head| received.h.as_ref().is_none_or(|h| h.begins(head.h)));
        !agrees
            || header
                .refused
                .as_ref()
                .is_some_and(|refused| refused.code == wire::BROKEN_CHAIN)
    }
}

/// What an answer leaves out is what its own request said: a late answer to an earlier one must
/// not be read by this one. Both clocks together name the request.
fn check_is_answer_to(asked: &UpHeader, header: &DownHeader) -> Result<(), ReceiveError> {
    let asked_ms = header.clock.unix_ms.checked_sub(header.offset_ms);
    let is_whole = header.log.is_some() && header.cursor.is_some();
    if asked_ms == Some(asked.clock.unix_ms) && (is_whole || asked.log.is_some()) {
        Ok(())
    } else {
        Err(ReceiveError::Unreadable("it answers another request"))
    }
}
