//! `GET /api/v1/lease`: half of what opens the records on a phone (docs/protocol.md section 20). The
//! same for a phone whenever it asks, and never for one that the office has stopped: that is told so.

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::hex;
use menpai_sync_core::time::Instant;
use serde::Serialize;

use super::sync::tell_standing;
use crate::auth::PhoneSession;
use crate::clock;
use crate::error::ApiResult;
use crate::home::{Home, community};
use crate::sync::{Contact, Standing};

/// What a phone may open its records with, and for how long without asking again.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneLease)]
struct Lease {
    /// None for a phone that the office has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::openapi::Hash>)]
    lease: Option<String>,
    hours: u16,
    #[schema(value_type = crate::openapi::Instant)]
    clock: Instant,
}

/// A phone asks for its lease.
///
/// The answer to a stopped phone has none, and the header `Menpai-Phone`: `stopped` or `lost`.
///
/// # Errors
/// Those of every request.
#[utoipa::path(
    get,
    path = "/lease",
    responses((status = 200, body = Lease, description = "What opens the phone's records, besides its PIN"))
)]
pub async fn get(home: web::Data<Home>, session: PhoneSession) -> ApiResult<HttpResponse> {
    let community = community(&home, session.community).await?;
    let standing = community.directory().standing_of(session.device);
    let now_ms = clock::now_ms();
    if standing == Standing::Lost {
        // That it was told is what the office waits for; the phone's clock matters no more.
        let told = Contact {
            received_ms: now_ms,
            offset_ms: 0,
            last: Some(0),
        };
        community.note_contact(session.device, told);
    }
    let lease = home.sealing_key.derive(&format!("lease of {}", session.device));
    let mut answer = HttpResponse::Ok();
    tell_standing(&mut answer, standing);
    Ok(answer.json(Lease {
        lease: (standing == Standing::Known).then(|| hex(&lease)),
        hours: home.lease_hours,
        clock: Instant::utc(now_ms),
    }))
}
