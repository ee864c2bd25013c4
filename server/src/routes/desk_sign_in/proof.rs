//! The proof, once more, that it is them: with what they have. For ten minutes nothing asks again.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use webauthn_rs::prelude::PublicKeyCredential;

use super::super::desk_sessions::Begun;
use super::{here, own_account};
use crate::auth::ceremonies::Ceremony;
use crate::auth::{Credentials, DeskSession, browser, check_password, passkeys, second_factor};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node;

/// Begins a proof with a passkey.
///
/// # Errors
/// `not_signed_in`, `passkeys_need_name`.
#[utoipa::path(
    post,
    path = "/desk/sign-in/proof/begin",
    responses((status = 200, body = Begun, description = "A ceremony of some minutes"))
)]
pub async fn begin_proof(home: web::Data<Home>, request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let (options, state) = passkeys::site_of(&request)?.begin_show()?;
    let ceremony = Ceremony::ShowPasskey(Some(session.account.clone()), state);
    let ceremony = home.ceremonies.begin(here(&request), ceremony, clock::now_ms());
    Ok(HttpResponse::Ok().json(Begun::new(ceremony, options)?))
}

/// What is shown: one of them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProofShown)]
pub enum Shown {
    /// For accounts that have nothing else.
    Password(String),
    /// Of an authenticator app, or a recovery code.
    Code(String),
    /// A passkey.
    Passkey {
        /// What was begun.
        ceremony: String,
        /// What the browser got.
        #[schema(value_type = Object)]
        credential: Box<PublicKeyCredential>,
    },
}

/// Proves once more that it is them; for ten minutes nothing asks again.
///
/// # Errors
/// `not_signed_in`, `wrong_credentials`, `wrong_code`, `passkey_refused`, `ceremony_gone`,
/// `second_factor_needed` where a password is not enough, `too_many_requests`.
#[utoipa::path(
    post,
    path = "/desk/sign-in/proof",
    request_body = Shown, responses((status = 204, description = "Proved"))
)]
pub async fn post_proof(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
    body: web::Json<Shown>,
) -> ApiResult<HttpResponse> {
    let source = browser::source_for(&home, &request, &session.account).await?;
    let strong = match body.into_inner() {
        Shown::Password(_) if session.proof.has_second_factor => return Err(ApiError::SecondFactorNeeded),
        Shown::Password(password) => {
            let account = session.account.clone();
            check_password(&home, source, Credentials { account, password }).await?;
            false
        }
        Shown::Code(code) => {
            second_factor::check(&home, source, &own_account(&home, &session).await?, &code).await?;
            true
        }
        Shown::Passkey { ceremony, credential } => {
            let site = passkeys::site_of(&request)?;
            let state = match home.ceremonies.take(&ceremony, clock::now_ms()) {
                Some(Ceremony::ShowPasskey(Some(account), state)) if account == session.account => state,
                _ => return Err(ApiError::CeremonyGone),
            };
            if site.finish_show(&home, *credential, state).await?.name != session.account {
                return Err(ApiError::PasskeyRefused);
            }
            true
        }
    };
    prove(&home, &session, strong).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn prove(home: &web::Data<Home>, session: &DeskSession, strong: bool) -> ApiResult<()> {
    let own = session.token_hash;
    home.node(move |node| node.write(|transaction| node::prove_session(transaction, &own, strong, clock::now_ms())))
        .await
}
