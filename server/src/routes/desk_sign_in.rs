//! How somebody at the desk signs in, set up by themselves (我的登录): passkeys, an authenticator
//! app, recovery codes; and the proof, once more, that it is them. Every change asks for a proof
//! of the last ten minutes: an unattended desk gives nobody a lasting way in.

use actix_web::{HttpRequest, HttpResponse, web};
use menpai_sync_core::ids::{hex, unhex};
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::desk_sessions::Begun;
use crate::auth::admit::offered;
use crate::auth::ceremonies::Ceremony;
use crate::auth::limits::Source;
use crate::auth::second_factor::{self, Change};
use crate::auth::{Credentials, DeskSession, address_of, browser, check_password, first_password, passkeys};
use crate::clock;
use crate::divisions::community_name;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::local_time::LocalTime;
use crate::store::node::{self, Account};

/// Longest name of a passkey.
const MAX_NAME_CHARS: usize = 50;

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
    let demanded = is_demanded(&request, &session).await?;
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
        passkeys_here: passkeys::site(&request).is_some(),
        fresh,
    }))
}

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

/// What an authenticator app is to have.
#[derive(Serialize, utoipa::ToSchema)]
struct NewSecret {
    ceremony: String,
    /// In base 32.
    secret: String,
    /// The same as an address that apps read.
    uri: String,
}

/// New codes.
#[derive(Serialize, utoipa::ToSchema)]
struct RecoveryCodes {
    /// `None`: those that there are serve on.
    recovery_codes: Option<Vec<String>>,
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

/// A second factor was added, which is a proof; other desks of this account that began with the
/// password alone end.
async fn added(home: &web::Data<Home>, session: &DeskSession, change: Change) -> ApiResult<HttpResponse> {
    prove(home, session, true).await?;
    note(home, session, change).await?;
    let (name, own) = (session.account.clone(), session.token_hash);
    let (ended, left) = home
        .node(move |node| {
            node.write(|transaction| {
                let ended = node::delete_weak_sessions_of(transaction, &name, &own)?;
                Ok((ended, node::recovery_codes(transaction, &name)?))
            })
        })
        .await?;
    if ended > 0 {
        home.session_ends.send_modify(|ends| *ends += 1);
    }
    let recovery_codes = match left {
        None => Some(new_recovery_codes(home, session).await?),
        Some(_) => None,
    };
    Ok(HttpResponse::Ok().json(RecoveryCodes { recovery_codes }))
}

enum Factor {
    Passkey(Vec<u8>),
    Code,
}

enum Removed {
    Nothing,
    MustStay,
    Gone,
}

/// Takes a second factor away, unless it is the last of somebody who has to have one. With the last
/// one go the recovery codes.
async fn remove(
    home: &web::Data<Home>,
    request: &HttpRequest,
    session: &DeskSession,
    factor: Factor,
) -> ApiResult<HttpResponse> {
    session.check_fresh(clock::now_ms())?;
    let demanded = is_demanded(request, session).await?;
    let change = match factor {
        Factor::Passkey(_) => Change::RemovePasskey,
        Factor::Code => Change::RemoveCode,
    };
    let name = session.account.clone();
    let removed = home.node(move |node| {
        node.write(|transaction| {
            let have = node::second_factors(transaction, &name)?;
            let has_it = match &factor {
                Factor::Passkey(id) => node::find_passkey(transaction, id)?.is_some_and(|row| row.account == name),
                Factor::Code => have.one_time_code,
            };
            let is_last = have.passkeys + u32::from(have.one_time_code) == 1;
            if !has_it {
                return Ok(Removed::Nothing);
            }
            if is_last && demanded {
                return Ok(Removed::MustStay);
            }
            match &factor {
                Factor::Passkey(id) => node::delete_passkey(transaction, &name, id)?,
                Factor::Code => node::delete_one_time_code(transaction, &name)?,
            };
            if is_last {
                node::set_recovery_codes(transaction, &name, &[0; 16], &[])?;
            }
            Ok(Removed::Gone)
        })
    });
    match removed.await? {
        Removed::Nothing => Err(ApiError::NotFound),
        Removed::MustStay => Err(ApiError::LastSecondFactor),
        Removed::Gone => {
            note(home, session, change).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    }
}

async fn is_demanded(request: &HttpRequest, session: &DeskSession) -> ApiResult<bool> {
    let may = offered(request, session).await?;
    Ok(may.iter().any(|action| action.lets_others_in()) && !session.proof.demo)
}

async fn new_recovery_codes(home: &web::Data<Home>, session: &DeskSession) -> ApiResult<Vec<String>> {
    let new = second_factor::new_recovery_codes(home).await?;
    let name = session.account.clone();
    home.node(move |node| {
        node.write(|transaction| node::set_recovery_codes(transaction, &name, &new.salt, &new.hashes))
    })
    .await?;
    Ok(new.codes)
}

async fn prove(home: &web::Data<Home>, session: &DeskSession, strong: bool) -> ApiResult<()> {
    let own = session.token_hash;
    home.node(move |node| node.write(|transaction| node::prove_session(transaction, &own, strong, clock::now_ms())))
        .await
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

fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).take(8).collect()
}

/// One line, not too long, never empty.
fn line(text: &str, otherwise: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    match line.trim() {
        "" => otherwise.to_owned(),
        name => name.to_owned(),
    }
}
