//! Sessions at the desk by the hash of their token: who reads this file cannot sign in with it.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::Account;

/// A desk that asks nothing for so long has ended: its browser was closed.
pub const DESK_IDLE_MS: i64 = 2 * 3600 * 1000;

/// A session that has not ended, with its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub account: Account,
    /// When it ends, milliseconds UTC.
    pub expires_ms: i64,
    /// Last use as far as it was written down.
    pub last_used_ms: i64,
    /// How its holder proved who they are.
    pub proof: Proof,
}

/// How the holder of a session proved who they are, and what their account could show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// A passkey or a second factor was shown in this session.
    pub strong: bool,
    /// When something was last shown, milliseconds UTC.
    pub proved_ms: i64,
    /// The account has a passkey or a second factor.
    pub has_second_factor: bool,
    /// The account is the demonstration's.
    pub demo: bool,
}

/// The session of a token hash, unless it has ended or its desk was idle for [`DESK_IDLE_MS`].
///
/// # Errors
/// SQLite's.
pub fn find_session(connection: &Connection, token_hash: &[u8; 32], now_ms: i64) -> rusqlite::Result<Option<Session>> {
    let found = connection
        .prepare_cached(
            "SELECT s.account, s.expires_ms, s.last_used_ms, s.strong, s.proved_ms, a.demo,
                    EXISTS (SELECT 1 FROM passkey p WHERE p.account = s.account)
                      OR EXISTS (SELECT 1 FROM one_time_code o WHERE o.account = s.account)
               FROM session s JOIN account a ON a.name = s.account
              WHERE s.token_hash = :token_hash AND s.expires_ms > :now AND s.last_used_ms > :idle",
        )?
        .query_row(
            named_params! { ":token_hash": token_hash, ":now": now_ms, ":idle": now_ms - DESK_IDLE_MS },
            |row| {
                let proof = Proof {
                    strong: row.get(3)?,
                    proved_ms: row.get(4)?,
                    demo: row.get(5)?,
                    has_second_factor: row.get(6)?,
                };
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, proof))
            },
        )
        .optional()?;
    let Some((name, expires_ms, last_used_ms, proof)) = found else {
        return Ok(None);
    };
    let account = super::find_account(connection, &name)?;
    Ok(account.map(|account| Session {
        account,
        expires_ms,
        last_used_ms,
        proof,
    }))
}

/// Adds a session.
///
/// # Errors
/// SQLite's.
pub fn insert_session(
    transaction: &Transaction<'_>,
    token_hash: &[u8; 32],
    account: &str,
    now_ms: i64,
    expires_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO session (token_hash, account, created_ms, expires_ms, last_used_ms)
         VALUES (:token_hash, :account, :now, :expires, :now)",
        named_params! {
            ":token_hash": token_hash, ":account": account, ":now": now_ms, ":expires": expires_ms,
        },
    )?;
    Ok(())
}

/// Notes that a session was used.
///
/// # Errors
/// SQLite's.
pub fn touch_session(transaction: &Transaction<'_>, token_hash: &[u8; 32], now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE session SET last_used_ms = :now WHERE token_hash = :token_hash",
        named_params! { ":token_hash": token_hash, ":now": now_ms },
    )?;
    Ok(())
}

/// Notes that a session's holder has just proved who they are, `strong` with a passkey or a second factor.
///
/// # Errors
/// SQLite's.
pub fn prove_session(
    transaction: &Transaction<'_>,
    token_hash: &[u8; 32],
    strong: bool,
    now_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE session SET proved_ms = :now, strong = max(strong, :strong) WHERE token_hash = :token_hash",
        named_params! { ":now": now_ms, ":strong": strong, ":token_hash": token_hash },
    )?;
    Ok(())
}

/// Ends the desks of an account that began with its password alone, but for this one.
///
/// # Errors
/// SQLite's.
pub fn delete_weak_sessions_of(
    transaction: &Transaction<'_>,
    account: &str,
    but: &[u8; 32],
) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM session WHERE account = :account AND strong = 0 AND token_hash <> :but",
        named_params! { ":account": account, ":but": but },
    )
}

/// Ends the sessions of an account but one; says how many.
///
/// # Errors
/// SQLite's.
pub fn delete_other_sessions_of(
    transaction: &Transaction<'_>,
    account: &str,
    but: &[u8; 32],
) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM session WHERE account = :account AND token_hash <> :but",
        named_params! { ":account": account, ":but": but },
    )
}

/// Ends a session.
///
/// # Errors
/// SQLite's.
pub fn delete_session(transaction: &Transaction<'_>, token_hash: &[u8; 32]) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM session WHERE token_hash = :token_hash",
        named_params! { ":token_hash": token_hash },
    )?;
    Ok(())
}

/// A session as its person sees it in the list of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// SHA-256 of the token: a name for it that signs nobody in.
    pub token_hash: [u8; 32],
    /// When it began, milliseconds UTC.
    pub created_ms: i64,
    /// Last use as far as it was written down.
    pub last_used_ms: i64,
}

/// The sessions of an account that have not ended, the newest first.
///
/// # Errors
/// SQLite's.
pub fn list_sessions(connection: &Connection, account: &str, now_ms: i64) -> rusqlite::Result<Vec<OwnSession>> {
    connection
        .prepare_cached(
            "SELECT token_hash, created_ms, last_used_ms FROM session
              WHERE account = :account AND expires_ms > :now AND last_used_ms > :idle
              ORDER BY created_ms DESC, token_hash",
        )?
        .query_map(
            named_params! { ":account": account, ":now": now_ms, ":idle": now_ms - DESK_IDLE_MS },
            |row| {
                Ok(OwnSession {
                    token_hash: row.get(0)?,
                    created_ms: row.get(1)?,
                    last_used_ms: row.get(2)?,
                })
            },
        )?
        .collect()
}

/// Ends one session of an account; says whether there was one.
///
/// # Errors
/// SQLite's.
pub fn delete_session_of(
    transaction: &Transaction<'_>,
    account: &str,
    token_hash: &[u8; 32],
) -> rusqlite::Result<bool> {
    let ended = transaction.execute(
        "DELETE FROM session WHERE account = :account AND token_hash = :token_hash",
        named_params! { ":account": account, ":token_hash": token_hash },
    )?;
    Ok(ended > 0)
}

/// Ends every session of an account.
///
/// # Errors
/// SQLite's.
pub fn delete_sessions_of(transaction: &Transaction<'_>, account: &str) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM session WHERE account = :account",
        named_params! { ":account": account },
    )
}

/// Forgets sessions that ended by themselves.
///
/// # Errors
/// SQLite's.
pub fn delete_ended_sessions(transaction: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM session WHERE expires_ms <= :now",
        named_params! { ":now": now_ms },
    )
}
