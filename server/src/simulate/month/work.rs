//! Entries of the month: the answers that make a day believable stand already, the simulator's
//! form fills the rest as the kind files ask.

use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::kinds::{Choice, Kind, Kinds, Shape};
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::super::body::fill;
use super::super::dice::Dice;
use super::super::surroundings::Surroundings;
use crate::office::schema_of;

/// The kind of edits.
const EDIT: &str = menpai_sync_core::entry::EDIT_KIND;
/// Tries until a form says what it should.
const TRIES: usize = 40;

/// Where and when something is recorded.
pub(super) struct At<'a> {
    pub(super) kinds: &'a Kinds,
    pub(super) grid: GridId,
    pub(super) worker: WorkerId,
    /// By the phone's clock.
    pub(super) made_at: Instant,
    pub(super) id: EntryId,
}

impl At<'_> {
    /// A record of a kind, if the rest of its form can be filled so that `fits` holds.
    pub(super) fn record(
        &self,
        kind: &Kind,
        answers: &Map<String, Value>,
        things: Vec<(&str, Vec<EntityId>)>,
        optional_percent: u64,
        dice: &mut Dice,
        fits: impl Fn(&Map<String, Value>) -> bool,
    ) -> Option<Draft> {
        let around = Surroundings::of(self.grid, self.worker, things);
        let name = kind.name.as_str();
        let body = (0..TRIES).find_map(|_| {
            let body = fill(kind, answers.clone(), &around, self.made_at, optional_percent, dice);
            (fits(&body) && self.kinds.check_body(name, kind.schema, &body).is_ok()).then_some(body)
        })?;
        Some(Draft::record(
            self.id,
            name,
            kind.schema,
            Some(self.grid),
            self.worker,
            self.made_at,
            body,
        ))
    }
}

/// Answers of a form.
pub(super) fn answers<const N: usize>(of: [(&str, Value); N]) -> Map<String, Value> {
    of.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

/// The first longer text that a form asks for, with this in it.
pub(super) fn told(kind: &Kind, text: &str, answers: &mut Map<String, Value>) {
    let field = kind.fields.iter().find(|field| {
        matches!(
            field.shape,
            Shape::Text {
                rule: None,
                lines: true,
                ..
            }
        ) && field.visible_if.is_none()
    });
    if let Some(field) = field {
        answers.insert(field.name.to_string(), json!(text));
    }
}

/// The choices of a field.
pub(super) fn choices<'k>(kind: &'k Kind, field: &str) -> &'k [Choice] {
    match kind.field(field).map(|field| &field.shape) {
        Some(Shape::Choice { choices, .. }) => choices,
        _ => &[],
    }
}

/// Fields of one entity.
pub(super) fn items(entity_type: &str, id: EntityId, fields: &[(&str, Value)]) -> Vec<SetItem> {
    fields
        .iter()
        .filter_map(|(field, value)| {
            Some(SetItem {
                entity_type: entity_type.to_owned(),
                id,
                field: (*field).to_owned(),
                value: serde_json::from_value::<Scalar>(value.clone()).ok()?,
            })
        })
        .collect()
}

/// An edit of registry fields.
pub(super) fn edit(
    kinds: &Kinds,
    id: EntryId,
    grid: Option<GridId>,
    worker: WorkerId,
    made_at: Instant,
    base: Vec<Hash>,
    set: Vec<SetItem>,
) -> Draft {
    let edit = Edit { base, set };
    Draft::edit(id, schema_of(kinds, EDIT), grid, worker, made_at, edit, Map::new())
}
