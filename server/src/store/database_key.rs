//! The key that the databases of a home are encrypted with, where its office asks for that (SQLCipher,
//! ADR 26). It is kept out of the data folder, so that a disk or a folder carried away says nothing:
//! it is told to each process by its environment. Refuses what is not 32 bytes in hexadecimal,
//! and a build without the cipher.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use menpai_sync_core::ids::{hex, unhex};
use rusqlite::Connection;

use crate::clock;

/// Environment: path of a file with the key.
pub const KEY_FILE_VARIABLE: &str = "MENPAI_DATABASE_KEY_FILE";
/// Environment: the key itself.
pub const KEY_VARIABLE: &str = "MENPAI_DATABASE_KEY";
/// Name of the key's file in the folder of systemd's credentials, and in a sealed copy.
pub const KEY_NAME: &str = "database-key";
/// Environment: where systemd puts credentials (systemd.exec(5)).
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// What a database begins with that is not encrypted.
const PLAIN_BEGINNING: &[u8; 16] = b"SQLite format 3\0";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseKeyError {
    /// Its file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{place}: not 32 bytes in hexadecimal, as `menpai database new-key` writes them")]
    Unreadable {
        /// The file or the variable.
        place: String,
    },
}

/// 32 random bytes. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseKey([u8; 32]);

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseKey")
    }
}

impl DatabaseKey {
    /// A new one.
    #[must_use]
    pub fn random() -> DatabaseKey {
        DatabaseKey(clock::random())
    }

    /// What this process was told: the file that [`KEY_FILE_VARIABLE`] names, else [`KEY_VARIABLE`], else
    /// systemd's credential [`KEY_NAME`]; `None` where there is none of them.
    ///
    /// # Errors
    /// [`DatabaseKeyError`]: whoever meant to encrypt does not get plain files.
    pub fn from_environment() -> Result<Option<DatabaseKey>, DatabaseKeyError> {
        if let Some(file) = env::var_os(KEY_FILE_VARIABLE) {
            return DatabaseKey::read(Path::new(&file)).map(Some);
        }
        if let Some(text) = env::var_os(KEY_VARIABLE) {
            return DatabaseKey::parse(&text.to_string_lossy())
                .map(Some)
                .ok_or_else(|| DatabaseKeyError::Unreadable {
                    place: KEY_VARIABLE.to_owned(),
                });
        }
        let credential = env::var_os(CREDENTIALS_VARIABLE).map(|folder| Path::new(&folder).join(KEY_NAME));
        credential
            .filter(|file| file.exists())
            .map(|file| DatabaseKey::read(&file))
            .transpose()
    }

    /// The key in a file.
    ///
    /// # Errors
    /// [`DatabaseKeyError`].
    pub fn read(path: &Path) -> Result<DatabaseKey, DatabaseKeyError> {
        let text = fs::read_to_string(path).map_err(|source| DatabaseKeyError::File {
            path: path.to_owned(),
            source,
        })?;
        DatabaseKey::parse(&text).ok_or_else(|| DatabaseKeyError::Unreadable {
            place: path.display().to_string(),
        })
    }

    fn parse(text: &str) -> Option<DatabaseKey> {
        unhex(text.trim())?.try_into().map(DatabaseKey).ok()
    }

    /// As its file holds it.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n", hex(&self.0))
    }

    /// As SQLCipher takes it: the key itself, nothing to be derived from a passphrase.
    pub(super) fn literal(&self) -> String {
        format!("x'{}'", hex(&self.0))
    }
}

/// What lies in a database's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing yet.
    Empty,
    /// A database that anybody can read.
    Plain,
    /// Something that begins like no database: an encrypted one looks so.
    Encrypted,
}

impl Form {
    /// Of a file.
    ///
    /// # Errors
    /// The operating system's; a file that is missing is empty.
    pub fn of(path: &Path) -> io::Result<Form> {
        let mut beginning = Vec::new();
        match fs::File::open(path) {
            Ok(file) => io::Read::read_to_end(&mut io::Read::take(file, 16), &mut beginning)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(match beginning.as_slice() {
            [] => Form::Empty,
            beginning if beginning == PLAIN_BEGINNING => Form::Plain,
            _ => Form::Encrypted,
        })
    }
}

/// Whether this build of SQLite can encrypt.
///
/// # Errors
/// SQLite's.
pub(super) fn has_cipher(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("PRAGMA cipher_version")?;
    statement.exists([])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_never_shown() {
        let key = DatabaseKey::random();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, key.to_text()).unwrap();
        assert_eq!(DatabaseKey::read(&path).unwrap(), key);
        assert_eq!(format!("{key:?}"), "DatabaseKey");
        for bad in ["", "00", "no key", &"zz".repeat(32), &"00".repeat(33)] {
            fs::write(&path, bad).unwrap();
            let error = DatabaseKey::read(&path).unwrap_err();
            assert!(matches!(error, DatabaseKeyError::Unreadable { .. }), "{bad}: {error}");
        }
    }
}
