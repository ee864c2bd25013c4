//! One simulated phone: core, rows, key, clock. Whatever the server does, an entry that was
//! saved stays in the rows until the home has acknowledged it; every failure is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use menpai_sync_core::ids::{DeviceId, EntryId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{NamedDevice, OpenError, OwnState, Phone, Saved, SyncDraft};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{DownHeader, MAX_ANSWER_INFLATED, inflate_members, lines};

use super::acknowledged::Acknowledged;
use super::body::{Work, work};
use super::client::{Client, Failure};
use super::day::{self, Task};
use super::dice::Dice;
use super::logins::Login;
use super::report::{Tally, Trips};
use super::rows::Rows;
use super::surroundings::Surroundings;
use crate::auth::signed_request::PhoneSigner;
use crate::clock;
use crate::data_folder::new_secret_key;

/// China's one time zone.
const OFFSET_MINUTES: i32 = 480;
const DAY_MS: i64 = 86_400_000;
/// First and longest wait before a failed request is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Chance that a phone is closed in the course of a day.
const RESTART_PERCENT: u64 = 10;
/// Answers that may say `more` one after the other.
const MOST_ROUNDS: usize = 200;
/// The home's code for a phone that it does not know: it was put back from an older copy.
const NOT_SIGNED_IN: &str = "not_signed_in";

/// What every phone of a fleet shares.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) kinds: Arc<Kinds>,
    /// How long one sync tries before the phone goes on without.
    pub(super) patience: Duration,
    pub(super) acknowledged: Option<Acknowledged>,
    pub(super) stop: Arc<AtomicBool>,
    /// Sync after each save, not at the end of the day.
    pub(super) each_save: bool,
    pub(super) digest: bool,
    pub(super) days: u32,
}

/// One phone.
pub(super) struct SimulatedPhone {
    login: Login,
    device: DeviceId,
    key: Signer,
    /// Signs its requests, once it is enrolled.
    signer: Option<PhoneSigner>,
    phone: Phone,
    rows: Rows,
    dice: Dice,
    /// The phone's clock minus this machine's.
    clock_ms: i64,
    around: Option<Surroundings>,
    pub(super) tally: Tally,
}

/// Which figures a round trip goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    First,
    Work,
    /// After the last day: what others sent meanwhile, then nothing new.
    Last,
    /// Asks for digests; counted nowhere.
    Check,
}

impl SimulatedPhone {
    pub(super) fn new(login: Login, dice: Dice, shared: &Shared) -> Result<SimulatedPhone, OpenError> {
        let key = loop {
            if let Ok(key) = Signer::from_bytes(&new_secret_key()) {
                break key;
            }
        };
        let rows = Rows::default();
        let mut phone = rows.open(Arc::clone(&shared.kinds))?;
        phone.use_snapshots(true);
        Ok(SimulatedPhone {
            login,
            device: clock::new_device_id(),
            key,
            signer: None,
            phone,
            rows,
            dice,
            clock_ms: 0,
            around: None,
            tally: Tally::default(),
        })
    }

    /// Is enrolled, fetches what there is, looks around.
    pub(super) fn begin(&mut self, shared: &Shared) {
        if self.enrol(shared) {
            self.sync(shared, Sort::First);
        }
        self.around = Surroundings::look(&self.phone, &shared.kinds, &mut self.dice);
    }

    /// Works a day and syncs.
    pub(super) fn day(&mut self, number: u32, shared: &Shared) {
        if self.phone.enrolment().is_none() || self.around.is_none() {
            // The server was away, or had nothing yet: try again.
            self.begin(shared);
        }
        let Some(around) = self.around.clone() else { return };
        // The last day ends now; the days before it lie before it.
        let ends_at = -DAY_MS * i64::from(shared.days.saturating_sub(number + 1));
        let begins_at = ends_at - day::length_ms();
        for (at, task) in day::tasks(&mut self.dice) {
            if shared.stop.load(Ordering::Relaxed) {
                break;
            }
            self.clock_ms = begins_at + at;
            self.save(task, &around, shared);
            if shared.each_save {
                self.sync(shared, Sort::Work);
            }
            if self.dice.percent(RESTART_PERCENT) && self.dice.below(88) == 0 {
                self.restart(shared);
            }
        }
        self.clock_ms = ends_at;
        if self.dice.percent(RESTART_PERCENT) {
            self.restart(shared);
        }
        self.sync(shared, Sort::Work);
        self.tally.days += 1;
    }

