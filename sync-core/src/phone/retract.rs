//! 撤销: a record that withdraws one of this phone's own. Both stay in the log for ever;
//! what folds over records leaves the withdrawn one out. Refuses others' records and edits.

use super::Phone;
use super::make::{SaveProblem, Saved};
use crate::entry::{Draft, Entry};
use crate::ids::EntryId;
use crate::time::Instant;

impl Phone {
    /// Withdraws an own record: a new entry that says nothing itself.
    #[must_use]
    pub fn retract(&mut self, record: EntryId, now: Instant, random: [u8; 10]) -> Saved {
        let refused = |code, zh, en| Saved::Problems(vec![SaveProblem::plain(code, zh, en)]);
        let own = self.own_entries().find(|own| own.entry.id == record);
        let Some(Entry { kind, grid, worker, .. }) = own
            .map(|own| &own.entry)
            .filter(|entry| entry.edit.is_none() && entry.retracts.is_none())
            .cloned()
        else {
            return refused(
                "not_own_record",
                "只能撤销这部手机记的",
                "Only what this phone recorded can be undone",
            );
        };
        if self.records().is_withdrawn(record) {
            return refused("withdrawn", "已经撤销了", "It has been undone already");
        }
        let schema = self.kinds.get(&kind).map_or(1, |known| known.schema);
        let id = EntryId::from_clock(now.unix_ms, random);
        let mut draft = Draft::record(id, &kind, schema, grid, worker, now, serde_json::Map::new());
        draft.retracts = Some(record);
        self.keep(&draft)
    }
}
