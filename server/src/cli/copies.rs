//! `menpai copies`: another machine fetches the sealed copies of a home, so that they do not burn with it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Outcome;
use crate::jobs::carry;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make this machine's own certificate, and print it: it goes into `machines/<name>.pem` of the home's data folder
    Certificate {
        /// Folder that the copies are carried to; the certificate and its key lie in it
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Fetch what is not here yet
    Fetch {
        /// Where the home hands them out: https://<its address>:8444
        #[arg(long, value_name = "URL")]
        from: String,
        /// Whom the home's certificate is trusted by: its tls/authority.pem, or the root of its public authority
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
        /// Folder that they are carried to
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Certificate { to } => {
            print!("{}", std::fs::read_to_string(carry::own_certificate(to)?)?);
        }
        Command::Fetch { from, authority, to } => {
            println!("{} files fetched", carry::carry(from, authority, to)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
