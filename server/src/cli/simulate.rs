//! `menpai simulate`: a fleet of phones without screens, against a running server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::{DataArguments, Outcome};
use crate::simulate::{Settings, SyncWhen, read_logins, run as run_fleet};

/// Something is still on a phone, or phone and home differ.
const EXIT_UNSENT: u8 = 2;

#[derive(Args)]
pub(super) struct Arguments {
    /// Phones
    #[arg(long, value_name = "N", default_value_t = 8)]
    workers: usize,
    /// Days of work of each phone
    #[arg(long, value_name = "D", default_value_t = 1)]
    days: u32,
    /// Another seed makes other work
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where the server is, as it printed it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Authority to trust over https: tls/authority.pem of the server's data folder
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Accounts and passwords, one a line; without it those of the demo in the data folder
    #[arg(long, value_name = "FILE")]
    logins: Option<PathBuf>,
    /// When phones sync
    #[arg(long, value_enum, default_value = "day")]
    sync: SyncWhen,
    /// At the end, compare every phone's digests with the home's
    #[arg(long)]
    digest: bool,
    /// Phones at work at the same time
    #[arg(long, value_name = "N", default_value_t = 8)]
    at_once: usize,
    /// Seconds that one sync tries before the phone goes on without
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
    /// Write the ids of acknowledged entries to this file, as they come
    #[arg(long, value_name = "FILE")]
    acknowledged: Option<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let logins = arguments
        .logins
        .unwrap_or_else(|| arguments.data.data.join("demo-logins.txt"));
    let report = run_fleet(&Settings {
        workers: arguments.workers,
        days: arguments.days,
        seed: arguments.seed,
        server: arguments.server,
        ca: arguments.ca,
        logins: read_logins(&logins)?,
        sync: arguments.sync,
        digest: arguments.digest,
        at_once: arguments.at_once,
        patience: Duration::from_secs(arguments.patience),
        acknowledged: arguments.acknowledged,
        stop: Arc::default(),
    })?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    let all_arrived = report.unsent == 0 && report.digests_different == 0;
    Ok(if all_arrived {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_UNSENT)
    })
}
