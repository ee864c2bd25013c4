//! The data folder: where everything a home keeps lies, and the lock that makes one process
//! its only writer. Refuses a second writer, naming the first. The folder is 0700, what is
//! secret in it 0600.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use menpai_sync_core::ids::{CommunityCode, hex, unhex};
use menpai_sync_core::signature::Signer;

use crate::age::{KeyError, Recipient};
use crate::clock;
use crate::packet::CourierKeys;
use crate::sealing::SealingKey;

/// Folder of the communities' databases.
const COMMUNITIES: &str = "communities";
/// File of the key that receipts are signed with.
const RECEIPT_KEY: &str = "receipt-key";
/// File of the keys that packets are sealed to.
const COURIER_KEY: &str = "courier-key";
/// File of the key that secrets in the node's database are sealed with.
const SEALING_KEY: &str = "sealing-key";
/// File of those whom the nights' copies are sealed for.
const BACKUP_RECIPIENTS: &str = "backup-recipients.txt";
/// Folder of the certificates of machines that carry copies away.
const MACHINES: &str = "machines";
/// Folder of the nights' copies.
const BACKUPS: &str = "backups";
/// What the name of a database ends in that is being written anew with another key.
pub const REWRITING_ENDING: &str = "rewriting";
/// Name of the node's own database: a folder that has it is a home's.
pub const NODE_FILE: &str = "node.sqlite";

/// Why the folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// Another process writes to it.
    #[error("{} is in use by {holder}", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// What the other process wrote into the lock.
        holder: String,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// It is a night's copy inside another data folder: whoever opens it begins a new life of its
    /// logs, so that it would be no copy any more.
    #[error("{} is a night's copy: copy the folder to another place and open it there", path.display())]
    IsCopy {
        /// The folder.
        path: PathBuf,
    },
    /// The courier keys' file holds something else.
    #[error("{}: not private keys, one a line; restore it from backup, or packets on their way cannot be opened", path.display())]
    CourierKey {
        /// The file.
        path: PathBuf,
    },
    /// The file of those whom copies are sealed for holds something else.
    #[error("{} line {line}: {error}", path.display())]
    BackupRecipient {
        /// The file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
        /// Why.
        error: KeyError,
    },
    /// The sealing key's file holds something else.
    #[error("{}: not 32 bytes in hexadecimal; restore it from backup, or reset every second factor", path.display())]
    SealingKey {
        /// The file.
        path: PathBuf,
    },
    /// The receipt key's file holds no key.
    #[error("{}: not a private key; restore it from backup, or phones will not believe this home", path.display())]
    ReceiptKey {
        /// The file.
        path: PathBuf,
    },
}

/// An open data folder; closing it (drop) gives the lock back.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// The database of one community in a data folder that nobody here has opened.
#[must_use]
pub fn community_file(folder: &Path, community: CommunityCode) -> PathBuf {
    folder.join(COMMUNITIES).join(format!("{community}.sqlite"))
}

