//! Records that were taken back, as the list of records tells it: of the withdrawal, which
//! record it is about and whether it counts; of that record, who took it back.

use std::collections::{HashMap, HashSet};

use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::EntryId;
use menpai_sync_core::kinds::Labels;
use serde::Serialize;

use super::wording::{self, Content};
use super::{Desk, Named};
use crate::store::community::{StoreError, entries};
use crate::store::review::statements::{self, Withdrawal};

/// Who took a record back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecordsTakenBack)]
pub(super) struct TakenBack {
    by: Named,
    /// By saying something else instead.
    corrected: bool,
}

/// What a corrected record said, who said it, and when by the phone's clock.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = RecordsWas)]
pub(super) struct Was {
    #[schema(value_type = crate::openapi::Id)]
    entry: EntryId,
    worker: Named,
    made_at: String,
    #[schema(value_type = crate::openapi::Labels)]
    summary: Labels,
}

/// Every record of the community that no longer speaks.
pub(super) struct Withdrawals(HashMap<EntryId, Withdrawal>);

impl Withdrawals {
    pub(super) fn read(desk: &Desk<'_>) -> Result<Withdrawals, StoreError> {
        statements::withdrawals(desk.connection, |device| desk.is_office(device)).map(Withdrawals)
    }

    /// Those records.
    pub(super) fn records(&self) -> HashSet<EntryId> {
        self.0.keys().copied().collect()
    }

    pub(super) fn taken_back(&self, desk: &Desk<'_>, entry: Option<EntryId>) -> Option<TakenBack> {
        self.0.get(&entry?).map(|withdrawal| TakenBack {
            by: desk.worker(withdrawal.worker),
            corrected: withdrawal.corrects,
        })
    }

    /// Whether the author of a withdrawal is who took its record back.
    fn counts(&self, withdrawal: &Entry) -> bool {
        let target = withdrawal.retracts.and_then(|target| self.0.get(&target));
        target.is_some_and(|by| by.worker == withdrawal.worker)
    }
}

/// The record that a withdrawal is about, if it is here and still kept.
pub(super) fn target(desk: &mut Desk<'_>, record: EntryId) -> Result<Option<Entry>, StoreError> {
    let Some(number) = entries::owner_of_id(desk.connection, record)? else {
        return Ok(None);
    };
    let stored = entries::get(desk.connection, desk.codec, number)?;
    Ok(stored.bytes.and_then(|bytes| Entry::parse(&bytes).ok()))
}

/// What a record said that another one corrects, if it is here and still kept.
pub(super) fn was(desk: &mut Desk<'_>, record: EntryId) -> Result<Option<Was>, StoreError> {
    let Some(entry) = target(desk, record)? else {
        return Ok(None);
    };
    Ok(Some(Was {
        entry: entry.id,
        worker: desk.worker(entry.worker),
        made_at: entry.made_at.to_string(),
        summary: wording::summary(desk, &entry)?,
    }))
}

/// What a withdrawal says, in a line; `merged`: the home has decided that it is one.
pub(super) fn summary(
    desk: &mut Desk<'_>,
    withdrawals: &Withdrawals,
    entry: &Entry,
    target: Option<&Entry>,
    merged: bool,
) -> Result<Labels, StoreError> {
    let Some(target) = target else {
        return Ok(wording::labels(
            "撤销一条不在这里的记录",
            "Withdraws a record that is not here",
        ));
    };
    let (zh, en) = if merged && !withdrawals.counts(entry) {
        ("没有撤成", "Not withdrawn")
    } else {
        ("撤销", "Withdraws")
    };
    let said = wording::summary(desk, target)?;
    Ok(wording::labels(
        format!("{zh}：{}", said.zh),
        format!("{en}: {}", said.en),
    ))
}

/// Whose record a withdrawal is about, when it was made, and what it says.
pub(super) fn contents(desk: &mut Desk<'_>, target: &Entry) -> Result<Vec<Content>, StoreError> {
    let worker = desk.worker(target.worker).name;
    let made = target.made_at.to_string();
    let made = made.get(..16).unwrap_or(&made).replace('T', " ");
    let said = wording::summary(desk, target)?;
    let mut contents = vec![
        content("撤销的记录", "Record taken back", said),
        content("那条是谁记的", "Recorded by", wording::same(worker)),
        content("那条的手机时间", "Its phone clock", wording::same(made)),
        content("那条的编号", "Its entry", wording::same(target.id.to_string())),
    ];
    contents.extend(wording::contents(desk, target)?);
    Ok(contents)
}

fn content(zh: &str, en: &str, text: Labels) -> Content {
    Content {
        label: wording::labels(zh, en),
        text,
    }
}
