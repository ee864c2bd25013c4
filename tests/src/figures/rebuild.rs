//! How fast the log becomes tables and documents again: the whole command, from its start to its
//! comparison of the digests before and after.

use std::path::Path;
use std::time::Instant;

use menpai_server::simulate::{Client, read_logins};
use rusqlite::Connection;

use super::{Figure, median};
use crate::data_folder;
use crate::process::{Server, command};
use crate::workload::{SEED, Worker, found};

const DAYS: usize = 100;
/// Fewer would measure how a process starts.
const LEAST_ENTRIES: usize = 10_000;
const RUNS: usize = 3;

/// Entries a second.
#[must_use]
pub fn measure_rebuild(folder: &Path) -> Vec<Figure> {
    let data = folder.join("rebuild");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], SEED);
    worker.sync();
    for _ in 0..DAYS {
        worker.work_a_day();
        worker.sync();
    }
    drop(server);
    let entries = entries(&data);
    assert!(entries >= LEAST_ENTRIES, "only {entries} entries");
    let rates = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let output = command(&["rebuild"], &data);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            entries as f64 / started.elapsed().as_secs_f64()
        })
        .collect();
    vec![Figure::new("rebuild_entries_per_s", median(rates), "entries/s", RUNS)]
}

fn entries(data: &Path) -> usize {
    let file = data.join(format!("communities/{}.sqlite", data_folder::code()));
    let connection = Connection::open(file).unwrap();
    connection
        .query_row("SELECT count(*) FROM entry", [], |row| row.get(0))
        .unwrap()
}
