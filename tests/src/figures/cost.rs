//! What the server adds to the floor: its CPU for day-bodies over that of a bare handler which
//! inflates the very same bodies and appends their lines in one transaction.

use std::path::Path;

use menpai_server::simulate::{Client, read_logins};

use super::bare::Bare;
use super::{Figure, median};
use crate::process::Server;
use crate::workload::{SEED, Worker, found};

const WARM_DAYS: usize = 10;
const BODIES: usize = 50;
const RUNS: usize = 5;

/// The ratio; one client, nothing to send down.
#[must_use]
pub fn measure_ingest_cost(folder: &Path) -> Vec<Figure> {
    let data = folder.join("cost");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], SEED);
    worker.sync();
    let bare = Bare::start(&folder.join("bare.sqlite"));
    let bare_client = Client::new(bare.http(), None).unwrap();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let days = |worker: &mut Worker, count: usize| {
        let mut bodies = Vec::with_capacity(count);
        let before = server.cpu_seconds();
        for _ in 0..count {
            worker.work_a_day();
            bodies.push(worker.body());
            worker.sync();
        }
        let cost = server.cpu_seconds() - before;
        let before = bare.cpu_seconds();
        for body in &bodies {
            bare_client.sync(worker.signer(), body).unwrap();
        }
        (cost, bare.cpu_seconds() - before)
    };
    days(&mut worker, WARM_DAYS);
    for _ in 0..RUNS {
        let (cost, bare_cost) = days(&mut worker, BODIES);
        ours.push(cost);
        floor.push(bare_cost);
    }
    let ratios = ours.iter().zip(&floor).map(|(ours, floor)| ours / floor).collect();
    let each = |values: Vec<f64>| median(values) * 1_000.0 / BODIES as f64;
    vec![
        Figure::new("ingest_cost_ratio", median(ratios), "ratio", RUNS),
        Figure::new("ingest_cpu_per_day_ms", each(ours), "ms", RUNS * BODIES),
        Figure::new("ingest_floor_cpu_per_day_ms", each(floor), "ms", RUNS * BODIES),
    ]
}
