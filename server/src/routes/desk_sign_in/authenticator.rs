//! The authenticator app, whose secret is kept once a code shows that the app has it, and the recovery
//! codes for the day on which it is lost.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::second_factors::{Factor, RecoveryCodes, added, new_recovery_codes, remove};
use super::{here, note};
use crate::auth::DeskSession;
use crate::auth::ceremonies::Ceremony;
use crate::auth::second_factor::{self, Change};
use crate::clock;
use crate::divisions::community_name;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node;

/// What an authenticator app is to have.
#[derive(Serialize, utoipa::ToSchema)]
struct NewSecret {
    ceremony: String,
    /// In base 32.
    secret: String,
    /// The same as an address that apps read.
    uri: String,
}

/// A secret for an authenticator app; nothing is kept yet.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`.
#[utoipa::path(
    post,
    path = "/desk/sign-in/code/begin",
    responses((status = 200, body = NewSecret, description = "The secret"))
)]
pub async fn begin_code(home: web::Data<Home>, request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    let now_ms = clock::now_ms();
    session.check_fresh(now_ms)?;
    let secret = second_factor::new_secret();
    let community = session.community;
    let name = home.node(move |node| community_name(node, community)).await?;
    let issuer = format!("门牌 {name}");
    let (text, uri) = (secret.to_base32(), secret.to_uri(&issuer, &session.account));
    let ceremony = Ceremony::NewCode(session.account.clone(), secret);
    let ceremony = home.ceremonies.begin(here(&request), ceremony, now_ms);
    Ok(HttpResponse::Ok().json(NewSecret {
        ceremony,
        secret: text,
        uri,
    }))
}

/// What the app shows.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = CodeTyped)]
pub struct Typed {
    ceremony: String,
    code: String,
}

/// Keeps the secret once a code shows that the app has it.
///
/// # Errors
/// `not_signed_in`, `wrong_code`, `ceremony_gone`.
#[utoipa::path(
    post,
    path = "/desk/sign-in/code",
    request_body = Typed, responses((status = 200, body = RecoveryCodes, description = "Kept; codes come with the first second factor"))
)]
pub async fn post_code(
    home: web::Data<Home>,
    request: HttpRequest,
    session: DeskSession,
    body: web::Json<Typed>,
) -> ApiResult<HttpResponse> {
    let now_ms = clock::now_ms();
    let Typed { ceremony, code } = body.into_inner();
    let secret = match home.ceremonies.take(&ceremony, now_ms) {
        Some(Ceremony::NewCode(account, secret)) if account == session.account => secret,
        _ => return Err(ApiError::CeremonyGone),
    };
    let Some(step) = secret.step_of(&digits(&code), now_ms) else {
        let again = Ceremony::NewCode(session.account.clone(), secret);
        home.ceremonies.put_back(&ceremony, here(&request), again, now_ms);
        return Err(ApiError::WrongCode);
    };
    let row = second_factor::seal(&home, &session.account, &secret, step)?;
    let name = session.account.clone();
    home.node(move |node| node.write(|transaction| node::set_one_time_code(transaction, &name, &row)))
        .await?;
    added(&home, &session, Change::SetUpCode).await
}

/// Takes the authenticator app away.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`, `not_found`, `last_second_factor`.
#[utoipa::path(
    delete,
    path = "/desk/sign-in/code",
    responses((status = 204, description = "Taken away"))
)]
pub async fn delete_code(home: web::Data<Home>, request: HttpRequest, session: DeskSession) -> ApiResult<HttpResponse> {
    remove(&home, &request, &session, Factor::Code).await
}

/// New recovery codes; those before serve no more.
///
/// # Errors
/// `not_signed_in`, `fresh_proof_needed`, `not_found` without a second factor.
#[utoipa::path(
    post,
    path = "/desk/sign-in/recovery-codes",
    responses((status = 200, body = RecoveryCodes, description = "The codes, shown once"))
)]
pub async fn post_recovery_codes(home: web::Data<Home>, session: DeskSession) -> ApiResult<HttpResponse> {
    session.check_fresh(clock::now_ms())?;
    if !session.proof.has_second_factor {
        return Err(ApiError::NotFound);
    }
    let codes = new_recovery_codes(&home, &session).await?;
    note(&home, &session, Change::NewRecoveryCodes).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodes {
        recovery_codes: Some(codes),
    }))
}

fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).take(8).collect()
}
