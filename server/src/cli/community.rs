//! `menpai community`: the communities of this home.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use menpai_sync_core::ids::CommunityCode;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Begin a community in this home; its grids and people come with the roster
    Found(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Its 12-digit division code
    #[arg(value_name = "CODE")]
    community: CommunityCode,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Found(arguments) = command;
    let request = Request::FoundCommunity {
        community: arguments.community,
    };
    match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Founded { name, new } => {
            let code = arguments.community;
            println!("{code} {name}: {}", if new { "founded" } else { "is here already" });
            if new && name == code.to_string() {
                println!("no division of that code is known here: check it, or menpai import divisions TABLE");
            }
            println!("next: menpai import roster --community {code} FILE");
            println!("then: menpai account add NAME --community {code} --name 姓名 --role community_secretary");
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}
