//! A community put back from the night's copy: phones bring again what the home had acknowledged
//! since, and it repeats what it had decided. The real server, its own copy, real phones.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use menpai_server::home::Home;
use menpai_server::jobs::{rebuild, verify};
use menpai_server::simulate::{Client, read_logins};
use menpai_sync_core::ids::{DeviceId, EntryId, LogId};
use menpai_tests::workload::{Worker, roster};
use menpai_tests::{data_folder, process, process::Server};

/// What was decided about an entry: verdict, reason, arrival, offset, made-time.
type Decided = (String, Option<String>, i64, i64, i64);

#[test]
fn what_was_acknowledged_since_the_copy_comes_back_as_it_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let workers = [("one", "甲", 0), ("two", "乙", 0), ("three", "丙", 0)];
    let logins = data_folder::make_of(&data, &["第一网格"], &workers, &roster(60, 150));
    let logins = read_logins(&logins).unwrap();
    let mut server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let mut one = Worker::enrol(&client, &logins[0], 1).with_own_clock();
    let mut two = Worker::enrol(&client, &logins[1], 2).with_own_clock();
    for worker in [&mut one, &mut two] {
        worker.sync();
        worker.work_a_day();
        worker.sync();
    }
    let night = process::command(&["nightly"], &data);
    assert!(night.status.success(), "{}", String::from_utf8_lossy(&night.stdout));

    // Acknowledged after the copy: two contacts of one phone, and one that the copy does not know.
    let mut three = Worker::enrol(&client, &logins[2], 3).with_own_clock();
    three.sync();
    one.work_a_day();
    one.sync();
    one.check_a_door();
    one.sync();
    for worker in [&mut two, &mut three] {
        worker.work_a_day();
        worker.sync();
    }
    let devices = [one.device(), two.device(), three.device()];
    server.kill();
    let (log, before) = decided(&data, &devices);
    assert!(before.len() > 300, "{}", before.len());

    let file = data.join("communities/410102002005.sqlite");
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("communities/410102002005.sqlite{ending}")));
    }
    fs::copy(newest_copy(&data).join("communities/410102002005.sqlite"), &file).unwrap();
    let (_, copied) = decided_in(&file, &devices);
    assert!(
        copied.len() < before.len() / 2 + 1,
        "the copy has only the first day: {}",
        copied.len()
    );

    server.restart();
    // What was never sent goes with it.
    two.check_a_door();
    let door = two.newest().unwrap();
    for worker in [&mut one, &mut two, &mut three] {
        worker.sync();
    }
    for worker in [&mut one, &mut two, &mut three] {
        assert_eq!(worker.sync().requests, 1, "all is quiet again");
    }
    server.kill();

    let (life, after) = decided(&data, &devices);
    assert_ne!(life, log, "a new life of the log");
    for (entry, was) in &before {
        let is = after.get(entry).unwrap();
        assert_eq!((&is.0, &is.1, is.2, is.3), (&was.0, &was.1, was.2, was.3), "{entry}");
        // A contact that only the lost life knew bounds no made-time any more; these clocks run
        // a day ahead, so that some were bounded by one.
        assert!(is.4 <= was.4 && was.4 <= was.2, "{entry}: {} was {}", is.4, was.4);
    }
    assert!(after.contains_key(&door), "and the one that was not sent before");
    // A worker's day passes in no time at the home: that is noted as a clock that was set.
    let brought = after.keys().filter(|entry| !before.contains_key(entry)).count();
    assert!((1..=2).contains(&brought), "{brought} entries are new");
    let verified = process::command(&["verify"], &data);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

/// The newest night's folder.
fn newest_copy(data: &Path) -> std::path::PathBuf {
    let days = fs::read_dir(data.join("backups")).unwrap();
    days.map(|day| day.unwrap().path()).max().unwrap()
}

/// The last verdict of every entry of phones, each entry once, in a folder that also verifies.
fn decided(data: &Path, devices: &[DeviceId]) -> (LogId, BTreeMap<EntryId, Decided>) {
    let home = Home::open(data).unwrap();
    let community = home.communities.get(data_folder::code()).unwrap().unwrap();
    let report = verify::verify(&community).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert!(rebuild::rebuild(&community).unwrap().is_equal());
    let path = community.path().to_owned();
    let log = community.identity().log;
    drop((community, home));
    (log, decided_in(&path, devices).1)
}

fn decided_in(file: &Path, devices: &[DeviceId]) -> (usize, BTreeMap<EntryId, Decided>) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT e.id, l.verdict, l.reason, l.received_ms, l.offset_ms, l.made_ms
               FROM entry e JOIN device_log d ON d.number = e.device
               JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
              WHERE d.device = ?1",
        )
        .unwrap();
    let (mut rows, mut entries) = (0, BTreeMap::new());
    for device in devices {
        let found = statement
            .query_map([device.as_bytes()], |row| {
                let decided = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
                Ok((EntryId::from_bytes(row.get(0)?), decided))
            })
            .unwrap();
        for entry in found {
            let (id, decided) = entry.unwrap();
            rows += 1;
            entries.insert(id, decided);
        }
    }
    assert_eq!(rows, entries.len(), "an entry twice");
    (rows, entries)
}
