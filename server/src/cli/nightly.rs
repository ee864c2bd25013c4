//! `menpai nightly`: closes the day now. In a running server, if there is one.

use std::process::ExitCode;

use clap::Args;
use menpai_sync_core::time::Instant;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

/// Some step did not do what it should.
const EXIT_FAILED_STEP: u8 = 2;

#[derive(Args)]
pub(super) struct Arguments {
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    /// As if it were then, for tests: 2026-11-24T02:00:00.000+08:00
    #[arg(long, value_name = "INSTANT", hide = true)]
    now: Option<Instant>,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let request = Request::Nightly { now: arguments.now };
    let report = match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Night(report) => report,
        other => return other.unexpected(),
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else if report.steps.is_empty() {
        println!("nothing to do: the day is closed");
    }
    for step in report.steps.iter().filter(|_| !arguments.json) {
        let outcome = if step.done { "done" } else { "FAILED" };
        println!(
            "{} {} {:6} {outcome}: {}",
            step.community, step.day, step.step, step.detail
        );
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED_STEP)
    })
}
