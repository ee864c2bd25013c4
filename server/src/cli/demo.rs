//! `menpai demo`: makes a lived-in demo community; `menpai demo roster`: the workbook that it
//! begins with.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{DataArguments, Outcome, demo_roster};
use crate::demo;

/// Days of work that a demo has behind it.
pub(super) const MOST_DAYS: i64 = 365;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Days of work until today
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=MOST_DAYS))]
    days: u32,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Subcommand)]
enum What {
    /// Write a roster of invented people: 4 grids, about 2,400 households, 6,000 persons
    Roster(demo_roster::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(What::Roster(roster)) = &arguments.what {
        return demo_roster::run(roster);
    }
    let data = &arguments.data.data;
    if demo::make_lived_in(data, arguments.days)? {
        println!("{}: a demo with {} days of work", data.display(), arguments.days);
    } else {
        println!("{}: there is a home already; nothing was made", data.display());
    }
    Ok(ExitCode::SUCCESS)
}
