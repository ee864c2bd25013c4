//! `menpai import divisions`: what streets and communities are called, from a table of division codes. Exit
//! codes: 0 every row, 2 some rows, 1 no table.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use menpai_roster::RosterError;

use super::language::Language;
use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

/// Some rows were left out.
const EXIT_REJECTED: u8 = 2;

#[derive(Args)]
pub(super) struct Arguments {
    /// Table, .xlsx or .csv
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Language of the messages (default: the terminal's)
    #[arg(long, value_name = "zh|en")]
    lang: Option<Language>,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let language = Language::chosen(arguments.lang);
    let shown = arguments.file.display();
    // A running server does the work: it may stand in another folder.
    let file = match arguments.file.canonicalize() {
        Ok(file) => file,
        Err(error) => {
            let message = RosterError::Unreadable(error).message();
            return Err(format!("{shown}: {}", language.of(&message.zh, &message.en)).into());
        }
    };
    let imported = match control::perform(&arguments.data.data, &Request::ImportDivisions { file }, &mut |_, _| {})? {
        Answer::DivisionsImported(imported) => imported,
        Answer::NotARoster { zh, en, .. } => return Err(format!("{shown}: {}", language.of(&zh, &en)).into()),
        other => return other.unexpected(),
    };
    let (new, renamed, same) = (imported.new, imported.renamed, imported.same);
    println!(
        "{}",
        language.of(
            &format!("新增 {new} 个，改名 {renamed} 个，原样 {same} 个"),
            &format!("{new} new, {renamed} renamed, {same} as before"),
        )
    );
    for row in &imported.rejected {
        let place = if row.sheet.is_empty() {
            String::new()
        } else {
            format!("{} ", row.sheet)
        };
        println!(
            "{}",
            language.of(
                &format!("{place}第 {} 行没有导入：{}", row.row, row.zh),
                &format!("{place}row {} left out: {}", row.row, row.en),
            )
        );
    }
    Ok(if imported.rejected.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_REJECTED)
    })
}
