//! Passwords that people set themselves. The one that the office gave serves for some days and once: whoever signs in
//! with it says an own one along with it, which nobody else ever knew.

use actix_web::web;

use super::password::check_strength;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node::{self, Account};

/// How long a password of the office serves.
pub const FIRST_PASSWORD_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// Looks whether an account's password is one of the office, and whether what came along can take its place.
///
/// # Errors
/// [`ApiError::NewPasswordNeeded`] where nothing came along, [`ApiError::WeakPassword`],
/// [`ApiError::WrongCredentials`] once it is over.
pub async fn look(home: &web::Data<Home>, account: &Account, new: Option<&str>) -> ApiResult<bool> {
    let name = account.name.clone();
    let until = home.node(move |node| node.read(|connection| node::first_password_until(connection, &name)));
    let Some(until_ms) = until.await? else {
        return Ok(false);
    };
    if until_ms <= clock::now_ms() {
        return Err(ApiError::WrongCredentials);
    }
    check_strength(&account.name, new.ok_or(ApiError::NewPasswordNeeded)?)?;
    Ok(true)
}

/// Sets an account's own password in the place of the one that it had when it was read.
///
/// # Errors
/// [`ApiError::WeakPassword`], also for the same again; [`ApiError::WrongCredentials`] where somebody else was faster.
pub async fn set_own(home: &web::Data<Home>, account: &Account, password: String) -> ApiResult<()> {
    check_strength(&account.name, &password)?;
    let before = account.password_hash.clone();
    if home.passwords.check(Some(before.clone()), password.clone()).await? {
        return Err(ApiError::WeakPassword);
    }
    let (name, hash) = (account.name.clone(), home.passwords.hash(password).await?);
    let set =
        home.node(move |node| node.write(|transaction| node::replace_password(transaction, &name, &before, &hash)));
    if set.await? {
        Ok(())
    } else {
        Err(ApiError::WrongCredentials)
    }
}
