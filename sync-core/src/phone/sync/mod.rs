//! One sync, as the phone sees it: a request goes out, its answer is taken up. What does not fit
//! is fetched again; the own log only ever learns how far the home has come with it.

mod answer;
mod request;

use super::own_log::OwnState;
use super::{Contact, Enrolment, Phone, Stored, Write, store};
use crate::judge::part_of;
use crate::part::Part;
use crate::replica::{Applied, MergedRecord, Replica};
use crate::signature::ToVerify;
use crate::time::made_time;
use crate::verdict::{Reason, Verdict};
use crate::wire::{self, Cursor, DownHeader, MAX_ANSWER_INFLATED, SliceRefusal};

pub use answer::ReceiveError;
pub use request::SyncDraft;

use answer::{Answer, AnswerLine, SignedReceipt, check_is_answer_to};
pub(super) use request::InFlight;

/// The home's code for a token it does not accept.
const NOT_SIGNED_IN: &str = "not_signed_in";

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

impl Phone {
    /// What the caller is to verify before it hands over the answer to the request on its way;
    /// `None` where the home vouches for nothing. Changes nothing.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; sync again.
    pub fn to_verify(&self, body: &[u8]) -> Result<Option<ToVerify>, ReceiveError> {
        let (in_flight, enrolment) = self.asked()?;
        if in_flight.slices.is_empty() {
            // There is nothing it could vouch for.
            return Ok(None);
        }
        let (text, _) = wire::inflate_member(body, MAX_ANSWER_INFLATED)?;
        let (_, receipt, _) = self.read_head(&text, enrolment, in_flight)?;
        Ok(receipt.map(|signed| signed.to_verify))
    }

    /// Takes up the answer to the request on its way; `verified`: what of it the caller has
    /// verified, if the signature fits. A request begun in between makes it no answer.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; nothing changed, sync again.
    pub fn receive(&mut self, body: &[u8], verified: Option<&ToVerify>) -> Result<Received, ReceiveError> {
        let (in_flight, enrolment) = self.asked()?;
        let (text, _) = wire::inflate_member(body, MAX_ANSWER_INFLATED)?;
        let answer = self.read(&text, enrolment, in_flight)?;
        check_is_answer_to(&in_flight.header, &answer.header)?;
        self.check_receipt(&answer, verified)?;
        self.in_flight = None;
        Ok(self.believe(&answer))
    }

    /// Both steps, for callers that let the core verify.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; nothing changed, sync again.
    #[cfg(feature = "ecdsa")]
    pub fn verify_and_receive(&mut self, body: &[u8]) -> Result<Received, ReceiveError> {
        let verified = self.to_verify(body)?.filter(ToVerify::fits);
        self.receive(body, verified.as_ref())
    }

    fn asked(&self) -> Result<(&InFlight, &Enrolment), ReceiveError> {
        self.in_flight
            .as_ref()
            .zip(self.enrolment.as_ref())
            .ok_or(ReceiveError::Unasked)
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
        // The next request says all that this one left out.
        let left_out = |refused: &SliceRefusal| refused.code == wire::PREVIOUS_UNKNOWN;
        let mut more = cut || !header.snapshots.is_empty() || header.refused.as_ref().is_some_and(left_out);
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
        if let Some(SignedReceipt { receipt, kept, .. }) = &answer.receipt {
            for verdict in &receipt.verdicts {
                own.set_state(verdict.seq, own_state(verdict.verdict, verdict.reason));
            }
            let key = format!("receipt/{}", store::seq_key(receipt.seq));
            writes.push(Write::bytes(Stored::Meta, key, kept.clone()));
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
                    let is_record = applied == Applied::Record;
                    received += usize::from(applied != Applied::Nothing);
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

pub(super) fn own_state(verdict: Verdict, reason: Option<Reason>) -> OwnState {
    match verdict {
        // What it said counts, through the office's own entry.
        Verdict::Merged | Verdict::Released => OwnState::Merged,
        Verdict::Held | Verdict::SetAside => OwnState::Held(reason),
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
