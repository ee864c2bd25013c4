//! What a connection that breaks costs: bytes sent twice, and asking what had arrived, over the
//! bytes of a day that goes up at once.

use std::path::Path;

use menpai_server::simulate::{Client, Dice, read_logins};

use super::Figure;
use crate::process::Server;
use crate::workload::{SEED, Worker, found};

/// Days of which the upload breaks, each at a byte of its own.
const BREAKS: usize = 100;
/// Days of which only the answer is lost.
const ANSWERS_LOST: usize = 10;

/// What the average break costs, the dearest, and a lost answer.
#[must_use]
pub fn measure_broken(folder: &Path) -> Vec<Figure> {
    let data = folder.join("broken");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], SEED);
    worker.sync();
    let mut dice = Dice::new(SEED);
    let mut day = |at: &mut dyn FnMut(usize) -> usize| {
        worker.work_a_day();
        let broken = worker.break_off(|body| at(body.len()));
        let up = broken.sent + worker.sync().up;
        (up - broken.length) as f64 / broken.length as f64
    };
    let breaks: Vec<f64> = (0..BREAKS)
        .map(|_| day(&mut |length| dice.between(0, length as i64 - 1) as usize))
        .collect();
    let lost: Vec<f64> = (0..ANSWERS_LOST).map(|_| day(&mut |length| length)).collect();
    let dearest = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
    let mean = breaks.iter().sum::<f64>() / breaks.len() as f64;
    vec![
        Figure::new("sync_after_cut_waste", mean, "ratio", BREAKS),
        Figure::new("sync_after_cut_waste_dearest", dearest(&breaks), "ratio", BREAKS),
        Figure::new("sync_after_lost_answer_waste", dearest(&lost), "ratio", ANSWERS_LOST),
    ]
}
