//! One sync, as the phone sees it: a request goes out, its answer is taken up. What does not fit
//! is fetched again; the own log only ever learns how far the home has come with it.

mod answer;
mod request;

use super::own_log::{OwnLog, OwnState};
use super::{Contact, Enrolment, Phone, Stored, Write, elsewhere, store};
use crate::ids::Seq;
use crate::judge::part_of;
use crate::part::Part;
use crate::replica::{Applied, ApplyError, Replica};
use crate::signature::ToVerify;
use crate::verdict::Verdict;
use crate::wire::{self, Cursor, DownHeader, MAX_ANSWER_INFLATED, SliceRefusal, UpHeader};

pub use answer::ReceiveError;
pub use request::SyncDraft;

use answer::{Answer, AnswerLine, SignedReceipt};
pub(super) use request::InFlight;

/// The home's code for a phone that it does not know.
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
    /// The home has another log of this device: this phone was restored or cloned, and nothing
    /// of the answer was believed. It is to become another device ([`Phone::succeed`]).
    pub successor: bool,
}

impl Phone {
    /// What the caller is to verify before it hands over the answer to the request on its way;
    /// `None` where the home vouches for nothing. Changes nothing.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; sync again.
    pub fn to_verify(&self, body: &[u8]) -> Result<Option<ToVerify>, ReceiveError> {
        let (in_flight, enrolment) = self.asked()?;
        if in_flight.first().is_none() {
            // There is nothing it could vouch for.
            return Ok(None);
        }
        let (text, _) = wire::inflate_member(body, MAX_ANSWER_INFLATED)?;
        let (_, receipt, _) = self.read_head(&text, enrolment, in_flight, false)?;
        Ok(receipt.map(|signed| signed.to_verify))
    }

