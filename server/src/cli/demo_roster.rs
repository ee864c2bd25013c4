//! `menpai demo roster`: writes the generated roster that the demo community is made of.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Outcome;

#[derive(Args)]
pub(super) struct Arguments {
    /// File to write
    #[arg(value_name = "OUT.xlsx")]
    out: PathBuf,
    /// Another seed makes other people
    #[arg(long, default_value_t = crate::demo::SEED)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    crate::demo::write_roster(&arguments.out, arguments.seed)?;
    println!("{}", arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