    /// Sends what is left and fetches what the others sent; then, if wanted, digests.
    pub(super) fn end(&mut self, shared: &Shared) {
        self.sync(shared, Sort::Last);
        self.sync(shared, Sort::Last);
        if shared.digest {
            self.sync(shared, Sort::Check);
        }
        for own in self.phone.own_entries() {
            match own.state {
                OwnState::OnPhone => self.tally.unsent += 1,
                OwnState::Merged | OwnState::Released(_) => self.tally.merged += 1,
                OwnState::Held(_) | OwnState::SetAside(_) => self.tally.held += 1,
                OwnState::Waiting(_) => self.tally.waiting += 1,
            }
        }
    }

    fn now(&self) -> Instant {
        Instant {
            unix_ms: clock::now_ms() + self.clock_ms,
            offset_minutes: OFFSET_MINUTES,
        }
    }

    fn save(&mut self, task: Task, around: &Surroundings, shared: &Shared) {
        let now = self.now();
        let saved = match work(task, &shared.kinds, around, now, &mut self.dice) {
            Some(Work::Record(draft)) => self.phone.record(draft, now, clock::random()),
            Some(Work::Edit(draft)) => self.phone.edit(draft, now, clock::random()),
            None => {
                self.tally.not_made += 1;
                return;
            }
        };
        match saved {
            Saved::Entry { writes, .. } => {
                self.rows.apply(writes);
                self.tally.made += 1;
            }
            Saved::Problems(problems) => {
                self.tally.not_made += 1;
                let code = problems.first().map_or("no reason", |problem| problem.code.as_str());
                self.tally.error(&format!("not saved: {code}"));
            }
        }
    }

    /// The phone is closed and opened again from its rows.
    fn restart(&mut self, shared: &Shared) {
        match self.rows.open(Arc::clone(&shared.kinds)) {
            Ok(phone) => {
                self.phone = phone;
                self.phone.use_snapshots(true);
                self.tally.restarts += 1;
            }
            Err(error) => self.tally.error(&format!("not opened: {error}")),
        }
    }

    fn enrol(&mut self, shared: &Shared) -> bool {
        let enrolled = with_patience(shared, &mut self.tally, || {
            shared.client.enrol(&self.login, self.device, &self.key, "simulated")
        });
        let Some(enrolled) = enrolled else { return false };
        let device = NamedDevice {
            id: self.device,
            name: "simulated".to_owned(),
            public_key: Some(self.key.public_key()),
        };
        let enrolment = enrolled.enrolment(device);
        self.signer = Some(PhoneSigner {
            device: self.device,
            community: enrolment.community.code,
            key: self.key.clone(),
        });
        match self.phone.enrol(enrolment) {
            Ok(writes) => {
                self.rows.apply(writes);
                true
            }
            Err(error) => {
                self.tally.error(&error.to_string());
                false
            }
        }
    }

    /// Syncs until nothing is left on either side, or patience ends.
    fn sync(&mut self, shared: &Shared, sort: Sort) {
        let digest = sort == Sort::Check;
        for _ in 0..MOST_ROUNDS {
            let Some(signer) = self.signer.clone() else {
                if self.enrol(shared) {
                    continue;
                }
                return;
            };
            if let Some(parts) = self.phone.snapshots_wanted()
                && !self.fetch(shared, sort, &signer, &parts)
            {
                return;
            }
            let Some(SyncDraft { to_sign }) = self.phone.begin_sync(self.now(), digest) else {
                return;
            };
            let carries = !to_sign.is_empty();
            let signatures: Vec<Signature> = to_sign.iter().map(|message| self.key.sign(message)).collect();
            let Some(body) = self.phone.request(&signatures) else {
                return;
            };
            let answered = match once_or_retry(shared, &mut self.tally, || shared.client.sync(&signer, &body)) {
                Ok(answered) => answered,
                Err(Failure::Answer { refusal, .. }) => {
                    let is_unknown = refusal.code == NOT_SIGNED_IN;
                    self.rows.apply(self.phone.refused(refusal));
                    if is_unknown && self.enrol(shared) {
                        continue;
                    }
                    return;
                }
                Err(Failure::Unreachable(_)) => return,
            };
            let (up, down, took) = (body.len(), answered.body.len(), answered.took);
            match self.take(&answered.body, shared) {
                Some((more, received)) => {
                    let news = carries || received > 0;
                    let trips: Option<&mut Trips> = match sort {
                        Sort::First => Some(&mut self.tally.first),
                        Sort::Work => Some(&mut self.tally.work),
                        Sort::Last if news => Some(&mut self.tally.last),
                        Sort::Last => Some(&mut self.tally.idle),
                        Sort::Check => None,
                    };
                    if let Some(trips) = trips {
                        trips.add(up, down, took);
                    }
                    if digest {
                        self.compare(&answered.body);
                    }
                    if !more && self.phone.only_here() == 0 {
                        return;
                    }
                    if !more && self.phone.status().refused.is_some() {
                        return;
                    }
                }
                None => return,
            }
        }
        self.tally.error("no end of answers");
    }

