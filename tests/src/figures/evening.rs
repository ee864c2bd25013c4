//! The evening, when everybody comes home at once: how many entries a second become durable,
//! checked and projected; what one costs; and how many requests of one community share a commit.

use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;

use menpai_server::simulate::{Client, read_logins};

use super::wal::commits;
use super::{Figure, median};
use crate::data_folder;
use crate::process::Server;
use crate::workload::{ENTRIES_A_DAY, SEED, Worker, found, found_many};

const COMMUNITIES: usize = 8;
const PHONES_OF_ONE: usize = 16;
const WARM_ROUNDS: usize = 2;
const ROUNDS: usize = 11;

/// Entries a second, CPU for each, requests a commit.
#[must_use]
pub fn measure_evening(folder: &Path) -> Vec<Figure> {
    let mut figures = eight_communities(&folder.join("evening"));
    figures.push(one_community(&folder.join("share")));
    figures
}

/// A phone of each community brings a day; what phones do besides is not measured.
fn eight_communities(data: &Path) -> Vec<Figure> {
    let logins = found_many(data, COMMUNITIES);
    let server = Server::start_with(data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut workers: Vec<Worker> = (SEED..)
        .zip(&logins)
        .map(|(seed, login)| Worker::enrol(&client, login, seed))
        .collect();
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for round in 0..WARM_ROUNDS + ROUNDS {
        let bodies = a_day(&mut workers);
        let (cpu, started) = (server.cpu_seconds(), Instant::now());
        send_at_once(&client, &workers, &bodies);
        let (took, cost) = (started.elapsed().as_secs_f64(), server.cpu_seconds() - cpu);
        if round >= WARM_ROUNDS {
            let entries = (COMMUNITIES * ENTRIES_A_DAY) as f64;
            rates.push(entries / took);
            costs.push(cost * 1e3 / entries);
        }
    }
    vec![
        Figure::new("ingest_entries_per_s", median(rates), "entries/s", ROUNDS),
        Figure::new("ingest_cpu_ms_per_entry", median(costs), "ms", ROUNDS),
    ]
}

/// Many phones of one community bring a day each.
fn one_community(data: &Path) -> Figure {
    let logins = read_logins(&found(data)).unwrap();
    let server = Server::start_with(data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut workers: Vec<Worker> = (SEED..)
        .zip(logins.iter().cycle())
        .take(PHONES_OF_ONE)
        .map(|(seed, login)| Worker::enrol(&client, login, seed))
        .collect();
    let file = data.join(format!("communities/{}.sqlite", data_folder::code()));
    let mut shares = Vec::new();
    for round in 0..WARM_ROUNDS + ROUNDS {
        let bodies = a_day(&mut workers);
        let commits = commits(&file, || send_at_once(&client, &workers, &bodies));
        if round >= WARM_ROUNDS {
            shares.push(PHONES_OF_ONE as f64 / commits as f64);
        }
    }
    Figure::new("commit_share", median(shares), "requests", ROUNDS)
}

/// Everybody takes up what is new, works a day, and has it ready to send.
fn a_day(workers: &mut [Worker]) -> Vec<Vec<u8>> {
    for worker in &mut *workers {
        worker.sync();
    }
    let day = |worker: &mut Worker| {
        worker.work_a_day();
        worker.body()
    };
    workers.iter_mut().map(day).collect()
}

fn send_at_once(client: &Client, workers: &[Worker], bodies: &[Vec<u8>]) {
    let ready = Barrier::new(workers.len());
    let signers = workers.iter().map(Worker::signer);
    std::thread::scope(|scope| {
        for (signer, body) in signers.zip(bodies) {
            let ready = &ready;
            scope.spawn(move || {
                ready.wait();
                client.sync(signer, body).unwrap();
            });
        }
    });
}
