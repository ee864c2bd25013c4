//! Opens SQLite files, encrypted ones with their key. Always holds: every pragma that durability or safety
//! rests on is read back, and a file that does not take one is refused, not served. A plain
//! file is never opened where a key is given, nor the other way round.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::database_key::{DatabaseKey, Form, has_cipher};
use crate::fail_points;

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What the write-ahead log may keep on disk after a checkpoint.
const JOURNAL_SIZE_LIMIT_BYTES: i64 = 64 << 20;
/// Prepared statements kept per connection; projection alone has several per kind.
const CACHED_STATEMENTS: usize = 256;

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The file could not be read, or its folder not be made durable.
    #[error("the database or its folder: {0}")]
    Folder(#[from] std::io::Error),
    /// A key is given, and the file is not encrypted.
    #[error("it is not encrypted, but a key is given: run `menpai database encrypt` first")]
    Plain,
    /// The file is encrypted, or damaged, and no key is given.
    #[error("it is encrypted or no database: name the file of its key in MENPAI_DATABASE_KEY_FILE")]
    Encrypted,
    /// The key does not open the file.
    #[error("the key does not open it: it is another's, or the file is damaged")]
    WrongKey,
    /// This build has no cipher.
    #[error("a key is given, but this build of Menpai cannot encrypt: build it with the feature sqlcipher")]
    NoCipher,
    /// A pragma does not read back as set.
    #[error("pragma {name} reads back as {found}, not {wanted}: the file is not served")]
    Pragma {
        /// Which.
        name: &'static str,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: String,
    },
}

/// Opens a file for its one writer, creating it if it is missing; the folder is synced
/// once after creation, so that the file itself survives a power cut.
///
/// # Errors
/// [`OpenError`]; nothing is served from a file that gave one.
pub fn open_writer(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, OpenError> {
    let created = !path.exists();
    let connection = open(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    prepare(&connection)?;
    set(&connection, "journal_mode", "wal")?;
    let synchronous = if fail_points::is_broken("every commit is synced") {
        "1"
    } else {
        "2"
    };
    set(&connection, "synchronous", synchronous)?;
    set(&connection, "secure_delete", "1")?;
    set(&connection, "journal_size_limit", &JOURNAL_SIZE_LIMIT_BYTES.to_string())?;
    if created {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(connection)
}

/// Opens a file that exists already for reading only.
///
/// # Errors
/// [`OpenError`].
pub fn open_reader(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, OpenError> {
    let connection = open(path, key, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    prepare(&connection)?;
    set(&connection, "query_only", "1")?;
    Ok(connection)
}

/// Opens a file, with its key before anything else. Of pragmas it sets none.
///
/// # Errors
/// [`OpenError`].
pub fn open(path: &Path, key: Option<&DatabaseKey>, flags: OpenFlags) -> Result<Connection, OpenError> {
    match (Form::of(path)?, key) {
        (Form::Plain, Some(_)) => return Err(OpenError::Plain),
        (Form::Encrypted, None) => return Err(OpenError::Encrypted),
        _ => {}
    }
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let Some(key) = key else { return Ok(connection) };
    if !has_cipher(&connection)? {
        return Err(OpenError::NoCipher);
    }
    // Not by pragma_update, whose errors would hold the key.
    if connection
        .execute_batch(&format!("PRAGMA key = \"{}\"", key.literal()))
        .is_err()
    {
        return Err(OpenError::WrongKey);
    }
    match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Ok(()) => Ok(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(OpenError::WrongKey),
        Err(error) => Err(error.into()),
    }
}

fn prepare(connection: &Connection) -> Result<(), OpenError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Plans do not depend on what is bound: where a partial index was in question, SQLite
    // compiled the statement again at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    set(connection, "foreign_keys", "1")?;
    set(connection, "trusted_schema", "0")?;
    set(connection, "cell_size_check", "1")?;
    Ok(())
}

/// Sets a pragma and reads it back in a statement of its own.
fn set(connection: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    connection.execute_batch(&format!("PRAGMA {name} = {wanted}"))?;
    expect(connection, name, wanted)
}

fn expect(connection: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    let found = connection.pragma_query_value(None, name, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str()?.to_owned(),
        })
    })?;
    if found == wanted {
        Ok(())
    } else {
        Err(OpenError::Pragma {
            name,
            wanted: wanted.to_owned(),
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_disk_takes_every_pragma() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sqlite");
        let writer = open_writer(&path, None).unwrap();
        expect(&writer, "journal_mode", "wal").unwrap();
        expect(&writer, "synchronous", "2").unwrap();
        writer.execute_batch("CREATE TABLE t (a ANY) STRICT").unwrap();
        let reader = open_reader(&path, None).unwrap();
        reader.execute_batch("INSERT INTO t VALUES (1)").unwrap_err();
    }

    #[test]
    fn a_pragma_that_does_not_read_back_refuses_the_file() {
        // A database in memory has no write-ahead log: the set succeeds, the read shows it.
        let error = open_writer(Path::new(":memory:"), None).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Pragma {
                    name: "journal_mode",
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn an_encrypted_file_says_nothing_and_opens_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sqlite");
        let (key, other) = (DatabaseKey::random(), DatabaseKey::random());
        let writer = open_writer(&path, Some(&key)).unwrap();
        writer
            .execute_batch("CREATE TABLE t (a ANY) STRICT; INSERT INTO t VALUES ('canary')")
            .unwrap();
        for file in ["a.sqlite", "a.sqlite-wal"] {
            let bytes = std::fs::read(folder.path().join(file)).unwrap();
            assert!(!bytes.is_empty(), "{file}");
            assert!(!bytes.windows(6).any(|window| window == b"canary"), "{file}");
        }
        drop(writer);
        let read = |reader: Connection| reader.query_row("SELECT a FROM t", [], |row| row.get::<_, String>(0));
        assert_eq!(read(open_reader(&path, Some(&key)).unwrap()).unwrap(), "canary");
        assert!(matches!(open_reader(&path, Some(&other)), Err(OpenError::WrongKey)));
        assert!(matches!(open_writer(&path, None), Err(OpenError::Encrypted)));
        let plain = folder.path().join("plain.sqlite");
        let writer = open_writer(&plain, None).unwrap();
        writer.execute_batch("CREATE TABLE t (a ANY) STRICT").unwrap();
        assert!(matches!(open_reader(&plain, Some(&key)), Err(OpenError::Plain)));
    }

    #[test]
    fn a_missing_file_is_not_made_by_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open_reader(&folder.path().join("none.sqlite"), None).is_err());
    }
}
