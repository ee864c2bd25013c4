//! Puts a night's copy back into a data folder of its own: checks every hash, opens what is sealed.
//! Writes nothing where something is already, and leaves no half of a folder under its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::age::{self, AgeError, Identity, KeyError, SEALED_ENDING};
use crate::copies::{HASH_ENDING, hash_of};
use crate::data_folder::NODE_FILE;

/// Why a copy is not put back. There is no folder of that name then.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something is there already.
    #[error("{} exists: name a folder that does not", .0.display())]
    Exists(PathBuf),
    /// It is not a night's copy, or not a whole one.
    #[error("{} is no whole copy: {NODE_FILE} is missing, or its hash", .0.display())]
    NoCopy(PathBuf),
    /// Its hash is another.
    #[error("{} was changed since it was copied: its SHA-256 is another", .0.display())]
    Changed(PathBuf),
    /// The copy is sealed.
    #[error("{} is sealed: name the file of the key that opens it with --identity", .0.display())]
    Sealed(PathBuf),
    /// It cannot be opened.
    #[error("{}: {source}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: AgeError,
    },
    /// The identity file holds no identity.
    #[error("{}: {source}", path.display())]
    Identity {
        /// Which.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
}

/// The identity of a file that `age-keygen` made.
///
/// # Errors
/// [`RestoreError`].
pub fn read_identity(path: &Path) -> Result<Identity, RestoreError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    Identity::from_file_text(&text).map_err(|source| RestoreError::Identity {
        path: path.to_owned(),
        source,
    })
}

/// Makes a data folder of a copy; says how many files there are in it.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(copy: &Path, identity: Option<&Identity>, to: &Path) -> Result<usize, RestoreError> {
    if to.exists() {
        return Err(RestoreError::Exists(to.to_owned()));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    let making = to.with_file_name(name);
    if making.exists() {
        fs::remove_dir_all(&making).map_err(failed(&making))?;
    }
    let files = restore_into(copy, identity, &making).inspect_err(|_| {
        // What was opened must not lie about.
        let _ = fs::remove_dir_all(&making);
    })?;
    fs::rename(&making, to).map_err(failed(to))?;
    Ok(files)
}

fn restore_into(copy: &Path, identity: Option<&Identity>, making: &Path) -> Result<usize, RestoreError> {
    let (mut files, mut has_node) = (0, false);
    for folder in ["", "communities", "tls"] {
        let (from, into) = (copy.join(folder), making.join(folder));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&into)
            .map_err(failed(&into))?;
        if !from.is_dir() {
            continue;
        }
        for file in fs::read_dir(&from).map_err(failed(&from))? {
            let path = file.map_err(failed(&from))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default()
                .to_owned();
            let is_hash = path.extension().is_some_and(|ending| ending == HASH_ENDING);
            // A broken night's drafts begin with a dot.
            if !path.is_file() || is_hash || name.starts_with('.') {
                continue;
            }
            let sealed = name.strip_suffix(&format!(".{SEALED_ENDING}"));
            let plain_name = sealed.unwrap_or(&name);
            let hashed = check_hash(&path)?;
            if plain_name.ends_with(".sqlite") && !hashed {
                // Without its hash it is no whole copy; another of them may do.
                continue;
            }
            let into = into.join(plain_name);
            match (sealed, identity) {
                (None, _) => put(&path, &into, |from, to| Ok(io::copy(from, to)?))?,
                (Some(_), None) => return Err(RestoreError::Sealed(path)),
                (Some(_), Some(identity)) => put(&path, &into, |from, to| age::open(identity, from, to))?,
            }
            files += 1;
            has_node |= plain_name == NODE_FILE;
        }
    }
    if has_node {
        Ok(files)
    } else {
        Err(RestoreError::NoCopy(copy.to_owned()))
    }
}

type Reader = BufReader<File>;
type Writer = BufWriter<File>;

fn put(
    from: &Path,
    to: &Path,
    how: impl FnOnce(&mut Reader, &mut Writer) -> Result<u64, AgeError>,
) -> Result<(), RestoreError> {
    let mut reader = BufReader::new(File::open(from).map_err(failed(from))?);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut writer = BufWriter::new(file.map_err(failed(to))?);
    how(&mut reader, &mut writer).map_err(|source| RestoreError::Open {
        path: from.to_owned(),
        source,
    })?;
    let synced = writer.flush().and_then(|()| writer.get_ref().sync_all());
    synced.map_err(failed(to))
}

/// Whether a file has a hash beside it; an error if that is another's.
fn check_hash(path: &Path) -> Result<bool, RestoreError> {
    let hash_path = path.with_added_extension(HASH_ENDING);
    let written = match fs::read_to_string(&hash_path) {
        Ok(written) => written,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(&hash_path)(error)),
    };
    let found = hash_of(path).map_err(failed(path))?;
    if written.split_whitespace().next() == Some(found.as_str()) {
        Ok(true)
    } else {
        Err(RestoreError::Changed(path.to_owned()))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::File { path, source }
}
