//! A phone that was restored or cloned takes a new device id (docs/protocol.md section 10).

use actix_web::{HttpResponse, web};
use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::signature::PublicKey;
use serde::{Deserialize, Serialize};

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
/// The one that asks goes on: its other clone may be using it. Asked again with the same id it
/// answers the same.
///
/// # Errors
/// `not_signed_in`, `device_stopped`, `device_key_differs`, `wrong_device`.
#[utoipa::path(
    post,
    path = "/devices/successor",
    request_body = Successor, responses((status = 200, body = Succeeded, description = "Registered"))
)]
pub async fn post_successor(home: web::Data<Home>, session: PhoneSession, body: web::Bytes) -> ApiResult<HttpResponse> {
    session.signed(&body)?;
    let Successor { id, public_key, name } =
        serde_json::from_slice(&body).map_err(|error| ApiError::unreadable(error.to_string()))?;
    let phone = enrolment::Phone {
        device: id,
        public_key,
        name,
        replaces: Some(session.device).filter(|before| *before != id),
    };
    let registered = web::block(move || {
        let store = home.node_store();
        let account = store.read(|connection| node::find_account(connection, &session.account));
        let account = account.map_err(ApiError::internal)?.ok_or(ApiError::NotSignedIn)?;
        Ok::<_, ApiError>(enrolment::register_phone(&home, &account, phone)?)
    });
    registered.await??;
    Ok(HttpResponse::Ok().json(Succeeded {
        device: DeviceOnly { id },
    }))
}
