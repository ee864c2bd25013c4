//! One entry as a line of a list: what it was, about which door, who, and how far it has come.

use super::own_log::OwnState;
use super::place::{Address, dwelling_of};
use super::seen::{Records, Seen};
use super::view::{RecordRow, Rung, Was};
use super::words::{field_labels, plain, record_summary, same, value_label};
use super::{Phone, Replica};
use crate::clock::COMMUNITY_OFFSET_MINUTES;
use crate::entry::{Edit, Entry};
use crate::folds::late::{ClosedPeriod, is_late};
use crate::ids::{EntityId, EntryId};
use crate::kinds::{Labels, Shape};
use crate::time::Instant;

impl Phone {
    /// Everything about a door, newest first. A withdrawn record stays and says so; the
    /// withdrawal itself is no line of its own.
    pub(super) fn records_of(&self, records: &Records<'_>, dwelling: EntityId) -> Vec<RecordRow> {
        let Some(replica) = &self.replica else {
            return Vec::new();
        };
        let mut about: Vec<Seen<'_>> = records
            .all
            .iter()
            .copied()
            .filter(|seen| seen.entry.retracts.is_none() && self.dwelling_in(replica, seen.entry) == Some(dwelling))
            .collect();
        about.sort_by_key(|seen| std::cmp::Reverse((seen.made_ms, seen.entry.id)));
        about.into_iter().map(|seen| self.record_row(records, seen)).collect()
    }

    /// The phone's own entries, newest first; before them what other phones of its worker sent
    /// and the home did not simply merge.
    #[must_use]
    pub fn own_records(&self, limit: usize) -> Vec<RecordRow> {
        let records = self.records();
        let mut own: Vec<Seen<'_>> = self
            .own_entries()
            .map(|own| self.see_own(own, &records.clock))
            .collect();
        own.extend(self.elsewhere.iter().map(|elsewhere| self.see_elsewhere(elsewhere)));
        own.reverse();
        own.truncate(limit);
        own.into_iter().map(|seen| self.record_row(&records, seen)).collect()
    }

    /// One entry as a row of a list.
    pub(super) fn record_row(&self, records: &Records<'_>, seen: Seen<'_>) -> RecordRow {
        let entry = seen.entry;
        let taken_back = entry.retracts.and_then(|record| self.entry(record));
        let about = taken_back.unwrap_or(entry);
        let replica = self.replica.as_ref();
        let dwelling = replica.and_then(|replica| self.dwelling_in(replica, about));
        let address = replica
            .zip(dwelling)
            .and_then(|(replica, dwelling)| Address::of(replica, dwelling));
        let place = || {
            Some(
                self.subjects(about)
                    .find_map(|subject| replica?.row(subject)?.text("name"))?
                    .to_owned(),
            )
        };
        let reason = seen.state.and_then(OwnState::reason);
        let kind = self.kinds.get(&entry.kind);
        let said = match (&about.edit, kind) {
            (Some(edit), _) => self.edit_summary(edit),
            (None, Some(kind)) => record_summary(kind, about),
            (None, None) => same(""),
        };
        RecordRow {
            entry: entry.id,
            kind: entry.kind.clone(),
            kind_labels: kind.map_or_else(|| same(&entry.kind), |kind| kind.labels.clone()),
            made_at: entry.made_at.to_string(),
            home_at: seen.home_at().map(|at| at.to_string()),
            worker_name: self.name_of(entry.worker),
            own: seen.own,
            rung: seen.rung,
            reason: reason.map(crate::verdict::Reason::code),
            reason_text: reason.map(crate::verdict::Reason::sentence),
            room: address.as_ref().map(|address| address.room.clone()),
            address: address.map_or_else(place, |address| Some(address.without_room())),
            dwelling,
            summary: match entry.retracts {
                Some(_) => Labels {
                    zh: format!("撤销 {}", said.zh),
                    en: format!("undone: {}", said.en),
                },
                None => said,
            },
            withdrawn: records.is_withdrawn(entry.id),
            corrected: records.is_corrected(entry.id),
            corrects: entry.supersedes.and_then(|old| self.was(old)),
            late: seen.own && seen.rung == Rung::Merged && self.came_late(records, seen),
            body: entry.body.clone(),
        }
    }

