//! What travels and what is stored: requests and bytes of bodies, bytes of the community's file.
//! Of several contacts the dearest counts; of single door checks, which differ by what is
//! written in them, the median, with the dearest beside it.

use std::path::Path;

use menpai_server::simulate::{Client, read_logins};
use rusqlite::Connection;

use super::registry::bytes_per_person;
use super::{Figure, median};
use crate::data_folder;
use crate::process::Server;
use crate::workload::{Contact, ENTRIES_A_DAY, SEED, Worker, found};

/// Days after which a new phone comes.
const DAYS_BEFORE: usize = 5;
/// Days of two workers that are weighed.
const DAYS_STORED: usize = 30;
const SMALL_CONTACTS: usize = 5;
/// Door checks sent one by one.
const CHECKS: usize = 25;

/// Every figure that is a count or a size.
#[must_use]
pub fn measure_bytes(folder: &Path) -> Vec<Figure> {
    let data = folder.join("bytes");
    let logins = read_logins(&found(&data)).unwrap();
    let imported = stored_bytes(&data);
    let registry = bytes_per_person(&data);
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();

    let mut one = Worker::enrol(&client, &logins[0], SEED);
    one.sync();
    let mut entries = 0;
    let mut days = Vec::new();
    for _ in 0..DAYS_BEFORE {
        entries += one.work_a_day();
        days.push(one.sync());
    }
    let first = Worker::enrol(&client, &logins[0], SEED + 1).sync();
    // The home told of the new phone: that is news once.
    one.sync();
    let nothing: Vec<Contact> = (0..SMALL_CONTACTS).map(|_| one.sync()).collect();
    let checks: Vec<Contact> = (0..CHECKS)
        .map(|_| {
            one.check_a_door();
            one.sync()
        })
        .collect();
    entries += CHECKS;

    let mut two = Worker::enrol(&client, &logins[1], SEED + 2);
    two.sync();
    for day in 0..DAYS_STORED {
        entries += two.work_a_day();
        two.sync();
        if day >= DAYS_BEFORE {
            entries += one.work_a_day();
            one.sync();
        }
    }
    drop(server);
    let stored = (stored_bytes(&data) - imported) / entries as f64;

    let most = |contacts: &[Contact], what: fn(&Contact) -> usize| contacts.iter().map(what).max().unwrap() as f64;
    vec![
        Figure::new(
            "sync_round_trips_day",
            most(&days, |day| day.requests),
            "requests",
            days.len(),
        ),
        Figure::new(
            "sync_up_bytes_per_entry_day",
            most(&days, |day| day.up) / ENTRIES_A_DAY as f64,
            "bytes",
            days.len(),
        ),
        Figure::new(
            "sync_noop_bytes",
            most(&nothing, Contact::bytes),
            "bytes",
            nothing.len(),
        ),
        Figure::new(
            "sync_one_record_bytes",
            median(checks.iter().map(|check| check.bytes() as f64).collect()),
            "bytes",
            checks.len(),
        ),
        Figure::new(
            "sync_one_record_dearest_bytes",
            most(&checks, Contact::bytes),
            "bytes",
            checks.len(),
        ),
        Figure::new("first_sync_bytes", first.bytes() as f64, "bytes", 1),
        Figure::new("first_sync_requests", first.requests as f64, "requests", 1),
        Figure::new("store_bytes_per_entry", stored, "bytes", entries),
        registry,
    ]
}

/// The community's file, everything checkpointed into it, nothing vacuumed.
fn stored_bytes(data: &Path) -> f64 {
    let file = data.join(format!("communities/{}.sqlite", data_folder::code()));
    let connection = Connection::open(&file).unwrap();
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0, "somebody still has {}", file.display());
    std::fs::metadata(&file).unwrap().len() as f64
}
