//! The desk signs in and out, asks who it is, and where else its account is signed in.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{hex, unhex};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::admit::offered;
use crate::auth::origin::check_origin;
use crate::auth::token::Token;
use crate::auth::{Credentials, DESK_SESSION_HOURS, DeskSession, cookie, ended_cookie, sign_in};
use crate::clock;
use crate::divisions::community_name;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::rights::Action;
use crate::store::node::{self, SessionKind};

/// What the desk's sign-in page sends.
#[derive(Deserialize)]
pub struct SignIn {
    account: String,
    password: String,
}

/// `POST /api/v1/desk/sessions`: the cookie comes with the answer.
///
/// # Errors
/// `wrong_credentials`, `not_allowed` for accounts without a desk, `too_many_requests`.
pub async fn post(home: web::Data<Home>, request: HttpRequest, body: web::Json<SignIn>) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let SignIn { account, password } = body.into_inner();
    let account = sign_in(&home, &request, Credentials { account, password }).await?;
    let token = Token::new_random();
    let token_hash = token.hash();
    let now_ms = clock::now_ms();
    let expires_ms = now_ms + DESK_SESSION_HOURS * 3_600_000;
    let session = DeskSession {
        account: account.name,
        worker: account.worker,
        worker_name: account.display_name,
        community: account.community,
        expires_ms,
        token_hash,
    };
    let may = offered(&request, &session).await?;
    if may.is_empty() {
        return Err(ApiError::NotAllowed);
    }
    let name = session.account.clone();
    home.node(move |node| {
        node.write(|transaction| {
            node::delete_ended_sessions(transaction, now_ms)?;
            node::insert_session(transaction, &token_hash, &name, SessionKind::Desk, now_ms, expires_ms)
        })
    })
    .await?;
    let body = describe(&session, &may);
    Ok(HttpResponse::Ok()
        .insert_header((SET_COOKIE, cookie(&request, &token)))
        .json(body))
}

/// `GET /api/v1/desk/sessions/current`
///
/// # Errors
/// `not_signed_in`.
pub async fn get_current(request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let may = offered(&request, &session).await?;
    Ok(HttpResponse::Ok().json(describe(&session, &may)))
}

/// `DELETE /api/v1/desk/sessions/current`
///
/// # Errors
/// `not_signed_in`.
pub async fn delete_current(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
) -> ApiResult<HttpResponse> {
    home.node(move |node| node.write(|transaction| node::delete_session(transaction, &session.token_hash)))
        .await?;
    home.session_ends.send_modify(|ends| *ends += 1);
    Ok(HttpResponse::NoContent()
        .insert_header((SET_COOKIE, ended_cookie(&request)))
        .finish())
}

/// A session of one's own.
#[derive(Serialize)]
struct Own {
    id: String,
    /// What a phone is called; `None`: a desk.
    phone: Option<String>,
    since: String,
    last_used: String,
    /// The one that asks.
    current: bool,
}

/// `GET /api/v1/desk/sessions`: where this account is signed in.
///
/// # Errors
/// `not_signed_in`.
pub async fn get(home: web::Data<Home>, session: DeskSession) -> ApiResult<HttpResponse> {
    let account = session.account.clone();
    let sessions = home
        .node(move |node| node.read(|connection| node::list_sessions(connection, &account, clock::now_ms())))
        .await?;
    let local = LocalTime::of_community();
    let sessions: Vec<Own> = sessions
        .into_iter()
        .map(|one| Own {
            id: hex(&one.token_hash),
            phone: one.phone,
            since: local.instant(one.created_ms).to_string(),
            last_used: local.instant(one.last_used_ms).to_string(),
            current: one.token_hash == session.token_hash,
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "sessions": sessions })))
}

/// `DELETE /api/v1/desk/sessions/{id}`: ends one of one's own. A phone keeps what it has not sent
/// and signs in again.
///
/// # Errors
/// `not_signed_in`, `not_found`.
pub async fn delete(home: web::Data<Home>, session: DeskSession, id: web::Path<String>) -> ApiResult<HttpResponse> {
    let named: [u8; 32] = unhex(&id)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(ApiError::NotFound)?;
    let ended = home
        .node(move |node| node.write(|transaction| node::delete_session_of(transaction, &session.account, &named)))
        .await?;
    if !ended {
        return Err(ApiError::NotFound);
    }
    home.session_ends.send_modify(|ends| *ends += 1);
    Ok(HttpResponse::NoContent().finish())
}

/// `may` is what the desk offers; whatever it asks for is decided again.
fn describe(session: &DeskSession, may: &[Action]) -> serde_json::Value {
    json!({
        "account": session.account,
        "worker": { "id": session.worker, "name": session.worker_name },
        "may": may,
        "community": { "code": session.community, "name": community_name(session.community) },
        "expires_at": Instant::utc(session.expires_ms),
    })
}
