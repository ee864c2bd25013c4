//! The demo's first start, broken off in the middle of its import.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use crate::support::{Server, code};
use menpai_server::demo::make_lived_in;
use menpai_server::home::Home;
use menpai_server::jobs::verify::verify;

/// Kills a first start once the community has this many bytes of log waiting to be merged in.
fn start_and_kill_midway(data: &Path) {
    let mut first = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(["serve", "--demo", "--http", ":0", "--https", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let size = |name: &str| fs::metadata(data.join("communities").join(name)).map_or(0, |file| file.len());
    while size("410102002005.sqlite") < 1 << 20 {
        assert!(first.try_wait().unwrap().is_none(), "ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn an_interrupted_first_start_is_continued_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    start_and_kill_midway(&data);
    assert!(
        data.join("demo-roster.xlsx").exists(),
        "killed too late to show anything"
    );
    let logins = fs::read_to_string(data.join("demo-logins.txt")).unwrap();
    assert_eq!(
        fs::metadata(data.join("demo-logins.txt")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(logins.lines().filter(|line| !line.starts_with('#')).count(), 9);

    drop(Server::start(&data, &["--demo"]));
    assert!(!data.join("demo-roster.xlsx").exists());
    assert_eq!(fs::read_to_string(data.join("demo-logins.txt")).unwrap(), logins);

    let home = Home::open(&data).unwrap();
    let community = home.communities.get(code()).unwrap().unwrap();
    let (persons, names, held): (i64, i64, i64) = community
        .query(|c| {
            Ok(c.query_row(
                "SELECT (SELECT count(*) FROM entity WHERE type = 'person'),
                        (SELECT count(DISTINCT value) FROM registry_value WHERE field = 'address_key'),
                        (SELECT count(*) FROM log_line WHERE verdict <> 'merged')",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?)
        })
        .unwrap();
    assert_eq!((persons, names, held), (6_028, 2_428, 0));
    assert_eq!(verify(&community).unwrap().findings, []);
}

#[test]
fn a_lived_in_demo_has_something_for_every_screen_and_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // What an attempt broken off has left.
    fs::create_dir(folder.path().join("data.making")).unwrap();
    assert!(make_lived_in(&data, 13).unwrap());
    assert!(!make_lived_in(&data, 13).unwrap());
    assert!(!folder.path().join("data.making").exists());

    let home = Home::open(&data).unwrap();
    let community = home.communities.get(code()).unwrap().unwrap();
    assert_eq!(verify(&community).unwrap().findings, []);
    let count = |what: &str| -> i64 {
        community
            .query(|c| Ok(c.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0))?))
            .unwrap()
    };
    for (what, least) in [
        ("record_door_check WHERE outcome = 'met'", 500),
        ("record_door_check WHERE outcome = 'absent'", 100),
        ("record_door_check WHERE outcome = 'refused'", 5),
        ("record_door_check WHERE campaign_id IS NOT NULL", 500),
        ("record_care_visit WHERE met = 'met'", 50),
        ("record_care_visit WHERE health_mood IN ('watch', 'bad')", 1),
        ("record_hazard", 5),
        ("record_assignment WHERE place IS NOT NULL", 60),
        ("record_hazard_step", 5),
        ("registry_campaign", 1),
        ("conflict", 6),
        ("log_line WHERE reason = 'revoked'", 1),
        ("log_line WHERE reason = 'not_assigned'", 1),
        ("(SELECT DISTINCT day FROM record_daily_return)", 7),
        ("record_due_visits WHERE overdue > 0", 7),
    ] {
        assert!(count(what) >= least, "{what}: {}", count(what));
    }
    // Nothing is from the future, and one phone has been silent for days.
    let now = menpai_server::clock::now_ms();
    assert_eq!(count(&format!("log_line WHERE received_ms > {now}")), 0);
    assert!(count(&format!("device_heard WHERE contact_ms < {}", now - 4 * 86_400_000)) >= 1);
    // Two workers of each grid, one of them with a second phone.
    assert_eq!(count("device WHERE type = 'phone'"), 10);
}
