//! `POST /api/v1/desk/held/decisions`: the secretary lets a held entry count as it was made, or
//! amended, or sets it aside. `seen` are the heads that the page was drawn from.

use actix_web::{HttpResponse, web};
use menpai_sync_core::entry::{MAX_BASE_HASHES, MAX_SET_ITEMS, SetItem};
use menpai_sync_core::ids::{DeviceId, EntryId, Hash, Seq};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal;
use crate::auth::May;
use crate::auth::may::Decide;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::held::{self, DecideHeldError, Decision};
use crate::sync::{HeldRefusal, Wish};

/// What the desk sends; `id` is made there, so that asking again decides nothing twice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HeldDecisionAsked)]
pub struct Asked {
    #[schema(value_type = crate::openapi::Id)]
    id: EntryId,
    #[schema(value_type = crate::openapi::Id)]
    device: DeviceId,
    #[schema(value_type = u64)]
    seq: Seq,
    decision: String,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    body: Option<Map<String, Value>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<crate::openapi::SetItem>>)]
    set: Option<Vec<SetItem>>,
    #[schema(value_type = Vec<crate::openapi::Hash>)]
    seen: Vec<Hash>,
    #[serde(default)]
    note: Option<String>,
}

/// Lets a held entry count, as it was made or amended, or sets it aside.
///
/// # Errors
/// `not_signed_in`, `not_allowed`, `value_not_allowed`, `still_held`, `held_gone`, `not_found`,
/// `unreadable_request`; then nothing is written.
#[utoipa::path(
    post,
    path = "/desk/held/decisions",
    request_body = Asked, responses((status = 200, body = held::Decided, description = "Decided"))
)]
pub async fn post(home: web::Data<Home>, session: May<Decide>, body: web::Json<Asked>) -> ApiResult<HttpResponse> {
    let asked = body.into_inner();
    if asked.seen.len() > MAX_BASE_HASHES {
        return Err(ApiError::unreadable("seen"));
    }
    let wish = match (asked.decision.as_str(), asked.body, asked.set) {
        ("release", None, None) => Wish::Release,
        ("set_aside", None, None) => Wish::SetAside,
        ("amend", Some(body), None) => Wish::AmendRecord(body),
        ("amend", None, Some(set)) if (1..=MAX_SET_ITEMS).contains(&set.len()) => Wish::AmendEdit(set),
        _ => return Err(ApiError::unreadable("decision")),
    };
    let decision = Decision {
        id: asked.id,
        device: asked.device,
        seq: asked.seq,
        wish,
        seen: asked.seen,
        note: asked.note,
    };
    let decided =
        web::block(move || held::decide(&home, session.community, &session.account, session.worker, &decision));
    Ok(HttpResponse::Ok().json(decided.await?.map_err(refused)?))
}

fn refused(error: DecideHeldError) -> ApiError {
    match error {
        DecideHeldError::Refused(HeldRefusal::NotHere) => ApiError::NotFound,
        DecideHeldError::Refused(HeldRefusal::Decided(_)) => ApiError::HeldGone,
        DecideHeldError::Refused(HeldRefusal::Value { problem, label }) => {
            ApiError::value_not_allowed(&problem, &label)
        }
        DecideHeldError::Refused(refused) => ApiError::StillHeld(refusal::sentence(&refused)),
        DecideHeldError::OtherEntry => ApiError::unreadable("id"),
        DecideHeldError::Office(error) => ApiError::internal(error),
    }
}
