//! `menpai street`: what a street has of its own: what it calls the levels of the responsibility chain.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::divisions::StreetCode;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show what the five levels of the responsibility chain are called, and rename those that are given
    Levels(Levels),
}

#[derive(Args)]
pub(super) struct Levels {
    #[command(flatten)]
    data: DataArguments,
    /// Which street: the first 9 digits of its communities' codes
    #[arg(value_name = "CODE")]
    street: StreetCode,
    /// Name of the street's level; an empty one brings the usual name back, here and below
    #[arg(long = "street", value_name = "NAME")]
    of_street: Option<String>,
    /// Name of the communities' level
    #[arg(long, value_name = "NAME")]
    community: Option<String>,
    /// Name of the level of grids and compounds
    #[arg(long, value_name = "NAME")]
    grid: Option<String>,
    /// Name of the buildings' level
    #[arg(long, value_name = "NAME")]
    building: Option<String>,
    /// Name of the households' level
    #[arg(long, value_name = "NAME")]
    household: Option<String>,
}

pub(super) fn run(command: Command) -> Outcome {
    let Command::Levels(levels) = command;
    let given = [
        ("street", levels.of_street),
        ("community", levels.community),
        ("grid", levels.grid),
        ("building", levels.building),
        ("household", levels.household),
    ];
    let names = given
        .into_iter()
        .filter_map(|(level, name)| Some((level.to_owned(), name?)));
    let request = Request::StreetLevels {
        street: levels.street,
        names: names.collect::<BTreeMap<_, _>>(),
    };
    match control::perform(&levels.data.data, &request, &mut |_, _| {})? {
        Answer::Levels { labels } => {
            for (level, label) in labels {
                println!("{level:<10} {label}");
            }
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}
