//! Matters that a record opened and no step has ended yet: the hazards of a door and of its
//! building. Steps fold by (when it was, entry id); the last one gives the stage.

use std::collections::HashMap;

use super::Phone;
use super::seen::{Records, Seen};
use super::view::Matter;
use super::words::{choice_labels, record_summary};
use crate::folds::Stated;
use crate::ids::{EntityId, EntryId};

impl Phone {
    /// The open matters at any of these places, the oldest first.
    pub(super) fn matters(&self, records: &Records<'_>, places: &[EntityId]) -> Vec<Matter> {
        let text = |seen: &Seen<'_>, field: &str| seen.entry.body.get(field)?.as_str().map(str::to_owned);
        let mut steps: HashMap<EntryId, (Stated, Seen<'_>)> = HashMap::new();
        for seen in records.counting() {
            let kind = self.kinds.get(&seen.entry.kind);
            let Some(moves) = kind.and_then(|kind| kind.effects.moves.as_ref()) else {
                continue;
            };
            let Some(opened) = text(&seen, moves.opened_by.as_str()).and_then(|id| id.parse().ok()) else {
                continue;
            };
            let stated = Stated::by(seen.entry, seen.made_ms, moves.at.as_ref());
            match steps.get(&opened) {
                Some((last, _)) if *last > stated => {}
                _ => {
                    steps.insert(opened, (stated, seen));
                }
            }
        }
        let mut open: Vec<(Stated, Matter)> = Vec::new();
        for seen in records.counting() {
            let Some(kind) = self.kinds.get(&seen.entry.kind) else {
                continue;
            };
            let Some(opens) = &kind.effects.opens else { continue };
            let place = text(&seen, opens.subject.as_str()).and_then(|id| id.parse().ok());
            let place = place.and_then(|place| Some(self.replica.as_ref()?.canonical(place)));
            let Some(place) = place.filter(|place| places.contains(place)) else {
                continue;
            };
            let step = steps.get(&seen.entry.id).map(|(_, step)| *step);
            let stage = step.and_then(|step| {
                let kind = self.kinds.get(&step.entry.kind)?;
                let by = kind.effects.moves.as_ref()?.by.as_str();
                kind.choice(by, &text(&step, by)?)
            });
            if stage.is_some_and(|stage| stage.ends == Some(true)) {
                continue;
            }
            let due = |seen: &Seen<'_>, field: Option<&crate::kinds::Name>| {
                field.and_then(|field| text(seen, field.as_str()))
            };
            let moved = step.and_then(|step| {
                let moves = self.kinds.get(&step.entry.kind)?.effects.moves.as_ref()?;
                due(&step, moves.due.as_ref())
            });
            let stated = Stated::by(seen.entry, seen.made_ms, opens.at.as_ref());
            open.push((
                stated,
                Matter {
                    entry: seen.entry.id,
                    kind_labels: kind.labels.clone(),
                    place,
                    summary: record_summary(kind, seen.entry),
                    severity: opens
                        .severity
                        .as_ref()
                        .and_then(|field| choice_labels(kind, field.as_str(), &text(&seen, field.as_str())?)),
                    stage: stage.map(|stage| stage.labels.clone()),
                    due_on: moved.or_else(|| due(&seen, opens.due.as_ref())),
                    at: seen.at().to_string(),
                    worker_name: self.name_of(seen.entry.worker),
                    rung: step.map_or(seen.rung, |step| step.rung),
                },
            ));
        }
        open.sort_by_key(|(stated, _)| *stated);
        open.into_iter().map(|(_, matter)| matter).collect()
    }
}
