//! Browsers in which an account has signed in, by the hash of what their cookie holds.

use rusqlite::{Connection, Transaction, named_params};

/// Browsers of one account that are remembered: the newest.
const MOST: u32 = 20;

/// Whether somebody signed in to this account in this browser before.
///
/// # Errors
/// SQLite's.
pub fn knows_browser(connection: &Connection, account: &str, token_hash: &[u8; 32]) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM known_browser WHERE account = :account AND token_hash = :token_hash)",
        )?
        .query_row(
            named_params! { ":account": account, ":token_hash": token_hash },
            |row| row.get(0),
        )
}

/// Remembers that somebody signed in to this account in this browser.
///
/// # Errors
/// SQLite's.
pub fn remember_browser(
    transaction: &Transaction<'_>,
    account: &str,
    token_hash: &[u8; 32],
    now_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO known_browser (account, token_hash, last_used_ms) VALUES (:account, :token_hash, :now)
         ON CONFLICT (account, token_hash) DO UPDATE SET last_used_ms = excluded.last_used_ms",
        named_params! { ":account": account, ":token_hash": token_hash, ":now": now_ms },
    )?;
    transaction.execute(
        "DELETE FROM known_browser WHERE account = :account AND token_hash NOT IN
           (SELECT token_hash FROM known_browser WHERE account = :account ORDER BY last_used_ms DESC LIMIT :most)",
        named_params! { ":account": account, ":most": MOST },
    )?;
    Ok(())
}

/// Forgets an account's browsers.
///
/// # Errors
/// SQLite's.
pub fn forget_browsers(transaction: &Transaction<'_>, account: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM known_browser WHERE account = :account",
        named_params! { ":account": account },
    )?;
    Ok(())
}
