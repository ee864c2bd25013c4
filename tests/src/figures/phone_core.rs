//! What the phone's core costs in wasm, under Node: to be opened with a grid's registry and to
//! answer its first question; to take up a first edit, for which the document is loaded; and to take
//! up the rest of a day's edits of everybody, made on the morning's heads. Each run is a new process,
//! as each start of the app is.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use menpai_server::simulate::{Client, read_logins};
use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::{Lsn, hex};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::WriteValue;
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::Verdict;
use menpai_sync_core::wire::{DownHeader, HashStart, ReceivedHead, deflate};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::registry::{Decided, a_day, open_document};
use super::{Figure, median};
use crate::data_folder;
use crate::process::Server;
use crate::workload::{SEED, Worker, found};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/measure-core.mjs");
const RUNS: usize = 9;

#[derive(Deserialize)]
struct Run {
    open_ms: f64,
    unseal_ms: f64,
    unseal_us_per_row: f64,
    first_edit_ms: f64,
    receive_ms: f64,
    received: usize,
    heads: usize,
}

/// Milliseconds to the first answer, and microseconds an edit.
#[must_use]
pub fn measure_core(folder: &Path) -> Vec<Figure> {
    let data = folder.join("core");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], SEED + 1);
    worker.sync();
    drop(server);
    let morning = open_document(&data);
    let edits = a_day(&morning);
    let now = worker.now();
    let files = data.join("node");
    std::fs::create_dir_all(&files).unwrap();
    let state = json!({"rows": rows(&worker), "now": now, "part": morning.part()});
    std::fs::write(files.join("phone.json"), state.to_string()).unwrap();
    let (first, rest) = edits.split_at(1);
    let last = last_line(&data);
    let answered = |edits, last| answer(&worker, morning.part(), edits, last, now);
    std::fs::write(files.join("first.gz"), answered(first, last)).unwrap();
    std::fs::write(files.join("rest.gz"), answered(rest, last + 1)).unwrap();
    let runs: Vec<Run> = (0..RUNS).map(|_| run(&files)).collect();
    for run in &runs {
        assert_eq!(run.received, edits.len(), "lines that were not taken up");
        assert!(run.heads > 1, "edits that are not concurrent");
    }
    let each = |run: &Run| run.receive_ms * 1e3 / rest.len() as f64;
    let count = RUNS * rest.len();
    vec![
        Figure::new(
            "open_core_ms_wasm",
            median(runs.iter().map(|run| run.open_ms).collect()),
            "ms",
            RUNS,
        ),
        Figure::new(
            "open_unseal_ms_node",
            median(runs.iter().map(|run| run.unseal_ms).collect()),
            "ms",
            RUNS,
        ),
        Figure::new(
            "unseal_us_per_row_node",
            median(runs.iter().map(|run| run.unseal_us_per_row).collect()),
            "us",
            RUNS,
        ),
        Figure::new(
            "first_edit_ms_wasm",
            median(runs.iter().map(|run| run.first_edit_ms).collect()),
            "ms",
            RUNS,
        ),
        Figure::new(
            "derive_us_per_edit_wasm",
            median(runs.iter().map(each).collect()),
            "us",
            count,
        ),
    ]
}

fn run(files: &Path) -> Run {
    let output = Command::new("node").arg(SCRIPT).arg(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The phone's rows: `[store, key, text or {"hex"}]`.
fn rows(worker: &Worker) -> Vec<Value> {
    let value = |value: &WriteValue| match value {
        WriteValue::Text(text) => json!(text),
        WriteValue::Bytes(bytes) => json!({"hex": hex(bytes)}),
        WriteValue::Delete => Value::Null,
    };
    let rows = worker.rows().iter();
    rows.map(|(store, key, kept)| json!([store.name(), key, value(kept)]))
        .collect()
}

/// The answer to a phone without a log of its own that lacks just these edits.
fn answer(worker: &Worker, part: Part, edits: &[Decided], last: Lsn, now: Instant) -> Vec<u8> {
    let own = LogHead::empty(data_folder::code(), worker.device());
    let header = DownHeader {
        menpai: None,
        log: None,
        lsn: last + edits.len() as Lsn,
        clock: now,
        offset_ms: 0,
        received: ReceivedHead {
            seq: own.seq,
            h: Some(HashStart::short(own.h)),
        },
        kept: None,
        refused: None,
        more: None,
        cursor: None,
        digests: Default::default(),
        courier_key: None,
        snapshots: Vec::new(),
        dated: Vec::new(),
    };
    let mut text = serde_json::to_string(&header).unwrap() + "\n";
    for (lsn, edit) in (last + 1..).zip(edits) {
        let envelope = Envelope {
            lsn,
            part,
            device: edit.device,
            seq: edit.derived.seq,
            entry: Some(edit.entry.id),
            verdict: Verdict::Merged,
            reason: None,
            detail: None,
            derived: Some(edit.derived.clone()),
            received: now,
            offset_ms: 0,
            made_ms: edit.entry.made_at.unix_ms,
        };
        let entry = std::str::from_utf8(&edit.bytes).unwrap();
        writeln!(text, "{}\n{entry}", serde_json::to_string(&envelope).unwrap()).unwrap();
    }
    deflate(text.as_bytes())
}

fn last_line(data: &Path) -> Lsn {
    let file = data.join(format!("communities/{}.sqlite", data_folder::code()));
    let connection = Connection::open(file).unwrap();
    connection
        .query_row("SELECT max(lsn) FROM log_line", [], |row| row.get(0))
        .unwrap()
}
