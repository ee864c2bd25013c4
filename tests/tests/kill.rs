//! kill -9 of the real server under load, at any moment and at named places: whatever it had
//! acknowledged is in its log after any number of kills, and what is derived comes out equal
//! when it is made again. `MENPAI_KILLS` says how many, `MENPAI_SEED` when.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::simulate::{self, Dice, Report, Settings, SyncWhen, read_logins};
use menpai_sync_core::ids::EntryId;
use menpai_tests::workload::Worker;
use menpai_tests::{acknowledged, data_folder, process, process::Server, runs};

/// Longest until the fleet has been acknowledged something again.
const SOON: Duration = Duration::from_secs(90);
/// How often a look at the file is worth it.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The random moment lies within so many microseconds after an acknowledgement.
const MOMENT_US: u64 = 300_000;
/// A folder stands so many kills, then another is made.
const KILLS_A_FOLDER: u64 = 500;

/// Where the server kills itself.
struct Place {
    name: &'static str,
    /// What makes it get there often.
    often: &'static str,
    /// It passes fewer times than this before.
    passes: usize,
    meanwhile: Meanwhile,
}

/// Who makes the server get there, beside the phones.
#[derive(Clone, Copy)]
enum Meanwhile {
    Nobody,
    SomebodyFetchesAll,
    TheOfficeCompacts,
}

impl Place {
    const fn of(name: &'static str, passes: usize) -> Place {
        Place {
            name,
            often: "",
            passes,
            meanwhile: Meanwhile::Nobody,
        }
    }

    /// As `FAILPOINTS` names it.
    fn armed(&self, dice: &mut Dice) -> String {
        let passes = match dice.below(self.passes) {
            0 => String::new(),
            passes => format!("{passes}*off->"),
        };
        format!("{}{}={passes}return(kill)", self.often, self.name)
    }
}

const PLACES: [Place; 7] = [
    Place::of("raw entry stored", 40),
    Place::of("before commit", 20),
    Place::of("committed", 20),
    Place {
        often: "snapshots are renewed seldom=return;",
        meanwhile: Meanwhile::SomebodyFetchesAll,
        ..Place::of("snapshot made", 2)
    },
    Place {
        often: "snapshots are renewed seldom=return;",
        meanwhile: Meanwhile::SomebodyFetchesAll,
        ..Place::of("snapshot kept", 2)
    },
    Place {
        often: "documents are stored seldom=return;",
        ..Place::of("document stored", 3)
    },
    Place {
        meanwhile: Meanwhile::TheOfficeCompacts,
        ..Place::of("epoch begun", 2)
    },
];

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let seed = runs::count("MENPAI_SEED", 1);
    let mut left = runs::count("MENPAI_KILLS", 200);
    let mut reached = BTreeMap::new();
    for folder in 0.. {
        let kills = left.min(KILLS_A_FOLDER);
        if kills == 0 {
            break;
        }
        left -= kills;
        kill_in_one_folder(seed + folder, kills, &mut reached);
    }
    eprintln!("killed at {reached:?}");
}