    /// Takes up the answer to the request on its way, or what came of it before the connection
    /// broke; `verified`: what of it the caller has
    /// verified, if the signature fits. A request begun in between makes it no answer.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is not to be believed; nothing changed, sync again.
    pub fn receive(&mut self, body: &[u8], verified: Option<&ToVerify>) -> Result<Received, ReceiveError> {
        let (in_flight, enrolment) = self.asked()?;
        let members = wire::inflate_members(body, MAX_ANSWER_INFLATED)?;
        let answer = self.read(&members, enrolment, in_flight)?;
        let life = answer.header.log.or(self.contact.log);
        let another_life = [self.contact.log, self.contact.life]
            .into_iter()
            .flatten()
            .any(|known| life.is_some_and(|life| life != known));
        let own = self.own.as_ref();
        // What devices that it was had brought may be lost there: only as another does it bring that again.
        let diverged = self.diverged(&answer.header) || another_life && own.is_some_and(OwnLog::has_former);
        // Of another phone's log a receipt says nothing that this one could check.
        if !diverged {
            self.check_receipt(&answer, verified)?;
        }
        let refills = !in_flight.receipts.is_empty();
        let asked = in_flight.header.clone();
        self.in_flight = None;
        self.unsure = false;
        Ok(if diverged {
            self.hear_of_another(answer.header.refused, another_life)
        } else {
            self.believe(&answer, &asked, refills)
        })
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

    /// The home answered a request with an error: it is shown until the next answer, unless the home
    /// does not know the phone. Nothing recorded changes.
    pub fn refused(&mut self, refusal: SliceRefusal) -> Vec<Write> {
        self.in_flight = None;
        if refusal.code == NOT_SIGNED_IN {
            return Vec::new();
        }
        self.contact.refused = Some(refusal);
        vec![Write::json(Stored::Meta, store::CONTACT, &self.contact)]
    }

    /// With `another_life` the home may have lost what it acknowledged: nothing counts as sent.
    fn hear_of_another(&mut self, refused: Option<SliceRefusal>, another_life: bool) -> Received {
        self.contact.refused = refused;
        let mut writes = vec![Write::json(Stored::Meta, store::CONTACT, &self.contact)];
        if let Some(own) = self.own.as_mut().filter(|_| another_life) {
            own.unsend();
            writes.push(Write::json(Stored::Meta, store::OWN_STATES, &own.states()));
        }
        Received {
            writes,
            more: false,
            sent: 0,
            received: 0,
            successor: true,
        }
    }

    fn believe(&mut self, answer: &Answer<'_>, asked: &UpHeader, refills: bool) -> Received {
        let mut writes = Vec::new();
        let header = &answer.header;
        self.kept = header.kept.unwrap_or(0);
        let log = header.log.or(self.contact.log);
        let another_life = self.contact.log != log && self.contact.log.is_some();
        if another_life {
            self.forget_all(&mut writes);
        }
        let before = self.only_here();
        let outgrown = self.outgrown();
        let cursor = self.replica.as_ref().map(|replica| replica.cursor().clone());
        let cursor = cursor.unwrap_or_default();
        self.take_receipt(answer, asked.last, &mut writes);
        let received = self.take_lines(answer, header.cursor.as_ref().unwrap_or(&cursor), &mut writes);
        let cut = header.more == Some(true);
        // The next request says all that this one left out.
        let left_out = |refused: &SliceRefusal| refused.code == wire::PREVIOUS_UNKNOWN;
        let whole = self.snapshots && !header.snapshots.is_empty();
        let mut more = cut || whole || header.refused.as_ref().is_some_and(left_out);
        self.take_cursor(header, &cursor, &mut writes, &mut more);
        // Own records of a part come from its beginning only, unless they are asked for.
        let begun = header.cursor.iter().flatten().any(|(part, lsn)| {
            let before = cursor.get(part).copied().unwrap_or(0);
            before == 0 && *lsn > 0
        });
        self.forget_erased(&mut writes);
        let sent = before.saturating_sub(self.only_here());
        self.asked_courier_key = !another_life;
        if let (Some(key), Some(enrolment)) = (&header.courier_key, &mut self.enrolment)
            && enrolment.home.courier_key.as_ref() != Some(key)
        {
            enrolment.home.courier_key = Some(key.clone());
            writes.push(self.enrolment_write());
        }
        let jump = self.notice_offset(header.offset_ms, asked.last, asked.clock);
        // The office is told at once.
        more |= !jump.is_empty();
        writes.extend(jump);
        self.contact = Contact {
            log,
            life: None,
            answered_ms: Some(header.clock.unix_ms),
            offset_ms: Some(header.offset_ms),
            refused: header.refused.clone(),
            last: asked.last,
            asks_verdicts: cut && (begun || self.asks_verdicts()),
            spoke: self.protocol,
            handed: 0,
        };
        writes.push(Write::json(Stored::Meta, store::CONTACT, &self.contact));
        more |= self.fetch_outgrown(&outgrown, &mut writes);
        // A home that has lost what it had gets it at once.
        // What no courier has brought is sent now.
        let asked_only = asked.receipt_from.is_some();
        more |= self.only_here() > 0 && header.refused.is_none() && (another_life || asked_only || refills && sent > 0);
        Received {
            writes,
            more,
            sent,
            received,
            successor: false,
        }
    }

    /// Whether what is its own must be told anew: after a snapshot, which says nothing of what was held,
    /// while a part comes from its beginning in several answers, and after
    /// an update, for the older protocol had no words for what the office decided.
    pub(super) fn asks_verdicts(&self) -> bool {
        self.contact.asks_verdicts || self.contact.log.is_some() && self.contact.spoke != self.protocol
    }

    /// Another home log: what was confirmed is confirmed anew; the own log stays.
    pub(super) fn forget_all(&mut self, writes: &mut Vec<Write>) {
        let Some(replica) = &mut self.replica else { return };
        let parts: Vec<Part> = replica.cursor().keys().copied().collect();
        for part in parts {
            forget_part(replica, part, writes);
        }
        for told in self.elsewhere.drain(..) {
            writes.push(Write::delete(Stored::Line, store::lsn_key(told.lsn)));
        }
    }

    fn take_receipt(&mut self, answer: &Answer<'_>, asked_last: Seq, writes: &mut Vec<Write>) {
        let durable = self.own.as_ref().map_or(0, OwnLog::durable);
        let jumps = self.jumps_after(durable);
        let (Some(own), Some(replica), Some(enrolment)) = (&mut self.own, &mut self.replica, &self.enrolment) else {
            return;
        };
        let states_before = own.states();
        let durable_before = own.durable();
        let header = &answer.header;
        let receipt = answer.receipt.as_ref().map(|signed| &signed.receipt);
        let measured_at = receipt.map_or(asked_last, |receipt| receipt.measured_at(header.clock, asked_last));
        // Sent again after a lost answer, or brought by a courier, it had arrived before.
        let stated = receipt.and_then(|receipt| receipt.received.zip(receipt.offset_ms));
        let (received, offset_ms) = stated.unwrap_or((header.clock, header.offset_ms));
        own.confirm(answer.header.received.seq);
        if let Some(SignedReceipt { receipt, kept, .. }) = &answer.receipt {
            for verdict in &receipt.verdicts {
                stand(own, replica, verdict.seq, OwnState::of(verdict.verdict, verdict.reason));
            }
            let place = own.place(receipt.seq);
            let key = [store::RECEIPT, &store::seq_key(place)].concat();
            writes.push(Write::bytes(Stored::Meta, key, kept.clone()));
            self.receipts.insert(place, kept.clone());
        }
        for line in &answer.lines {
            let envelope = &line.envelope;
            let state = OwnState::of(envelope.verdict, envelope.reason);
            if line.entry.is_none() {
                stand(own, replica, envelope.seq, state);
            } else if let Some(own) = own.open(envelope.entry) {
                // A device that this phone was, or another phone of its worker, sent the very same.
                own.state = state;
            }
        }
        let former = own.place(0);
        for entry in own.after_mut(durable_before) {
            let part = part_of(&entry.entry, &self.kinds);
            // Of a part to be fetched from its beginning own lines come too, with the home's made-time.
            let is_fetched = replica.cursor().get(&part).is_none_or(|seen| *seen == 0);
            if entry.state != OwnState::Merged || entry.entry.edit.is_some() || is_fetched {
                continue;
            }
            let dated = header.dated.iter().find(|(seq, ..)| *seq == entry.seq);
            let (made_ms, arrived_ms) = if let Some((_, made_ms, arrived_ms)) = dated {
                (*made_ms, *arrived_ms)
            } else {
                let offset_ms = jumps.offset_at(entry.seq, measured_at, offset_ms);
                (entry.entry.made_at.unix_ms.saturating_add(offset_ms), received.unix_ms)
            };
            let Some(record) = entry.record(&self.kinds, enrolment.device.id, made_ms) else {
                continue;
            };
            entry.arrived_ms = Some(arrived_ms);
            // One that is here already came with its line, which says it better.
            if replica.add_record(record) == Applied::Record {
                writes.push(made_write(former + entry.seq, made_ms, arrived_ms));
            }
        }
        let states = own.states();
        if states != states_before {
            writes.push(Write::json(Stored::Meta, store::OWN_STATES, &states));
        }
    }

    fn take_lines(&mut self, answer: &Answer<'_>, cursor: &Cursor, writes: &mut Vec<Write>) -> usize {
        let (Some(own), Some(replica)) = (&mut self.own, &mut self.replica) else {
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
                Some(entry) => {
                    elsewhere::take(&mut self.elsewhere, own, envelope, envelope_bytes, entry, writes);
                    *entry
                }
                None => match own.get(envelope.seq) {
                    Some(own) if own.counts_as == Some(own.hash) => own.bytes.as_slice(),
                    // Of what it erased here it has what remains.
                    Some(entry) if envelope.verdict == Verdict::Merged => {
                        if let Some(record) = entry.record(&self.kinds, envelope.device, envelope.made_ms)
                            && replica.add_record(record) == Applied::Record
                        {
                            let place = own.place(envelope.seq);
                            writes.push(made_write(place, envelope.made_ms, envelope.received.unix_ms));
                        }
                        continue;
                    }
                    _ => continue,
                },
            };
            // What is told for its author's sake only is no part of what is shown of a grid.
            let is_own_record = entry.is_none() && envelope.derived.is_none();
            if !is_own_record && !cursor.contains_key(&envelope.part) {
                continue;
            }
            match replica.take_up(envelope, bytes) {
                Ok(applied) => {
                    let is_record = applied == Applied::Record;
                    received += usize::from(applied != Applied::Nothing);
                    // Where something was left out, own ones have lines too: so they are not in doubt.
                    if is_record && (entry.is_some() || replica.left_out(envelope.part).is_some()) {
                        let value = [*envelope_bytes, b"\n", bytes].concat();
                        let value = String::from_utf8_lossy(&value).into_owned();
                        writes.push(Write::text(Stored::Line, store::lsn_key(envelope.lsn), value));
                    }
                    if is_record && entry.is_none() {
                        let arrived_ms = envelope.received.unix_ms;
                        writes.push(made_write(own.place(envelope.seq), envelope.made_ms, arrived_ms));
                        if let Some(own) = own.get_mut(envelope.seq) {
                            own.arrived_ms = Some(arrived_ms);
                        }
                    }
                }
                Err(ApplyError::Epoch { part, .. }) => broken.extend([part, envelope.part]),
                Err(_) => broken.push(envelope.part),
            }
        }
        broken.extend(replica.settle_all());
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
            writes.extend(store::document_writes(part, document));
        }
        writes.extend(store::standing(replica));
    }

    /// Has parts fetched again that have outgrown their snapshots: as snapshots, or as lines where
    /// it takes none.
    fn fetch_outgrown(&mut self, before: &[Part], writes: &mut Vec<Write>) -> bool {
        let outgrown = self.outgrown();
        if self.snapshots {
            // Where fetching did not help, the next contact tries again.
            return outgrown.iter().any(|part| !before.contains(part));
        }
        let Some(replica) = self.replica.as_mut().filter(|_| !outgrown.is_empty()) else {
            return false;
        };
        for part in outgrown {
            forget_part(replica, part, writes);
            replica.see(part, 0);
        }
        writes.extend(store::standing(replica));
        true
    }
}

/// How an own entry stands. What a home released and, put back from a copy, holds again counts no
/// longer, whether or not this phone sees its part.
fn stand(own: &mut OwnLog, replica: &mut Replica, seq: Seq, state: OwnState) {
    own.set_state(seq, state);
    if let Some(own) = own.get(seq).filter(|_| state != OwnState::Merged) {
        replica.reduce_record(&own.entry, None);
    }
}

/// When a merged own record was made and arrived, which no other row tells.
fn made_write(place: Seq, made_ms: i64, arrived_ms: i64) -> Write {
    Write::text(Stored::Meta, store::made_key(place), format!("{made_ms} {arrived_ms}"))
}

/// Forgets a part in memory and in storage: what was fetched of it, never own entries.
pub(super) fn forget_part(replica: &mut Replica, part: Part, writes: &mut Vec<Write>) {
    writes.extend(store::document_deletes(part));
    for lsn in replica.forget(part) {
        writes.push(Write::delete(Stored::Line, store::lsn_key(lsn)));
    }
}
