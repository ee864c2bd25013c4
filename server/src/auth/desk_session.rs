//! A browser's session at the desk: a cookie that scripts cannot read and other sites cannot
//! send. Requests that change something must also come from the desk's own page. What its
//! person may do, [`May`](super::May) asks.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};
use menpai_sync_core::ids::{CommunityCode, WorkerId};

use super::admit::put_down;
use super::origin::check_origin;
use super::token::Token;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::rights::Action;
use crate::store::node::{self, Proof, Session};

/// How long a desk stays signed in: a working day.
pub const DESK_SESSION_HOURS: i64 = 12;
/// Uses closer together than this are not written down: each would be a durable commit.
const TOUCH_EVERY_MS: i64 = 5 * 60 * 1000;
/// Over TLS. The prefix lets no other host and no plain connection set it.
const COOKIE: &str = "__Host-menpai_desk";
/// On this machine itself, where there is no TLS.
const PLAIN_COOKIE: &str = "menpai_desk";

/// Who asks, at the desk.
#[derive(Debug, Clone)]
pub struct DeskSession {
    /// Account name; also the holder of this person's office device.
    pub account: String,
    /// The worker its entries name.
    pub worker: WorkerId,
    /// The person's name.
    pub worker_name: String,
    /// The community it belongs to.
    pub community: CommunityCode,
    /// When it ends, milliseconds UTC.
    pub expires_ms: i64,
    /// To end it.
    pub token_hash: [u8; 32],
    /// How its holder proved who they are.
    pub proof: Proof,
}

/// How long a proof is fresh: what cannot be undone asks for a newer one.
const FRESH_MS: i64 = 10 * 60 * 1000;

impl DeskSession {
    /// Whether its holder proved who they are within the last ten minutes.
    #[must_use]
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        // A clock that was set back makes nothing fresh.
        (0..FRESH_MS).contains(&(now_ms - self.proof.proved_ms)) && (self.proof.strong || !self.proof.has_second_factor)
    }

    /// Demands it.
    ///
    /// # Errors
    /// [`ApiError::FreshProofNeeded`].
    pub fn check_fresh(&self, now_ms: i64) -> ApiResult<()> {
        if self.is_fresh(now_ms) {
            Ok(())
        } else {
            Err(ApiError::FreshProofNeeded)
        }
    }

    /// Whether somebody who may let others in or give them rights came in with a password alone.
    #[must_use]
    pub fn lacks_second_factor(&self, may: &[Action]) -> bool {
        may.iter().any(|action| action.lets_others_in()) && !self.proof.strong && !self.proof.demo
    }

    /// The living session of a request; of one that changes something only if the desk's own page
    /// makes it.
    pub(super) async fn of(request: &HttpRequest) -> ApiResult<DeskSession> {
        let token = token_of(request).ok_or(ApiError::NotSignedIn)?;
        let (session, token_hash) = find(request, token).await?;
        check_origin(request)?;
        Ok(DeskSession {
            account: session.account.name,
            worker: session.account.worker,
            worker_name: session.account.display_name,
            community: session.account.community,
            expires_ms: session.expires_ms,
            token_hash,
            proof: session.proof,
        })
    }
}

impl FromRequest for DeskSession {
    type Error = ApiError;
    type Future = Ready<ApiResult<DeskSession>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(put_down(request))
    }
}

/// The living session of a token; notes its use.
async fn find(request: &HttpRequest, token: Token) -> ApiResult<(Session, [u8; 32])> {
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

fn token_of(request: &HttpRequest) -> Option<Token> {
    cookie_named(request.headers().get_all(header::COOKIE), cookie_name(request))
}

/// The token that a cookie of this name holds.
pub(super) fn cookie_named<'r>(headers: impl Iterator<Item = &'r HeaderValue>, name: &str) -> Option<Token> {
    headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(called, _)| *called == name)
        .and_then(|(_, value)| Token::from_text(value))
}

/// The `Set-Cookie` of a new session.
#[must_use]
pub fn cookie(request: &HttpRequest, token: &Token) -> String {
    set_cookie(request, &token.to_text(), DESK_SESSION_HOURS * 3600)
}

/// The `Set-Cookie` that makes a browser forget its session.
#[must_use]
pub fn ended_cookie(request: &HttpRequest) -> String {
    set_cookie(request, "", 0)
}

fn set_cookie(request: &HttpRequest, value: &str, max_age_seconds: i64) -> String {
    let name = cookie_name(request);
    let secure = if request.app_config().secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn cookie_name(request: &HttpRequest) -> &'static str {
    if request.app_config().secure() {
        COOKIE
    } else {
        PLAIN_COOKIE
    }
}
