//! How often and with which seeds: read from the environment, so that `make test`, `make soak`
//! and the replay of one failure run the same code.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The number in an environment variable, or what is usual.
#[must_use]
pub fn count(variable: &str, usual: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => usual,
    }
}

/// Runs a scenario for many seeds, several at a time. `MENPAI_SEEDS` says how many,
/// `MENPAI_FIRST_SEED` from which on, `MENPAI_SEED` runs just that one. Panics with every
/// failing seed and the command that replays it.
pub fn seeds<E: Display>(test: &str, usual: u64, scenario: impl Fn(u64) -> Result<(), E> + Sync) {
    if std::env::var("MENPAI_SEED").is_ok() {
        let seed = count("MENPAI_SEED", 0);
        scenario(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        return;
    }
    let first = count("MENPAI_FIRST_SEED", 1);
    let end = first + count("MENPAI_SEEDS", usual);
    let next = AtomicU64::new(first);
    let failures: Mutex<Vec<(u64, String)>> = Mutex::default();
    std::thread::scope(|scope| {
        for core in cores() {
            let (next, failures, scenario) = (&next, &failures, &scenario);
            scope.spawn(move || {
                stay_on(core);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = catch_unwind(AssertUnwindSafe(|| scenario(seed).map_err(|error| error.to_string())));
                    if let Err(error) = outcome.unwrap_or_else(|_| Err("panicked, see above".to_owned())) {
                        failures.lock().unwrap().push((seed, error));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    if !failures.is_empty() {
        let shown: Vec<String> = failures
            .iter()
            .take(10)
            .map(|(seed, error)| format!("seed {seed}: {error}"))
            .collect();
        panic!(
            "{} of {} seeds failed\n{}\nreplay: MENPAI_SEED={} cargo test -p menpai-tests {test} -- --nocapture",
            failures.len(),
            end - first,
            shown.join("\n"),
            failures[0].0,
        );
    }
}

/// The processors that this process may use.
fn cores() -> Vec<usize> {
    let may_use = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let cores = 0..CpuSet::count();
    cores.filter(|core| may_use.is_set(*core).unwrap()).collect()
}

/// Keeps this thread, and those that it starts, on one processor: the threads of a scenario wait for each
/// other, and passing work to another processor takes a third of a schedule.
fn stay_on(core: usize) {
    let mut only = CpuSet::new();
    only.set(core).unwrap();
    sched_setaffinity(Pid::from_raw(0), &only).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_seeds_are_named_with_the_command_that_replays_them() {
        let failed = catch_unwind(|| {
            seeds(
                "some_test",
                20,
                |seed| if seed == 13 { Err("thirteen") } else { Ok(()) },
            );
        });
        let message = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("seed 13: thirteen"), "{message}");
        assert!(message.contains("MENPAI_SEED=13"), "{message}");
    }
}