    /// Whether an own record came after its day had been closed, as the desk says it, as far as the
    /// closings are here.
    fn came_late(&self, records: &Records<'_>, seen: Seen<'_>) -> bool {
        let own = self.own_entries().find(|own| own.entry.id == seen.entry.id);
        let Some(arrived_ms) = own.and_then(|own| own.arrived_ms) else {
            return false;
        };
        let closed = records.closed.get_or_init(|| {
            let closes = |seen: Seen<'_>| {
                let (kind, by_ms) = (self.kinds.get(&seen.entry.kind)?, seen.made_ms.cast_unsigned());
                ClosedPeriod::read(kind, &seen.entry.body, seen.entry.grid, by_ms)
            };
            records.counting().filter_map(closes).collect()
        });
        let day = Instant {
            unix_ms: seen.made_ms,
            offset_minutes: COMMUNITY_OFFSET_MINUTES,
        };
        is_late(closed, day.local_date(), seen.entry.grid, arrived_ms.cast_unsigned())
    }

    /// What a record said that another one corrects.
    fn was(&self, record: EntryId) -> Option<Was> {
        let entry = self.entry(record)?;
        Some(Was {
            made_at: entry.made_at.to_string(),
            worker_name: self.name_of(entry.worker),
            summary: record_summary(self.kinds.get(&entry.kind)?, entry),
        })
    }

    /// An entry this phone holds.
    fn entry(&self, id: EntryId) -> Option<&Entry> {
        let merged = self.replica.as_ref().and_then(|replica| replica.record(id));
        merged
            .map(|record| &record.entry)
            .or_else(|| self.own_entries().map(|own| &own.entry).find(|entry| entry.id == id))
    }

    /// What a record is about: its required references.
    fn subjects<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = EntityId> + 'a {
        let fields = self
            .kinds
            .get(&entry.kind)
            .map_or(&[][..], |kind| kind.fields.as_slice());
        fields
            .iter()
            .filter(|field| field.required && matches!(field.shape, Shape::Ref { .. }))
            .filter_map(|field| entry.body.get(field.name.as_str())?.as_str()?.parse().ok())
    }

    /// The door an entry is about: its required references, or what an edit sets. A step in
    /// a matter is about the door that the matter was opened at.
    pub(super) fn dwelling_in(&self, replica: &Replica, entry: &Entry) -> Option<EntityId> {
        if let Some(edit) = &entry.edit {
            return edit.set.iter().find_map(|item| dwelling_of(replica, item.id));
        }
        let kind = self.kinds.get(&entry.kind)?;
        if let Some(moves) = &kind.effects.moves {
            let opened = entry.body.get(moves.opened_by.as_str())?.as_str()?.parse().ok()?;
            return self
                .subjects(self.entry(opened)?)
                .find_map(|subject| dwelling_of(replica, subject));
        }
        self.subjects(entry).find_map(|subject| dwelling_of(replica, subject))
    }

    fn edit_summary(&self, edit: &Edit) -> Labels {
        let mut zh = Vec::new();
        let mut en = Vec::new();
        for item in &edit.set {
            let kind = self.kinds.get(&item.entity_type);
            let labels = kind.map_or_else(|| same(&item.field), |kind| field_labels(kind, &item.field));
            let value = kind
                .and_then(|kind| value_label(kind, &item.field, &item.value))
                .unwrap_or_else(|| plain(&item.value));
            zh.push(format!("{}：{}", labels.zh, value.zh));
            en.push(format!("{}: {}", labels.en, value.en));
        }
        Labels {
            zh: zh.join("，"),
            en: en.join(", "),
        }
    }
}
