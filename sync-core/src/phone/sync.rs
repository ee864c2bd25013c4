//! One sync, as the phone sees it: build a request, sign it, read the answer. Nothing is
//! believed that the home has not signed or that does not chain; what does not fit is
//! fetched again, and the own log stays as it is.

use super::own_log::{OwnEntry, OwnState};
use super::{Contact, Enrolment, Phone, Stored, Write, store};
use crate::community_log::Envelope;
use crate::device_log::slice_message;
use crate::ids::{Hash, Lsn, Seq};
use crate::judge::part_of;
use crate::part::Part;
use crate::replica::{MergedRecord, Replica};
use crate::signature::Signature;
use crate::time::{Instant, made_time};
use crate::verdict::Verdict;
use crate::wire::{
    self, BriefSliceLine, Cursor, DownHeader, MAX_ANSWER_INFLATED, MAX_SLICE_COMPRESSED, MAX_SLICE_INFLATED,
    MAX_SLICES, PROTOCOL, Receipt, ReceiptLine, SaidReceipt, SignatureLine, SliceRefusal, UpHeader, wants,
};

/// The home's code for a token it does not accept.
const NOT_SIGNED_IN: &str = "not_signed_in";
/// How a receipt line begins, and no envelope.
const RECEIPT_LINE: &[u8] = b"{\"receipt\":";
/// Room in a slice for its first line.
const SLICE_LINE_BYTES: usize = 512;

/// A request that waits for its signatures, or an answer that is waited for.
#[derive(Debug)]
pub(super) struct InFlight {
    header: UpHeader,
    slices: Vec<Slice>,
}

#[derive(Debug)]
struct Slice {
    first: Seq,
    last: Seq,
    previous: Hash,
    lines: Vec<u8>,
}

/// What is to be signed by the device key, slice by slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDraft {
    /// One message per slice; none if there is nothing to send.
    pub to_sign: Vec<Vec<u8>>,
}

/// What an answer brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What must be durable before the screens change.
    pub writes: Vec<Write>,
    /// The home has more; sync again at once.
    pub more: bool,
    /// Own entries that the home now has and had not before.
    pub sent: usize,
    /// Lines that changed something here.
    pub received: usize,
}

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
struct AnswerLine<'a> {
    envelope: Envelope,
    /// The envelope's exact bytes.
    bytes: &'a [u8],
    entry: Option<&'a [u8]>,
}

/// The lines of an answer, read but not believed yet.
struct Answer<'a> {
    header: DownHeader,
    receipt: Option<(Receipt, Vec<u8>)>,
    lines: Vec<AnswerLine<'a>>,
}

