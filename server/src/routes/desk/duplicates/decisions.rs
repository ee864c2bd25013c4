//! `POST /api/v1/desk/duplicates/decisions` and `…/undo`: the secretary says whether two that
//! look alike are one, or takes that back.

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::{EntityId, EntryId};
use serde::Deserialize;

use crate::auth::May;
use crate::auth::may::Decide;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::duplicates::{self, SayError, Saying};

/// What the desk sends; `id` is made there, so that asking again says nothing twice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DuplicateDecisionAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    id: EntryId,
    /// The one that goes on, where they are one.
    #[schema(value_type = crate::openapi::Id)]
    one: EntityId,
    #[schema(value_type = crate::openapi::Id)]
    other: EntityId,
    decision: Decision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DuplicateDecisionDecision)]
enum Decision {
    /// `other` is merged into `one`.
    Same,
    /// They are two.
    Different,
}

/// Says whether two that look alike are one.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `duplicate_gone`, `unreadable_request`; then nothing is
/// written.
#[utoipa::path(
    post,
    path = "/desk/duplicates/decisions",
    request_body = Asked, responses((status = 204, description = "Said"))
)]
pub async fn post(home: web::Data<Home>, session: May<Decide>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let Asked {
        id,
        one,
        other,
        decision,
    } = body.into_inner();
    let saying = match decision {
        Decision::Same => Saying::Merge {
            alias: other,
            into: one,
        },
        Decision::Different => Saying::Distinguish { one, other },
    };
    say(home, session, (id, saying)).await
}

/// Takes that back.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `duplicate_gone`, `unreadable_request`; then nothing is
/// written.
#[utoipa::path(
    post,
    path = "/desk/duplicates/decisions/undo",
    request_body = Asked, responses((status = 204, description = "Taken back"))
)]
pub async fn undo(home: web::Data<Home>, session: May<Decide>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let Asked {
        id,
        one,
        other,
        decision,
    } = body.into_inner();
    let saying = match decision {
        Decision::Same => Saying::Part { alias: other },
        Decision::Different => Saying::Reconsider { one, other },
    };
    say(home, session, (id, saying)).await
}

async fn say(home: web::Data<Home>, session: May<Decide>, what: (EntryId, Saying)) -> ApiResult<HttpResponse> {
    let said =
        web::block(move || duplicates::say(&home, session.community, &session.account, session.worker, what)).await?;
    said.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

fn refused(error: SayError) -> ApiError {
    match error {
        SayError::Gone => ApiError::DuplicateGone,
        SayError::NotAlike => ApiError::unreadable("one"),
        SayError::OtherEntry => ApiError::unreadable("id"),
        SayError::Held => ApiError::internal("the home held what its office said"),
        SayError::Office(error) => ApiError::internal(error),
    }
}
