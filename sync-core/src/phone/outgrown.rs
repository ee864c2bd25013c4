//! Parts that have outgrown the snapshot they began with: something that it left out may count
//! again, or is here after all. They stay as they are, and are shown, until they have been fetched again. Said of what is
//! here, so that a restart forgets nothing.

use super::Phone;
use crate::clock::COMMUNITY_OFFSET_MINUTES;
use crate::folds::coverage::Campaign;
use crate::folds::overtaken::{is_needed_for, old_before_ms};
use crate::part::Part;
use crate::replica::{MergedRecord, Replica};
use crate::snapshot::SnapshotFacts;
use crate::time::{Instant, read_day};

impl Phone {
    /// These parts.
    pub(super) fn outgrown(&self) -> Vec<Part> {
        let Some(replica) = self.replica.as_ref().filter(|replica| !replica.began_with().is_empty()) else {
            return Vec::new();
        };
        let today = Instant {
            unix_ms: self.contact.answered_ms.unwrap_or_default(),
            offset_minutes: COMMUNITY_OFFSET_MINUTES,
        };
        let campaigns = self.campaigns();
        let needed = |facts: &SnapshotFacts| {
            let left_out = facts.left_out.as_ref()?;
            let since = read_day(&left_out.since)?;
            let counts = |campaign: &Campaign| is_needed_for(campaign, today.local_date(), since, &left_out.campaigns);
            let old_before = old_before_ms(since);
            let shakes = |record: &MergedRecord| {
                is_in_doubt(record, facts, old_before) || takes_back_old(replica, record, facts, old_before)
            };
            Some(campaigns.iter().any(counts) || replica.records().any(shakes))
        };
        let began_with = replica.began_with().values();
        began_with
            .filter(|facts| needed(facts) == Some(true))
            .map(|facts| facts.part)
            .collect()
    }
}

/// Whether it is an own old record that was sent since: a home that had it already may have left it
/// out, and summed it up.
fn is_in_doubt(record: &MergedRecord, facts: &SnapshotFacts, old_before: i64) -> bool {
    record.lsn.is_none() && record.part == facts.part && record.made_ms < old_before
}

/// Whether a record that the snapshot does not know withdraws or corrects an old one of its part,
/// as far as can be told of one that is not here.
fn takes_back_old(replica: &Replica, by: &MergedRecord, facts: &SnapshotFacts, old_before: i64) -> bool {
    let Some(old) = by.entry.retracts.or(by.entry.supersedes) else {
        return false;
    };
    // Own records have no line here: the snapshot brought those that it knows.
    let is_new = by.lsn.map_or(by.part == facts.part, |lsn| lsn > facts.lsn);
    let (part, made_ms) = match replica.record(old) {
        Some(old) => (old.part, old.made_ms),
        None => (by.part, old.clock_ms()),
    };
    is_new && part == facts.part && made_ms < old_before
}
