//! The desk signs in, by password or passkey, and out, asks who it is, and where else its account is signed in.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{hex, unhex};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::json;
use webauthn_rs::prelude::PublicKeyCredential;

use crate::auth::admit::offered;
use crate::auth::ceremonies::Ceremony;
use crate::auth::limits::Source;
use crate::auth::origin::check_origin;
use crate::auth::token::Token;
use crate::auth::{
    Credentials, DESK_SESSION_HOURS, DeskSession, address_of, browser, cookie, ended_cookie, passkeys, sign_in_at_desk,
};
use crate::clock;
use crate::divisions::community_name;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::rights::Action;
use crate::store::node::{self, Account, Proof, SessionKind};

/// What the desk's sign-in page sends.
#[derive(Deserialize)]
pub struct SignIn {
    account: String,
    password: String,
    /// Of an authenticator app, or a recovery code; asked for where the account has one.
    code: Option<String>,
}

/// `POST /api/v1/desk/sessions`: the cookie comes with the answer.
///
/// # Errors
/// `wrong_credentials`, `second_factor_needed`, `wrong_code`, `not_allowed` for accounts without a
/// desk, `too_many_requests`.
pub async fn post(home: web::Data<Home>, request: HttpRequest, body: web::Json<SignIn>) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let SignIn {
        account,
        password,
        code,
    } = body.into_inner();
    let typed = Credentials { account, password };
    let (account, strong) = sign_in_at_desk(&home, &request, typed, code.as_deref()).await?;
    begin(&home, &request, account, strong).await
}

/// `POST /api/v1/desk/sessions/passkey/begin`: what the browser shows its authenticators.
///
/// # Errors
/// `passkeys_need_name`, `too_many_requests`.
pub async fn begin_passkey(home: web::Data<Home>, request: HttpRequest) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let source = Source::of(address_of(&request));
    home.sign_in_limits.count(source)?;
    let (options, state) = passkeys::site_of(&request)?.begin_show()?;
    let ceremony = Ceremony::ShowPasskey(None, state);
    let ceremony = home.ceremonies.begin(source, ceremony, clock::now_ms());
    Ok(HttpResponse::Ok().json(json!({ "ceremony": ceremony, "options": options })))
}

/// A passkey that was shown.
#[derive(Deserialize)]
pub struct Shown {
    ceremony: String,
    credential: PublicKeyCredential,
}

/// `POST /api/v1/desk/sessions/passkey`: signs in whoever's passkey it is.
///
/// # Errors
/// `passkey_refused`, `ceremony_gone`, `passkeys_need_name`, `not_allowed`, `too_many_requests`.
pub async fn post_passkey(
    home: web::Data<Home>,
    request: HttpRequest,
    body: web::Json<Shown>,
) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    home.sign_in_limits.count(Source::of(address_of(&request)))?;
    let site = passkeys::site_of(&request)?;
    let Shown { ceremony, credential } = body.into_inner();
    let Some(Ceremony::ShowPasskey(None, state)) = home.ceremonies.take(&ceremony, clock::now_ms()) else {
        return Err(ApiError::CeremonyGone);
    };
    let account = site.finish_show(&home, credential, state).await?;
    begin(&home, &request, account, true).await
}

/// A session for whoever proved to be that account's holder, `strong` with more than a password. The
/// browser is known from now on.
async fn begin(
    home: &web::Data<Home>,
    request: &HttpRequest,
    account: Account,
    strong: bool,
) -> ApiResult<HttpResponse> {
    let token = Token::new_random();
    let token_hash = token.hash();
    let now_ms = clock::now_ms();
    let expires_ms = now_ms + DESK_SESSION_HOURS * 3_600_000;
    let name = account.name.clone();
    let demo = home
        .node(move |node| node.read(|connection| node::is_demo_account(connection, &name)))
        .await?;
    let session = DeskSession {
        account: account.name,
        worker: account.worker,
        worker_name: account.display_name,
        community: account.community,
        expires_ms,
        token_hash,
        proof: Proof {
            strong,
            proved_ms: now_ms,
            has_second_factor: strong,
            demo,
        },
    };
    let (may, lacks) = desk_of(request, &session).await?;
    if may.is_empty() && !lacks {
        return Err(ApiError::NotAllowed);
    }
    let browser = browser::token(request);
    let (name, browser_hash) = (session.account.clone(), browser.hash());
    home.node(move |node| {
        node.write(|transaction| {
            node::delete_ended_sessions(transaction, now_ms)?;
            node::insert_session(transaction, &token_hash, &name, SessionKind::Desk, now_ms, expires_ms)?;
            node::prove_session(transaction, &token_hash, strong, now_ms)?;
            node::remember_browser(transaction, &name, &browser_hash, now_ms)
        })
    })
    .await?;
    Ok(HttpResponse::Ok()
        .append_header((SET_COOKIE, cookie(request, &token)))
        .append_header((SET_COOKIE, browser::cookie(request, &browser)))
        .json(describe(&session, &may, lacks)))
}

/// `GET /api/v1/desk/sessions/current`
///
/// # Errors
/// `not_signed_in`.
pub async fn get_current(request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let (may, lacks) = desk_of(&request, &session).await?;
    Ok(HttpResponse::Ok().json(describe(&session, &may, lacks)))
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

/// What the desk offers, and whether it offers nothing because a second factor is missing.
async fn desk_of(request: &HttpRequest, session: &DeskSession) -> ApiResult<(Vec<Action>, bool)> {
    let may = offered(request, session).await?;
    let lacks = session.lacks_second_factor(may.contains(&Action::ManageStaff));
    Ok((if lacks { Vec::new() } else { may }, lacks))
}

/// `may` is what the desk offers; whatever it asks for is decided again.
fn describe(session: &DeskSession, may: &[Action], lacks_second_factor: bool) -> serde_json::Value {
    json!({
        "second_factor_missing": lacks_second_factor,
        "account": session.account,
        "worker": { "id": session.worker, "name": session.worker_name },
        "may": may,
        "community": { "code": session.community, "name": community_name(session.community) },
        "expires_at": Instant::utc(session.expires_ms),
    })
}
