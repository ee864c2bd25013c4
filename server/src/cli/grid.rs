//! `menpai grid`: grids are split and merged. Without --apply it only says what that comes to.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use menpai_sync_core::ids::CommunityCode;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::office::grids::NamedChange;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Move buildings, with everybody in them, to another grid or a new one; moving back undoes it
    Move(Move),
    /// Move everything to another grid and end the roles in this one
    Merge(Merge),
}

#[derive(Args)]
pub(super) struct Move {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    to: To,
    /// Name or id of a building; may be given several times
    #[arg(long = "building", value_name = "BUILDING", required = true)]
    buildings: Vec<String>,
}

#[derive(Args)]
pub(super) struct Merge {
    #[command(flatten)]
    common: Common,
    /// Name or code of the grid that takes it over
    #[arg(long, value_name = "GRID")]
    into: String,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct To {
    /// Name or code of the grid that is to have them
    #[arg(long, value_name = "GRID")]
    to: Option<String>,
    /// Name of a new grid that is to have them
    #[arg(long, value_name = "NAME")]
    new: Option<String>,
}

#[derive(Args)]
struct Common {
    #[command(flatten)]
    data: DataArguments,
    /// In which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// Name or code of the grid that has them now
    #[arg(long, value_name = "GRID")]
    from: String,
    /// Account that is to work there from now on, in its role of now; may be given several times
    #[arg(long = "worker", value_name = "ACCOUNT")]
    workers: Vec<String>,
    /// Do it
    #[arg(long)]
    apply: bool,
}

pub(super) fn run(command: Command) -> Outcome {
    let (common, to, new, buildings) = match command {
        Command::Move(Move { common, to, buildings }) => match (to.to, to.new) {
            (Some(to), _) => (common, to, false, Some(buildings)),
            (None, Some(name)) => (common, name, true, Some(buildings)),
            (None, None) => return Err("say --to or --new".into()),
        },
        Command::Merge(Merge { common, into }) => (common, into, false, None),
    };
    let change = NamedChange {
        community: common.community,
        from: common.from,
        to,
        new,
        buildings,
        workers: common.workers,
        apply: common.apply,
    };
    say(&common.data.data, change)
}

fn say(data: &Path, change: NamedChange) -> Outcome {
    let (apply, to) = (change.apply, change.to.clone());
    match control::perform(data, &Request::ChangeGrids(change), &mut |_, _| {})? {
        Answer::Moved { doors, people, ended } if apply => {
            println!("{doors} doors and {people} people are in {to} now; {ended} roles ended");
            println!("phones of both grids fetch them again at their next contact");
            Ok(ExitCode::SUCCESS)
        }
        Answer::Moved { doors, people, .. } => {
            println!("{doors} doors and {people} people would be in {to}; nothing has moved yet: say --apply");
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}
