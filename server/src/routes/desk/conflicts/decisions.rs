//! `POST /api/v1/desk/conflicts/decisions`: the secretary says which value of a field holds,
//! one of those shown or another. `seen` are the heads that the page was drawn from.

use actix_web::{HttpResponse, web};
use menpai_sync_core::entry::{MAX_BASE_HASHES, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use serde::Deserialize;

use crate::auth::May;
use crate::auth::may::Decide;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::decisions::{self, DecideError, Decision};

/// What the desk sends; `id` is made there, so that asking again decides nothing twice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DecisionAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    id: EntryId,
    #[serde(rename = "type")]
    entity_type: String,
    #[schema(value_type = crate::openapi::Id)]
    entity: EntityId,
    field: String,
    #[schema(value_type = crate::openapi::Scalar)]
    value: Scalar,
    #[schema(value_type = Vec<crate::openapi::Hash>)]
    seen: Vec<Hash>,
    note: Option<String>,
}

/// Says which value of a field holds.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `value_not_allowed`, `conflict_gone`, `unreadable_request`;
/// then nothing is written.
#[utoipa::path(
    post,
    path = "/desk/conflicts/decisions",
    request_body = Asked, responses((status = 200, body = decisions::Decided, description = "Decided"))
)]
pub async fn post(home: web::Data<Home>, session: May<Decide>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let asked = body.into_inner();
    if asked.seen.is_empty() || asked.seen.len() > MAX_BASE_HASHES {
        return Err(ApiError::unreadable("seen"));
    }
    let decision = Decision {
        id: asked.id,
        item: SetItem {
            entity_type: asked.entity_type,
            id: asked.entity,
            field: asked.field,
            value: asked.value,
        },
        seen: asked.seen,
        note: asked.note,
    };
    let decided =
        web::block(move || decisions::decide(&home, session.community, &session.account, session.worker, decision));
    Ok(HttpResponse::Ok().json(decided.await?.map_err(refused)?))
}

fn refused(error: DecideError) -> ApiError {
    match error {
        DecideError::Value { problem, label } => ApiError::value_not_allowed(&problem, &label),
        DecideError::Gone => ApiError::ConflictGone,
        DecideError::NoSuchField => ApiError::unreadable("field"),
        DecideError::OtherEntry => ApiError::unreadable("id"),
        DecideError::Office(error) => ApiError::internal(error),
    }
}
