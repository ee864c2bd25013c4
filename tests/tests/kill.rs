//! kill -9 of the real server under load: whatever it had acknowledged is in its log after any
//! number of kills. `MENPAI_KILLS` says how many, `MENPAI_SEED` when.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menpai_server::home::Home;
use menpai_server::jobs::{rebuild, verify};
use menpai_server::simulate::{self, Dice, Report, Settings, SyncWhen, read_logins};
use menpai_sync_core::ids::EntryId;
use menpai_tests::{data_folder, process, process::Server, runs};

/// Longest until the fleet has been acknowledged something again.
const SOON: Duration = Duration::from_secs(90);
/// How often a look at the file is worth it.
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let seed = runs::count("MENPAI_SEED", 1);
    let kills = runs::count("MENPAI_KILLS", 30);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let logins = data_folder::make(&data);
    let acknowledged = folder.path().join("acknowledged");
    let mut server = Server::start(&data);

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
    for kill in 0..kills {
        wait_for_more(&acknowledged, kill);
        // Anywhere in the midst of reading, committing or answering.
        std::thread::sleep(Duration::from_micros(dice.throw() % 800_000));
        server.kill();
        server.restart();
    }
    stop.store(true, Ordering::Relaxed);
    let report = fleet.join().unwrap();
    server.kill();

    eprintln!("{report}");
    check_report(&report);
    check_folder(&data, &acknowledged);
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
    {
        let home = Home::open(data).unwrap();
        let community = home.communities.get(data_folder::code()).unwrap().unwrap();
        let in_log: BTreeSet<EntryId> = community
            .query(|connection| {
                let mut statement = connection
                    .prepare("SELECT e.id FROM log_line l JOIN entry e ON e.number = l.entry WHERE e.id IS NOT NULL")?;
                let rows = statement.query_map([], |row| Ok(EntryId::from_bytes(row.get(0)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap();
        let missing: Vec<_> = acknowledged.difference(&in_log).collect();
        assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
        let report = verify::verify(&community).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        let rebuilt = rebuild::rebuild(&community).unwrap();
        assert!(rebuilt.is_equal(), "{rebuilt:?}");
    }
    let verified = process::command(&["verify"], data);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    eprintln!("{} acknowledged entries, all in the log", acknowledged.len());
}
