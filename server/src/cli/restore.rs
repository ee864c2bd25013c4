//! `menpai restore`: a night's copy as a data folder again.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Outcome;
use crate::jobs::restore;
use crate::store::database_key::{KEY_FILE_VARIABLE, KEY_NAME};

#[derive(Args)]
pub(super) struct Arguments {
    /// The copy: backups/<day>, wherever it was kept
    copy: PathBuf,
    /// A folder that does not exist yet; it becomes the data folder
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// File of the key that opens a sealed copy, as age-keygen wrote it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let identity = match &arguments.identity {
        Some(path) => Some(restore::read_identity(path)?),
        None => None,
    };
    let files = restore::restore(&arguments.copy, identity.as_ref(), &arguments.to)?;
    println!("{files} files in {}", arguments.to.display());
    let key = arguments.to.join(KEY_NAME);
    if key.exists() {
        println!(
            "its databases are encrypted: move {} to where keys are kept, and name it in {KEY_FILE_VARIABLE}",
            key.display()
        );
    }
    println!(
        "put the newest erasures.ndjson into it, then: menpai verify --data {}",
        arguments.to.display()
    );
    Ok(ExitCode::SUCCESS)
}
