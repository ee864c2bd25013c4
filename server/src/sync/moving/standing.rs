//! Which records still say how things stand at doors and with people: the last checks of a door,
//! in all and in each sweep that has not ended, the last contacts with somebody, what was tried
//! today, and the matters that no step has ended.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use menpai_sync_core::clock::COMMUNITY_OFFSET_MINUTES;
use menpai_sync_core::folds::Stated;
use menpai_sync_core::folds::care_clock::Contact;
use menpai_sync_core::folds::coverage::{Campaign, CoverageWindow, DoorStatement};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::Kind;
use menpai_sync_core::time::Instant;

use super::super::handover::Said;
use super::super::state::Work;
use crate::store::community::StoreError;
use crate::store::community::projection::{Naming, naming};
use crate::store::review::campaigns;
use crate::store::review::statements::withdrawn_records;

/// The records about any of these that still say how things stand at `now`.
pub(super) fn of(work: &mut Work<'_>, about: &HashSet<EntityId>, now: Instant) -> Result<Vec<Said>, StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let directory = Arc::clone(&work.state.directory);
    let withdrawn = withdrawn_records(work.transaction, |device| directory.is_office(device))?;
    let today = Instant {
        offset_minutes: COMMUNITY_OFFSET_MINUTES,
        ..now
    };
    let today = today.local_date();
    let mut campaigns = campaigns::all(work.transaction, &kinds)?;
    campaigns.retain(|campaign| campaign.ends_on >= today);
    let mut standing = Vec::new();
    for kind in kinds.iter() {
        let Some(subject) = kind.subject() else { continue };
        let wanted = |named| about.contains(&EntityId::from_bytes(named));
        let said = read(work, kind, subject.as_str(), wanted, &withdrawn)?;
        let mut keep: HashSet<EntryId> = HashSet::new();
        if kind.effects.opens.is_some() {
            let (open, steps) = open_matters(work, &said, &withdrawn)?;
            keep.extend(open);
            standing.extend(steps);
        }
        if kind.effects.closes.is_some() {
            keep.extend(last_checks(kind, &said, &campaigns));
        }
        if kind.effects.resets.is_some() {
            keep.extend(last_contacts(kind, &said));
            let of_today = said.iter().filter(|said| {
                let at = kind.effects.resets.as_ref().and_then(|resets| resets.at.as_ref());
                Stated::by(&said.entry, said.made_ms, at).day(COMMUNITY_OFFSET_MINUTES) == today
            });
            keep.extend(of_today.map(|said| said.entry.id));
        }
        standing.extend(said.into_iter().filter(|said| keep.contains(&said.entry.id)));
    }
    Ok(standing)
}

fn read(
    work: &mut Work<'_>,
    kind: &Kind,
    field: &str,
    wanted: impl Fn([u8; 16]) -> bool,
    withdrawn: &HashSet<EntryId>,
) -> Result<Vec<Said>, StoreError> {
    let found = naming(work.transaction, &mut work.state.codec, kind, field, wanted)?;
    let counts = |naming: &Naming| !withdrawn.contains(&naming.entry.id) && !naming.entry.is_withdrawal();
    let said = |naming: Naming| Said {
        subject: EntityId::from_bytes(naming.named),
        device: naming.device,
        made_ms: naming.made_ms,
        entry: naming.entry,
    };
    Ok(found.into_iter().filter(counts).map(said).collect())
}

/// The last statement about each door that closes it and the last that does not, ever and in
/// each sweep.
fn last_checks(kind: &Kind, said: &[Said], campaigns: &[Campaign]) -> Vec<EntryId> {
    let offset_minutes = COMMUNITY_OFFSET_MINUTES;
    let of_kind = campaigns.iter().filter(|campaign| kind.name == *campaign.record_kind);
    let sweeps = of_kind.map(|campaign| CoverageWindow::Campaign {
        campaign,
        offset_minutes,
    });
    let windows = std::iter::once(CoverageWindow::Everything).chain(sweeps);
    let statements: Vec<DoorStatement> = (said.iter())
        .filter_map(|said| DoorStatement::of(kind, &said.entry, said.made_ms))
        .collect();
    let last = windows.flat_map(|window| {
        let counted = statements.iter().filter(move |statement| window.counts(statement));
        last_of(counted.map(|statement| ((statement.dwelling, statement.closes), statement.stated)))
    });
    last.collect()
}

/// The last contact with each subject in person, and the last that was not.
fn last_contacts(kind: &Kind, said: &[Said]) -> Vec<EntryId> {
    let contacts = said.iter().filter_map(|said| {
        let (subject, contact) = Contact::of(kind, &said.entry, said.made_ms, COMMUNITY_OFFSET_MINUTES)?;
        Some(((subject, contact.in_person), contact.stated))
    });
    last_of(contacts)
}

fn last_of<K: Eq + Hash>(stated: impl Iterator<Item = (K, Stated)>) -> Vec<EntryId> {
    let mut last: HashMap<K, Stated> = HashMap::new();
    for (key, stated) in stated {
        let known = last.entry(key).or_insert(stated);
        *known = stated.max(*known);
    }
    last.into_values().map(|stated| stated.entry).collect()
}

/// The records that opened a matter which is open still, and the last step of each.
fn open_matters(
    work: &mut Work<'_>,
    said: &[Said],
    withdrawn: &HashSet<EntryId>,
) -> Result<(Vec<EntryId>, Vec<Said>), StoreError> {
    let kinds = Arc::clone(work.state.projection.kinds());
    let opened: HashMap<EntryId, EntityId> = said.iter().map(|said| (said.entry.id, said.subject)).collect();
    let mut last: HashMap<EntryId, (Stated, Said, bool)> = HashMap::new();
    for kind in kinds.iter() {
        let Some(moves) = &kind.effects.moves else { continue };
        let wanted = |named| opened.contains_key(&EntryId::from_bytes(named));
        for mut step in read(work, kind, moves.opened_by.as_str(), wanted, withdrawn)? {
            let opened_by = EntryId::from_bytes(*step.subject.as_bytes());
            let stated = Stated::by(&step.entry, step.made_ms, moves.at.as_ref());
            let stage = step.entry.body.get(moves.by.as_str()).and_then(|stage| stage.as_str());
            let stage = stage.and_then(|stage| kind.choice(moves.by.as_str(), stage));
            let ends = stage.is_some_and(|stage| stage.ends == Some(true));
            if let Some(subject) = opened.get(&opened_by) {
                step.subject = *subject;
            }
            if last.get(&opened_by).is_none_or(|(known, ..)| *known < stated) {
                last.insert(opened_by, (stated, step, ends));
            }
        }
    }
    let mut open: Vec<EntryId> = opened.into_keys().collect();
    open.retain(|matter| last.get(matter).is_none_or(|(.., ends)| !ends));
    let steps = last.into_values().filter(|(.., ends)| !ends).map(|(_, step, _)| step);
    Ok((open, steps.collect()))
}