impl DataFolder {
    /// Makes the folder where it is missing and takes its lock.
    ///
    /// # Errors
    /// [`DataFolderError::InUse`] while another process has it.
    pub fn open(path: &Path) -> Result<DataFolder, DataFolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataFolderError::Io { path, source }
        };
        let private = |path: &Path| {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(failed(path))
        };
        private(path)?;
        let path = &path.canonicalize().map_err(failed(path))?;
        let above = path.parent().filter(|above| above.ends_with(BACKUPS));
        if above
            .and_then(Path::parent)
            .is_some_and(|home| home.join(NODE_FILE).is_file())
        {
            return Err(DataFolderError::IsCopy { path: path.clone() });
        }
        private(&path.join(COMMUNITIES))?;
        private(&path.join("tls"))?;

        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Best effort: the holder may be writing this very moment.
                let _ = lock.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    text => text.to_owned(),
                };
                return Err(DataFolderError::InUse {
                    path: path.clone(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&lock_path)(error)),
        }
        let command = std::env::args().nth(1).unwrap_or_default();
        let holder = format!(
            "menpai {command}, process {}, since {}\n",
            std::process::id(),
            clock::now()
        );
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(holder.as_bytes()))
            .map_err(failed(&lock_path))?;
        for folder in [path, &path.join(COMMUNITIES)] {
            remove_rewriting(folder).map_err(failed(folder))?;
        }
        Ok(DataFolder {
            path: path.clone(),
            _lock: lock,
        })
    }

    /// The folder itself, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The node's own database.
    #[must_use]
    pub fn node_file(&self) -> PathBuf {
        self.path.join(NODE_FILE)
    }

    /// Folder of the communities' databases.
    #[must_use]
    pub fn communities(&self) -> PathBuf {
        self.path.join(COMMUNITIES)
    }

    /// The database of one community.
    #[must_use]
    pub fn community_file(&self, community: CommunityCode) -> PathBuf {
        community_file(&self.path, community)
    }

    /// Folder of the local authority and the server's certificate.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.path.join("tls")
    }

    /// Folder of the certificates of machines that may carry copies away.
    #[must_use]
    pub fn machines(&self) -> PathBuf {
        self.path.join(MACHINES)
    }

    /// Folder of the copies that the nights keep, one folder for each day.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.path.join(BACKUPS)
    }

    /// The files that a home cannot be started again without, beside the databases.
    ///
    /// # Errors
    /// The operating system's.
    pub fn secrets(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = vec![
            self.path.join(RECEIPT_KEY),
            self.path.join(COURIER_KEY),
            self.path.join(SEALING_KEY),
        ];
        for file in fs::read_dir(self.tls())? {
            files.push(file?.path());
        }
        files.retain(|file| file.is_file());
        Ok(files)
    }

    /// Logins of the demo.
    #[must_use]
    pub fn demo_logins(&self) -> PathBuf {
        self.path.join("demo-logins.txt")
    }

    /// The home's receipt key, made at first use.
    ///
    /// # Errors
    /// [`DataFolderError::ReceiptKey`] if the file holds something else: a new key would make
    /// every receipt given so far unbelievable, so none is made silently.
    pub fn receipt_key(&self) -> Result<Signer, DataFolderError> {
        let (path, text) = self.secret(RECEIPT_KEY)?;
        read_key(text.trim()).ok_or(DataFolderError::ReceiptKey { path })
    }

    /// The keys that packets are sealed to, made at first use: one a line, the newest last.
    ///
    /// # Errors
    /// [`DataFolderError::CourierKey`] if the file holds something else.
    pub fn courier_keys(&self) -> Result<CourierKeys, DataFolderError> {
        let (path, text) = self.secret(COURIER_KEY)?;
        let keys: Option<Vec<Signer>> = text.lines().map(read_key).collect();
        keys.and_then(CourierKeys::new)
            .ok_or(DataFolderError::CourierKey { path })
    }

    /// The key that secrets in the node's database are sealed with, made at first use.
    ///
    /// # Errors
    /// [`DataFolderError::SealingKey`] if the file holds something else.
    pub fn sealing_key(&self) -> Result<SealingKey, DataFolderError> {
        let (path, text) = self.secret(SEALING_KEY)?;
        let bytes = unhex(text.trim()).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes
            .and_then(|bytes| SealingKey::new(&bytes))
            .ok_or(DataFolderError::SealingKey { path })
    }

    /// Those whom the nights' copies are sealed for: a line each, `#` begins a comment. None: they are
    /// not sealed.
    ///
    /// # Errors
    /// [`DataFolderError::BackupRecipient`]: whoever meant to seal must not get plain copies.
    pub fn backup_recipients(&self) -> Result<Vec<Recipient>, DataFolderError> {
        let path = self.path.join(BACKUP_RECIPIENTS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(DataFolderError::Io { path, source }),
        };
        let lines = (1..).zip(text.lines().map(str::trim));
        lines
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
            .map(|(line, text)| {
                text.parse().map_err(|error| DataFolderError::BackupRecipient {
                    path: path.clone(),
                    line,
                    error,
                })
            })
            .collect()
    }

    /// A file of secret keys, with one where it is missing.
    fn secret(&self, name: &str) -> Result<(PathBuf, String), DataFolderError> {
        let path = self.path.join(name);
        let failed = |source| DataFolderError::Io {
            path: path.clone(),
            source,
        };
        if !path.exists() {
            write_private(&path, format!("{}\n", hex(&new_secret_key())).as_bytes()).map_err(failed)?;
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        Ok((path, text))
    }
}

/// What was cut short in the midst of giving a database another key: it may be plain where the database is not.
fn remove_rewriting(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        // With the journals beside it.
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending.split('-').next() == Some(REWRITING_ENDING) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn read_key(line: &str) -> Option<Signer> {
    let bytes = <[u8; 32]>::try_from(unhex(line)?).ok()?;
    Signer::from_bytes(&bytes).ok()
}

/// 32 random bytes that are a P-256 secret scalar.
#[must_use]
pub fn new_secret_key() -> [u8; 32] {
    loop {
        let bytes = clock::random();
        if Signer::from_bytes(&bytes).is_ok() {
            return bytes;
        }
    }
}

/// Writes a file that its owner alone may read; whole or not at all, even on a power cut.
///
/// # Errors
/// The operating system's.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let draft = path.with_file_name(format!(".{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_writer_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        let refused = DataFolder::open(&path).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn a_nights_copy_is_opened_elsewhere_only() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        drop(DataFolder::open(&data).unwrap());
        fs::write(data.join(NODE_FILE), "").unwrap();
        let copy = data.join(BACKUPS).join("2026-11-24");
        fs::create_dir_all(&copy).unwrap();
        assert!(matches!(DataFolder::open(&copy), Err(DataFolderError::IsCopy { .. })));
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&copy, &elsewhere).unwrap();
        DataFolder::open(&elsewhere).unwrap();
    }

    #[test]
    fn the_folder_and_its_secrets_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(&folder.path().join("data")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let key = data.receipt_key().unwrap().public_key();
        assert_eq!(data.receipt_key().unwrap().public_key(), key);
        assert_eq!(mode(data.path()), 0o700);
        assert_eq!(mode(&data.path().join("receipt-key")), 0o600);
        fs::write(data.path().join("receipt-key"), "no key").unwrap();
        assert!(matches!(data.receipt_key(), Err(DataFolderError::ReceiptKey { .. })));
        let courier = data.courier_keys().unwrap().newest();
        assert_ne!(courier, key);
        assert_eq!(data.courier_keys().unwrap().newest(), courier);
        assert_eq!(mode(&data.path().join("courier-key")), 0o600);
        fs::write(data.path().join("courier-key"), "").unwrap();
        assert!(matches!(data.courier_keys(), Err(DataFolderError::CourierKey { .. })));
        let sealed = data.sealing_key().unwrap().seal("", b"secret").unwrap();
        assert_eq!(data.sealing_key().unwrap().open("", &sealed).unwrap(), b"secret");
        assert_eq!(mode(&data.path().join("sealing-key")), 0o600);
        fs::write(data.path().join("sealing-key"), "00").unwrap();
        assert!(matches!(data.sealing_key(), Err(DataFolderError::SealingKey { .. })));
    }
}
