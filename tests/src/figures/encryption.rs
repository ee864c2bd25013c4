//! What a database key adds: the server's CPU for day-bodies where its files are encrypted over that
//! where they are plain, taken in turns.

use std::path::Path;

use menpai_server::simulate::{Client, read_logins};

use super::{Figure, median};
use crate::process::{How, Server, command_in};
use crate::workload::{SEED, Worker, found};

const KEY: &str = "MENPAI_DATABASE_KEY";
const WARM_DAYS: usize = 10;
const DAYS: usize = 50;
const RUNS: usize = 5;

/// The ratio.
#[must_use]
pub fn measure_encryption(folder: &Path) -> Vec<Figure> {
    let mut plain = Office::open(&folder.join("plain"), None);
    let mut encrypted = Office::open(&folder.join("encrypted"), Some(&"5a".repeat(32)));
    let ratios = (0..RUNS)
        .map(|_| {
            let without = plain.work(DAYS);
            encrypted.work(DAYS) / without
        })
        .collect();
    vec![Figure::new("encryption_cost_ratio", median(ratios), "ratio", RUNS)]
}

/// A server and its one worker.
struct Office {
    server: Server,
    worker: Worker,
}

impl Office {
    fn open(data: &Path, key: Option<&str>) -> Office {
        let logins = read_logins(&found(data)).unwrap();
        if let Some(key) = key {
            let output = command_in(&[(KEY, key)], &["database", "encrypt"], data);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let how = How {
            more: vec!["--nightly".to_owned(), "off".to_owned()],
            environment: key.map(|key| (KEY.to_owned(), key.to_owned())).into_iter().collect(),
            ..How::default()
        };
        let server = Server::start_as(data, how);
        let client = Client::new(server.http(), None).unwrap();
        let mut worker = Worker::enrol(&client, &logins[0], SEED);
        worker.sync();
        let mut office = Office { server, worker };
        office.work(WARM_DAYS);
        office
    }

    /// Seconds of the server's CPU for so many days.
    fn work(&mut self, days: usize) -> f64 {
        let before = self.server.cpu_seconds();
        for _ in 0..days {
            self.worker.work_a_day();
            self.worker.sync();
        }
        self.server.cpu_seconds() - before
    }
}
