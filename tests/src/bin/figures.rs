//! Measures figures and appends them to a file: `figures FILE bytes` those that are counts and
//! sizes, `figures FILE all` the rest too. Budgets are held against that file by
//! scripts/check-budgets.mjs.

use std::path::Path;
use std::process::ExitCode;

use menpai_tests::figures;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [figures::BARE, file] => figures::serve_bare(Path::new(file)),
        [file, "bytes"] => measure(Path::new(file), false),
        [file, "all"] => measure(Path::new(file), true),
        _ => {
            eprintln!("usage: figures FILE bytes|all");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(file: &Path, all: bool) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let folder = tempfile::tempdir()?;
    figures::write(&figures::measure_bytes(folder.path()), file)?;
    if all {
        figures::write(&figures::measure_import(folder.path()), file)?;
        figures::write(&figures::measure_ingest_cost(folder.path()), file)?;
        figures::write(&figures::measure_growth(folder.path()), file)?;
    }
    Ok(())
}
