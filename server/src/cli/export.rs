//! `menpai export`: the log as NDJSON, any typed view as CSV or xlsx. It reads the community's
//! file beside a running server; nothing is written but the file asked for, which appears
//! whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use menpai_sync_core::ids::CommunityCode;
use menpai_sync_core::kinds::Kinds;
use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::{DataArguments, Outcome};
use crate::data_folder::community_file;
use crate::export::{Format, entries, views};
use crate::store::community::{moments, open_reader};

#[derive(Subcommand)]
pub(super) enum Export {
    /// The whole community log: one JSON object per line, envelope and entry byte for byte
    Entries(EntriesArguments),
    /// One typed view, all of its rows
    View(ViewArguments),
    /// Which views there are
    Views,
}

#[derive(Args)]
pub(super) struct Of {
    /// Of which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// File to write; without it standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
pub(super) struct EntriesArguments {
    #[command(flatten)]
    of: Of,
}

#[derive(Args)]
pub(super) struct ViewArguments {
    /// A name that `menpai export views` lists
    #[arg(value_name = "NAME")]
    name: String,
    /// In which format
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    of: Of,
}

pub(super) fn run(export: &Export) -> Outcome {
    match export {
        Export::Entries(EntriesArguments { of }) => {
            let connection = of.open()?;
            let out = Out::begin(of.output.as_deref())?;
            let mut buffered = BufWriter::new(out.file()?);
            let count = entries::write(&connection, &mut buffered)?;
            buffered.flush()?;
            out.keep()?;
            eprintln!("{count} lines 行");
        }
        Export::View(arguments) => view(arguments)?,
        Export::Views => {
            for view in views::known(&Arc::new(Kinds::builtin()?))? {
                println!("{:<16} {}", view.name, view.label.unwrap_or_default());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn view(arguments: &ViewArguments) -> Result<(), Box<dyn std::error::Error>> {
    let ViewArguments { name, format, of } = arguments;
    let connection = of.open()?;
    if of.output.is_none() && *format == Format::Xlsx && io::stdout().is_terminal() {
        return Err("a workbook is not for a terminal: name a file with --output".into());
    }
    let out = Out::begin(of.output.as_deref())?;
    let folder = of.output.as_deref().map_or_else(std::env::temp_dir, folder_of);
    let kinds = Kinds::builtin()?;
    match views::write(&connection, &kinds, name, *format, out.file()?, &folder)? {
        Some((count, _)) => {
            out.keep()?;
            eprintln!("{count} rows 行");
            Ok(())
        }
        None => Err(format!("there is no view {name:?}: `menpai export views` lists them").into()),
    }
}

impl Of {
    /// The community's file, at one moment.
    fn open(&self) -> Result<Connection, Box<dyn std::error::Error>> {
        let path = community_file(&self.data.data, self.community);
        if !path.exists() {
            return Err(format!(
                "no community {} in {}: check the code, or name another folder with --data",
                self.community,
                self.data.data.display()
            )
            .into());
        }
        let connection = open_reader(&path)?;
        moments::begin_reading(&connection)?;
        Ok(connection)
    }
}

/// Where an export goes: standard output, or a file that takes its name when it is whole.
enum Out<'a> {
    Standard,
    File(NamedTempFile, &'a Path),
}

impl<'a> Out<'a> {
    fn begin(output: Option<&'a Path>) -> io::Result<Out<'a>> {
        Ok(match output {
            None => Out::Standard,
            Some(path) => Out::File(NamedTempFile::new_in(folder_of(path))?, path),
        })
    }

    fn file(&self) -> io::Result<File> {
        match self {
            Out::Standard => Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
            Out::File(file, _) => file.as_file().try_clone(),
        }
    }

    fn keep(self) -> io::Result<()> {
        if let Out::File(file, path) = self {
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}
