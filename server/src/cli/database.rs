//! `menpai database`: whether the databases of a data folder are encrypted, and with which key.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{DataArguments, Outcome};
use crate::data_folder::DataFolder;
use crate::jobs::encryption;
use crate::store::database_key::{DatabaseKey, KEY_FILE_VARIABLE};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Print a new key; keep it where the data folder is not, and a copy of it in a safe
    NewKey,
    /// Encrypt the databases with the key that the environment has; the server must not run
    Encrypt {
        /// File of the key that they are encrypted with now, if they are
        #[arg(long, value_name = "FILE")]
        old_key: Option<PathBuf>,
        #[command(flatten)]
        data: DataArguments,
    },
    /// Make the databases plain again; the server must not run
    Decrypt {
        #[command(flatten)]
        data: DataArguments,
    },
}

pub(super) fn run(command: Command) -> Outcome {
    match command {
        Command::NewKey => {
            print!("{}", DatabaseKey::random().to_text());
            Ok(ExitCode::SUCCESS)
        }
        Command::Encrypt { old_key, data } => {
            let old = old_key.map(|path| DatabaseKey::read(&path)).transpose()?;
            rewrite(&data, old.as_ref(), Some(&key()?), "encrypted")
        }
        Command::Decrypt { data } => rewrite(&data, Some(&key()?), None, "made plain"),
    }
}

fn rewrite(data: &DataArguments, old: Option<&DatabaseKey>, new: Option<&DatabaseKey>, how: &str) -> Outcome {
    if !data.data.is_dir() {
        return Err(format!("{} is no folder: name one with --data", data.data.display()).into());
    }
    let folder = DataFolder::open(&data.data)?;
    let count = encryption::rewrite(&folder, old, new)?;
    println!("{count} databases {how}");
    if new.is_some() && folder.backups().exists() {
        println!("copies in {} are as they were made", folder.backups().display());
    }
    Ok(ExitCode::SUCCESS)
}

fn key() -> Result<DatabaseKey, Box<dyn std::error::Error>> {
    DatabaseKey::from_environment()?.ok_or_else(|| {
        format!("no key: name its file in {KEY_FILE_VARIABLE}; `menpai database new-key` prints a new one").into()
    })
}
