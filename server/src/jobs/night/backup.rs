//! Copies that a home can be started on: `backups/<day>/` is a data folder of that night, each
//! database with its SHA-256 beside it, as sha256sum writes it. A copy without one was broken
//! off and is made again. Seven days are kept.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use menpai_sync_core::ids::hex;
use sha2::{Digest, Sha256};

use super::{NightError, point};
use crate::data_folder::{NODE_FILE, write_private};
use crate::home::Home;
use crate::store::community::copy;
use crate::sync::Community;

/// Days of which copies are kept.
const KEPT: usize = 7;
/// What stands beside a copy that is whole.
const HASH_ENDING: &str = "sha256";

/// Keeps a copy of a community's file; says how large it is.
///
/// # Errors
/// [`NightError`]; then there is no copy of that name, or the one before.
pub(super) fn community(home: &Home, community: &Community, day: NaiveDate) -> Result<String, NightError> {
    let folder = home.folder.backups().join(day.to_string()).join("communities");
    make_folder(&folder)?;
    let name = format!("{}.sqlite", community.identity().code);
    keep(&folder.join(name), |draft| {
        community.query(|connection| Ok(copy::copy(connection, draft)?))?;
        point("backup: copied");
        let findings = copy::findings(draft)?;
        if findings.is_empty() {
            Ok(())
        } else {
            Err(NightError::Findings(format!("the copy: {}", findings.join("; "))))
        }
    })
}

/// Keeps a copy of the node's own file, with the keys.
///
/// # Errors
/// [`NightError`].
pub(super) fn node(home: &Home, day: NaiveDate) -> Result<String, NightError> {
    let folder = home.folder.backups().join(day.to_string());
    make_folder(&folder.join("tls"))?;
    for file in home
        .folder
        .secrets()
        .map_err(|error| failed(home.folder.path(), error))?
    {
        let name = file.strip_prefix(home.folder.path()).unwrap_or(&file);
        let bytes = fs::read(&file).map_err(|error| failed(&file, error))?;
        write_private(&folder.join(name), &bytes).map_err(|error| failed(&folder, error))?;
    }
    keep(&folder.join(NODE_FILE), |draft| {
        Ok(home.node_store().read(|connection| copy::copy(connection, draft))?)
    })
}

/// Makes a file by `make`, durable and hashed, under its name only when it is whole.
fn keep(path: &Path, make: impl FnOnce(&Path) -> Result<(), NightError>) -> Result<String, NightError> {
    let draft = draft_of(path);
    let io = |error| failed(path, error);
    remove(&draft).map_err(io)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(io)?;
    make(&draft)?;
    let hash_path = path.with_added_extension(HASH_ENDING);
    let (hash, bytes) = hash_durably(&draft).map_err(io)?;
    // From here until the new hash stands, the copy is not whole.
    remove(&hash_path).map_err(io)?;
    fs::rename(&draft, path).map_err(io)?;
    point("backup: renamed");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    write_private(&hash_path, format!("{hash}  {name}\n").as_bytes()).map_err(io)?;
    Ok(format!("{bytes} bytes, SHA-256 {hash}"))
}

/// Removes copies beyond the newest seven days, and what broken nights left.
///
/// # Errors
/// [`NightError::File`].
pub fn prune(backups: &Path) -> Result<(), NightError> {
    let io = |error| failed(backups, error);
    if !backups.exists() {
        return Ok(());
    }
    let mut days: Vec<(NaiveDate, PathBuf)> = Vec::new();
    for file in fs::read_dir(backups).map_err(io)? {
        let path = file.map_err(io)?.path();
        let day = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        days.extend(day.map(|day| (day, path)));
    }
    days.sort_unstable();
    let old = days.len().saturating_sub(KEPT);
    for (_, path) in &days[..old] {
        fs::remove_dir_all(path).map_err(|error| failed(path, error))?;
    }
    for (_, path) in &days[old..] {
        for folder in [path.clone(), path.join("communities")] {
            let Ok(files) = fs::read_dir(&folder) else { continue };
            for file in files.flatten() {
                let name = file.file_name();
                if name
                    .to_str()
                    .is_some_and(|name| name.starts_with('.') && name.contains(".new"))
                {
                    fs::remove_file(file.path()).map_err(|error| failed(&folder, error))?;
                }
            }
        }
    }
    File::open(backups).and_then(|folder| folder.sync_all()).map_err(io)
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Syncs the file and reads it from its beginning: what is hashed is what was written.
fn hash_durably(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hex(&hash.finalize()), bytes));
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make_folder(path: &Path) -> Result<(), NightError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: io::Error) -> NightError {
    NightError::File {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_days_and_no_broken_copy_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=9 {
            let communities = folder.path().join(format!("2026-11-0{day}")).join("communities");
            fs::create_dir_all(&communities).unwrap();
            fs::write(communities.join(".a.sqlite.new"), "half").unwrap();
            fs::write(communities.join("a.sqlite"), "whole").unwrap();
        }
        fs::create_dir(folder.path().join("by-hand")).unwrap();
        prune(folder.path()).unwrap();
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), 8);
        assert_eq!((names[0].as_str(), names[7].as_str()), ("2026-11-03", "by-hand"));
        let kept = folder.path().join("2026-11-09/communities");
        assert!(kept.join("a.sqlite").exists() && !kept.join(".a.sqlite.new").exists());
    }
}
