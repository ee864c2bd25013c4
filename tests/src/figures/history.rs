//! What a new phone of a worker costs after a month and after a year: the real server in this
//! process, which lives through that year, and two workers who work every day of it. Each month
//! ends as its last night does, with registers compacted whose history outgrew them.

use std::net::SocketAddr;
use std::path::Path;

use actix_web::{HttpServer, web};
use menpai_server::clock::{self, Past};
use menpai_server::home::Home;
use menpai_server::jobs::compact::{NIGHTLY_RATIO, compact};
use menpai_server::office::Office;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use menpai_server::simulate::{Client, Login, read_logins};

use super::Figure;
use crate::data_folder;
use crate::workload::{Contact, SEED, Worker, found};

const DAY_MS: i64 = 86_400_000;
const DAYS_A_MONTH: usize = 30;
const MONTHS: usize = 12;

/// The first sync after a year, and how many times that is the one after a month.
#[must_use]
pub fn measure_history(folder: &Path) -> Vec<Figure> {
    let days = i64::try_from(DAYS_A_MONTH * (MONTHS + 1)).unwrap();
    let past = Past::at(clock::now_ms() - days * DAY_MS);
    let data = folder.join("history");
    let logins = read_logins(&found(&data)).unwrap();
    let home = web::Data::new(Home::open(&data).unwrap());
    let client = Client::new(&format!("http://{}", serve(home.clone())), None).unwrap();
    let mut workers: Vec<Worker> = (0..2)
        .map(|number| Worker::enrol(&client, &logins[number], SEED + number as u64).with_clock(clock::now_ms()))
        .collect();
    let mut first_syncs: Vec<Contact> = Vec::new();
    for month in 0..MONTHS {
        for _ in 0..DAYS_A_MONTH {
            for worker in &mut workers {
                worker.work_a_day();
                past.go_to(worker.now().unix_ms);
                worker.sync();
                worker.forget_acknowledged();
            }
        }
        let office = Office::of_home(&home, data_folder::code()).unwrap();
        compact(&office, None, NIGHTLY_RATIO).unwrap();
        if [0, MONTHS - 1].contains(&month) {
            first_syncs.push(new_phone(&client, &logins[0], month));
        }
    }
    let [month, year] = first_syncs[..] else {
        panic!("two phones came")
    };
    let growth = year.bytes() as f64 / month.bytes() as f64;
    vec![
        Figure::new("first_sync_bytes_after_12_months", year.bytes() as f64, "bytes", 1),
        Figure::new("first_sync_growth_12_months", growth, "ratio", 1),
    ]
}

fn new_phone(client: &Client, login: &Login, month: usize) -> Contact {
    Worker::enrol(client, login, SEED + 100 + month as u64).sync()
}

/// Serves as long as this process lives.
fn serve(home: web::Data<Home>) -> SocketAddr {
    home.invitations.let_standing_hold();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let web_folder = web::Data::new(WebFolder::default());
            let server = HttpServer::new(move || app(home.clone(), web_folder.clone()))
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .unwrap();
            send.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    receive.recv().unwrap()
}