    /// Fetches parts whole, each durable before the next. `false`: the server is away. What
    /// does not fit comes as lines with the sync that follows.
    fn fetch(&mut self, shared: &Shared, sort: Sort, signer: &PhoneSigner, parts: &[Part]) -> bool {
        let answered = match once_or_retry(shared, &mut self.tally, || shared.client.snapshots(signer, parts)) {
            Ok(answered) => answered,
            Err(Failure::Answer { .. }) => {
                self.phone.use_snapshots(false);
                return true;
            }
            Err(Failure::Unreachable(_)) => return false,
        };
        let trips = if sort == Sort::First {
            &mut self.tally.first
        } else {
            &mut self.tally.work
        };
        trips.add(0, answered.body.len(), answered.took);
        let mut rest = answered.body.as_slice();
        while !rest.is_empty() {
            match self.phone.take_snapshot(rest) {
                Ok(Some(taken)) => {
                    self.rows.apply(taken.writes);
                    rest = &rest[taken.used..];
                }
                Ok(None) => {
                    self.tally.error("a snapshot was cut short");
                    break;
                }
                Err(error) => {
                    self.tally.error(&format!("snapshot: {error}"));
                    break;
                }
            }
        }
        true
    }

    /// Believes an answer: durable first, then acknowledged. Says whether there is more, and
    /// how many lines changed something.
    fn take(&mut self, body: &[u8], shared: &Shared) -> Option<(bool, usize)> {
        let unsent: Vec<EntryId> = self.unsent().collect();
        let received = match self.phone.verify_and_receive(body) {
            Ok(received) => received,
            Err(error) => {
                self.tally.error(&format!("not believed: {error}"));
                return None;
            }
        };
        self.rows.apply(received.writes);
        if !received.more {
            self.rows.apply(self.phone.keep_shown());
        }
        self.tally.sent += received.sent as u64;
        if let Some(refused) = self.phone.status().refused {
            self.tally.error(&refused.code);
        }
        if let Some(file) = &shared.acknowledged {
            let still: std::collections::HashSet<EntryId> = self.unsent().collect();
            let acknowledged: Vec<EntryId> = unsent.into_iter().filter(|id| !still.contains(id)).collect();
            if let Err(error) = file.add(&acknowledged) {
                self.tally.error(&format!("acknowledged file: {error}"));
            }
        }
        Some((received.more, received.received))
    }

    fn unsent(&self) -> impl Iterator<Item = EntryId> {
        self.phone
            .own_entries()
            .filter(|own| own.state == OwnState::OnPhone)
            .map(|own| own.entry.id)
    }

    /// Compares the home's digests with the phone's own.
    fn compare(&mut self, body: &[u8]) {
        let header: Option<DownHeader> = inflate_members(body, MAX_ANSWER_INFLATED)
            .ok()
            .and_then(|answers| serde_json::from_slice(lines(answers.last()?)?.next()?).ok());
        let (Some(header), Some(replica)) = (header.filter(|header| header.more != Some(true)), self.phone.replica())
        else {
            return;
        };
        for (part, at) in &header.digests {
            if replica.digest(*part) == at.digest {
                self.tally.digests_equal += 1;
            } else {
                self.tally.digests_different += 1;
            }
        }
    }
}

/// Tries until it works, cannot work, or patience ends; then it is given up.
fn with_patience<T>(shared: &Shared, tally: &mut Tally, call: impl FnMut() -> Result<T, Failure>) -> Option<T> {
    once_or_retry(shared, tally, call).ok()
}

fn once_or_retry<T>(
    shared: &Shared,
    tally: &mut Tally,
    mut call: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let started = Stopwatch::now();
    let mut wait = FIRST_WAIT;
    loop {
        let failure = match call() {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        tally.error(failure.code());
        let asked = match &failure {
            Failure::Answer { retry_after, .. } => *retry_after,
            Failure::Unreachable(_) => None,
        };
        let pause = asked.unwrap_or(wait);
        if !failure.may_pass() || started.elapsed() + pause > shared.patience {
            return Err(failure);
        }
        std::thread::sleep(pause);
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
