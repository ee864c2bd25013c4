//! `GET /api/v1/desk/conflicts`: every registry field with more than one value. All values
//! stand equal, with who, both clocks and source; nothing is chosen for the reviewer, who
//! decides with [`decisions`]. Beside them the decisions that can be taken back ([`undo`]).

pub mod decisions;
pub(super) mod input;
pub mod undo;

use actix_web::{HttpResponse, web};
use menpai_sync_core::entry::{EDIT_KIND, MAX_BASE_HASHES};
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::kinds::{Class, Labels};
use menpai_sync_core::time::Instant;
use serde::Serialize;
use serde_json::Value;

use self::input::Input;
use super::{Desk, DeviceName, Named, read, wording};
use crate::auth::May;
use crate::auth::may::Review;
use crate::error::ApiResult;
use crate::home::Home;
use crate::office::decisions::SECRETARY_DECISION;
use crate::store::community::StoreError;
use crate::store::review::conflicts::{self, Writing, Written};
use crate::store::review::decided::{self, Decided};
use crate::store::review::register::Address;

/// Fields of an edit's body that say where a value comes from.
const SOURCE: &str = "source";
const NOTE: &str = "note";
/// Decisions that are looked at: older ones are corrected by an edit.
const MOST_DECIDED: u32 = 50;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictsAnswer)]
pub(super) struct Answer {
    pub(super) conflicts: Vec<Conflict>,
    decided: Vec<DecidedRow>,
}

/// A decision that can be taken back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictsDecidedRow)]
struct DecidedRow {
    #[schema(value_type = crate::openapi::Id)]
    entry: EntryId,
    #[schema(value_type = crate::openapi::Id)]
    entity: EntityId,
    entity_name: Option<String>,
    address: Option<Address>,
    field: String,
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    #[schema(value_type = crate::openapi::Labels)]
    text: Labels,
    made_at: String,
    worker: Named,
    note: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictsConflict)]
pub(super) struct Conflict {
    #[serde(rename = "type")]
    pub(super) entity_type: String,
    #[schema(value_type = crate::openapi::Id)]
    pub(super) entity: EntityId,
    pub(super) entity_name: Option<String>,
    pub(super) address: Option<Address>,
    pub(super) grid: Option<Named>,
    pub(super) field: String,
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) labels: Labels,
    pub(super) values: Vec<ConflictValue>,
    before: Option<Before>,
    /// What a decision made from this page has seen: heads of the document.
    #[schema(value_type = Vec<crate::openapi::Hash>)]
    seen: Vec<Hash>,
    /// How another value is written; `None` where only one of these can be chosen.
    input: Option<Input>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictsConflictValue)]
pub(super) struct ConflictValue {
    pub(super) value: Value,
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) text: Labels,
    pub(super) worker: Option<Named>,
    pub(super) device: Option<DeviceName>,
    pub(super) made_at: String,
    pub(super) offset_ms: Option<i64>,
    pub(super) received: Option<String>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    pub(super) source: Option<Labels>,
    pub(super) note: Option<String>,
    pub(super) shown: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ConflictsBefore)]
struct Before {
    value: Value,
    #[schema(value_type = crate::openapi::Labels)]
    text: Labels,
    made_at: String,
    worker: Option<Named>,
    #[schema(value_type = Option<crate::openapi::Labels>)]
    source: Option<Labels>,
}

/// Fields with more than one value, and what was decided.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/conflicts",
    responses((status = 200, body = Answer, description = "Conflicts"))
)]
pub async fn get(home: web::Data<Home>, session: May<Review>) -> ApiResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(read(&home, &session, answer).await?))
}

pub(super) fn answer(desk: &mut Desk<'_>) -> Result<Answer, StoreError> {
    let open = conflicts::open(desk.connection, desk.codec)?;
    let conflicts = open
        .into_iter()
        .map(|conflict| describe(desk, conflict))
        .collect::<Result<_, _>>()?;
    let decided = decided::newest(desk.connection, desk.codec, SECRETARY_DECISION, MOST_DECIDED)?
        .into_iter()
        .map(|decided| decided_row(desk, &decided))
        .collect::<Result<_, _>>()?;
    Ok(Answer { conflicts, decided })
}