impl Phone {
    /// Begins a sync: whatever only this phone has, cut into slices. An earlier request
    /// that was not answered is forgotten; sending twice is harmless.
    #[must_use]
    pub fn begin_sync(&mut self, now: Instant, wants_digest: bool) -> Option<SyncDraft> {
        let (Some(enrolment), Some(own), Some(replica)) = (&self.enrolment, &self.own, &self.replica) else {
            return None;
        };
        let durable = own.states().durable;
        let slices = cut(own.after(durable), own.head_at(durable)?.h);
        let to_sign = slices
            .iter()
            .filter_map(|slice| {
                let head = own.head_at(slice.last)?;
                Some(slice_message(enrolment.community.code, enrolment.device.id, head))
            })
            .collect();
        // Told which parts to fetch whole, or before it knows any, a phone that does not says so.
        let has_nothing_of = |lsn: &Lsn| *lsn == 0;
        let wants_lines =
            !self.snapshots && (replica.cursor().is_empty() || replica.cursor().values().any(has_nothing_of));
        let header = UpHeader {
            menpai: PROTOCOL,
            // The token says who speaks.
            community: None,
            device: None,
            last: own.head().seq,
            clock: now,
            log: self.contact.log.map(wire::short_log),
            cursor: replica
                .cursor()
                .iter()
                .map(|(part, lsn)| (wire::short_part(*part), *lsn))
                .collect(),
            wants: [
                (wants_digest, wants::DIGEST),
                (wants_lines, wants::LINES),
                (self.contact.asks_verdicts, wants::VERDICTS),
            ]
            .into_iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, name)| name.to_owned())
            .collect(),
        };
        self.in_flight = Some(InFlight { header, slices });
        Some(SyncDraft { to_sign })
    }

    /// The body of the request, with one signature per message of the draft.
    #[must_use]
    pub fn request(&self, signatures: &[Signature]) -> Option<Vec<u8>> {
        let in_flight = self.in_flight.as_ref()?;
        if signatures.len() != in_flight.slices.len() {
            return None;
        }
        let mut line = serde_json::to_vec(&in_flight.header).ok()?;
        line.push(b'\n');
        let mut body = wire::deflate(&line);
        for (slice, signature) in in_flight.slices.iter().zip(signatures) {
            let line = BriefSliceLine {
                first: slice.first,
                previous: slice.previous,
                signature: *signature,
            };
            let mut lines = serde_json::to_vec(&line).ok()?;
            lines.push(b'\n');
            lines.extend_from_slice(&slice.lines);
            body.extend(wire::deflate(&lines));
        }
        Some(body)
    }

    /// Reads the answer to the request on its way.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; nothing changed, sync again.
    pub fn receive(&mut self, body: &[u8]) -> Result<Received, ReceiveError> {
        let in_flight = self.in_flight.as_ref().ok_or(ReceiveError::Unasked)?;
        let enrolment = self.enrolment.as_ref().ok_or(ReceiveError::Unasked)?;
        let (text, _) = wire::inflate_member(body, MAX_ANSWER_INFLATED)?;
        let answer = self.read(&text, enrolment, in_flight)?;
        check_is_answer_to(&in_flight.header, &answer.header)?;
        self.check_receipt(&answer)?;
        self.in_flight = None;
        Ok(self.believe(&answer))
    }

    /// The home answered a request with an error. A token it no longer accepts is forgotten;
    /// anything else is shown until the next answer. Nothing recorded changes.
    pub fn refused(&mut self, refusal: SliceRefusal) -> Vec<Write> {
        self.in_flight = None;
        if refusal.code == NOT_SIGNED_IN {
            return self.forget_token();
        }
        self.contact.refused = Some(refusal);
        vec![Write::json(Stored::Meta, store::CONTACT, &self.contact)]
    }

    fn check_receipt(&self, answer: &Answer<'_>) -> Result<(), ReceiveError> {
        let own = self.own.as_ref().ok_or(ReceiveError::Unasked)?;
        let received = &answer.header.received;
        // A home that has more than this phone ever made has seen another phone with this
        // device id: nothing is taken for granted, and the refusal is shown.
        if let Some(head) = own.head_at(received.seq)
            && received.h.as_ref().is_some_and(|h| !h.begins(head.h))
        {
            return Err(ReceiveError::Receipt("the home's chain of this phone is another"));
        }
        if let Some((receipt, _)) = &answer.receipt
            && own.head_at(receipt.seq).is_some_and(|head| head.h != receipt.h)
        {
            return Err(ReceiveError::Receipt("it vouches for another chain"));
        }
        Ok(())
    }

    fn believe(&mut self, answer: &Answer<'_>) -> Received {
        let mut writes = Vec::new();
        let header = &answer.header;
        let log = header.log.or(self.contact.log);
        if self.contact.log != log && self.contact.log.is_some() {
            self.forget_all(&mut writes);
        }
        let before = self.only_here();
        let asked = self.replica.as_ref().map(|replica| replica.cursor().clone());
        self.take_receipt(answer, &mut writes);
        let received = self.take_lines(answer, &mut writes);
        let cut = header.more == Some(true);
        let mut more = cut || !header.snapshots.is_empty();
        self.take_cursor(header, &asked.unwrap_or_default(), &mut writes, &mut more);
        self.contact = Contact {
            log,
            answered_ms: Some(header.clock.unix_ms),
            offset_ms: Some(header.offset_ms),
            refused: header.refused.clone(),
            asks_verdicts: self.contact.asks_verdicts && cut,
        };
        writes.push(Write::json(Stored::Meta, store::CONTACT, &self.contact));
        Received {
            writes,
            more,
            sent: before.saturating_sub(self.only_here()),
            received,
        }
    }

    /// Another home log: what was confirmed is confirmed anew; the own log stays.
    fn forget_all(&mut self, writes: &mut Vec<Write>) {
        let Some(replica) = &mut self.replica else { return };
        let parts: Vec<Part> = replica.cursor().keys().copied().collect();
        for part in parts {
            forget_part(replica, part, writes);
        }
    }

    fn take_receipt(&mut self, answer: &Answer<'_>, writes: &mut Vec<Write>) {
        let (Some(own), Some(replica), Some(enrolment)) = (&mut self.own, &mut self.replica, &self.enrolment) else {
            return;
        };
        let states_before = own.states();
        let last_contact = self.contact.answered_ms;
        own.confirm(answer.header.received.seq);
        if let Some((receipt, line)) = &answer.receipt {
            for verdict in &receipt.verdicts {
                own.set_state(verdict.seq, own_state(verdict.verdict, verdict.reason));
            }
            let key = format!("receipt/{}", store::seq_key(receipt.seq));
            writes.push(Write::bytes(Stored::Meta, key, line.clone()));
        }
        for line in &answer.lines {
            if line.entry.is_none() {
                let envelope = &line.envelope;
                own.set_state(envelope.seq, own_state(envelope.verdict, envelope.reason));
            }
        }
        for entry in own.after(states_before.durable) {
            if entry.state != OwnState::Merged || entry.entry.edit.is_some() {
                continue;
            }
            let made_ms = made_time(
                entry.entry.made_at,
                answer.header.offset_ms,
                last_contact,
                answer.header.clock.unix_ms,
            );
            writes.push(Write::text(
                Stored::Meta,
                format!("made/{}", store::seq_key(entry.seq)),
                made_ms.to_string(),
            ));
            replica.add_record(MergedRecord {
                entry: entry.entry.clone(),
                hash: entry.hash,
                part: part_of(&entry.entry, &self.kinds),
                device: enrolment.device.id,
                made_ms,
                lsn: None,
            });
        }
        let states = own.states();
        if states != states_before {
            writes.push(Write::json(Stored::Meta, store::OWN_STATES, &states));
        }
    }

    fn take_lines(&mut self, answer: &Answer<'_>, writes: &mut Vec<Write>) -> usize {
        let (Some(own), Some(replica)) = (&self.own, &mut self.replica) else {
            return 0;
        };
        let mut broken: Vec<Part> = Vec::new();
        let mut received = 0;
        for AnswerLine {
            envelope,
            bytes: envelope_bytes,
            entry,
        } in &answer.lines
        {
            if broken.contains(&envelope.part) {
                continue;
            }
            let bytes = match entry {
                Some(entry) => *entry,
                None => match own.get(envelope.seq) {
                    Some(own) => own.bytes.as_slice(),
                    None => continue,
                },
            };
            match replica.apply(envelope, bytes) {
                Ok(applied) => {
                    let is_record = applied == crate::replica::Applied::Record;
                    received += usize::from(applied != crate::replica::Applied::Nothing);
                    if is_record && entry.is_some() {
                        let value = [*envelope_bytes, b"\n", bytes].concat();
                        let value = String::from_utf8_lossy(&value).into_owned();
                        writes.push(Write::text(Stored::Line, store::lsn_key(envelope.lsn), value));
                    }
                }
                Err(_) => broken.push(envelope.part),
            }
        }
        for part in broken {
            forget_part(replica, part, writes);
        }
        received
    }

    /// `asked` is the cursor of the request: a part that a broken line made this phone forget
    /// is in there still.
    fn take_cursor(&mut self, header: &DownHeader, asked: &Cursor, writes: &mut Vec<Write>, more: &mut bool) {
        let Some(replica) = &mut self.replica else { return };
        let next = match &header.cursor {
            Some(cursor) => cursor.clone(),
            None => asked.keys().map(|part| (*part, header.lsn)).collect(),
        };
        for part in asked.keys().filter(|part| !next.contains_key(part)) {
            forget_part(replica, *part, writes);
        }
        for (part, lsn) in &next {
            // It is fetched from its beginning.
            let forgotten = asked.contains_key(part) && !replica.cursor().contains_key(part);
            // One to be fetched whole may have been fetched since this was asked.
            let here = replica.cursor().get(part).filter(|_| header.snapshots.contains(part));
            let seen = here.copied().unwrap_or(if forgotten { 0 } else { *lsn });
            replica.see(*part, seen);
            *more |= forgotten;
        }
        for (part, document) in replica.take_dirty() {
            let value = store::document_value(document.epoch(), &document.save());
            writes.push(Write::bytes(Stored::Document, store::document_key(part), value));
        }
        writes.push(Write::json(Stored::Meta, store::CURSOR, replica.cursor()));
    }
}