fn kill_in_one_folder(seed: u64, kills: u64, reached: &mut BTreeMap<&'static str, u64>) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let logins = data_folder::make(&data);
    let acknowledged = folder.path().join("acknowledged");
    let mut server = Server::start(&data);
    let newcomer = Newcomer::enrol(&server, &logins, seed);

    let stop = Arc::new(AtomicBool::new(false));
    let settings = Settings {
        workers: 8,
        days: 300,
        seed,
        server: server.http().to_owned(),
        ca: None,
        logins: read_logins(&logins).unwrap(),
        sync: SyncWhen::Save,
        digest: true,
        at_once: 8,
        patience: SOON,
        acknowledged: Some(acknowledged.clone()),
        stop: Arc::clone(&stop),
    };
    let fleet = std::thread::spawn(move || simulate::run(&settings).unwrap());
    let mut dice = Dice::new(seed);
    wait_for_more(&acknowledged, 0);
    let mut armed: Option<&Place> = None;
    for kill in 0..kills {
        match armed {
            None => {
                wait_for_more(&acknowledged, kill);
                // Anywhere in the midst of reading, committing or answering.
                std::thread::sleep(Duration::from_micros(dice.throw() % MOMENT_US));
                server.kill();
            }
            Some(place) => {
                let asking = match place.meanwhile {
                    Meanwhile::Nobody => None,
                    Meanwhile::SomebodyFetchesAll => Some(newcomer.ask()),
                    Meanwhile::TheOfficeCompacts => Some(compact(&data)),
                };
                assert!(
                    server.is_killed_within(SOON),
                    "kill {kill}: {} was not reached",
                    place.name
                );
                drop(asking.map(JoinHandle::join));
            }
        }
        *reached
            .entry(armed.map_or("any moment", |place| place.name))
            .or_default() += 1;
        armed = dice
            .pick(&PLACES)
            .filter(|_| kill.is_multiple_of(2) && kill + 1 < kills);
        server.restart_with(&armed.map_or_else(String::new, |place| place.armed(&mut dice)));
    }
    stop.store(true, Ordering::Relaxed);
    let report = fleet.join().unwrap();
    server.kill();

    eprintln!("{report}");
    check_report(&report);
    check_folder(&data, &acknowledged);
}

/// Somebody who fetches every part whole, again and again.
struct Newcomer {
    url: String,
    signer: PhoneSigner,
}

impl Newcomer {
    fn enrol(server: &Server, logins: &Path, seed: u64) -> Newcomer {
        let client = simulate::Client::new(server.http(), None).unwrap();
        let worker = Worker::enrol(&client, &read_logins(logins).unwrap()[0], seed);
        Newcomer {
            url: server.http().to_owned(),
            signer: worker.signer().clone(),
        }
    }

    /// Asks until the server is gone.
    fn ask(&self) -> JoinHandle<()> {
        let client = simulate::Client::new(&self.url, None).unwrap();
        let signer = self.signer.clone();
        std::thread::spawn(move || while client.snapshots(&signer, &[]).is_ok() {})
    }
}

/// Every registry document goes on as its next epoch; ends with the server.
fn compact(data: &Path) -> JoinHandle<()> {
    let data = data.to_owned();
    std::thread::spawn(move || {
        let code = data_folder::code().to_string();
        drop(process::command(&["compact", "--community", &code], &data));
    })
}

/// Waits until the file has grown: the server is at work.
fn wait_for_more(file: &Path, kill: u64) {
    let length = || std::fs::metadata(file).map_or(0, |about| about.len());
    let (before, since) = (length(), Instant::now());
    while length() == before {
        assert!(since.elapsed() < SOON, "nothing was acknowledged after kill {kill}");
        std::thread::sleep(LOOK_EVERY);
    }
}

fn check_report(report: &Report) {
    assert_eq!(report.unsent, 0, "entries were never acknowledged");
    assert_eq!(report.digests_different, 0, "phones show something else than the home");
    assert!(report.digests_equal > 0 && report.sent > 0, "nothing was compared");
    let failures: Vec<_> = report.errors.keys().filter(|code| *code != "unreachable").collect();
    assert!(failures.is_empty(), "{failures:?}");
}

fn check_folder(data: &Path, acknowledged: &Path) {
    let acknowledged: BTreeSet<EntryId> = std::fs::read_to_string(acknowledged)
        .unwrap()
        .lines()
        .map(|id| id.parse().unwrap())
        .collect();
    assert_eq!(
        acknowledged::hold_rebuilt(data, data_folder::code(), &acknowledged),
        Ok(())
    );
    let verified = process::command(&["verify"], data);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    eprintln!("{} acknowledged entries, all in the log", acknowledged.len());
}
