//! Checks account and password, and at the desk whatever the account has beside its password: no
//! account that has a second factor comes in without it. Wrong account and wrong password are one
//! answer at one cost; that a second factor is asked for, only who has the password learns.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{HttpRequest, web};

use super::browser;
use super::first_password;
use super::limits::{Source, Try};
use super::second_factor;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node::{self, Account};

/// What was typed.
pub struct Credentials {
    /// Account name.
    pub account: String,
    /// Password.
    pub password: String,
}

/// Where a request comes from: the socket's address only, since a header could be anybody's claim.
#[must_use]
pub fn address_of(request: &HttpRequest) -> IpAddr {
    request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

/// The account, if the password is its own.
///
/// # Errors
/// [`ApiError::WrongCredentials`], [`ApiError::TooManyRequests`].
pub async fn sign_in(home: &web::Data<Home>, request: &HttpRequest, typed: Credentials) -> ApiResult<Account> {
    let source = browser::source_for(home, request, &typed.account).await?;
    check_password(home, source, typed).await
}

/// The account, if the password is its own and so is the second factor, where it has one; and
/// whether it has. A password of the office is replaced by the new one.
///
/// # Errors
/// Those of [`first_password`], [`ApiError::WrongCredentials`], [`ApiError::SecondFactorNeeded`] where none came along,
/// [`ApiError::WrongCode`], [`ApiError::TooManyRequests`].
pub async fn sign_in_at_desk(
    home: &web::Data<Home>,
    request: &HttpRequest,
    typed: Credentials,
    code: Option<&str>,
    new_password: Option<&str>,
) -> ApiResult<(Account, bool)> {
    let source = browser::source_for(home, request, &typed.account).await?;
    let account = check_password(home, source, typed).await?;
    // Before a code is taken, which serves once.
    let replaced = first_password::look(home, &account, new_password).await?;
    let name = account.name.clone();
    let has = home.node(move |node| node.read(|connection| node::second_factors(connection, &name)));
    let strong = !has.await?.is_none();
    if strong {
        let code = code.ok_or(ApiError::SecondFactorNeeded)?;
        second_factor::check(home, source, &account, code).await?;
    }
    if let Some(password) = new_password.filter(|_| replaced) {
        first_password::set_own(home, &account, password.to_owned()).await?;
    }
    Ok((account, strong))
}

/// The account, if the password is its own.
///
/// # Errors
/// [`ApiError::WrongCredentials`], [`ApiError::TooManyRequests`].
pub async fn check_password(home: &web::Data<Home>, source: Source, typed: Credentials) -> ApiResult<Account> {
    home.sign_in_limits.count(source)?;
    let attempt = home.sign_in_limits.begin(Try::Password, &typed.account, source)?;
    let name = typed.account;
    let account = home
        .node(move |node| node.read(|connection| node::find_account(connection, &name)))
        .await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    if home.passwords.check(hash, typed.password).await? {
        home.sign_in_limits.was_right(&attempt);
        account.ok_or(ApiError::WrongCredentials)
    } else {
        Err(ApiError::WrongCredentials)
    }
}
