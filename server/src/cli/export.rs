//! `menpai export`: the log as NDJSON, any typed view as CSV or xlsx, registry documents as
//! automerge saves them. It reads the community's file beside a running server; nothing is
//! written but the files asked for, each of which appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use menpai_sync_core::ids::CommunityCode;
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::{DataArguments, Outcome};
use crate::data_folder::community_file;
use crate::export::{Format, entries, registry, views};
use crate::store::community::{BodyCodec, moments, open_reader};
use crate::store::database_key::DatabaseKey;

#[derive(Subcommand)]
pub(super) enum Export {
    /// The whole community log: one JSON object per line, envelope and entry byte for byte
    Entries(EntriesArguments),
    /// One typed view, all of its rows
    View(ViewArguments),
    /// Which views there are
    Views,
    /// Registry documents as automerge files, one for each part
    Registry(RegistryArguments),
}

#[derive(Args)]
pub(super) struct Of {
    /// Of which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
pub(super) struct EntriesArguments {
    #[command(flatten)]
    of: Of,
    /// File to write; without it standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
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
    /// File to write; without it standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct RegistryArguments {
    #[command(flatten)]
    of: Of,
    /// This part only: a grid's id or `community`, then /open or /care
    #[arg(long, value_name = "PART")]
    part: Option<Part>,
    /// Folder to write into; made if it is not there
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
}

pub(super) fn run(export: &Export) -> Outcome {
    match export {
        Export::Entries(EntriesArguments { of, output }) => {
            let connection = of.open()?;
            let out = Out::begin(output.as_deref())?;
            let mut buffered = BufWriter::new(out.file()?);
            let count = entries::write(&connection, &mut buffered)?;
            buffered.flush()?;
            out.keep()?;
            eprintln!("{count} lines 行");
        }
        Export::View(arguments) => view(arguments)?,
        Export::Registry(arguments) => documents(arguments)?,
        Export::Views => {
            for view in views::known(&Arc::new(Kinds::builtin()?))? {
                println!("{:<16} {}", view.name, view.label.unwrap_or_default());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn view(arguments: &ViewArguments) -> Result<(), Box<dyn std::error::Error>> {
    let ViewArguments {
        name,
        format,
        of,
        output,
    } = arguments;
    let connection = of.open()?;
    if output.is_none() && *format == Format::Xlsx && io::stdout().is_terminal() {
        return Err("a workbook is not for a terminal: name a file with --output".into());
    }
    let out = Out::begin(output.as_deref())?;
    let folder = output.as_deref().map_or_else(std::env::temp_dir, folder_of);
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

/// Parts without a document are left out, unless one was asked for by name.
fn documents(arguments: &RegistryArguments) -> Result<(), Box<dyn std::error::Error>> {
    let RegistryArguments { of, part, output } = arguments;
    let connection = of.open()?;
    let mut codec = BodyCodec::new()?;
    let wanted = part.map_or_else(|| registry::parts(&connection), |part| Ok(vec![part]))?;
    let mut count = 0;
    for part in wanted {
        let Some(file) = registry::of_part(&connection, &mut codec, of.community, part)? else {
            continue;
        };
        fs::create_dir_all(output)?;
        let path = output.join(registry::file_name(part));
        let out = Out::begin(Some(&path))?;
        out.file()?.write_all(&file.bytes)?;
        out.keep()?;
        count += 1;
    }
    if let (Some(part), 0) = (part, count) {
        return Err(format!("{part} has no registry document: leave --part out to get those of all parts").into());
    }
    eprintln!("{count} files 个文件");
    Ok(())
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
        let connection = open_reader(&path, DatabaseKey::from_environment()?.as_ref())?;
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
