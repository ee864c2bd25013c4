//! What this phone itself recorded about somebody who was erased: once the home has it, its body
//! goes here too. Its hash stays, so that the chain of the own log can still be checked.

use super::own_log::{OwnEntry, OwnState};
use super::{Phone, Stored, Write, store};
use crate::erase::{names_erased, remains, subject_hash};
use crate::ids::{EntityId, Hash, Seq};
use crate::verdict::Reason;

impl Phone {
    /// Lets go of own entries that name what was erased, as far as the lines here say.
    pub(super) fn forget_erased(&mut self, writes: &mut Vec<Write>) {
        let (Some(enrolment), Some(own), Some(replica)) = (&self.enrolment, &mut self.own, &mut self.replica) else {
            return;
        };
        let subjects: Vec<Hash> = replica
            .records()
            .filter_map(|record| {
                let erases = self.kinds.get(&record.entry.kind)?.effects.erases.as_ref()?;
                record.entry.body.get(erases.subject.as_str())?.as_str()?.parse().ok()
            })
            .collect();
        let code = enrolment.community.code;
        let is_erased = |id: EntityId| subjects.contains(&subject_hash(code, id));
        // The home says so, perhaps of somebody in a grid that this phone does not see.
        let is_told = |entry: &OwnEntry| entry.state.reason() == Some(Reason::Erased);
        let goes = |entry: &OwnEntry| {
            let names = || !subjects.is_empty() && names_erased(&entry.entry, &is_erased);
            entry.state != OwnState::OnPhone && (is_told(entry) || names())
        };
        self.elsewhere.retain(|told| {
            let stays = !names_erased(&told.entry, &is_erased);
            if !stays {
                writes.push(Write::delete(Stored::Line, store::lsn_key(told.lsn)));
            }
            stays
        });
        let named: Vec<_> = own
            .entries()
            .enumerate()
            .filter(|(_, entry)| entry.counts_as == Some(entry.hash) && goes(entry))
            .map(|(index, entry)| {
                let rest = Some(entry).filter(|entry| entry.state == OwnState::Merged);
                let rest = rest.and_then(|entry| remains(&entry.entry, &self.kinds, &is_erased));
                (index, rest)
            })
            .collect();
        for (index, rest) in named {
            if let Some((own, row)) = own.erase(index, rest) {
                writes.push(Write::text(Stored::Log, store::seq_key(index as Seq + 1), row));
                replica.reduce_record(&own.entry, own.counts_as);
            }
        }
    }
}
