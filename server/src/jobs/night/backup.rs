//! Copies that a home can be started on: `backups/<day>/` is a data folder of that night, each
//! database with its SHA-256 beside it, as sha256sum writes it. A copy without one was broken
//! off and is made again. Where the data folder names recipients, each file is sealed to them (`.age`),
//! keys and certificates too, that of encrypted databases among them: this machine cannot read it any more. A day goes only when seven newer days hold whole what it holds whole:
//! however many nights fail, nobody's last good copy is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use menpai_sync_core::ids::CommunityCode;

use super::NightError;
use crate::age::{Recipient, SEALED_ENDING, Sealer};
use crate::clock;
use crate::copies::{HASH_ENDING, hash_of};
use crate::data_folder::{NODE_FILE, community_file, write_private};
use crate::fail_points;
use crate::home::Home;
use crate::store::community::{StoreError, copy};
use crate::store::database_key::KEY_NAME;
use crate::sync::Community;

/// Newest days that are kept whatever they hold, and whole copies newer than one that goes.
const KEPT: usize = 7;

/// Keeps a copy of a community's file; says how large it is.
///
/// # Errors
/// [`NightError`]; then there is no copy of that name, or the one before.
pub(super) fn community(home: &Home, community: &Community, day: NaiveDate) -> Result<String, NightError> {
    let folder = home.folder.backups().join(day.to_string()).join("communities");
    make_folder(&folder)?;
    let name = format!("{}.sqlite", community.identity().code);
    keep(&folder.join(name), &home.backup_recipients, |draft| {
        let key = home.database_key.as_ref();
        community.query(|connection| Ok(copy::copy_community(connection, draft, key, clock::now_ms())?))?;
        fail_points::pass("backup: copied");
        let findings = copy::findings(draft, key)?;
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
        let plain = folder.join(name);
        let sealed = plain.with_added_extension(SEALED_ENDING);
        let written = if home.backup_recipients.is_empty() {
            write_private(&plain, &bytes).and_then(|()| remove(&sealed))
        } else {
            let bytes = seal_bytes(&home.backup_recipients, &bytes)?;
            write_private(&sealed, &bytes).and_then(|()| remove(&plain))
        };
        written.map_err(|error| failed(&folder, error))?;
    }
    // Sealed, it goes along: whoever opens the copy can open its databases. A plain copy is as
    // encrypted as they are, and the key stays out of it.
    let sealed_key = folder.join(KEY_NAME).with_added_extension(SEALED_ENDING);
    let written = match &home.database_key {
        Some(key) if !home.backup_recipients.is_empty() => {
            let bytes = seal_bytes(&home.backup_recipients, key.to_text().as_bytes())?;
            write_private(&sealed_key, &bytes)
        }
        _ => remove(&sealed_key),
    };
    written.map_err(|error| failed(&sealed_key, error))?;
    keep(&folder.join(NODE_FILE), &home.backup_recipients, |draft| {
        let key = home.database_key.as_ref();
        let copied = home
            .node_store()
            .read(|connection| Ok(copy::copy(connection, draft, key)))?;
        Ok(copied.map_err(StoreError::from)?)
    })
}

/// Makes a file by `make`, durable and hashed, under its name only when it is whole; sealed, if it is for
/// somebody. The day's folder has it in one form only.
fn keep(
    path: &Path,
    recipients: &[Recipient],
    make: impl FnOnce(&Path) -> Result<(), NightError>,
) -> Result<String, NightError> {
    let draft = draft_of(path);
    let io = |error| failed(path, error);
    new_private(&draft).map_err(io)?;
    make(&draft)?;
    let sealed_path = path.with_added_extension(SEALED_ENDING);
    if recipients.is_empty() {
        let kept = keep_draft(&draft, path);
        forget(&sealed_path).map_err(io)?;
        return kept;
    }
    let sealed = draft_of(&sealed_path);
    let mut sealer = Sealer::begin(recipients, new_private(&sealed).map_err(io)?).map_err(NightError::Seal)?;
    let copied = File::open(&draft).and_then(|mut plain| io::copy(&mut plain, &mut sealer));
    copied.map_err(io)?;
    sealer.finish().map_err(NightError::Seal)?;
    remove(&draft).map_err(io)?;
    let kept = keep_draft(&sealed, &sealed_path)?;
    forget(path).map_err(io)?;
    Ok(format!("{kept}, sealed"))
}

/// Gives a draft its name once it is durable, and writes its hash beside it.
fn keep_draft(draft: &Path, path: &Path) -> Result<String, NightError> {
    let io = |error| failed(path, error);
    let hash_path = path.with_added_extension(HASH_ENDING);
    let (hash, bytes) = hash_durably(draft).map_err(io)?;
    // From here until the new hash stands, the copy is not whole.
    remove(&hash_path).map_err(io)?;
    fs::rename(draft, path).map_err(io)?;
    fail_points::pass("backup: renamed");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    write_private(&hash_path, format!("{hash}  {name}\n").as_bytes()).map_err(io)?;
    Ok(format!("{bytes} bytes, SHA-256 {hash}"))
}

/// Removes a copy with its hash.
fn forget(path: &Path) -> io::Result<()> {
    remove(&path.with_added_extension(HASH_ENDING))?;
    remove(path)
}

fn new_private(path: &Path) -> io::Result<File> {
    remove(path)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn seal_bytes(recipients: &[Recipient], plain: &[u8]) -> Result<Vec<u8>, NightError> {
    let mut sealer = Sealer::begin(recipients, Vec::new()).map_err(NightError::Seal)?;
    sealer
        .write_all(plain)
        .map_err(|error| NightError::Seal(error.into()))?;
    sealer.finish().map_err(NightError::Seal)
}

/// Removes the days that newer ones replace, and what broken nights left. A day goes when it is
/// not one of the newest seven, and of each database it holds whole seven newer days hold a
/// whole copy too. Of a community that is not one of the home's `communities` the newest seven
/// days alone are kept: no night copies it again.
///
/// # Errors
/// [`NightError::File`].
pub fn prune(backups: &Path, communities: &[CommunityCode]) -> Result<(), NightError> {
    let io = |error| failed(backups, error);
    if !backups.exists() {
        return Ok(());
    }
    let copied_nightly: BTreeSet<PathBuf> = communities
        .iter()
        .map(|code| community_file(Path::new(""), *code))
        .chain([PathBuf::from(NODE_FILE)])
        .collect();
    let mut newer_copies: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (newer_days, path) in days(backups).map_err(io)?.into_iter().rev().enumerate() {
        let whole = whole_copies(&path).map_err(|error| failed(&path, error))?;
        let enough_newer = |name| newer_copies.get(name).is_some_and(|count| *count >= KEPT);
        if newer_days >= KEPT && whole.intersection(&copied_nightly).all(enough_newer) {
            fs::remove_dir_all(&path).map_err(|error| failed(&path, error))?;
            continue;
        }
        remove_drafts(&path).map_err(|error| failed(&path, error))?;
        for name in whole {
            *newer_copies.entry(name).or_default() += 1;
        }
    }
    File::open(backups).and_then(|folder| folder.sync_all()).map_err(io)
}

/// The folders that are named as a night names them, the oldest first.
fn days(backups: &Path) -> io::Result<Vec<PathBuf>> {
    let mut days: Vec<(NaiveDate, PathBuf)> = Vec::new();
    for file in fs::read_dir(backups)? {
        let file = file?;
        let name = file.file_name();
        let day = name.to_str().and_then(|name| name.parse::<NaiveDate>().ok());
        let day = day.filter(|day| name == *day.to_string());
        if file.file_type()?.is_dir() {
            days.extend(day.map(|day| (day, file.path())));
        }
    }
    days.sort_unstable();
    Ok(days.into_iter().map(|(_, path)| path).collect())
}

/// The databases of a day that have their hash beside them, as paths in the day's folder, whether they
/// are sealed or not.
fn whole_copies(day: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let hashed = files_of(day)?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == HASH_ENDING))
        .map(|file| file.with_extension(""))
        .filter(|file| file.is_file());
    let plain_name = |file: PathBuf| {
        let sealed = file.extension().is_some_and(|ending| ending == SEALED_ENDING);
        if sealed { file.with_extension("") } else { file }
    };
    Ok(hashed
        .filter_map(|file| Some(plain_name(file.strip_prefix(day).ok()?.to_owned())))
        .collect())
}

