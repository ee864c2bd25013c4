//! `menpai settle`: closes a quarter, so that what is merged of its days later is marked late.

use std::process::ExitCode;

use clap::Args;
use menpai_sync_core::ids::CommunityCode;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::office::settlement::Quarter;

#[derive(Args)]
pub(super) struct Arguments {
    /// Which community
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// Which quarter, for instance 2026Q4; it must be over
    #[arg(long)]
    quarter: Quarter,
    /// What to keep with it
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let request = Request::Settle {
        community: arguments.community,
        quarter: arguments.quarter,
        note: arguments.note.clone(),
    };
    match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Settled { new } => {
            let (code, quarter) = (arguments.community, String::from(arguments.quarter));
            println!(
                "{code} {quarter}: {}",
                if new { "settled" } else { "was settled already" }
            );
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}
