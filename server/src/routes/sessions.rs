//! Phones sign in and out (docs/protocol.md section 10).

use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{CommunityCode, DeviceId, LogId, WorkerId};
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

use crate::auth::token::Token;
use crate::auth::{Credentials, PHONE_SESSION_DAYS, PhoneSession, enrolment, sign_in};
use crate::clock;
use crate::divisions::community_name;
use crate::error::ApiResult;
use crate::home::{Home, community};
use crate::store::node::{self, SessionKind};

/// What a phone sends.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PhoneSignIn)]
pub struct SignIn {
    account: String,
    password: String,
    device: Device,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PhoneDevice)]
struct Device {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
    name: String,
}

/// What a phone gets.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneSignedIn)]
struct SignedIn {
    token: String,
    #[schema(value_type = crate::openapi::Instant)]
    expires_at: Instant,
    worker: Worker,
    community: Community,
    home: HomeKey,
    device: DeviceOnly,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneWorker)]
struct Worker {
    #[schema(value_type = crate::openapi::Id)]
    id: WorkerId,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneCommunity)]
struct Community {
    #[schema(value_type = crate::openapi::CommunityCode)]
    code: CommunityCode,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneHomeKey)]
struct HomeKey {
    #[schema(value_type = crate::openapi::Id)]
    log: LogId,
    #[schema(value_type = crate::openapi::PublicKey)]
    public_key: PublicKey,
    #[schema(value_type = crate::openapi::PublicKey)]
    courier_key: PublicKey,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhoneDeviceOnly)]
struct DeviceOnly {
    #[schema(value_type = crate::openapi::Id)]
    id: DeviceId,
}

/// A phone signs in and registers its key.
///
/// # Errors
/// `wrong_credentials`, `device_key_differs`, `wrong_device`, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/sessions",
    request_body = SignIn, responses((status = 200, body = SignedIn, description = "Signed in"))
)]
pub async fn post(home: web::Data<Home>, request: HttpRequest, body: web::Json<SignIn>) -> ApiResult<HttpResponse> {
    let SignIn {
        account,
        password,
        device,
    } = body.into_inner();
    let account = sign_in(&home, &request, Credentials { account, password }).await?;
    let phone = enrolment::Phone {
        device: device.id,
        public_key: device.public_key,
        name: device.name,
        replaces: None,
    };
    enrolment::register_phone(&home, &account, phone).await?;

    let community = community(&home, account.community).await?;
    let (token, expires_ms) = begin(&home, account.name, device.id).await?;
    Ok(HttpResponse::Ok().json(SignedIn {
        token: token.to_text(),
        expires_at: Instant::utc(expires_ms),
        worker: Worker {
            id: account.worker,
            name: account.display_name,
        },
        community: Community {
            code: account.community,
            name: community_name(account.community),
        },
        home: HomeKey {
            log: community.identity().log,
            public_key: home.receipt_key.public_key(),
            courier_key: home.courier_keys.newest(),
        },
        device: DeviceOnly { id: device.id },
    }))
}

/// Begins a session of a phone: its token, and when it ends.
pub(super) async fn begin(home: &web::Data<Home>, account: String, device: DeviceId) -> ApiResult<(Token, i64)> {
    let token = Token::new_random();
    let token_hash = token.hash();
    let now_ms = clock::now_ms();
    let expires_ms = now_ms + PHONE_SESSION_DAYS * 86_400_000;
    home.node(move |node| {
        node.write(|transaction| {
            node::delete_ended_sessions(transaction, now_ms)?;
            let kind = SessionKind::Phone(device);
            node::insert_session(transaction, &token_hash, &account, kind, now_ms, expires_ms)
        })
    })
    .await?;
    Ok((token, expires_ms))
}

/// Ends the session of the token.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    delete,
    path = "/sessions/current",
    responses((status = 204, description = "Ended"))
)]
pub async fn delete_current(home: web::Data<Home>, session: PhoneSession) -> ApiResult<HttpResponse> {
    home.node(move |node| node.write(|transaction| node::delete_session(transaction, &session.token_hash)))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
