//! Passkeys: made in two steps, kept with the name that their owner gives them, and taken away.

use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::unhex;
use serde::Deserialize;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::super::desk_sessions::Begun;
use super::here;
use super::second_factors::{Factor, RecoveryCodes, added, remove};
use crate::auth::ceremonies::Ceremony;
use crate::auth::second_factor::Change;
use crate::auth::{DeskSession, passkeys};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node;

/// Longest name of a passkey.
const MAX_NAME_CHARS: usize = 50;

/// Begins making a passkey.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`, `passkeys_need_name`, `unreadable_request` where there are
/// enough.
#[utoipa::path(
    post,
    path = "/desk/sign-in/passkeys/begin",
    responses((status = 200, body = Begun, description = "A ceremony of some minutes"))
)]
pub async fn begin_passkey(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
) -> ApiResult<HttpResponse> {
    let now_ms = clock::now_ms();
    session.check_fresh(now_ms)?;
    let site = passkeys::site_of(&request)?;
    let name = session.account.clone();
    let have = home
        .node(move |node| node.read(|connection| node::list_passkeys(connection, &name)))
        .await?;
    if have.len() >= passkeys::MOST {
        return Err(ApiError::unreadable("too many passkeys"));
    }
    let (options, state) = site.begin_new(&session.account, &session.worker_name, session.worker, &have)?;
    let ceremony = Ceremony::NewPasskey(session.account.clone(), state);
    let ceremony = home.ceremonies.begin(here(&request), ceremony, now_ms);
    Ok(HttpResponse::Ok().json(Begun::new(ceremony, options)?))
}

/// A passkey that was made.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PasskeyMade)]
pub struct Made {
    ceremony: String,
    /// As the browser gives it: WebAuthn in JSON.
    #[schema(value_type = Object)]
    credential: RegisterPublicKeyCredential,
    name: String,
}

/// Keeps a passkey; recovery codes come with the first second factor.
///
/// # Errors
/// `not_signed_in`, `passkey_refused`, `ceremony_gone`, `passkeys_need_name`.
#[utoipa::path(
    post,
    path = "/desk/sign-in/passkeys",
    request_body = Made, responses((status = 200, body = RecoveryCodes, description = "Kept; codes come with the first second factor"))
)]
pub async fn post_passkey(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
    body: web::Json<Made>,
) -> ApiResult<HttpResponse> {
    let Made {
        ceremony,
        credential,
        name,
    } = body.into_inner();
    let site = passkeys::site_of(&request)?;
    let state = match home.ceremonies.take(&ceremony, clock::now_ms()) {
        Some(Ceremony::NewPasskey(account, state)) if account == session.account => state,
        _ => return Err(ApiError::CeremonyGone),
    };
    let row = site.finish_new(&session.account, line(&name, site.host()), &credential, &state)?;
    let kept = home.node(move |node| {
        node.write(|transaction| {
            let is_new = node::find_passkey(transaction, &row.credential)?.is_none();
            if is_new {
                node::insert_passkey(transaction, &row)?;
            }
            Ok(is_new)
        })
    });
    if !kept.await? {
        return Err(ApiError::PasskeyRefused);
    }
    added(&home, &session, Change::AddPasskey).await
}

/// Takes a passkey away.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`, `not_found`, `last_second_factor`.
#[utoipa::path(
    delete,
    path = "/desk/sign-in/passkeys/{id}",
    params(("id" = String, Path, description = "As the list names it")), responses((status = 204, description = "Taken away"))
)]
pub async fn delete_passkey(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
    id: web::Path<String>,
) -> ApiResult<HttpResponse> {
    let credential = unhex(&id).ok_or(ApiError::NotFound)?;
    remove(&home, &request, &session, Factor::Passkey(credential)).await
}

/// One line, not too long, never empty.
fn line(text: &str, otherwise: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    match line.trim() {
        "" => otherwise.to_owned(),
        name => name.to_owned(),
    }
}
