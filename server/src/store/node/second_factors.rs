//! What accounts show beside a password: passkeys (public halves only), the sealed secret of an
//! authenticator app, recovery codes as hashes. What is used once is taken out or moved on in the
//! transaction that accepts it.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// A passkey as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The authenticator's name for it.
    pub credential: Vec<u8>,
    /// Whose.
    pub account: String,
    /// The host name it was made at.
    pub relying_party: String,
    /// What its holder calls it.
    pub name: String,
    /// Public key, counter and flags, as `webauthn-rs` writes them.
    pub key_json: String,
    /// When it was made, milliseconds UTC.
    pub created_ms: i64,
    /// When it was last used.
    pub last_used_ms: Option<i64>,
}

/// An authenticator app as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeCodeRow {
    /// Its secret, sealed with the home's sealing key.
    pub sealed_secret: Vec<u8>,
    /// The newest step of which a code was taken.
    pub last_step: i64,
    /// Since when, milliseconds UTC.
    pub created_ms: i64,
}

/// What an account has beside its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactors {
    /// Passkeys.
    pub passkeys: u32,
    /// An authenticator app.
    pub one_time_code: bool,
}

impl SecondFactors {
    /// Nothing.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.passkeys == 0 && !self.one_time_code
    }
}

/// What an account has.
///
/// # Errors
/// SQLite's.
pub fn second_factors(connection: &Connection, account: &str) -> rusqlite::Result<SecondFactors> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM passkey WHERE account = :account),
                    EXISTS (SELECT 1 FROM one_time_code WHERE account = :account)",
        )?
        .query_row(named_params! { ":account": account }, |row| {
            Ok(SecondFactors {
                passkeys: row.get(0)?,
                one_time_code: row.get(1)?,
            })
        })
}

/// Adds a passkey.
///
/// # Errors
/// SQLite's, also where the credential is known.
pub fn insert_passkey(transaction: &Transaction<'_>, passkey: &PasskeyRow) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO passkey (credential, account, relying_party, name, key_json, created_ms, last_used_ms)
         VALUES (:credential, :account, :relying_party, :name, :key_json, :created, :last_used)",
        named_params! {
            ":credential": passkey.credential, ":account": passkey.account,
            ":relying_party": passkey.relying_party, ":name": passkey.name, ":key_json": passkey.key_json,
            ":created": passkey.created_ms, ":last_used": passkey.last_used_ms,
        },
    )?;
    Ok(())
}

/// The passkey of a credential.
///
/// # Errors
/// SQLite's.
pub fn find_passkey(connection: &Connection, credential: &[u8]) -> rusqlite::Result<Option<PasskeyRow>> {
    connection
        .prepare_cached(
            "SELECT credential, account, relying_party, name, key_json, created_ms, last_used_ms FROM passkey
             WHERE credential = :credential",
        )?
        .query_row(named_params! { ":credential": credential }, read_passkey)
        .optional()
}

/// An account's passkeys, the oldest first.
///
/// # Errors
/// SQLite's.
pub fn list_passkeys(connection: &Connection, account: &str) -> rusqlite::Result<Vec<PasskeyRow>> {
    connection
        .prepare_cached(
            "SELECT credential, account, relying_party, name, key_json, created_ms, last_used_ms FROM passkey
             WHERE account = :account ORDER BY created_ms, credential",
        )?
        .query_map(named_params! { ":account": account }, read_passkey)?
        .collect()
}

/// Notes that a passkey was used, with its counter as it is by now.
///
/// # Errors
/// SQLite's.
pub fn use_passkey(
    transaction: &Transaction<'_>,
    credential: &[u8],
    key_json: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE passkey SET key_json = :key_json, last_used_ms = :now WHERE credential = :credential",
        named_params! { ":credential": credential, ":key_json": key_json, ":now": now_ms },
    )?;
    Ok(())
}

/// Removes one of an account's passkeys; says whether there was one.
///
/// # Errors
/// SQLite's.
pub fn delete_passkey(transaction: &Transaction<'_>, account: &str, credential: &[u8]) -> rusqlite::Result<bool> {
    let removed = transaction.execute(
        "DELETE FROM passkey WHERE account = :account AND credential = :credential",
        named_params! { ":account": account, ":credential": credential },
    )?;
    Ok(removed > 0)
}

