//! `GET /api/v1/desk/erasures?name=`: who could be erased. `POST /api/v1/desk/erasures`: the
//! secretary erases one, with the name typed once more. There is no way back.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Labels;
use serde::{Deserialize, Serialize};

use super::wording;
use super::{Desk, Named, read};
use crate::auth::May;
use crate::auth::may::Erase;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::{Office, OfficeError, erasures};
use crate::store::community::StoreError;
use crate::store::review::erasable;
use crate::store::review::register::Address;
use crate::sync::erase::EraseError;

/// Whom to look for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErasurePeople)]
struct People {
    found: Vec<Found>,
}

/// What went.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErasureErased)]
struct Erased {
    /// Persons, households and what belonged to them.
    subjects: usize,
    /// Entries of which only the hash is left.
    entries: usize,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErasureFound)]
struct Found {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    #[serde(rename = "type")]
    entity_type: String,
    #[schema(value_type = crate::openapi::Labels)]
    label: Labels,
    name: String,
    grid: Option<Named>,
    address: Address,
    /// What it belongs to and could be erased with as a whole.
    whole: Option<Whole>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErasureWhole)]
struct Whole {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    #[serde(rename = "type")]
    entity_type: String,
    #[schema(value_type = crate::openapi::Labels)]
    label: Labels,
}

/// Who of a name could be erased.
///
/// # Errors
/// `not_signed_in`, `not_allowed`.
#[utoipa::path(
    get,
    path = "/desk/erasures",
    params(Question), responses((status = 200, body = People, description = "Who is called so"))
)]
pub async fn get(home: web::Data<Home>, session: May<Erase>, asked: web::Query<Question>) -> ApiResult<HttpResponse> {
    let name = asked.into_inner().name;
    let found = read(&home, &session, move |desk| find(desk, name.trim())).await?;
    Ok(HttpResponse::Ok().json(People { found }))
}

fn find(desk: &mut Desk<'_>, name: &str) -> Result<Vec<Found>, StoreError> {
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for one in erasable::named(desk.connection, desk.kinds, name)? {
        desk.saw([one.id]);
        let known = desk.register.entity(one.id)?;
        let grid = match known.grid {
            Some(grid) => Some(desk.grid(grid)?),
            None => None,
        };
        let whole = match one.with {
            Some(id) => {
                let known = desk.register.entity(id)?;
                Some(Whole {
                    id,
                    label: label(desk, &known.entity_type),
                    entity_type: known.entity_type,
                })
            }
            None => None,
        };
        found.push(Found {
            id: one.id,
            label: label(desk, &one.entity_type),
            entity_type: one.entity_type,
            name: one.name,
            grid,
            address: known.address,
            whole,
        });
    }
    Ok(found)
}

fn label(desk: &Desk<'_>, entity_type: &str) -> Labels {
    let kind = desk.kinds.get(entity_type);
    kind.map_or_else(|| wording::same(entity_type.to_owned()), |kind| kind.labels.clone())
}

/// What the desk sends. `name` is typed by hand: that of the one who was found.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    id: EntityId,
    #[serde(rename = "type")]
    entity_type: String,
    #[schema(value_type = crate::openapi::Id)]
    found: EntityId,
    name: String,
    basis: String,
    #[schema(value_type = Option<crate::openapi::Day>)]
    requested_on: Option<NaiveDate>,
}

/// Erases a person or a household. There is no way back.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found`, `unreadable_request` (where the name is not the
/// one that is shown, or the basis is no choice); then nothing is erased.
#[utoipa::path(
    post,
    path = "/desk/erasures",
    request_body = Asked, responses((status = 200, body = Erased, description = "Erased"))
)]
pub async fn post(home: web::Data<Home>, session: May<Erase>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let asked = body.into_inner();
    let (found, typed) = (asked.found, asked.name.trim().to_owned());
    let confirmed = read(&home, &session, move |desk| {
        let named = erasable::named(desk.connection, desk.kinds, &typed)?;
        let is_named = |one: &erasable::Erasable| one.id == found && one.name == typed;
        Ok::<_, StoreError>(named.into_iter().find(is_named))
    });
    let confirmed = confirmed.await?.ok_or_else(|| ApiError::unreadable("name"))?;
    if asked.id != confirmed.id && Some(asked.id) != confirmed.with {
        return Err(ApiError::unreadable("id"));
    }
    let erased = web::block(move || {
        let office = Office::of_account(&home, session.community, &session.account, session.worker)?;
        let day = asked.requested_on;
        Ok::<_, OfficeError>(erasures::erase(
            &home,
            &office,
            asked.id,
            Some(&asked.entity_type),
            &asked.basis,
            day,
        ))
    });
    let erased = erased.await??.map_err(refused)?;
    Ok(HttpResponse::Ok().json(Erased {
        subjects: erased.subjects,
        entries: erased.entries,
    }))
}

fn refused(error: EraseError) -> ApiError {
    match error {
        EraseError::Unknown(_) => ApiError::NotFound,
        EraseError::NotErasable(_) | EraseError::OtherType(..) => ApiError::unreadable("type"),
        EraseError::Basis => ApiError::unreadable("basis"),
        error => ApiError::internal(error),
    }
}
