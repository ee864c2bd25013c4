//! A worker with a phone: the core's own, its rows in memory, over real HTTP. Counts what
//! travels; sign-in is not counted, headers are not bytes.

mod broken;

use std::collections::BTreeSet;
use std::sync::Arc;

use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::simulate::{Client, Dice, Failure, Login, Rows};
use menpai_sync_core::ids::{DeviceId, EntryId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::phone::{NamedDevice, OwnState, Phone, Saved, Write};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;

pub use broken::BrokenOff;

use super::day::{ENTRIES_A_DAY, Form, Grid};

/// Monday morning, half past eight, in China.
const MORNING_MS: i64 = 1_793_579_400_000;
const OFFSET_MINUTES: i32 = 480;
const DAY_MS: i64 = 86_400_000;
/// Five minutes and a half to a form.
const STEP_MS: i64 = 330_000;
/// Answers that may say `more` one after the other.
const MOST_REQUESTS: usize = 100;

/// What one contact cost, until nothing was left on either side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact {
    /// Round trips.
    pub requests: usize,
    /// Bytes of bodies sent.
    pub up: usize,
    /// Bytes of bodies received.
    pub down: usize,
}

impl Contact {
    /// Bytes both ways.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.up + self.down
    }
}

/// One answer, and the entries that it said are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Its body.
    pub answer: Vec<u8>,
    /// What it vouched for first.
    pub entries: Vec<EntryId>,
}

/// One worker.
pub struct Worker {
    client: Client,
    device: DeviceId,
    key: Signer,
    signer: PhoneSigner,
    phone: Phone,
    rows: Rows,
    dice: Dice,
    clock_ms: i64,
    /// Whether contacts go by `clock_ms`, and not by the home's own clock.
    own_clock: bool,
    grid: Option<Grid>,
    acknowledged: Vec<Acknowledgement>,
}

impl Worker {
    /// Enrols a new phone; it has fetched nothing yet.
    #[must_use]
    pub fn enrol(client: &Client, login: &Login, seed: u64) -> Worker {
        let mut dice = Dice::new(seed);
        let device = DeviceId::from_bytes(dice.bytes());
        let key = Signer::from_bytes(&dice.bytes()).unwrap();
        let rows = Rows::default();
        let mut phone = rows.open(Arc::new(Kinds::builtin().unwrap())).unwrap();
        let enrolled = client.enrol(login, device, &key, "测试手机").unwrap();
        let named = NamedDevice {
            id: device,
            name: "测试手机".to_owned(),
            public_key: Some(key.public_key()),
        };
        let enrolment = enrolled.enrolment(named);
        let signer = PhoneSigner {
            device,
            community: enrolment.community.code,
            key: key.clone(),
        };
        phone.use_snapshots(true);
        let writes = phone.enrol(enrolment).unwrap();
        let mut worker = Worker {
            client: client.clone(),
            device,
            key,
            signer,
            phone,
            rows,
            dice,
            clock_ms: MORNING_MS,
            own_clock: false,
            grid: None,
            acknowledged: Vec::new(),
        };
        worker.keep(writes);
        worker
    }

    /// Its clock shows this.
    #[must_use]
    pub fn with_clock(mut self, clock_ms: i64) -> Worker {
        self.clock_ms = clock_ms;
        self
    }

    /// Starts anew from what is stored, as after a kill.
    pub fn reopen(&mut self) {
        self.phone = self.rows.open(Arc::new(Kinds::builtin().unwrap())).unwrap();
        self.phone.use_snapshots(true);
    }

    /// What the phone knows.
    #[must_use]
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Whose phone it is.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// What signs the phone's requests.
    #[must_use]
    pub fn signer(&self) -> &PhoneSigner {
        &self.signer
    }

    /// What the phone has stored.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Works a day without signal and returns how many entries that made.
    pub fn work_a_day(&mut self) -> usize {
        let now = self.now();
        let grid = self.grid.take().unwrap_or_else(|| Grid::of(&self.phone));
        for form in grid.day(&mut self.dice, now) {
            self.clock_ms += STEP_MS + self.dice.between(0, 20_000);
            self.save(form);
        }
        self.grid = Some(grid);
        self.clock_ms += DAY_MS - (self.clock_ms - now.unix_ms);
        ENTRIES_A_DAY
    }

