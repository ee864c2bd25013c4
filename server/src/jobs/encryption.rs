//! Encrypts the databases of a data folder, makes them plain again, or gives them another key. Each
//! file is written anew beside the old one, compared with it row by row, and then takes its name: it is the
//! old one or the new one at every moment, and a run that was cut short goes on where it was. Refuses a
//! folder that a server has open, and a file that neither key opens.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;

use crate::data_folder::{DataFolder, REWRITING_ENDING};
use crate::fail_points;
use crate::store::connection::{self, OpenError, open_writer};
use crate::store::database_key::DatabaseKey;
use crate::store::rewriting::{content, export, is_sound, move_into_file};

/// Why a file is not written anew. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// It cannot be opened, by neither key.
    #[error("{}: {source}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// SQLite failed.
    #[error("{}: {source}", path.display())]
    Sql {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was written is not what was read.
    #[error("{}: what was written does not read back the same; the old file stays", .0.display())]
    Differs(PathBuf),
}

/// Writes every database of a folder with `new`, `None` for plain, that was written with `old`. Says how many
/// were; the others were so already.
///
/// # Errors
/// [`EncryptionError`]; what was done before stays done.
pub fn rewrite(
    folder: &DataFolder,
    old: Option<&DatabaseKey>,
    new: Option<&DatabaseKey>,
) -> Result<usize, EncryptionError> {
    let mut count = 0;
    for path in databases(folder)? {
        if !is_of(&path, new) {
            let draft = path.with_extension(REWRITING_ENDING);
            // What was opened must not lie about; after a kill the next who opens the folder removes it.
            rewrite_file(&path, &draft, old, new).inspect_err(|_| drop(fs::remove_file(&draft)))?;
            count += 1;
        }
    }
    Ok(count)
}

fn databases(folder: &DataFolder) -> Result<Vec<PathBuf>, EncryptionError> {
    let communities = folder.communities();
    let mut paths = vec![folder.node_file()];
    for entry in fs::read_dir(&communities).map_err(file(&communities))? {
        let path = entry.map_err(file(&communities))?.path();
        if path.extension() == Some(OsStr::new("sqlite")) {
            paths.push(path);
        }
    }
    paths.retain(|path| path.is_file());
    Ok(paths)
}

/// Whether a file is written with a key already. A plain one with changes in its write-ahead log is plain.
fn is_of(path: &Path, key: Option<&DatabaseKey>) -> bool {
    connection::open(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE).is_ok()
}

fn rewrite_file(
    path: &Path,
    draft: &Path,
    old: Option<&DatabaseKey>,
    new: Option<&DatabaseKey>,
) -> Result<(), EncryptionError> {
    let opened = |source| EncryptionError::Open {
        path: path.to_owned(),
        source,
    };
    let sql = |source| EncryptionError::Sql {
        path: path.to_owned(),
        source,
    };
    let connection = open_writer(path, old).map_err(opened)?;
    export(&connection, draft, new).map_err(sql)?;
    let written = connection::open(draft, new, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opened)?;
    let same = content(&connection).map_err(sql)? == content(&written).map_err(sql)?;
    if !same || !is_sound(&written).map_err(sql)? {
        return Err(EncryptionError::Differs(path.to_owned()));
    }
    written.close().map_err(|(_, source)| sql(source))?;
    // With its last connection the old file's write-ahead log goes too, and is gone for good before the new file
    // has the name: it must not be taken for the new one's.
    move_into_file(&connection).map_err(sql)?;
    connection.close().map_err(|(_, source)| sql(source))?;
    let above = path.parent().unwrap_or(Path::new("."));
    sync(draft)?;
    sync(above)?;
    fail_points::pass("database: rewritten");
    fs::rename(draft, path).map_err(file(path))?;
    sync(above)
}

fn sync(path: &Path) -> Result<(), EncryptionError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(file(path))
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> EncryptionError {
    move |source| EncryptionError::File {
        path: path.to_owned(),
        source,
    }
}
