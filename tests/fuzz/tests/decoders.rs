//! Every decoder against its seeds, against what once harmed one (`crashes/<target>/`), and
//! against some thousand inputs thrown with dice: `MENPAI_INPUTS` says how many for each
//! target, `MENPAI_SEED` where they begin.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use menpai_fuzz::{TARGETS, Target, mutated};
use nix::time::{ClockId, clock_gettime};

/// Most CPU that one input may take; what else the machine does is not its fault.
const MOST_TIME: Duration = Duration::from_secs(2);

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// CPU of this thread so far.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// Runs one input; says what went wrong, with the file that it was kept in.
fn withstands(target: &Target, name: &str, input: &[u8]) -> Result<(), String> {
    let before = cpu();
    let outcome = catch_unwind(|| (target.run)(input));
    let took = cpu() - before;
    if outcome.is_ok() && took < MOST_TIME {
        return Ok(());
    }
    let kept = std::env::temp_dir().join(format!("menpai-{}-{name}", target.name));
    std::fs::write(&kept, input).unwrap();
    let what = if outcome.is_ok() {
        format!("took {took:?}")
    } else {
        "panicked".to_owned()
    };
    Err(format!(
        "{} {name} {what}; move {} to crashes/{}/",
        target.name,
        kept.display(),
        target.name
    ))
}

#[test]
fn seeds_are_well_formed_and_harm_nobody() {
    for target in &TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            withstands(target, &format!("seed-{number}"), seed).unwrap();
        }
    }
}

#[test]
fn what_once_harmed_a_decoder_no_longer_does() {
    let crashes = Path::new(env!("CARGO_MANIFEST_DIR")).join("crashes");
    for folder in std::fs::read_dir(&crashes).unwrap().flatten() {
        if !folder.path().is_dir() {
            continue;
        }
        let name = folder.file_name().into_string().unwrap();
        let target = menpai_fuzz::target(&name).unwrap_or_else(|| panic!("crashes/{name} is of no target"));
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            let input = std::fs::read(file.path()).unwrap();
            withstands(target, &file.file_name().into_string().unwrap(), &input).unwrap();
        }
    }
}

#[test]
fn no_thrown_input_harms_a_decoder() {
    let first = number("MENPAI_SEED", 1);
    let count = number("MENPAI_INPUTS", 1_000);
    for target in &TARGETS {
        let seeds = (target.seeds)();
        // A workbook takes a thousand times as long as a line.
        let count = if target.name == "roster_xlsx" {
            count / 20
        } else {
            count
        };
        for seed in first..first + count {
            withstands(target, &format!("input-{seed}"), &mutated(&seeds, seed)).unwrap();
        }
    }
}
