//! Figures to hold against the budgets (docs/benchmarks.md): the workload against the real
//! server as a process, one line of JSON for each figure. Counts and bytes come out the same on
//! every machine; CPU ratios need a quiet one and the release build.

mod bare;
mod broken;
mod bytes;
mod cost;
mod door;
mod encryption;
mod evening;
mod growth;
mod history;
mod import;
mod memory;
mod phone_core;
mod rebuild;
mod registry;
mod wal;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

pub use bare::{BARE, serve_bare};
pub use broken::measure_broken;
pub use bytes::measure_bytes;
pub use cost::measure_ingest_cost;
pub use door::measure_door;
pub use encryption::measure_encryption;
pub use evening::measure_evening;
pub use growth::measure_growth;
pub use history::measure_history;
pub use import::measure_import;
pub use memory::{OPEN_COMMUNITIES, measure_memory, measure_thousand, open_communities};
pub use phone_core::measure_core;
pub use rebuild::measure_rebuild;
pub use registry::measure_derive;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Its name in docs/benchmarks.md.
    pub name: &'static str,
    /// What was measured.
    pub value: f64,
    /// `bytes`, `requests`, `ratio`, `s`, `ms`, `us`, `MB`, `GB`, `entries/s` or `handshakes/s`.
    pub unit: &'static str,
    /// How many measurements it comes from.
    pub n: usize,
}

impl Figure {
    fn new(name: &'static str, value: f64, unit: &'static str, n: usize) -> Figure {
        let value = (value * 1_000.0).round() / 1_000.0;
        Figure { name, value, unit, n }
    }
}

/// Appends figures to a file of lines, and says them.
///
/// # Errors
/// If the file cannot be written.
pub fn write(figures: &[Figure], file: &Path) -> std::io::Result<()> {
    let mut out = OpenOptions::new().create(true).append(true).open(file)?;
    for figure in figures {
        let line = serde_json::to_string(figure)?;
        println!("{line}");
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
