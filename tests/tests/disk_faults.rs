//! A disk that is full, or that fails: nothing is acknowledged that is not there, the server
//! goes on by itself when the disk is whole again, other communities notice nothing.
//! `MENPAI_FAULTS` says up to which call, `MENPAI_FAULT_STEP` how many apart.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use menpai_server::simulate::{Client, read_logins};
use menpai_sync_core::ids::EntryId;
use menpai_tests::acknowledged::hold_rebuilt;
use menpai_tests::disk_faults::{Failing, TROUBLES};
use menpai_tests::process::{How, Server};
use menpai_tests::workload::Worker;
use menpai_tests::{data_folder, runs};

/// Longest until a server goes on by itself.
const SOON: Duration = Duration::from_secs(30);
/// Contacts within which the call is reached.
const MOST_CONTACTS: usize = 60;
/// Room that a full disk has at first, for a moment, and in the end.
const ROOM_KIB: u64 = 6_144;
const ROOM_AT_FIRST_KIB: u64 = 512;

#[test]
fn a_failing_disk_costs_no_acknowledged_entry_and_no_other_community() {
    let (most, step) = (
        runs::count("MENPAI_FAULTS", 36),
        usize::try_from(runs::count("MENPAI_FAULT_STEP", 5)).unwrap(),
    );
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().canonicalize().unwrap().join("data");
    let logins = [data_folder::make(&data), data_folder::make_another(&data)];
    let mut server = Server::start(&data);
    let client = Client::new(server.http(), None).unwrap();
    let [mut struck, mut spared] = [1, 2].map(|seed| {
        let login = read_logins(&logins[usize::try_from(seed).unwrap() - 1])
            .unwrap()
            .remove(0);
        let mut worker = Worker::enrol(&client, &login, seed);
        worker.sync();
        worker
    });
    let database = data.join(format!("communities/{}.sqlite", data_folder::code()));
    for trouble in TROUBLES {
        let mut reached = 0;
        for from in (1..=most).step_by(step) {
            let failing = Failing::begin(server.pid(), &database, trouble, from);
            let failed = fails(&mut struck, &mut spared);
            spared.check_a_door();
            spared.sync();
            drop(failing);
            recovers(&mut struck, &format!("{trouble:?} from call {from}"));
            reached += u64::from(failed);
        }
        eprintln!("{trouble:?}: {reached} of them struck");
        assert!(reached > 0, "{trouble:?} struck nothing");
    }
    server.kill();
    for (worker, code) in [(&struck, data_folder::code()), (&spared, data_folder::another_code())] {
        assert_eq!(hold_rebuilt(&data, code, &told(worker)), Ok(()));
    }
}

/// Works until the trouble strikes; the others work on meanwhile.
fn fails(struck: &mut Worker, spared: &mut Worker) -> bool {
    (0..MOST_CONTACTS).any(|contact| {
        struck.check_a_door();
        let failed = struck.try_sync().is_err();
        if contact.is_multiple_of(8) {
            spared.check_a_door();
            spared.sync();
        }
        failed
    })
}

fn recovers(worker: &mut Worker, trouble: &str) {
    let since = Instant::now();
    while let Err(failure) = worker.try_sync() {
        assert!(since.elapsed() < SOON, "{trouble}: it does not go on: {failure:?}");
    }
    worker.check_a_door();
    worker.sync();
}

fn told(worker: &Worker) -> BTreeSet<EntryId> {
    let told = worker.acknowledged().iter().flat_map(|told| told.entries.clone());
    let told: BTreeSet<EntryId> = told.collect();
    assert!(!told.is_empty(), "nothing was acknowledged");
    told
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (data, copy) = (folder.join("data"), folder.join("copy"));
    let logins = read_logins(&data_folder::make(&data)).unwrap();
    copy_folder(&data, &copy);
    let how = How {
        under: on_small_disk(&data, &copy),
        ..How::default()
    };
    let mut server = Server::start_as(&data, how);
    // The small disk is mounted for the server alone: this is the way to it from outside.
    let seen = PathBuf::from(format!("/proc/{}/root{}", server.pid(), data.display()));
    let client = Client::new(server.http(), None).unwrap();
    let mut worker = Worker::enrol(&client, &logins[0], 1);
    worker.sync();
    let ballast = seen.join("ballast");
    fs::write(
        &ballast,
        vec![b'x'; usize::try_from((ROOM_KIB - ROOM_AT_FIRST_KIB) << 10).unwrap()],
    )
    .unwrap();
    let since = Instant::now();
    loop {
        worker.work_a_day();
        if worker.try_sync().is_err() {
            break;
        }
        assert!(since.elapsed() < 4 * SOON, "the disk is never full");
    }
    fs::remove_file(&ballast).unwrap();
    recovers(&mut worker, "full disk");
    let after = folder.join("after");
    copy_folder(&seen, &after);
    server.kill();
    assert_eq!(hold_rebuilt(&after, data_folder::code(), &told(&worker)), Ok(()));
}

/// The command line that runs a program where `data` is a small disk with the files of `copy`.
fn on_small_disk(data: &Path, copy: &Path) -> Vec<String> {
    let script = r#"mount -t tmpfs -o "size=$1k" tmpfs "$2" && cp -a "$3"/. "$2" && shift 3 && exec "$@""#;
    let used = Command::new("du").arg("-sk").arg(copy).output().unwrap();
    let used: u64 = String::from_utf8(used.stdout)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
        .map(str::to_owned)
        .to_vec();
    command.push((used + ROOM_KIB).to_string());
    command.extend([data, copy].map(|path| path.to_str().unwrap().to_owned()));
    command
}

fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}
