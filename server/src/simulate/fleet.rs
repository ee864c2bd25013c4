//! Runs the fleet: day by day, a few phones at a time, until the last phone's last sync.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use menpai_sync_core::kinds::{Kinds, KindsError};
use menpai_sync_core::phone::OpenError;

use super::acknowledged::Acknowledged;
use super::client::{Client, ClientError};
use super::dice::Dice;
use super::logins::Login;
use super::phone::{Shared, SimulatedPhone};
use super::report::{Report, Tally};

/// When phones sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SyncWhen {
    /// At the end of the day.
    Day,
    /// After each save.
    Save,
}

/// What a fleet is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Phones.
    pub workers: usize,
    /// Days of work of each.
    pub days: u32,
    /// Of the throws.
    pub seed: u64,
    /// Where the server is.
    pub server: String,
    /// The authority to trust over https.
    pub ca: Option<PathBuf>,
    /// Who works; shared by turns if there are more phones.
    pub logins: Vec<Login>,
    /// When phones sync.
    pub sync: SyncWhen,
    /// Compare digests at the end.
    pub digest: bool,
    /// Phones at work at the same time.
    pub at_once: usize,
    /// How long one sync tries before the phone goes on without.
    pub patience: Duration,
    /// Where ids of acknowledged entries are written.
    pub acknowledged: Option<PathBuf>,
    /// Set it to end the work early; phones still sync a last time.
    pub stop: Arc<AtomicBool>,
}

/// Why no fleet could start.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The kind files compiled in.
    #[error(transparent)]
    Kinds(#[from] KindsError),
    /// A new phone could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file of acknowledged ids.
    #[error("acknowledged ids: {0}")]
    Acknowledged(#[from] std::io::Error),
    /// Nobody works.
    #[error("no logins")]
    NoLogins,
}

/// Runs the fleet to its end. What the server does wrong is in the report, never an error.
///
/// # Errors
/// [`SimulateError`] before the first request.
pub fn run(settings: &Settings) -> Result<Report, SimulateError> {
    if settings.logins.is_empty() {
        return Err(SimulateError::NoLogins);
    }
    let shared = Shared {
        client: Client::new(&settings.server, settings.ca.as_deref())?,
        kinds: Arc::new(Kinds::builtin()?),
        patience: settings.patience,
        acknowledged: settings.acknowledged.as_deref().map(Acknowledged::open).transpose()?,
        stop: Arc::clone(&settings.stop),
        each_save: settings.sync == SyncWhen::Save,
        digest: settings.digest,
        days: settings.days,
    };
    let mut phones = (0_u64..)
        .zip(settings.logins.iter().cycle())
        .take(settings.workers)
        .map(|(number, login)| SimulatedPhone::new(login.clone(), Dice::of(settings.seed, number), &shared))
        .collect::<Result<Vec<_>, _>>()?;

    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(settings.workers as u64 * (u64::from(settings.days) + 2));
    if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    let each = |message: String, phones: &mut [SimulatedPhone], work: &(dyn Fn(&mut SimulatedPhone) + Sync)| {
        bar.set_message(message);
        for_each(phones, settings.at_once, &|phone| {
            work(phone);
            bar.inc(1);
        });
    };

    let started = Instant::now();
    each("enrolling".to_owned(), &mut phones, &|phone| phone.begin(&shared));
    for day in 0..settings.days {
        if shared.stop.load(Ordering::Relaxed) {
            break;
        }
        each(format!("day {}", day + 1), &mut phones, &|phone| {
            phone.day(day, &shared);
        });
    }
    each("last sync".to_owned(), &mut phones, &|phone| phone.end(&shared));
    let wall = started.elapsed();
    bar.finish_and_clear();

    let mut sum = Tally::default();
    for phone in phones {
        sum.join(phone.tally);
    }
    Ok(sum.report(settings.workers, settings.seed, wall))
}

/// Works on all of them, `at_once` at a time, in their order.
fn for_each(phones: &mut [SimulatedPhone], at_once: usize, work: &(dyn Fn(&mut SimulatedPhone) + Sync)) {
    let queue: Mutex<VecDeque<&mut SimulatedPhone>> = Mutex::new(phones.iter_mut().collect());
    std::thread::scope(|scope| {
        for _ in 0..at_once.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    match next {
                        Some(phone) => work(phone),
                        None => break,
                    }
                }
            });
        }
    });
}
