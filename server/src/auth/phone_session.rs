//! A phone's session: `Authorization: Bearer <token>`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use menpai_sync_core::ids::{CommunityCode, DeviceId, WorkerId};

use super::admit::put_down;
use super::token::Token;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node::{self, Session, SessionKind};

/// How long a phone stays signed in.
pub const PHONE_SESSION_DAYS: i64 = 30;
/// Uses closer together than this are not written down: each would be a durable commit.
const TOUCH_EVERY_MS: i64 = 5 * 60 * 1000;

/// Who asks, with which phone.
#[derive(Debug, Clone)]
pub struct PhoneSession {
    /// Account name.
    pub account: String,
    /// The worker its entries must name.
    pub worker: WorkerId,
    /// The person's name.
    pub worker_name: String,
    /// The community it belongs to.
    pub community: CommunityCode,
    /// The device it was made on.
    pub device: DeviceId,
    /// To end it.
    pub token_hash: [u8; 32],
}

impl PhoneSession {
    /// The living session of a request.
    pub(super) async fn of(request: &HttpRequest) -> ApiResult<PhoneSession> {
        let token = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("Bearer "))
            .and_then(|text| Token::from_text(text.trim()))
            .ok_or(ApiError::NotSignedIn)?;
        let (session, token_hash) = find(request, token).await?;
        match session.kind {
            SessionKind::Phone(device) => Ok(PhoneSession {
                account: session.account.name,
                worker: session.account.worker,
                worker_name: session.account.display_name,
                community: session.account.community,
                device,
                token_hash,
            }),
            SessionKind::Desk => Err(ApiError::WrongDevice),
        }
    }
}

impl FromRequest for PhoneSession {
    type Error = ApiError;
    type Future = Ready<ApiResult<PhoneSession>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(put_down(request))
    }
}

/// The living session of a token; notes its use.
pub(super) async fn find(request: &HttpRequest, token: Token) -> ApiResult<(Session, [u8; 32])> {
    let home = request
        .app_data::<web::Data<Home>>()
        .ok_or_else(|| ApiError::internal("no home in the app"))?;
    let token_hash = token.hash();
    let session = home
        .node(move |node| {
            let now_ms = clock::now_ms();
            let session = node.read(|connection| node::find_session(connection, &token_hash, now_ms))?;
            if session
                .as_ref()
                .is_some_and(|session| now_ms - session.last_used_ms > TOUCH_EVERY_MS)
            {
                node.write(|transaction| node::touch_session(transaction, &token_hash, now_ms))?;
            }
            Ok(session)
        })
        .await?;
    session
        .map(|session| (session, token_hash))
        .ok_or(ApiError::NotSignedIn)
}