fn remove_drafts(day: &Path) -> io::Result<()> {
    for file in files_of(day)? {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') && name.contains(".new") {
            remove(&file)?;
        }
    }
    Ok(())
}

/// What lies in a day's folder and in the folders that a night makes there.
fn files_of(day: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in [day.to_owned(), day.join("communities"), day.join("tls")] {
        match fs::read_dir(&folder) {
            Ok(found) => {
                for file in found {
                    files.push(file?.path());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Syncs the file and reads it from its beginning: what is hashed is what was written.
fn hash_durably(path: &Path) -> io::Result<(String, u64)> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok((hash_of(path)?, file.metadata()?.len()))
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

    const NIGHTLY: [&str; 2] = ["410102002005", "410102002006"];

    fn codes(codes: &[&str]) -> Vec<CommunityCode> {
        codes.iter().map(|code| code.parse().unwrap()).collect()
    }

    /// A night's folder with whole copies of the node's file and of these communities.
    fn night(backups: &Path, day: u32, whole: &[&str]) -> PathBuf {
        let folder = backups.join(format!("2026-11-{day:02}"));
        fs::create_dir_all(folder.join("communities")).unwrap();
        for file in whole
            .iter()
            .map(|code| format!("communities/{code}.sqlite"))
            .chain([NODE_FILE.to_owned()])
        {
            fs::write(folder.join(&file), "whole").unwrap();
            fs::write(folder.join(format!("{file}.sha256")), "hash").unwrap();
        }
        folder
    }

    /// The days of November that are left.
    fn left(backups: &Path) -> Vec<u32> {
        let days = days(backups).unwrap();
        days.iter()
            .map(|day| day.to_str().unwrap().rsplit('-').next().unwrap().parse().unwrap())
            .collect()
    }

    #[test]
    fn of_nine_good_nights_the_newest_seven_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=9 {
            night(folder.path(), day, &NIGHTLY);
        }
        prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        assert_eq!(left(folder.path()), [3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_community_that_fails_for_eight_nights_keeps_its_last_seven_good_copies() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=18 {
            let good = if day <= 10 { &NIGHTLY[..] } else { &NIGHTLY[..1] };
            let made = night(folder.path(), day, good);
            // What fails leaves a copy without hash, or a hash without copy: neither is whole.
            if day > 10 {
                let ending = if day % 2 == 0 { "sqlite" } else { "sqlite.sha256" };
                fs::write(made.join(format!("communities/{}.{ending}", NIGHTLY[1])), "half").unwrap();
            }
            prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        }
        let good = 4..=10;
        assert_eq!(left(folder.path()), good.chain(12..=18).collect::<Vec<_>>());
    }

    #[test]
    fn once_seven_good_copies_follow_the_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=27 {
            let good = if (11..=18).contains(&day) {
                &NIGHTLY[..1]
            } else {
                &NIGHTLY[..]
            };
            night(folder.path(), day, good);
        }
        prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        assert_eq!(left(folder.path()), (21..=27).collect::<Vec<_>>());
    }

    #[test]
    fn a_community_that_is_gone_holds_no_day_back() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=8 {
            night(folder.path(), day, if day == 1 { &NIGHTLY[..] } else { &NIGHTLY[..1] });
        }
        prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        assert_eq!(left(folder.path()).len(), 8);
        prune(folder.path(), &codes(&NIGHTLY[..1])).unwrap();
        assert_eq!(left(folder.path()), (2..=8).collect::<Vec<_>>());
    }

    #[test]
    fn nights_that_kept_nothing_whole_go_too() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=9 {
            let made = night(folder.path(), day, &[]);
            fs::remove_file(made.join("node.sqlite.sha256")).unwrap();
        }
        prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        assert_eq!(left(folder.path()), (3..=9).collect::<Vec<_>>());
    }

    #[test]
    fn what_broke_off_is_removed_and_what_no_night_made_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for day in 2..=9 {
            night(folder.path(), day, &NIGHTLY);
        }
        let newest = folder.path().join("2026-11-09");
        let drafts = [".node.sqlite.new", "communities/.a.sqlite.new-journal"].map(|draft| newest.join(draft));
        let foreign = ["by-hand", "2026-11-1"].map(|name| folder.path().join(name));
        drafts.iter().for_each(|draft| fs::write(draft, "half").unwrap());
        foreign.iter().for_each(|name| fs::create_dir(name).unwrap());
        fs::write(folder.path().join("2026-11-01"), "a file").unwrap();
        prune(folder.path(), &codes(&NIGHTLY)).unwrap();
        assert_eq!(left(folder.path()), (3..=9).collect::<Vec<_>>());
        assert!(drafts.iter().all(|draft| !draft.exists()) && newest.join(NODE_FILE).exists());
        assert!(foreign.iter().all(|name| name.exists()) && folder.path().join("2026-11-01").exists());
    }
}
