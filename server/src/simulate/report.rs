//! What a fleet came to, for people and as one JSON object.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// How long requests took, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Latencies {
    /// Half were faster.
    pub p50_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Latencies {
    fn of(mut took: Vec<Duration>) -> Latencies {
        took.sort_unstable();
        let at = |share: usize| {
            let index = (took.len() * share).div_ceil(100).saturating_sub(1);
            took.get(index)
                .map_or(0.0, |time| (time.as_secs_f64() * 100_000.0).round() / 100.0)
        };
        Latencies {
            p50_ms: at(50),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }
}

/// Round trips of one sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Traffic {
    /// Requests that were answered.
    pub round_trips: u64,
    /// Bytes of the bodies up.
    pub bytes_up: u64,
    /// Bytes of the bodies down.
    pub bytes_down: u64,
    /// How long they took.
    #[serde(flatten)]
    pub latencies: Latencies,
}

/// Round trips as they happen.
#[derive(Debug, Clone, Default)]
pub(super) struct Trips {
    took: Vec<Duration>,
    bytes_up: u64,
    bytes_down: u64,
}

impl Trips {
    pub(super) fn add(&mut self, up: usize, down: usize, took: Duration) {
        self.took.push(took);
        self.bytes_up += up as u64;
        self.bytes_down += down as u64;
    }

    fn join(&mut self, other: Trips) {
        self.took.extend(other.took);
        self.bytes_up += other.bytes_up;
        self.bytes_down += other.bytes_down;
    }

    fn report(self) -> Traffic {
        Traffic {
            round_trips: self.took.len() as u64,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            latencies: Latencies::of(self.took),
        }
    }
}

/// What one phone, or all of them, did.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) made: u64,
    pub(super) sent: u64,
    pub(super) days: u64,
    pub(super) restarts: u64,
    /// Tasks for which surroundings or kind files offered nothing, or the phone refused.
    pub(super) not_made: u64,
    pub(super) first: Trips,
    pub(super) work: Trips,
    pub(super) last: Trips,
    pub(super) idle: Trips,
    pub(super) digests_equal: u64,
    pub(super) digests_different: u64,
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) merged: u64,
    pub(super) held: u64,
    pub(super) waiting: u64,
    pub(super) unsent: u64,
}

impl Tally {
    pub(super) fn error(&mut self, code: &str) {
        *self.errors.entry(code.to_owned()).or_default() += 1;
    }

    pub(super) fn join(&mut self, other: Tally) {
        self.made += other.made;
        self.sent += other.sent;
        self.days += other.days;
        self.restarts += other.restarts;
        self.not_made += other.not_made;
        self.first.join(other.first);
        self.work.join(other.work);
        self.last.join(other.last);
        self.idle.join(other.idle);
        self.digests_equal += other.digests_equal;
        self.digests_different += other.digests_different;
        for (code, count) in other.errors {
            *self.errors.entry(code).or_default() += count;
        }
        self.merged += other.merged;
        self.held += other.held;
        self.waiting += other.waiting;
        self.unsent += other.unsent;
    }

