//! `POST /api/v1/desk/conflicts/decisions/undo`: the secretary takes a decision back; what it
//! replaced is a conflict again.

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::EntryId;
use serde::{Deserialize, Serialize};

use crate::auth::May;
use crate::auth::may::Decide;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::undoing::{self, UndoError};

/// What the desk sends; `id` is made there, so that asking again takes nothing back twice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UndoAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    id: EntryId,
    #[schema(value_type = crate::openapi::Id)]
    decision: EntryId,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = UndoAnswer)]
struct Answer {
    /// How many values stand beside each other again.
    values: u64,
}

/// Takes a decision back.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `not_found`, `undo_gone`, `unreadable_request`; then nothing
/// is written.
#[utoipa::path(
    post,
    path = "/desk/conflicts/decisions/undo",
    request_body = Asked, responses((status = 200, body = Answer, description = "The values stand beside each other again"))
)]
pub async fn post(home: web::Data<Home>, session: May<Decide>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let Asked { id, decision } = body.into_inner();
    let undone = web::block(move || {
        undoing::undo(
            &home,
            session.community,
            &session.account,
            session.worker,
            (id, decision),
        )
    });
    let values = undone.await?.map_err(refused)?;
    Ok(HttpResponse::Ok().json(Answer { values }))
}

fn refused(error: UndoError) -> ApiError {
    match error {
        UndoError::NoDecision => ApiError::NotFound,
        UndoError::Gone => ApiError::UndoGone,
        UndoError::OtherEntry => ApiError::unreadable("id"),
        UndoError::Office(error) => ApiError::internal(error),
    }
}
