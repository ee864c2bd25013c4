//! The desk signs in, by password or passkey, and out, asks who it is, and where else its account is signed in.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{CommunityCode, WorkerId, hex, unhex};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
use crate::store::node::{self, Account, Proof};

/// What the desk's sign-in page sends.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = DeskSignIn)]
pub struct SignIn {
    account: String,
    password: String,
    /// Of an authenticator app, or a recovery code; asked for where the account has one.
    code: Option<String>,
    /// The own one in the place of a password of the office; asked for where it is one.
    new_password: Option<String>,
}

/// Signs in at the desk; the session is a cookie.
///
/// # Errors
/// `wrong_credentials`, `new_password_needed`, `weak_password`, `second_factor_needed`, `wrong_code`, `not_allowed` for accounts without a
/// desk, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/desk/sessions",
    request_body = SignIn, responses((status = 200, body = Session, description = "Signed in", headers(("Set-Cookie" = String, description = "The session, and what the browser is known by; no script can read them"))))
)]
pub async fn post(home: web::Data<Home>, request: HttpRequest, body: web::Json<SignIn>) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let SignIn {
        account,
        password,
        code,
        new_password,
    } = body.into_inner();
    let typed = Credentials { account, password };
    let (account, strong) = sign_in_at_desk(&home, &request, typed, code.as_deref(), new_password.as_deref()).await?;
    begin(&home, &request, account, strong).await
}

/// What the browser shows its authenticators.
///
/// # Errors
/// `passkeys_need_name`, `not_allowed`, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/desk/sessions/passkey/begin",
    responses((status = 200, body = Begun, description = "A ceremony of some minutes"))
)]
pub async fn begin_passkey(home: web::Data<Home>, request: HttpRequest) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let source = Source::of(address_of(&request));
    home.sign_in_limits.count(source)?;
    let (options, state) = passkeys::site_of(&request)?.begin_show()?;
    let ceremony = Ceremony::ShowPasskey(None, state);
    let ceremony = home.ceremonies.begin(source, ceremony, clock::now_ms());
    Ok(HttpResponse::Ok().json(Begun::new(ceremony, options)?))
}

/// A passkey that was shown.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = DeskShown)]
pub struct Shown {
    ceremony: String,
    /// As the browser gives it: a PublicKeyCredential of WebAuthn in JSON.
    #[schema(value_type = Object)]
    credential: PublicKeyCredential,
}

/// Signs in whoever’s passkey it is.
///
/// # Errors
/// `passkey_refused`, `ceremony_gone`, `passkeys_need_name`, `not_allowed`, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/desk/sessions/passkey",
    request_body = Shown, responses((status = 200, body = Session, description = "Signed in", headers(("Set-Cookie" = String, description = "The session, and what the browser is known by; no script can read them"))))
)]
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
            node::insert_session(transaction, &token_hash, &name, now_ms, expires_ms)?;
            node::prove_session(transaction, &token_hash, strong, now_ms)?;
            node::remember_browser(transaction, &name, &browser_hash, now_ms)
        })
    })
    .await?;
    Ok(HttpResponse::Ok()
        .append_header((SET_COOKIE, cookie(request, &token)))
        .append_header((SET_COOKIE, browser::cookie(request, &browser)))
        .json(describe(home, &session, &may, lacks).await?))
}

/// Who is signed in here, and what they may do.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/sessions/current",
    responses((status = 200, body = Session, description = "The session"))
)]
pub async fn get_current(home: web::Data<Home>, request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let (may, lacks) = desk_of(&request, &session).await?;
    Ok(HttpResponse::Ok().json(describe(&home, &session, &may, lacks).await?))
}

/// Signs out here.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    delete,
    path = "/desk/sessions/current",
    responses((status = 204, description = "Signed out"))
)]
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

/// What the browser is to show its authenticators, until that is over.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskBegun)]
pub(super) struct Begun {
    ceremony: String,
    /// Options of WebAuthn in JSON.
    #[schema(value_type = Object)]
    options: Value,
}

impl Begun {
    pub(super) fn new(ceremony: String, options: impl Serialize) -> ApiResult<Begun> {
        let options = serde_json::to_value(options).map_err(ApiError::internal)?;
        Ok(Begun { ceremony, options })
    }
}

/// Who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskSession)]
struct Session {
    /// They may do nothing before they have set one up.
    second_factor_missing: bool,
    account: String,
    worker: Worker,
    may: Vec<Action>,
    community: Community,
    #[schema(value_type = crate::openapi::Instant)]
    expires_at: Instant,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskWorker)]
struct Worker {
    #[schema(value_type = crate::openapi::Id)]
    id: WorkerId,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskCommunity)]
struct Community {
    #[schema(value_type = crate::openapi::CommunityCode)]
    code: CommunityCode,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskSessions)]
struct Sessions {
    sessions: Vec<Own>,
}

/// A session of one's own.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeskOwn)]
struct Own {
    id: String,
    since: String,
    last_used: String,
    /// The one that asks.
    current: bool,
}

/// Where one is signed in.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/sessions",
    responses((status = 200, body = Sessions, description = "Own sessions, phones among them"))
)]
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
            since: local.instant(one.created_ms).to_string(),
            last_used: local.instant(one.last_used_ms).to_string(),
            current: one.token_hash == session.token_hash,
        })
        .collect();
    Ok(HttpResponse::Ok().json(Sessions { sessions }))
}

/// Ends one of one’s own sessions.
///
/// # Errors
/// `not_signed_in`, `not_found`.
#[utoipa::path(
    delete,
    path = "/desk/sessions/{id}",
    params(("id" = String, Path, description = "As the list names it")), responses((status = 204, description = "Ended"))
)]
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
    let lacks = session.lacks_second_factor(&may);
    Ok((if lacks { Vec::new() } else { may }, lacks))
}

/// `may` is what the desk offers; whatever it asks for is decided again.
async fn describe(home: &Home, session: &DeskSession, may: &[Action], lacks_second_factor: bool) -> ApiResult<Session> {
    let code = session.community;
    let name = home.node(move |node| community_name(node, code)).await?;
    Ok(Session {
        second_factor_missing: lacks_second_factor,
        account: session.account.clone(),
        worker: Worker {
            id: session.worker,
            name: session.worker_name.clone(),
        },
        may: may.to_vec(),
        community: Community { code, name },
        expires_at: Instant::utc(session.expires_ms),
    })
}