fn decided_row(desk: &mut Desk<'_>, decided: &Decided) -> Result<DecidedRow, StoreError> {
    let item = &decided.item;
    let known = desk.register.entity(item.id)?;
    if desk.kinds.class_of(&item.entity_type, &item.field) == Some(Class::Care) {
        desk.saw([item.id]);
    }
    Ok(DecidedRow {
        entry: decided.entry.id,
        entity: item.id,
        entity_name: known.name,
        address: Some(known.address).filter(|address| !address.is_empty()),
        labels: wording::registry_field(desk, &item.entity_type, &item.field)?,
        text: wording::registry_value(desk, &item.entity_type, &item.field, &item.value.to_json())?,
        field: item.field.clone(),
        made_at: decided.entry.made_at.to_string(),
        worker: desk.worker(decided.entry.worker),
        note: decided.entry.body.get(NOTE).and_then(Value::as_str).map(str::to_owned),
    })
}

fn describe(desk: &mut Desk<'_>, conflict: conflicts::Conflict) -> Result<Conflict, StoreError> {
    let known = desk.register.entity(conflict.entity)?;
    let registry_type = conflict.entity_type.as_str();
    if desk.kinds.class_of(registry_type, &conflict.field) == Some(Class::Care) {
        desk.saw([conflict.entity]);
    }
    let mut values = Vec::new();
    for (rank, written) in conflict.values.iter().enumerate() {
        values.push(value(desk, registry_type, &conflict.field, written, rank == 0)?);
    }
    let before = match &conflict.before {
        Some(writing) => Some(Before {
            text: wording::registry_value(desk, registry_type, &conflict.field, &writing.value)?,
            value: writing.value.clone(),
            made_at: writing.entry.made_at.to_string(),
            worker: Some(desk.worker(writing.entry.worker)),
            source: source(desk, writing)?,
        }),
        None => None,
    };
    Ok(Conflict {
        labels: wording::registry_field(desk, registry_type, &conflict.field)?,
        entity: conflict.entity,
        entity_name: known.name,
        address: Some(known.address).filter(|address| !address.is_empty()),
        grid: conflict.grid.map(|grid| desk.grid(grid)).transpose()?,
        values,
        before,
        input: input::of(desk.kinds, registry_type, &conflict.field),
        // More heads than an edit can state cost a conflict shown again, never a value.
        seen: conflict.seen.into_iter().take(MAX_BASE_HASHES).collect(),
        entity_type: conflict.entity_type,
        field: conflict.field,
    })
}

fn value(
    desk: &mut Desk<'_>,
    registry_type: &str,
    field: &str,
    written: &Written,
    shown: bool,
) -> Result<ConflictValue, StoreError> {
    let text = wording::registry_value(desk, registry_type, field, &written.value)?;
    let by = written.by.as_ref();
    // Without the edit, the document still tells the device and, in whole seconds, when.
    let owner = written.device.and_then(|device| desk.register.device(device)?.worker);
    let worker = by.map(|writing| writing.entry.worker).or(owner);
    Ok(ConflictValue {
        value: written.value.clone(),
        text,
        worker: worker.map(|worker| desk.worker(worker)),
        device: written.device.map(|device| desk.device(device)),
        made_at: by
            .map_or_else(|| desk.local.instant(written.at_s * 1000), made_at)
            .to_string(),
        offset_ms: by.map(|writing| writing.envelope.offset_ms),
        received: by.map(|writing| desk.local.instant(writing.envelope.received.unix_ms).to_string()),
        source: by.map(|writing| source(desk, writing)).transpose()?.flatten(),
        note: by.and_then(|writing| writing.entry.body.get(NOTE)?.as_str().map(str::to_owned)),
        shown,
    })
}

fn made_at(writing: &Writing) -> Instant {
    writing.entry.made_at
}

fn source(desk: &mut Desk<'_>, writing: &Writing) -> Result<Option<Labels>, StoreError> {
    writing
        .entry
        .body
        .get(SOURCE)
        .map(|value| wording::body_value(desk, EDIT_KIND, SOURCE, value))
        .transpose()
}
