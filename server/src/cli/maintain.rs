//! `menpai verify` and `menpai rebuild`: what may be asked of the files at any time.

use std::process::ExitCode;

use clap::Args;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn verify(arguments: &Arguments) -> Outcome {
    run(arguments, &Request::Verify)
}

pub(super) fn rebuild(arguments: &Arguments) -> Outcome {
    run(arguments, &Request::Rebuild)
}

fn run(arguments: &Arguments, request: &Request) -> Outcome {
    match control::perform(&arguments.data.data, request, &mut |_, _| {})? {
        Answer::Maintained { lines, clean } => {
            for line in lines {
                println!("{line}");
            }
            Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        other => other.unexpected(),
    }
}
