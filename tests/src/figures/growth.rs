//! Whether small contacts stay cheap as history grows: CPU of the server with twelve months of
//! two workers over CPU with one, same grid, same contacts.

use std::path::Path;

use menpai_server::simulate::{Client, read_logins};

use super::{Figure, median};
use crate::process::Server;
use crate::workload::{SEED, Worker, found};

const DAYS_A_MONTH: usize = 30;
const MONTHS: usize = 12;
const RUNS: usize = 5;
const CONTACTS: usize = 200;

/// The two growth ratios.
#[must_use]
pub fn measure_growth(folder: &Path) -> Vec<Figure> {
    let data = folder.join("growth");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut workers: Vec<Worker> = (0..2)
        .map(|number| Worker::enrol(&client, &logins[number], SEED + number as u64))
        .collect();
    for worker in &mut workers {
        worker.sync();
    }
    let mut asker = Worker::enrol(&client, &logins[2], SEED + 2);

    work(&mut workers, DAYS_A_MONTH);
    let month = small_contacts(&server, &mut asker);
    work(&mut workers, DAYS_A_MONTH * (MONTHS - 1));
    let year = small_contacts(&server, &mut asker);
    vec![
        Figure::new("growth_ratio_noop", year.0 / month.0, "ratio", RUNS * CONTACTS),
        Figure::new("growth_ratio_one_record", year.1 / month.1, "ratio", RUNS * CONTACTS),
    ]
}

fn work(workers: &mut [Worker], days: usize) {
    for _ in 0..days {
        for worker in &mut *workers {
            worker.work_a_day();
            worker.sync();
        }
    }
}

/// CPU seconds of contacts with nothing new, and of contacts with one record.
fn small_contacts(server: &Server, asker: &mut Worker) -> (f64, f64) {
    asker.sync();
    let mut noop = Vec::new();
    let mut record = Vec::new();
    for _ in 0..RUNS {
        let before = server.cpu_seconds();
        for _ in 0..CONTACTS {
            asker.sync();
        }
        noop.push(server.cpu_seconds() - before);
        let before = server.cpu_seconds();
        for _ in 0..CONTACTS {
            asker.check_a_door();
            asker.sync();
        }
        record.push(server.cpu_seconds() - before);
    }
    (median(noop), median(record))
}