/// Sets an account's authenticator app, in place of one it had.
///
/// # Errors
/// SQLite's.
pub fn set_one_time_code(transaction: &Transaction<'_>, account: &str, code: &OneTimeCodeRow) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO one_time_code (account, sealed_secret, last_step, created_ms)
         VALUES (:account, :sealed_secret, :last_step, :created)",
        named_params! {
            ":account": account, ":sealed_secret": code.sealed_secret,
            ":last_step": code.last_step, ":created": code.created_ms,
        },
    )?;
    Ok(())
}

/// An account's authenticator app.
///
/// # Errors
/// SQLite's.
pub fn find_one_time_code(connection: &Connection, account: &str) -> rusqlite::Result<Option<OneTimeCodeRow>> {
    connection
        .prepare_cached("SELECT sealed_secret, last_step, created_ms FROM one_time_code WHERE account = :account")?
        .query_row(named_params! { ":account": account }, |row| {
            Ok(OneTimeCodeRow {
                sealed_secret: row.get(0)?,
                last_step: row.get(1)?,
                created_ms: row.get(2)?,
            })
        })
        .optional()
}

/// Takes the code of a step, once: says whether it was newer than the last one taken.
///
/// # Errors
/// SQLite's.
pub fn take_step(transaction: &Transaction<'_>, account: &str, step: i64) -> rusqlite::Result<bool> {
    let taken = transaction.execute(
        "UPDATE one_time_code SET last_step = :step WHERE account = :account AND last_step < :step",
        named_params! { ":account": account, ":step": step },
    )?;
    Ok(taken > 0)
}

/// Removes an account's authenticator app; says whether there was one.
///
/// # Errors
/// SQLite's.
pub fn delete_one_time_code(transaction: &Transaction<'_>, account: &str) -> rusqlite::Result<bool> {
    let removed = transaction.execute(
        "DELETE FROM one_time_code WHERE account = :account",
        named_params! { ":account": account },
    )?;
    Ok(removed > 0)
}

/// Gives an account these recovery codes and no others.
///
/// # Errors
/// SQLite's.
pub fn set_recovery_codes(
    transaction: &Transaction<'_>,
    account: &str,
    salt: &[u8; 16],
    hashes: &[[u8; 32]],
) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM recovery_code WHERE account = :account",
        named_params! { ":account": account },
    )?;
    let mut statement = transaction
        .prepare_cached("INSERT INTO recovery_code (account, hash, salt) VALUES (:account, :hash, :salt)")?;
    for hash in hashes {
        statement.execute(named_params! { ":account": account, ":hash": hash, ":salt": salt })?;
    }
    Ok(())
}

/// How many recovery codes an account has left, and the salt of their hashes.
///
/// # Errors
/// SQLite's.
pub fn recovery_codes(connection: &Connection, account: &str) -> rusqlite::Result<Option<(u32, [u8; 16])>> {
    connection
        .prepare_cached("SELECT count(*), salt FROM recovery_code WHERE account = :account GROUP BY salt")?
        .query_row(named_params! { ":account": account }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// Takes a recovery code, once: says whether it was one of the account's.
///
/// # Errors
/// SQLite's.
pub fn take_recovery_code(transaction: &Transaction<'_>, account: &str, hash: &[u8; 32]) -> rusqlite::Result<bool> {
    let taken = transaction.execute(
        "DELETE FROM recovery_code WHERE account = :account AND hash = :hash",
        named_params! { ":account": account, ":hash": hash },
    )?;
    Ok(taken > 0)
}

/// Takes away all that an account has beside its password, and forgets its browsers.
///
/// # Errors
/// SQLite's.
pub fn reset_second_factors(transaction: &Transaction<'_>, account: &str) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM passkey WHERE account = ?1",
        "DELETE FROM one_time_code WHERE account = ?1",
        "DELETE FROM recovery_code WHERE account = ?1",
        "DELETE FROM known_browser WHERE account = ?1",
    ] {
        transaction.execute(statement, [account])?;
    }
    Ok(())
}

fn read_passkey(row: &Row<'_>) -> rusqlite::Result<PasskeyRow> {
    Ok(PasskeyRow {
        credential: row.get(0)?,
        account: row.get(1)?,
        relying_party: row.get(2)?,
        name: row.get(3)?,
        key_json: row.get(4)?,
        created_ms: row.get(5)?,
        last_used_ms: row.get(6)?,
    })
}
