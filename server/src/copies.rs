//! The sealed copies of the nights, as another machine carries them away: which files there are, and nothing that is
//! not sealed. What is asked for by a path outside of them is not there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use menpai_sync_core::ids::{hex, unhex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::age::SEALED_ENDING;

/// What stands beside a database's copy that is whole.
pub const HASH_ENDING: &str = "sha256";
/// Folders of a day's copy that files lie in.
const FOLDERS: [&str; 3] = ["", "communities", "tls"];

/// A sealed file of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFile {
    /// Day, folder and name: `2026-11-24/communities/410102002005.sqlite.age`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Whether the hash lies beside it, as for databases.
    pub hashed: bool,
}

impl SealedFile {
    /// Whether it names a file of a copy and a hash, and nothing else: paths are made of both where it is fetched.
    #[must_use]
    pub fn is_one(&self) -> bool {
        is_sealed_file(&self.path) && unhex(&self.sha256).is_some_and(|hash| hash.len() == 32)
    }
}

/// The sealed files of the copies in a folder. A database without its hash was broken off, and is none.
///
/// # Errors
/// The operating system's.
pub fn list(backups: &Path) -> io::Result<Vec<SealedFile>> {
    let mut files = Vec::new();
    for day in names(backups)? {
        for folder in FOLDERS {
            for name in names(&backups.join(&day).join(folder))? {
                let path = [&*day, folder, &*name].into_iter().filter(|part| !part.is_empty());
                let path = path.collect::<Vec<_>>().join("/");
                let Some(file) = place(backups, &path) else { continue };
                let hash = fs::read_to_string(file.with_added_extension(HASH_ENDING)).ok();
                let hashed = hash.as_deref().and_then(|text| text.split_whitespace().next());
                let sha256 = match hashed {
                    Some(sha256) => sha256.to_owned(),
                    None if name.contains(".sqlite") => continue,
                    None => hash_of(&file)?,
                };
                files.push(SealedFile {
                    path,
                    bytes: file.metadata()?.len(),
                    sha256,
                    hashed: hash.is_some(),
                });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Where a sealed file of a copy lies, if there is one.
#[must_use]
pub fn place(backups: &Path, path: &str) -> Option<PathBuf> {
    let file = backups.join(path);
    (is_sealed_file(path) && file.is_file()).then_some(file)
}

/// Whether a path is that of a copy's sealed file: a day, perhaps a folder, a name that ends as theirs do.
#[must_use]
pub fn is_sealed_file(path: &str) -> bool {
    let Some((day, rest)) = path.split_once('/') else {
        return false;
    };
    let (folder, name) = rest.split_once('/').map_or(("", rest), |(folder, name)| (folder, name));
    let is_day = day.parse::<NaiveDate>().is_ok_and(|parsed| parsed.to_string() == day);
    let is_folder = FOLDERS.contains(&folder) && (folder.is_empty() != rest.contains('/'));
    let is_sealed = name.strip_suffix(SEALED_ENDING).is_some_and(|name| name.ends_with('.'));
    is_day && is_folder && is_sealed && !name.starts_with('.') && !name.contains('/')
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// The operating system's.
pub fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let found = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        found => found?,
    };
    let mut names = Vec::new();
    for entry in found {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sealed_files_of_a_day_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("2026-11-24");
        fs::create_dir_all(day.join("communities")).unwrap();
        for name in [
            "receipt-key.age",
            "receipt-key",
            "node.sqlite.age",
            ".node.sqlite.age.new",
            "communities/1.sqlite.age",
        ] {
            fs::write(day.join(name), "sealed").unwrap();
        }
        fs::write(folder.path().join("receipt-key.age"), "of no day").unwrap();
        fs::write(day.join("communities/1.sqlite.age.sha256"), "00ff  1.sqlite.age\n").unwrap();
        let listed = list(folder.path()).unwrap();
        let paths: Vec<&str> = listed.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            ["2026-11-24/communities/1.sqlite.age", "2026-11-24/receipt-key.age"]
        );
        assert_eq!((listed[0].sha256.as_str(), listed[0].hashed), ("00ff", true));
        let strange = |sha256: &str| SealedFile {
            sha256: sha256.to_owned(),
            ..listed[1].clone()
        };
        assert!(listed[1].is_one());
        for sha256 in ["00ff", "", "/../../../etc/passwd", &"0g".repeat(32), &"00".repeat(33)] {
            assert!(!strange(sha256).is_one(), "{sha256}");
        }
        for path in [
            "receipt-key.age",
            "2026-11-24/receipt-key",
            "2026-11-24/../2026-11-24/receipt-key.age",
            "2026-11-24/tls/../receipt-key.age",
            "2026-11-24//receipt-key.age",
            "../2026-11-24/receipt-key.age",
            "/2026-11-24/receipt-key.age",
            "2026-11-24/.node.sqlite.age.new",
        ] {
            assert_eq!(place(folder.path(), path), None, "{path}");
        }
    }
}
