//! `menpai import roster`: shows what a roster would change, or changes it and writes the
//! rejected rows into a workbook beside the roster. Exit codes: 0 every row, 2 some rows, 1 no
//! roster or nothing done.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use menpai_roster::{RejectedRow, RosterError, WriteRejectedError, write_rejected};
use menpai_sync_core::ids::CommunityCode;

use super::import_report;
use super::language::Language;
use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};
use crate::office::import::ImportReport;

/// Some rows were rejected.
const EXIT_REJECTED: u8 = 2;
/// Workbooks of rejected rows beside one roster; nobody's mended one is written over.
const MOST_REJECTED_FILES: u32 = 1_000;

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
    /// The day on which ages are judged (default: today)
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<NaiveDate>,
    /// Language of the messages (default: the terminal's)
    #[arg(long, value_name = "zh|en")]
    lang: Option<Language>,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let language = Language::chosen(arguments.lang);
    // A running server does the work: it may stand in another folder.
    let file = match arguments.file.canonicalize() {
        Ok(file) => file,
        Err(error) => {
            let error = RosterError::Unreadable(error);
            let message = error.message();
            return refuse(arguments, error.code(), language.of(&message.zh, &message.en));
        }
    };
    let request = Request::ImportRoster {
        file: file.clone(),
        community: arguments.community,
        apply: arguments.apply,
        today: arguments.today,
    };
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len}, {elapsed}")?);
    let answer = control::perform(&arguments.data.data, &request, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let report = match answer {
        Answer::Imported(report) => report,
        Answer::NotARoster { code, zh, en } => return refuse(arguments, &code, language.of(&zh, &en)),
        other => return other.unexpected(),
    };
    let rejected = if arguments.apply && !report.rejected.is_empty() {
        Some(write_beside(&file, &report, language))
    } else {
        None
    };
    let rejected_file = rejected.as_ref().and_then(|written| written.as_deref().ok());
    if arguments.json {
        println!("{}", import_report::json(&report, rejected_file, language)?);
    } else {
        import_report::print(&report, rejected_file, language);
    }
    if let Some(Err(error)) = &rejected {
        let (zh, en) = (
            "合格的行已导入,但未导入的行没能写成文件",
            "The good rows are imported, but the rejected ones could not be written",
        );
        return Err(format!("{}: {error}", language.of(zh, en)).into());
    }
    Ok(if report.rejected.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_REJECTED)
    })
}

/// Says why nothing was read.
fn refuse(arguments: &Arguments, code: &str, message: &str) -> Outcome {
    if arguments.json {
        println!("{}", import_report::failed_json(code, message)?);
    }
    Err(format!("{}: {message}", arguments.file.display()).into())
}

/// Writes the rejected rows into `<roster>.rejected.xlsx`, or `.rejected-2.xlsx` and so on
/// where that is there.
fn write_beside(file: &Path, report: &ImportReport, language: Language) -> Result<PathBuf, WriteRejectedError> {
    let mut rows: Vec<RejectedRow> = Vec::new();
    for finding in &report.rejected {
        let reason = format!("{}: {}", finding.column, language.of(&finding.zh, &finding.en));
        match rows.last_mut() {
            Some(last) if last.row == finding.row && last.sheet == finding.sheet => {
                last.reasons.push('\n');
                last.reasons.push_str(&reason);
            }
            _ => rows.push(RejectedRow {
                sheet: finding.sheet.clone(),
                row: finding.row,
                reasons: reason,
            }),
        }
    }
    let mut number = 1;
    loop {
        let ending = match number {
            1 => "rejected.xlsx".to_owned(),
            number => format!("rejected-{number}.xlsx"),
        };
        let output = file.with_extension(ending);
        match write_rejected(file, &rows, &output) {
            Ok(()) => return Ok(output),
            Err(WriteRejectedError::Io(error))
                if error.kind() == std::io::ErrorKind::AlreadyExists && number < MOST_REJECTED_FILES =>
            {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
