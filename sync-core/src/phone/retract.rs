//! 撤销 and 更正: a record that withdraws one of this phone's own, or says it anew. Both stay in
//! the log for ever; what folds over records leaves the old one out. Refuses others' records
//! and edits.

use serde_json::{Map, Value};

use super::Phone;
use super::make::{RecordDraft, SaveProblem, Saved};
use crate::entry::{Draft, Entry};
use crate::ids::EntryId;
use crate::time::Instant;

impl Phone {
    /// Withdraws an own record: a new entry that says nothing itself.
    #[must_use]
    pub fn retract(&mut self, record: EntryId, now: Instant, random: [u8; 10]) -> Saved {
        let Entry { kind, grid, worker, .. } = match self.own_record(record) {
            Ok(entry) => entry,
            Err(problem) => return Saved::Problems(vec![problem]),
        };
        let schema = self.kinds.get(&kind).map_or(1, |known| known.schema);
        let id = EntryId::from_clock(now.unix_ms, random);
        let mut draft = Draft::record(id, &kind, schema, grid, worker, now, Map::new());
        draft.retracts = Some(record);
        self.keep(&draft)
    }

    /// Says an own record anew: the same kind, about the same, with these answers.
    #[must_use]
    pub fn correct(&mut self, record: EntryId, body: Map<String, Value>, now: Instant, random: [u8; 10]) -> Saved {
        match self.own_record(record) {
            Ok(Entry { kind, grid, .. }) => self.say(RecordDraft { kind, grid, body }, Some(record), now, random),
            Err(problem) => Saved::Problems(vec![problem]),
        }
    }

    /// A record of this phone that speaks still.
    fn own_record(&self, record: EntryId) -> Result<Entry, SaveProblem> {
        let own = self.own_entries().find(|own| own.entry.id == record);
        let entry = own
            .map(|own| &own.entry)
            .filter(|entry| entry.edit.is_none() && entry.retracts.is_none())
            .ok_or_else(|| {
                SaveProblem::plain(
                    "not_own_record",
                    "只能改这部手机记的",
                    "Only what this phone recorded can be changed",
                )
            })?;
        if self.records().is_withdrawn(record) {
            return Err(SaveProblem::plain(
                "withdrawn",
                "这一条已经撤销或更正过了",
                "It has been undone or corrected already",
            ));
        }
        Ok(entry.clone())
    }
}