    pub(super) fn report(self, workers: usize, seed: u64, wall: Duration) -> Report {
        let per = |sum: u64, count: u64| {
            if count == 0 {
                0.0
            } else {
                round(sum as f64 / count as f64)
            }
        };
        let work = self.work.report();
        Report {
            workers,
            seed,
            days: self.days,
            seconds: round(wall.as_secs_f64()),
            made: self.made,
            sent: self.sent,
            merged: self.merged,
            held: self.held,
            waiting: self.waiting,
            unsent: self.unsent,
            not_made: self.not_made,
            restarts: self.restarts,
            entries_per_second: round(self.sent as f64 / wall.as_secs_f64().max(0.001)),
            bytes_up_per_entry: per(work.bytes_up, self.sent),
            sync_round_trips_day: per(work.round_trips, self.days),
            first_sync: self.first.report(),
            sync: work,
            catching_up: self.last.report(),
            nothing_new: self.idle.report(),
            digests_equal: self.digests_equal,
            digests_different: self.digests_different,
            errors: self.errors,
        }
    }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// What the fleet came to. Entries that were acknowledged are merged, held or waiting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Phones.
    pub workers: usize,
    /// Of the throws.
    pub seed: u64,
    /// Days of work, of all phones together.
    pub days: u64,
    /// How long it took.
    pub seconds: f64,
    /// Entries made.
    pub made: u64,
    /// Entries acknowledged by the home.
    pub sent: u64,
    /// Of those, entries that count.
    pub merged: u64,
    /// Of those, entries that do not.
    pub held: u64,
    /// Of those, entries not judged yet.
    pub waiting: u64,
    /// Entries only their phone has.
    pub unsent: u64,
    /// Tasks that came to no entry.
    pub not_made: u64,
    /// Phones dropped and opened again from their rows.
    pub restarts: u64,
    /// Entries acknowledged in a second of this run.
    pub entries_per_second: f64,
    /// Bodies of `sync` up, divided by entries acknowledged.
    pub bytes_up_per_entry: f64,
    /// Round trips of `sync` for a phone's day.
    pub sync_round_trips_day: f64,
    /// Round trips before a phone's first day.
    pub first_sync: Traffic,
    /// Round trips in the course of the days.
    pub sync: Traffic,
    /// Round trips after the last day that carried something.
    pub catching_up: Traffic,
    /// Round trips with nothing new on either side.
    pub nothing_new: Traffic,
    /// Parts of which phone and home had the same digest.
    pub digests_equal: u64,
    /// Parts of which they had not.
    pub digests_different: u64,
    /// Failures by code, those that passed included.
    pub errors: BTreeMap<String, u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} phones, {} days of work in {} s (seed {})",
            self.workers, self.days, self.seconds, self.seed
        )?;
        writeln!(
            f,
            "  entries     {} made, {} acknowledged ({} merged, {} held, {} waiting), {} unsent; {}/s",
            self.made, self.sent, self.merged, self.held, self.waiting, self.unsent, self.entries_per_second
        )?;
        writeln!(
            f,
            "  a day       {} round trips, {} bytes up per entry",
            self.sync_round_trips_day, self.bytes_up_per_entry
        )?;
        for (name, traffic) in [
            ("first sync", &self.first_sync),
            ("sync", &self.sync),
            ("catching up", &self.catching_up),
            ("nothing new", &self.nothing_new),
        ] {
            let Traffic {
                round_trips,
                bytes_up,
                bytes_down,
                latencies,
            } = traffic;
            writeln!(
                f,
                "  {name:<11} {round_trips} round trips, {bytes_up} B up, {bytes_down} B down, p50 {} ms, p99 {} ms",
                latencies.p50_ms, latencies.p99_ms
            )?;
        }
        if self.digests_equal + self.digests_different > 0 {
            writeln!(
                f,
                "  digests     {} equal, {} different",
                self.digests_equal, self.digests_different
            )?;
        }
        writeln!(f, "  restarts    {}; tasks not done {}", self.restarts, self.not_made)?;
        for (code, count) in &self.errors {
            writeln!(f, "  error       {count} × {code}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_requests_that_happened() {
        let took = (1..=200).map(Duration::from_millis).collect();
        let latencies = Latencies::of(took);
        assert_eq!(
            latencies,
            Latencies {
                p50_ms: 100.0,
                p99_ms: 198.0,
                max_ms: 200.0
            }
        );
        assert_eq!(Latencies::of(Vec::new()), Latencies::default());
    }

    #[test]
    fn a_report_of_nothing_divides_by_nothing() {
        let report = Tally::default().report(0, 1, Duration::ZERO);
        assert!(
            serde_json::to_string(&report)
                .unwrap()
                .contains("\"sync_round_trips_day\":0.0")
        );
    }
}
