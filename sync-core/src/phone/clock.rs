//! The phone's own clock: what it says, what the home's said, and when somebody set it. A jump is
//! noted in the own log like anything else that happened. Only what is certain is noted: a clock
//! that moved forward may be a phone that slept, since a sleeping browser's other clock may stand
//! still; the home's clock then tells at the next contact.

use serde_json::Map;

use super::own_log::{OwnEntry, OwnState};
use super::{Phone, Saved, Write};
use crate::clock::{COMMUNITY_OFFSET_MINUTES, ClockJumps};
use crate::entry::{Draft, Entry};
use crate::ids::Seq;
use crate::kinds::Kinds;
use crate::time::Instant;

/// Clocks that differ by less say nothing: networks take time, and clocks are trimmed.
pub(super) const NOTICEABLE_MS: i64 = 120_000;

/// Both of a phone's clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    wall_ms: i64,
    monotonic_ms: i64,
}

/// What turns readings of the phone's clock into readings of the home's.
pub(super) struct OwnClock {
    offset_ms: i64,
    /// ClockJumps since that offset was measured.
    jumps: ClockJumps,
    /// All of them together.
    jumped_ms: i64,
    /// The last entry that says that the clock was set.
    set_at: Seq,
}

impl OwnClock {
    /// A reading as the home's clock would have shown it, on the community's days: whatever is
    /// counted in days goes by it, or a clock that is a day off would make everybody a day late.
    pub(super) fn by_home(&self, at: Instant) -> Instant {
        Instant {
            unix_ms: at.unix_ms.saturating_add(self.offset_ms.saturating_sub(self.jumped_ms)),
            offset_minutes: COMMUNITY_OFFSET_MINUTES,
        }
    }

    /// When an own entry was made, as far as the phone can tell by itself: nothing but what its
    /// clock said of what the home has and was made before the clock was set.
    pub(super) fn made_ms(&self, own: &OwnEntry) -> i64 {
        let at_ms = own.entry.made_at.unix_ms;
        if own.seq < self.set_at && own.state != OwnState::OnPhone {
            return at_ms;
        }
        let before = self.jumped_ms.saturating_sub(self.jumps.after(own.seq));
        at_ms.saturating_add(self.offset_ms.saturating_sub(before))
    }
}

impl Phone {
    /// Compares the phone's clock with one that nobody sets, and with what was recorded last. To
    /// be called before whatever records or syncs; the writes go with those of that.
    pub fn notice_clock(&mut self, now: Instant, monotonic_ms: i64) -> Vec<Write> {
        let reading = Reading {
            wall_ms: now.unix_ms,
            monotonic_ms,
        };
        let moved_ms = self.reading.replace(reading).map(|before| {
            let should_have = before
                .wall_ms
                .saturating_add(monotonic_ms.saturating_sub(before.monotonic_ms));
            reading.wall_ms.saturating_sub(should_have)
        });
        let last = self.own_entries().last();
        let behind_ms = last.map(|own| reading.wall_ms.saturating_sub(own.entry.made_at.unix_ms));
        // After a restart nothing but the last entry tells, and of a phone that slept as well only
        // part of the way back: the longer one is nearer.
        let by_ms = moved_ms.into_iter().chain(behind_ms).min().unwrap_or(0);
        if by_ms > -NOTICEABLE_MS {
            return Vec::new();
        }
        self.note_jump(by_ms, false, now)
    }

    /// Notes by how much the clock was moved that nobody has noticed, if it was: the last
    /// contact's offset and this one's, measured when the log ended at `last`, tell.
    pub(super) fn notice_offset(&mut self, offset_ms: i64, last: Seq, asked: Instant) -> Vec<Write> {
        let Some(before_ms) = self.contact.offset_ms else {
            return Vec::new();
        };
        let jumps = self.jumps_after(self.contact.last);
        let noticed_ms = jumps.after(0).saturating_sub(jumps.after(last));
        let by_ms = before_ms.saturating_sub(offset_ms).saturating_sub(noticed_ms);
        if by_ms.saturating_abs() < NOTICEABLE_MS {
            return Vec::new();
        }
        self.note_jump(by_ms, true, asked)
    }

    fn note_jump(&mut self, by_ms: i64, since_contact: bool, now: Instant) -> Vec<Write> {
        let found = self
            .kinds
            .iter()
            .find_map(|kind| Some((kind, kind.effects.jumps.as_ref()?)));
        let (Some(enrolment), Some((kind, jump))) = (&self.enrolment, found) else {
            return Vec::new();
        };
        let grid = self
            .replica
            .as_ref()
            .and_then(|replica| replica.cursor().keys().find_map(|part| part.grid));
        let mut body = Map::new();
        body.insert(jump.by_ms.as_str().to_owned(), by_ms.into());
        body.insert(jump.since_contact.as_str().to_owned(), since_contact.into());
        let id = self.next_id(now, [0; 10]);
        let draft = Draft::record(
            id,
            kind.name.as_str(),
            kind.schema,
            grid,
            enrolment.worker.id,
            now,
            body,
        );
        match self.keep(&draft) {
            Saved::Entry { writes, .. } => writes,
            Saved::Problems(_) => Vec::new(),
        }
    }

    /// The jumps that were noticed as they happened, after entry `seq`.
    pub(super) fn jumps_after(&self, seq: Seq) -> ClockJumps {
        let own = self.own.iter().flat_map(|own| own.after(seq));
        own.filter_map(|own| Some((own.seq, jump(&own.entry, &self.kinds)?)))
            .collect()
    }

    /// Home's clock minus this phone's, now, if the home has ever answered.
    pub(super) fn offset_ms(&self) -> Option<i64> {
        let jumped_ms = self.own_clock().jumped_ms;
        Some(self.contact.offset_ms?.saturating_sub(jumped_ms))
    }

    pub(super) fn own_clock(&self) -> OwnClock {
        let jumps = self.jumps_after(self.contact.last);
        let says_so = |own: &&OwnEntry| {
            let kind = self.kinds.get(&own.entry.kind);
            kind.is_some_and(|kind| kind.effects.jumps.is_some())
        };
        OwnClock {
            set_at: self.own_entries().filter(says_so).last().map_or(0, |own| own.seq),
            offset_ms: self.contact.offset_ms.unwrap_or(0),
            jumped_ms: jumps.after(0),
            jumps,
        }
    }
}

/// By how much the clock was moved just before this entry, if it says so.
fn jump(entry: &Entry, kinds: &Kinds) -> Option<i64> {
    let effect = kinds.get(&entry.kind)?.effects.jumps.as_ref()?;
    let since_contact = entry.body.get(effect.since_contact.as_str())?.as_bool()?;
    entry
        .body
        .get(effect.by_ms.as_str())?
        .as_i64()
        .filter(|_| !since_contact)
}
