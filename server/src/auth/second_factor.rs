//! Codes typed beside a password: those of an authenticator app, each taken once, and recovery
//! codes for whoever has lost theirs. The app's secret is sealed with the home's key and opened
//! to be compared only; of recovery codes there are hashes.

use actix_web::web;

use super::limits::{Source, Try};
use super::one_time_code::{SECRET_BYTES, Secret};
use super::password::new_password;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::{self, Home};
use crate::store::community::audit::Seen;
use crate::store::node::{self, Account, OneTimeCodeRow};

/// How many recovery codes there are in a set.
const RECOVERY_CODES: usize = 10;

/// What changed of how somebody signs in; the words of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A passkey was made.
    AddPasskey,
    /// One was removed.
    RemovePasskey,
    /// An authenticator app was set up.
    SetUpCode,
    /// It was removed.
    RemoveCode,
    /// There are new recovery codes.
    NewRecoveryCodes,
    /// One was used.
    UseRecoveryCode,
    /// There is another password.
    NewPassword,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Change::AddPasskey => "add_passkey",
            Change::RemovePasskey => "remove_passkey",
            Change::SetUpCode => "set_up_code",
            Change::RemoveCode => "remove_code",
            Change::NewRecoveryCodes => "new_recovery_codes",
            Change::UseRecoveryCode => "use_recovery_code",
            Change::NewPassword => "new_password",
        }
    }
}

/// Checks a code of an account, and takes it: it does not serve again.
///
/// # Errors
/// [`ApiError::WrongCode`], also for one that was used, [`ApiError::TooManyRequests`].
pub async fn check(home: &web::Data<Home>, source: Source, account: &Account, typed: &str) -> ApiResult<()> {
    let attempt = home.sign_in_limits.begin(Try::Code, &account.name, source)?;
    let typed: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let is_code = typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit());
    let right = if is_code {
        take_one_time_code(home, account, &typed).await?
    } else {
        take_recovery_code(home, account, typed).await?
    };
    if !right {
        return Err(ApiError::WrongCode);
    }
    home.sign_in_limits.was_right(&attempt);
    Ok(())
}

async fn take_one_time_code(home: &web::Data<Home>, account: &Account, typed: &str) -> ApiResult<bool> {
    let name = account.name.clone();
    let row = home.node(move |node| node.read(|connection| node::find_one_time_code(connection, &name)));
    let Some(row) = row.await? else {
        return Ok(false);
    };
    let Some(step) = open(home, &account.name, &row)?.step_of(typed, clock::now_ms()) else {
        return Ok(false);
    };
    let name = account.name.clone();
    home.node(move |node| node.write(|transaction| node::take_step(transaction, &name, step)))
        .await
}

async fn take_recovery_code(home: &web::Data<Home>, account: &Account, typed: String) -> ApiResult<bool> {
    let name = account.name.clone();
    let left = home.node(move |node| node.read(|connection| node::recovery_codes(connection, &name)));
    let Some((_, salt)) = left.await? else {
        return Ok(false);
    };
    let hash = home.passwords.hash_code(typed, salt).await?;
    let name = account.name.clone();
    let taken = home.node(move |node| node.write(|transaction| node::take_recovery_code(transaction, &name, &hash)));
    let taken = taken.await?;
    if taken {
        note(home, account, Change::UseRecoveryCode).await?;
    }
    Ok(taken)
}

/// A secret for an authenticator app.
#[must_use]
pub fn new_secret() -> Secret {
    Secret::new(clock::random::<SECRET_BYTES>())
}

/// The secret as it is kept, with the step whose code showed that the app has it: that one is used.
///
/// # Errors
/// Internal.
pub fn seal(home: &Home, account: &str, secret: &Secret, step: i64) -> ApiResult<OneTimeCodeRow> {
    let sealed = home.sealing_key.seal(&about(account), secret.as_bytes());
    Ok(OneTimeCodeRow {
        sealed_secret: sealed.map_err(ApiError::internal)?,
        last_step: step,
        created_ms: clock::now_ms(),
    })
}

fn open(home: &Home, account: &str, row: &OneTimeCodeRow) -> ApiResult<Secret> {
    let opened = home.sealing_key.open(&about(account), &row.sealed_secret);
    let bytes = opened.map_err(ApiError::internal)?;
    let bytes = bytes
        .try_into()
        .map_err(|_| ApiError::internal("a sealed secret has 20 bytes"))?;
    Ok(Secret::new(bytes))
}

fn about(account: &str) -> String {
    format!("menpai-one-time-code-1\0{account}")
}

/// A set of recovery codes: as their holder reads them, and what is kept of them.
pub struct RecoveryCodes {
    /// Shown once.
    pub codes: Vec<String>,
    /// Of all their hashes.
    pub salt: [u8; 16],
    /// One for each.
    pub hashes: Vec<[u8; 32]>,
}

/// New recovery codes.
///
/// # Errors
/// Internal.
pub async fn new_recovery_codes(home: &web::Data<Home>) -> ApiResult<RecoveryCodes> {
    let salt = clock::random();
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_password()).collect();
    let mut hashes = Vec::new();
    for code in &codes {
        hashes.push(home.passwords.hash_code(code.replace('-', ""), salt).await?);
    }
    Ok(RecoveryCodes { codes, salt, hashes })
}

/// Writes into the community's audit log that somebody changed how they sign in.
///
/// # Errors
/// Internal.
pub async fn note(home: &web::Data<Home>, account: &Account, change: Change) -> ApiResult<()> {
    let community = home::community(home, account.community).await?;
    let seen = Seen {
        worker: account.worker,
        action: change.name().to_owned(),
        place: None,
        about: Vec::new(),
    };
    web::block(move || community.note_seen(seen, clock::now_ms())).await??;
    Ok(())
}
