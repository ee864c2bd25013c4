//! Sessions by the hash of their token: who reads this file cannot sign in with it.

use menpai_sync_core::ids::DeviceId;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

use super::Account;

/// Which door a session was made at; it opens no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// Bearer token of one device.
    Phone(DeviceId),
    /// Cookie of a browser at the desk.
    Desk,
}

/// A session that has not ended, with its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub account: Account,
    /// From which door.
    pub kind: SessionKind,
    /// When it ends, milliseconds UTC.
    pub expires_ms: i64,
    /// Last use as far as it was written down.
    pub last_used_ms: i64,
}

/// The session of a token hash, unless it has ended.
///
/// # Errors
/// SQLite's.
pub fn find_session(connection: &Connection, token_hash: &[u8; 32], now_ms: i64) -> rusqlite::Result<Option<Session>> {
    let found = connection
        .prepare_cached(
            "SELECT account, device, expires_ms, last_used_ms FROM session
             WHERE token_hash = :token_hash AND expires_ms > :now",
        )?
        .query_row(named_params! { ":token_hash": token_hash, ":now": now_ms }, |row| {
            let device: Option<[u8; 16]> = row.get(1)?;
            let kind = device.map_or(SessionKind::Desk, |device| {
                SessionKind::Phone(DeviceId::from_bytes(device))
            });
            Ok((row.get::<_, String>(0)?, kind, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((name, kind, expires_ms, last_used_ms)) = found else {
        return Ok(None);
    };
    let account = super::find_account(connection, &name)?;
    Ok(account.map(|account| Session {
        account,
        kind,
        expires_ms,
        last_used_ms,
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
    kind: SessionKind,
    now_ms: i64,
    expires_ms: i64,
) -> rusqlite::Result<()> {
    let (kind, device) = match &kind {
        SessionKind::Phone(device) => ("phone", Some(device.as_bytes())),
        SessionKind::Desk => ("desk", None),
    };
    transaction.execute(
        "INSERT INTO session (token_hash, account, kind, device, created_ms, expires_ms, last_used_ms)
         VALUES (:token_hash, :account, :kind, :device, :now, :expires, :now)",
        named_params! {
            ":token_hash": token_hash, ":account": account, ":kind": kind, ":device": device,
            ":now": now_ms, ":expires": expires_ms,
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
