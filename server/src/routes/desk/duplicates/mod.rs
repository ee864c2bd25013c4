//! `GET /api/v1/desk/duplicates`: entities that may be the same, side by side, with who made
//! each and what was recorded about it; what was merged, and which pairs were called two.
//! [`decisions`] says which.

pub mod decisions;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::{Class, Labels, Shape};
use serde::Serialize;

use super::{Desk, DeviceName, Named, id_numbers, read, wording};
use crate::auth::May;
use crate::auth::may::Review;
use crate::error::ApiResult;
use crate::home::Home;
use crate::id_numbers::IdNumbers;
use crate::store::community::StoreError;
use crate::store::review::duplicates::{self, Distinguished, Pair};
use crate::store::review::id_numbers::Standing;
use crate::store::review::register::Address;
use crate::store::review::statements;
use crate::store::roster::{StoredEntity, entity};

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesAnswer)]
struct Answer {
    /// To be looked at.
    pairs: Vec<PairRow>,
    /// Merged; each can stand for itself again.
    merged: Vec<MergedRow>,
    /// Called two; each pair can be looked at again.
    distinguished: Vec<DistinguishedRow>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesPairRow)]
struct PairRow {
    #[serde(rename = "type")]
    entity_type: String,
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    /// In what they agree.
    #[schema(value_type = Vec<crate::openapi::Labels>)]
    same: Vec<Labels>,
    one: Side,
    other: Side,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesMergedRow)]
struct MergedRow {
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    alias: Side,
    into: Side,
    /// Who merged them, and when by that clock.
    by: Option<DeviceName>,
    worker: Option<Named>,
    at: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesDistinguishedRow)]
struct DistinguishedRow {
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    #[schema(value_type = crate::openapi::Id)]
    entry: EntryId,
    one: Side,
    other: Side,
}

/// One of two.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesSide)]
struct Side {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    name: Option<String>,
    address: Option<Address>,
    grid: Option<Named>,
    /// What else it says, in the order of the form.
    fields: Vec<Field>,
    /// Who made it, on what, when by both clocks.
    worker: Option<Named>,
    device: Option<DeviceName>,
    made_at: Option<String>,
    received: Option<String>,
    /// How many records name it.
    records: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DuplicatesField)]
struct Field {
    #[schema(value_type = crate::openapi::Labels)]
    labels: Labels,
    #[schema(value_type = crate::openapi::Labels)]
    text: Labels,
}

