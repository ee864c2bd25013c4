//! Checks account and password. Wrong account and wrong password are one answer at one cost.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{HttpRequest, web};

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
    home.sign_in_limits.count(&typed.account, address_of(request))?;
    let name = typed.account;
    let account = home
        .node(move |node| node.read(|connection| node::find_account(connection, &name)))
        .await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    if home.passwords.check(hash, typed.password).await? {
        account.ok_or(ApiError::WrongCredentials)
    } else {
        Err(ApiError::WrongCredentials)
    }
}
