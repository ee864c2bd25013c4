//! Measures figures and appends them to a file: `figures FILE bytes broken history import cost
//! encryption evening door growth derive core rebuild memory`, or some of these; `thousand` takes
//! minutes more. Counts and sizes are `bytes`, `broken` and `history`; the others need a quiet
//! machine and the release build. Budgets are held against that file by scripts/check-budgets.mjs.

use std::path::Path;
use std::process::ExitCode;

use menpai_tests::figures::{self, Figure};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [figures::BARE, file] => figures::serve_bare(Path::new(file)),
        [figures::OPEN_COMMUNITIES, count, document_bytes, data] => match (count.parse(), document_bytes.parse()) {
            (Ok(count), Ok(document_bytes)) => figures::open_communities(count, document_bytes, Path::new(data)),
            _ => Err(usage()),
        },
        [file, ref measured @ ..] if !measured.is_empty() => measure(Path::new(file), measured),
        _ => Err(usage()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(file: &Path, measured: &[&str]) -> std::io::Result<()> {
    let measured: Vec<Measure> = measured.iter().map(|name| by_name(name)).collect::<Result<_, _>>()?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let folder = tempfile::tempdir()?;
    measured
        .into_iter()
        .try_for_each(|measure| figures::write(&measure(folder.path()), file))
}

type Measure = fn(&Path) -> Vec<Figure>;

fn by_name(name: &str) -> std::io::Result<Measure> {
    match name {
        "bytes" => Ok(figures::measure_bytes),
        "broken" => Ok(figures::measure_broken),
        "history" => Ok(figures::measure_history),
        "import" => Ok(figures::measure_import),
        "cost" => Ok(figures::measure_ingest_cost),
        "encryption" => Ok(figures::measure_encryption),
        "evening" => Ok(figures::measure_evening),
        "door" => Ok(figures::measure_door),
        "core" => Ok(figures::measure_core),
        "memory" => Ok(figures::measure_memory),
        "thousand" => Ok(figures::measure_thousand),
        "growth" => Ok(figures::measure_growth),
        "derive" => Ok(figures::measure_derive),
        "rebuild" => Ok(figures::measure_rebuild),
        _ => Err(usage()),
    }
}

fn usage() -> std::io::Error {
    std::io::Error::other(
        "usage: figures FILE bytes|broken|history|import|cost|encryption|evening|door|growth|derive|core|rebuild|memory|thousand…",
    )
}