/// Entities that may be the same, and what was decided about them.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/duplicates",
    responses((status = 200, body = Answer, description = "Pairs"))
)]
pub async fn get(home: web::Data<Home>, session: May<Review>) -> ApiResult<HttpResponse> {
    let numbers = Arc::clone(&home.id_numbers);
    let answer = read(&home, &session, move |desk| answer(desk, &numbers)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// The pairs that are to be looked at.
pub(super) fn pairs(desk: &Desk<'_>) -> Result<Vec<Pair>, StoreError> {
    Ok(looked_for(desk)?.0)
}

/// The pairs, and those that the office called two.
fn looked_for(desk: &Desk<'_>) -> Result<(Vec<Pair>, Distinguished), StoreError> {
    let withdrawn = statements::withdrawn_records(desk.connection, |device| desk.is_office(device))?;
    let known = duplicates::distinguished(desk.connection, desk.kinds, &withdrawn)?;
    let aliases = desk.register.aliases();
    let pairs = duplicates::pairs(desk.connection, desk.kinds, aliases, &withdrawn, &known)?;
    Ok((pairs, known))
}

/// What is said of every side.
struct About<'a> {
    records: HashMap<EntityId, u64>,
    numbers: &'a IdNumbers,
    standing: BTreeMap<EntityId, Vec<Standing>>,
}

fn answer(desk: &mut Desk<'_>, numbers: &IdNumbers) -> Result<Answer, StoreError> {
    let (pairs, known) = looked_for(desk)?;
    let merged = desk.register.aliases().all();
    let two = |(one, other): (EntityId, EntityId)| [one, other];
    let shown: BTreeSet<EntityId> = pairs
        .iter()
        .flat_map(|pair| [pair.one, pair.other])
        .chain(merged.iter().copied().flat_map(two))
        .chain(known.keys().copied().flat_map(two))
        .collect();
    let about = &About {
        records: duplicates::count_records(desk.connection, desk.kinds, &shown)?,
        numbers,
        standing: id_numbers::of_everybody(desk)?,
    };
    let mut answer = Answer {
        pairs: Vec::new(),
        merged: Vec::new(),
        distinguished: Vec::new(),
    };
    for pair in pairs {
        let mut same = Vec::new();
        for field in &pair.same {
            let number = desk.kinds.get(field).filter(|kind| kind.effects.seals.is_some());
            same.push(match number {
                Some(kind) => kind.labels.clone(),
                None => wording::registry_field(desk, &pair.entity_type, field)?,
            });
        }
        let (one, other) = (entity(desk.connection, pair.one)?, entity(desk.connection, pair.other)?);
        if let (Some(one), Some(other)) = (one, other) {
            answer.pairs.push(PairRow {
                labels: type_words(desk, &pair.entity_type),
                same,
                one: side(desk, &one, about)?,
                other: side(desk, &other, about)?,
                entity_type: pair.entity_type,
            });
        }
    }
    for (alias, into) in merged {
        if let (Some(alias), Some(into)) = (entity(desk.connection, alias)?, entity(desk.connection, into)?) {
            answer.merged.push(merged_row(desk, &alias, &into, about)?);
        }
    }
    for ((one, other), entry) in known {
        if let (Some(one), Some(other)) = (entity(desk.connection, one)?, entity(desk.connection, other)?) {
            answer.distinguished.push(DistinguishedRow {
                labels: type_words(desk, &one.entity_type),
                entry,
                one: side(desk, &one, about)?,
                other: side(desk, &other, about)?,
            });
        }
    }
    Ok(answer)
}

fn merged_row(
    desk: &mut Desk<'_>,
    alias: &StoredEntity,
    into: &StoredEntity,
    about: &About<'_>,
) -> Result<MergedRow, StoreError> {
    let kind = desk.kinds.registry_type(&alias.entity_type);
    let field = kind
        .and_then(|kind| kind.effects.merges.as_ref())
        .map(|merges| merges.into.as_str());
    let written = match field {
        Some(field) => duplicates::written(desk.connection, alias.id, field)?,
        None => None,
    };
    let worker = written.and_then(|(device, _)| desk.register.device(device)?.worker);
    Ok(MergedRow {
        labels: type_words(desk, &alias.entity_type),
        alias: side(desk, alias, about)?,
        into: side(desk, into, about)?,
        by: written.map(|(device, _)| desk.device(device)),
        worker: worker.map(|worker| desk.worker(worker)),
        at: written.map(|(_, at_s)| desk.local.instant(at_s * 1000).to_string()),
    })
}

fn type_words(desk: &Desk<'_>, entity_type: &str) -> Labels {
    desk.kinds
        .registry_type(entity_type)
        .map_or_else(|| wording::same(entity_type), |kind| kind.labels.clone())
}

fn side(desk: &mut Desk<'_>, entity: &StoredEntity, about: &About<'_>) -> Result<Side, StoreError> {
    let known = desk.register.entity_itself(entity.id)?;
    let maker = duplicates::maker(desk.connection, desk.codec, entity.id)?;
    let mut fields = Vec::new();
    let kind = desk.kinds.registry_type(&entity.entity_type);
    for field in kind.into_iter().flat_map(|kind| &kind.fields) {
        let written = !matches!(field.shape, Shape::Ref { .. } | Shape::Set(_));
        let value = entity.values.get(field.name.as_str()).map(Scalar::to_json);
        if let Some(value) = value.filter(|_| written && field.class == Some(Class::Open)) {
            fields.push(Field {
                labels: field.labels.clone(),
                text: wording::registry_value(desk, &entity.entity_type, field.name.as_str(), &value)?,
            });
        }
    }
    fields.extend(number(desk, entity, about)?);
    Ok(Side {
        id: entity.id,
        name: known.name,
        address: Some(known.address).filter(|address| !address.is_empty()),
        grid: entity.grid.map(|grid| desk.grid(grid)).transpose()?,
        fields,
        worker: maker.as_ref().map(|(_, entry)| desk.worker(entry.worker)),
        device: maker.as_ref().map(|(envelope, _)| desk.device(envelope.device)),
        made_at: maker.as_ref().map(|(_, entry)| entry.made_at.to_string()),
        received: maker
            .as_ref()
            .map(|(envelope, _)| desk.local.instant(envelope.received.unix_ms).to_string()),
        records: about.records.get(&entity.id).copied().unwrap_or(0),
    })
}

/// The newest id number that was recorded of this one, masked.
fn number(desk: &mut Desk<'_>, entity: &StoredEntity, about: &About<'_>) -> Result<Option<Field>, StoreError> {
    let kind = desk
        .kinds
        .iter()
        .find(|kind| kind.seals_numbers_of(&entity.entity_type));
    let stands_for = desk.register.aliases().canonical(entity.id);
    let mut own = about.standing.get(&stands_for).into_iter().flatten().rev();
    let (Some(kind), Some(newest)) = (kind, own.find(|one| one.subject == entity.id)) else {
        return Ok(None);
    };
    desk.saw([entity.id]);
    let text = match id_numbers::opened(desk, about.numbers, newest)? {
        Some(number) => wording::same(number.masked()),
        None => wording::labels("读不出来，请重新登记", "cannot be read; record it again"),
    };
    Ok(Some(Field {
        labels: kind.labels.clone(),
        text,
    }))
}
