//! How somebody at the desk signs in, set up by themselves (我的登录): passkeys, an authenticator
//! app, recovery codes; and the proof, once more, that it is them. Every change asks for a proof
//! of the last ten minutes: an unattended desk gives nobody a lasting way in.

pub mod authenticator;
pub mod passkeys;
pub mod proof;
mod second_factors;

use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::hex;
use serde::{Deserialize, Serialize};

use crate::auth::limits::Source;
use crate::auth::second_factor::{self, Change};
use crate::auth::{DeskSession, address_of, first_password, passkeys as webauthn};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::store::node::{self, Account};

/// What there is of one's own.
#[derive(Serialize, utoipa::ToSchema)]
struct MySignIn {
    passkeys: Vec<OwnPasskey>,
    /// Since when there is an authenticator app.
    one_time_code: Option<String>,
    recovery_codes: u32,
    /// By their roles they have to have a second factor.
    demanded: bool,
    /// The browser has passkeys for this address: it is a name, and over TLS.
    passkeys_here: bool,
    /// They proved who they are within the last ten minutes.
    fresh: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
struct OwnPasskey {
    id: String,
    name: String,
    /// The host name that it serves at.
    host: String,
    since: String,
    last_used: Option<String>,
}

/// What there is of one’s own to sign in with.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(
    get,
    path = "/desk/sign-in",
    responses((status = 200, body = MySignIn, description = "It"))
)]
pub async fn get(home: web::Data<Home>, request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let demanded = second_factors::is_demanded(&request, &session).await?;
    let fresh = session.is_fresh(clock::now_ms());
    let name = session.account.clone();
    let found = home.node(move |node| {
        node.read(|connection| {
            Ok((
                node::list_passkeys(connection, &name)?,
                node::find_one_time_code(connection, &name)?,
                node::recovery_codes(connection, &name)?,
            ))
        })
    });
    let (passkeys, code, recovery) = found.await?;
    let local = LocalTime::of_community();
    let clock = |at_ms| local.instant(at_ms).to_string();
    let passkeys = passkeys.into_iter().map(|row| OwnPasskey {
        id: hex(&row.credential),
        name: row.name,
        host: row.relying_party,
        since: clock(row.created_ms),
        last_used: row.last_used_ms.map(clock),
    });
    Ok(HttpResponse::Ok().json(MySignIn {
        passkeys: passkeys.collect(),
        one_time_code: code.map(|row| clock(row.created_ms)),
        recovery_codes: recovery.map_or(0, |(left, _)| left),
        demanded,
        passkeys_here: webauthn::site(&request).is_some(),
        fresh,
    }))
}

/// A password that somebody thought up.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewPassword)]
pub struct NewPassword {
    password: String,
}

/// Sets one's own password; other desks of this account end.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`, `weak_password`, also for the same again.
#[utoipa::path(
    post,
    path = "/desk/sign-in/password",
    request_body = NewPassword, responses((status = 204, description = "Set"))
)]
pub async fn post_password(
    home: web::Data<Home>,
    session: DeskSession,
    body: web::Json<NewPassword>,
) -> ApiResult<HttpResponse> {
    session.check_fresh(clock::now_ms())?;
    let account = own_account(&home, &session).await?;
    first_password::set_own(&home, &account, body.into_inner().password).await?;
    note(&home, &session, Change::NewPassword).await?;
    let (name, own) = (session.account.clone(), session.token_hash);
    let ended =
        home.node(move |node| node.write(|transaction| node::delete_other_sessions_of(transaction, &name, &own)));
    if ended.await? > 0 {
        home.session_ends.send_modify(|ends| *ends += 1);
    }
    Ok(HttpResponse::NoContent().finish())
}

async fn note(home: &web::Data<Home>, session: &DeskSession, change: Change) -> ApiResult<()> {
    second_factor::note(home, &own_account(home, session).await?, change).await
}

async fn own_account(home: &web::Data<Home>, session: &DeskSession) -> ApiResult<Account> {
    let name = session.account.clone();
    let found = home.node(move |node| node.read(|connection| node::find_account(connection, &name)));
    found.await?.ok_or(ApiError::NotSignedIn)
}

fn here(request: &HttpRequest) -> Source {
    Source::of(address_of(request))
}
