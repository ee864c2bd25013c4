//! Accounts: a name, a password's hash, and the worker whose name its entries carry. What its
//! holder may do, assignment records say.

use menpai_sync_core::ids::{CommunityCode, WorkerId};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What its holder types.
    pub name: String,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
    /// The worker its entries name.
    pub worker: WorkerId,
    /// The person's name.
    pub display_name: String,
    /// Where they work.
    pub community: CommunityCode,
}

/// The account of this name.
///
/// # Errors
/// SQLite's.
pub fn find_account(connection: &Connection, name: &str) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached("SELECT name, password_hash, worker, display_name, community FROM account WHERE name = :name")?
        .query_row(named_params! { ":name": name }, read_account)
        .optional()
}

/// The account of a worker, wherever.
///
/// # Errors
/// SQLite's.
pub fn find_account_of(connection: &Connection, worker: WorkerId) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(
            "SELECT name, password_hash, worker, display_name, community FROM account WHERE worker = :worker
             ORDER BY name LIMIT 1",
        )?
        .query_row(named_params! { ":worker": worker.as_bytes() }, read_account)
        .optional()
}

/// All accounts of a community, by name.
///
/// # Errors
/// SQLite's.
pub fn list_accounts(connection: &Connection, community: CommunityCode) -> rusqlite::Result<Vec<Account>> {
    connection
        .prepare(
            "SELECT name, password_hash, worker, display_name, community FROM account
             WHERE community = :community ORDER BY name",
        )?
        .query_map(named_params! { ":community": community.as_str() }, read_account)?
        .collect()
}

/// Adds an account, or gives an existing one this password and name.
///
/// # Errors
/// SQLite's.
pub fn insert_account(transaction: &Transaction<'_>, account: &Account, now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO account (name, password_hash, worker, display_name, community, created_ms)
         VALUES (:name, :password_hash, :worker, :display_name, :community, :now)
         ON CONFLICT (name) DO UPDATE
         SET password_hash = :password_hash, display_name = :display_name, first_until_ms = NULL",
        named_params! {
            ":name": account.name,
            ":password_hash": account.password_hash,
            ":worker": account.worker.as_bytes(),
            ":display_name": account.display_name,
            ":community": account.community.as_str(),
            ":now": now_ms,
        },
    )?;
    Ok(())
}

/// Until when an account's password serves, where it is one of the office.
///
/// # Errors
/// SQLite's.
pub fn first_password_until(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT first_until_ms FROM account WHERE name = :name")?
        .query_row(named_params! { ":name": name }, |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// Says until when an account's password serves, which is one of the office.
///
/// # Errors
/// SQLite's.
pub fn set_first_password(transaction: &Transaction<'_>, name: &str, until_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE account SET first_until_ms = :until WHERE name = :name",
        named_params! { ":name": name, ":until": until_ms },
    )?;
    Ok(())
}

/// Replaces a password by its holder's own; false: it is another by now.
///
/// # Errors
/// SQLite's.
pub fn replace_password(transaction: &Transaction<'_>, name: &str, before: &str, own: &str) -> rusqlite::Result<bool> {
    let changed = transaction.execute(
        "UPDATE account SET password_hash = :own, first_until_ms = NULL WHERE name = :name AND password_hash = :before",
        named_params! { ":name": name, ":before": before, ":own": own },
    )?;
    Ok(changed == 1)
}

/// Notes that an account is the demonstration's: no second factor is demanded of it.
///
/// # Errors
/// SQLite's.
pub fn mark_demo_account(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE account SET demo = 1 WHERE name = :name",
        named_params! { ":name": name },
    )?;
    Ok(())
}

/// Whether an account is the demonstration's.
///
/// # Errors
/// SQLite's.
pub fn is_demo_account(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM account WHERE name = :name AND demo = 1)")?
        .query_row(named_params! { ":name": name }, |row| row.get(0))
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        name: row.get(0)?,
        password_hash: row.get(1)?,
        worker: WorkerId::from_bytes(row.get(2)?),
        display_name: row.get(3)?,
        community: community_at(row, 4)?,
    })
}

pub(super) fn community_at(row: &Row<'_>, column: usize) -> rusqlite::Result<CommunityCode> {
    row.get::<_, String>(column)?
        .parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
