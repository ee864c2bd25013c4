//! `menpai import roster`: shows what a roster would change, or changes it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use menpai_sync_core::ids::CommunityCode;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::office::import::ImportReport;

/// Some rows were rejected.
const EXIT_REJECTED: u8 = 2;
/// More findings than fit a screen are for --json.
const SHOWN_REJECTIONS: usize = 50;

#[derive(Args)]
pub(super) struct Arguments {
    /// Roster, .xlsx or .csv
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Into which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// Write; without it nothing is written
    #[arg(long)]
    apply: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    // A running server does the work: it may stand in another folder.
    let file = arguments
        .file
        .canonicalize()
        .map_err(|error| format!("{}: {error}", arguments.file.display()))?;
    let request = Request::ImportRoster {
        file,
        community: arguments.community,
        apply: arguments.apply,
    };
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} entries, {elapsed}")?);
    let answer = control::perform(&arguments.data.data, &request, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let report = match answer {
        Answer::Imported(report) => report,
        Answer::Failed { message } => return Err(message.into()),
        other => return Err(format!("unexpected answer {other:?}").into()),
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.rejected == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_REJECTED)
    })
}

fn print(report: &ImportReport) {
    let create = &report.create;
    println!(
        "rows {}  importable {}  rejected {}",
        report.rows, report.importable, report.rejected
    );
    for rejected in report.rejections.iter().take(SHOWN_REJECTIONS) {
        println!(
            "  row {} {}: {} {}",
            rejected.row, rejected.column, rejected.zh, rejected.en
        );
    }
    if report.rejections.len() > SHOWN_REJECTIONS {
        println!(
            "  … and {} more; see --json",
            report.rejections.len() - SHOWN_REJECTIONS
        );
    }
    println!("{}:", if report.applied { "created" } else { "would create" });
    for (what, count) in [
        ("grids 网格", create.grid),
        ("compounds 院", create.compound),
        ("buildings 楼栋", create.building),
        ("doors 门牌", create.dwelling),
        ("households 户", create.household),
        ("persons 人", create.person),
        ("care plans 探访计划", create.care_plan),
    ] {
        println!("  {count:>6}  {what}");
    }
    println!(
        "rows that change something {}, that say nothing new {}",
        report.changed, report.unchanged
    );
    if report.applied {
        println!("wrote {} entries", report.entries);
        if report.held > 0 {
            println!("held back: {}", report.held);
        }
    } else {
        println!("wrote nothing 未写入任何内容");
    }
}
