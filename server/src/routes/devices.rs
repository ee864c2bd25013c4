//! A phone that was restored or cloned takes a new device id (docs/protocol.md section 10).

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

use super::sessions;
use crate::auth::{PhoneSession, enrolment};
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node;

/// What the phone made.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Successor {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
    #[serde(default)]
    name: String,
}

/// What it gets.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SuccessorSucceeded)]
struct Succeeded {
    token: String,
    #[schema(value_type = crate::openapi::Instant)]
    expires_at: Instant,
    device: DeviceOnly,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SuccessorDeviceOnly)]
struct DeviceOnly {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
}

/// A phone that was restored or cloned becomes another device.
///
/// The session’s own goes on: its other clone may be using it. Asked again with the same id it
/// answers the same, with another token.
///
/// # Errors
/// `not_signed_in`, `device_key_differs`, `wrong_device`.
#[utoipa::path(
    post,
    path = "/devices/successor",
    request_body = Successor, responses((status = 200, body = Succeeded, description = "Registered, with a session of its own"))
)]
pub async fn post_successor(
    home: web::Data<Home>,
    session: PhoneSession,
    body: web::Json<Successor>,
) -> ApiResult<HttpResponse> {
    let Successor { id, public_key, name } = body.into_inner();
    let wanted = session.account.clone();
    let account = home
        .node(move |node| node.read(|connection| node::find_account(connection, &wanted)))
        .await?
        .ok_or(ApiError::NotSignedIn)?;
    let phone = enrolment::Phone {
        device: id,
        public_key,
        name,
        replaces: Some(session.device).filter(|before| *before != id),
    };
    enrolment::register_phone(&home, &account, phone).await?;
    let (token, expires_ms) = sessions::begin(&home, account.name, id).await?;
    Ok(HttpResponse::Ok().json(Succeeded {
        token: token.to_text(),
        expires_at: Instant::utc(expires_ms),
        device: DeviceOnly { id },
    }))
}