/// What an answer leaves out is what its own request said: a late answer to an earlier one must
/// not be read by this one. Both clocks together name the request.
fn check_is_answer_to(asked: &UpHeader, header: &DownHeader) -> Result<(), ReceiveError> {
    let asked_ms = header.clock.unix_ms.checked_sub(header.offset_ms);
    if header.log.is_some() && header.cursor.is_some() || asked_ms == Some(asked.clock.unix_ms) && asked.log.is_some() {
        Ok(())
    } else {
        Err(ReceiveError::Unreadable("it answers another request"))
    }
}

pub(super) fn own_state(verdict: Verdict, reason: Option<crate::verdict::Reason>) -> OwnState {
    match verdict {
        Verdict::Merged => OwnState::Merged,
        Verdict::Held => OwnState::Held(reason),
        Verdict::Waiting => OwnState::Waiting(reason),
    }
}

/// Forgets a part in memory and in storage: what was fetched of it, never own entries.
fn forget_part(replica: &mut Replica, part: Part, writes: &mut Vec<Write>) {
    writes.push(Write::delete(Stored::Document, store::document_key(part)));
    for lsn in replica.forget(part) {
        writes.push(Write::delete(Stored::Line, store::lsn_key(lsn)));
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
            last: last.seq,
            previous,
            lines,
        });
        previous = last.head.h;
        rest = &rest[count.max(1)..];
    }
    slices
}