    /// Goes by its own clock at contacts, too: a day passes there in no time of the home's, and
    /// is noted as a clock that was set.
    #[must_use]
    pub fn with_own_clock(mut self) -> Worker {
        self.own_clock = true;
        self
    }

    /// Checks one door.
    pub fn check_a_door(&mut self) {
        let grid = self.grid.take().unwrap_or_else(|| Grid::of(&self.phone));
        self.clock_ms += STEP_MS;
        let now = self.now();
        let draft = grid.one_check(&mut self.dice, now);
        self.save(Form::Record(draft));
        self.grid = Some(grid);
    }

    /// What was recorded last.
    #[must_use]
    pub fn newest(&self) -> Option<EntryId> {
        self.phone.own_entries().last().map(|own| own.entry.id)
    }

    /// The next request's body, as it would travel now.
    #[must_use]
    pub fn body(&mut self) -> Vec<u8> {
        self.clock_ms += 1_000;
        let mut now = self.now();
        if !self.own_clock {
            now.unix_ms = menpai_server::clock::now_ms();
        }
        let draft = self.phone.begin_sync(now, false).unwrap();
        let signatures: Vec<Signature> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
        self.phone.request(&signatures).unwrap()
    }

    /// Syncs until nothing is left on either side.
    pub fn sync(&mut self) -> Contact {
        let contact = self.try_sync().unwrap();
        assert_eq!(self.phone.only_here(), 0, "{:?}", self.phone.status().refused);
        contact
    }

    /// Syncs until nothing is left on either side, or the server does not answer as it should.
    ///
    /// # Errors
    /// [`Failure`]; what was not acknowledged is still on the phone.
    pub fn try_sync(&mut self) -> Result<Contact, Failure> {
        let mut contact = Contact::default();
        loop {
            if let Some(parts) = self.phone.snapshots_wanted() {
                let answered = self.client.snapshots(&self.signer, &parts)?;
                contact.requests += 1;
                contact.down += answered.body.len();
                let mut rest = answered.body.as_slice();
                while !rest.is_empty() {
                    let taken = self.phone.take_snapshot(rest).unwrap().unwrap();
                    self.keep(taken.writes);
                    rest = &rest[taken.used..];
                }
            }
            let body = self.body();
            let answered = self.client.sync(&self.signer, &body)?;
            contact.requests += 1;
            contact.up += body.len();
            contact.down += answered.body.len();
            if !self.hear(answered.body).unwrap() {
                let shown = self.phone.keep_shown();
                self.keep(shown);
                return Ok(contact);
            }
            assert!(contact.requests < MOST_REQUESTS, "no end of answers");
        }
    }

    /// Every answer so far that vouched for something, in order.
    #[must_use]
    pub fn acknowledged(&self) -> &[Acknowledgement] {
        &self.acknowledged
    }

    /// The same, when the phone is no longer needed.
    #[must_use]
    pub fn into_acknowledged(self) -> Vec<Acknowledgement> {
        self.acknowledged
    }

    /// What was said so far is not of interest.
    pub fn forget_acknowledged(&mut self) {
        self.acknowledged.clear();
    }

    fn unsent(&self) -> impl Iterator<Item = EntryId> {
        self.phone
            .own_entries()
            .filter(|own| own.state == OwnState::OnPhone)
            .map(|own| own.entry.id)
    }

    fn note_acknowledged(&mut self, answer: Vec<u8>, unsent: Vec<EntryId>) {
        let still: BTreeSet<EntryId> = self.unsent().collect();
        let entries: Vec<EntryId> = unsent.into_iter().filter(|id| !still.contains(id)).collect();
        if !entries.is_empty() {
            self.acknowledged.push(Acknowledgement { answer, entries });
        }
    }

    /// The phone's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant {
            unix_ms: self.clock_ms,
            offset_minutes: OFFSET_MINUTES,
        }
    }

    fn save(&mut self, form: Form) {
        let (now, random) = (self.now(), self.dice.bytes());
        let saved = match form {
            Form::Record(draft) => self.phone.record(draft, now, random),
            Form::Edit(draft) => self.phone.edit(draft, now, random),
        };
        match saved {
            Saved::Entry { writes, .. } => self.keep(writes),
            Saved::Problems(problems) => panic!("the workload does not fit its kinds: {problems:?}"),
        }
    }

    fn keep(&mut self, writes: Vec<Write>) {
        self.rows.apply(writes);
    }
}
