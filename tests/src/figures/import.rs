//! How long a dry run of a whole community's roster takes.

use std::path::Path;
use std::time::Instant;

use super::{Figure, median};
use crate::data_folder;
use crate::process::command;
use crate::workload::roster;

const ROWS: usize = 6_000;
const HOUSEHOLDS: usize = 2_400;
const RUNS: usize = 3;

/// Seconds of one dry run.
#[must_use]
pub fn measure_import(folder: &Path) -> Vec<Figure> {
    let data = folder.join("import");
    let _ = data_folder::make(&data);
    let file = folder.join("roster.csv");
    std::fs::write(&file, roster(HOUSEHOLDS, ROWS)).unwrap();
    let file = file.display().to_string();
    let code = data_folder::code().to_string();
    let took = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let output = command(&["import", "roster", &file, "--community", &code, "--json"], &data);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            started.elapsed().as_secs_f64()
        })
        .collect();
    vec![Figure::new("import_6000_rows_s", median(took), "s", RUNS)]
}