impl Phone {
    fn read<'a>(
        &self,
        text: &'a [u8],
        enrolment: &Enrolment,
        in_flight: &InFlight,
    ) -> Result<Answer<'a>, ReceiveError> {
        let mut lines = wire::lines(text).ok_or(ReceiveError::Unreadable("no line"))?;
        let first = lines.next().ok_or(ReceiveError::Unreadable("no header"))?;
        let header: DownHeader = serde_json::from_slice(first).map_err(|_| ReceiveError::Unreadable("header"))?;
        if let Some(other) = header.menpai.filter(|spoken| *spoken != PROTOCOL) {
            return Err(ReceiveError::Protocol(other));
        }
        let mut lines = lines.peekable();
        let receipt = match lines.peek() {
            Some(line) if line.starts_with(RECEIPT_LINE) => {
                Some(self.read_receipt(&mut lines, enrolment, in_flight, &header)?)
            }
            // Every slice may have been refused; then there is nothing to vouch for.
            _ if !in_flight.slices.is_empty() && header.refused.is_none() => {
                return Err(ReceiveError::Unreadable("no receipt"));
            }
            _ => None,
        };
        let mut read = Vec::new();
        while let Some(line) = lines.next() {
            let envelope: Envelope = serde_json::from_slice(line).map_err(|_| ReceiveError::Unreadable("envelope"))?;
            let entry = if envelope.device == enrolment.device.id {
                None
            } else {
                Some(
                    lines
                        .next()
                        .ok_or(ReceiveError::Unreadable("an envelope without its entry"))?,
                )
            };
            read.push(AnswerLine {
                envelope,
                bytes: line,
                entry,
            });
        }
        Ok(Answer {
            header,
            receipt,
            lines: read,
        })
    }

    fn read_receipt<'a>(
        &self,
        lines: &mut impl Iterator<Item = &'a [u8]>,
        enrolment: &Enrolment,
        in_flight: &InFlight,
        header: &DownHeader,
    ) -> Result<(Receipt, Vec<u8>), ReceiveError> {
        let mut line = lines.next().ok_or(ReceiveError::Unreadable("no receipt"))?.to_vec();
        let ReceiptLine::<SaidReceipt> { receipt: said } =
            serde_json::from_slice(&line).map_err(|_| ReceiveError::Unreadable("receipt"))?;
        let brief = said.is_brief();
        let seq = said.seq(header.received.seq);
        let known = || {
            Some(Receipt {
                community: enrolment.community.code,
                device: enrolment.device.id,
                log: header.log.or(self.contact.log)?,
                lsn: header.lsn,
                chain: Hash([0; 32]),
                first: in_flight.slices.first()?.first,
                seq,
                h: self.own.as_ref()?.head_at(seq)?.h,
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
            serde_json::from_slice(signature_line).map_err(|_| ReceiveError::Unreadable("receipt signature"))?;
        enrolment
            .home
            .public_key
            .verify(&wire::receipt_message(&line), &signature)
            .map_err(|_| ReceiveError::Receipt("its signature is not this home's"))?;
        if receipt.device != enrolment.device.id || receipt.community != enrolment.community.code {
            return Err(ReceiveError::Receipt("it is another device's"));
        }
        Ok((receipt, [line.as_slice(), b"\n", signature_line].concat()))
    }
}
