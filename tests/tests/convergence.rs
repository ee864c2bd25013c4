//! Same entries, same state: seeded schedules of phones and their home. `MENPAI_SEEDS` says
//! how many, `MENPAI_SEED` replays one.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Mutex;

use menpai_tests::convergence::{Trials, run, run_clocks, run_restored, run_with};
use menpai_tests::runs;

/// As many as see everything that is listed in `Trial`.
const SEEDS: u64 = 1_000;
/// The rarest, parts fetched again since something counts again, came 4 times in them; all else 18 times.
const FEWEST: usize = 3;

#[test]
fn convergence() {
    let sum = Mutex::new(Trials::default());
    runs::seeds("--test convergence", SEEDS, |seed| {
        run(seed).map(|trials| *sum.lock().unwrap() += trials)
    });
    let sum = sum.into_inner().unwrap();
    eprintln!("{sum}");
    if std::env::var("MENPAI_SEED").is_err() && runs::count("MENPAI_SEEDS", SEEDS) >= SEEDS {
        // Schedules that try nothing prove nothing; a few seeds try little of what is rare.
        let rare = sum.rarer_than(FEWEST);
        assert!(rare.is_empty(), "{rare:?} hardly happened: {sum}");
    }
}

#[test]
fn a_home_put_back_from_its_backup_gets_everything_again_at_once() {
    for seed in 1..=5 {
        run_restored(seed).unwrap();
    }
}

#[test]
fn clocks_that_are_set_move_nothing_that_was_made() {
    for seed in 1..=20 {
        run_clocks(seed).unwrap();
    }
}

#[test]
fn a_home_that_shows_something_else_is_noticed() {
    let tampered = |sql: &'static str| {
        run_with(7, |file| {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            assert!(connection.execute(sql, []).unwrap() > 0, "nothing was changed by {sql}");
        })
    };
    for sql in [
        "UPDATE registry_value SET value = '\"19912345678\"' WHERE field = 'phone' AND rank = 0
            AND entity = (SELECT min(entity) FROM registry_value WHERE field = 'phone')",
        "DELETE FROM merged_entry WHERE entry = (SELECT max(m.entry) FROM merged_entry m
            JOIN kind k ON k.number = m.kind WHERE k.name = 'door_check')",
        "UPDATE log_line SET made_ms = made_ms + 1 WHERE lsn = (SELECT max(lsn) FROM log_line)",
    ] {
        tampered(sql).expect_err(sql);
    }
}
