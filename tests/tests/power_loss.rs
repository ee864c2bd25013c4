//! Power cuts of the real server: no state that a disk could be left in lost what had been
//! acknowledged, and none contradicts itself. `MENPAI_STATES` says how many states of a
//! recording of `MENPAI_CONTACTS` contacts, `MENPAI_SEED` which. The controls break the rule
//! that is proven and must be noticed.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use menpai_tests::power_loss::{Outcome, Recording};
use menpai_tests::runs;

/// States of a control: half of them are cut as an answer leaves.
const CONTROL_STATES: u64 = 24;
const CONTROL_CONTACTS: usize = 60;

fn seed() -> u64 {
    runs::count("MENPAI_SEED", 1)
}

fn replay(contacts: usize, states: u64, points: &str) -> Outcome {
    let recording = Recording::make(contacts, seed(), points);
    let outcome = recording.states(states, seed());
    eprintln!(
        "{} states of {} syncs, {} acknowledged entries in them, {} lost some, {} damaged",
        outcome.states,
        recording.syncs(),
        outcome.acknowledged,
        outcome.lost.len(),
        outcome.damaged.len(),
    );
    outcome
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let contacts = usize::try_from(runs::count("MENPAI_CONTACTS", 120)).unwrap();
    let outcome = replay(contacts, runs::count("MENPAI_STATES", 150), "");
    assert!(outcome.acknowledged > 0, "nothing was compared");
    assert_eq!(
        outcome.lost,
        [],
        "seeds of states that lost acknowledged entries, and how many"
    );
    assert_eq!(outcome.damaged, [], "seeds of states that contradict themselves");
}

#[test]
fn control_commits_that_are_not_synced_are_noticed() {
    let outcome = replay(CONTROL_CONTACTS, CONTROL_STATES, "every commit is synced=return");
    assert_ne!(outcome.lost, [], "the replay would not notice synchronous=NORMAL");
}

#[test]
fn control_answers_before_the_commit_are_noticed() {
    let points = "nobody is answered before the commit=return;answered before the commit=sleep(30)";
    let outcome = replay(CONTROL_CONTACTS, CONTROL_STATES, points);
    assert_ne!(
        outcome.lost,
        [],
        "the replay would not notice an answer before its commit"
    );
}
