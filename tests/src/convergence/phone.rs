//! A phone of a scenario: the core's own, its rows, its key, a clock that goes wrong, and what
//! the home has acknowledged to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use menpai_server::simulate::{Dice, Rows};
use menpai_sync_core::ids::{DeviceId, EntryId, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::phone::{
    Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker, OwnState, Phone, Saved, SyncDraft,
    TakeSnapshotError,
};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;

use super::home::{Home, code};
use super::office::{key, slice};

/// A phone as it was: what a backup of it, or a clone, begins with.
#[derive(Clone)]
pub(super) struct Image {
    rows: Rows,
    device: DeviceId,
    key: Signer,
}

/// One phone.
pub(super) struct TestPhone {
    pub(super) worker: WorkerId,
    pub(super) device: DeviceId,
    pub(super) key: Signer,
    pub(super) phone: Phone,
    kinds: Arc<Kinds>,
    rows: Rows,
    /// Its clock minus the home's.
    skew_ms: i64,
    /// Fetches parts whole; the others ask for lines, as older phones do.
    snapshots: bool,
    /// What the home said it has, durably noted here.
    pub(super) acknowledged: BTreeSet<EntryId>,
    /// The home has another log of this device.
    pub(super) diverged: bool,
    /// What it had when it became another device: other devices may have brought it.
    pub(super) others: BTreeSet<EntryId>,
}

impl TestPhone {
    pub(super) fn new(home: &Home, kinds: Arc<Kinds>, dice: &mut Dice) -> TestPhone {
        let device = DeviceId::from_bytes(dice.bytes());
        let worker = WorkerId::from_bytes(dice.bytes());
        let key = key(dice);
        let mut rows = Rows::default();
        let mut phone = rows.open(Arc::clone(&kinds)).unwrap();
        let enrolment = Enrolment {
            token: Some("token".to_owned()),
            worker: NamedWorker {
                id: worker,
                name: "测试员".to_owned(),
            },
            community: NamedCommunity {
                code: code(),
                name: "协作路社区".to_owned(),
            },
            home: HomeFacts {
                log: home.community().identity().log,
                public_key: home.receipt_key().public_key(),
                courier_key: None,
            },
            device: NamedDevice {
                id: device,
                name: String::new(),
                public_key: Some(key.public_key()),
            },
        };
        rows.apply(phone.enrol(enrolment).unwrap());
        let skew_ms = dice.between(-600_000, 600_000);
        let snapshots = dice.percent(60);
        phone.use_snapshots(snapshots);
        TestPhone {
            worker,
            device,
            key,
            phone,
            kinds,
            rows,
            skew_ms,
            snapshots,
            acknowledged: BTreeSet::new(),
            diverged: false,
            others: BTreeSet::new(),
        }
    }

    /// What is on its flash.
    pub(super) fn image(&self) -> Image {
        Image {
            rows: self.rows.clone(),
            device: self.device,
            key: self.key.clone(),
        }
    }

    /// Goes on from an image, as after a restored backup.
    pub(super) fn put_back(&mut self, image: Image) {
        (self.rows, self.device, self.key) = (image.rows, image.device, image.key);
        self.diverged = false;
        self.restart();
    }

    /// Another phone with the same flash.
    pub(super) fn clone_of(&self) -> TestPhone {
        let mut phone = self.reopened();
        phone.use_snapshots(self.snapshots);
        TestPhone {
            worker: self.worker,
            device: self.device,
            key: self.key.clone(),
            phone,
            kinds: Arc::clone(&self.kinds),
            rows: self.rows.clone(),
            skew_ms: self.skew_ms,
            snapshots: self.snapshots,
            acknowledged: self.acknowledged.clone(),
            diverged: false,
            others: self.others.clone(),
        }
    }

    /// Is another device from now on, that the home knows already. With `crash` the phone dies
    /// before that is durable.
    pub(super) fn succeed(&mut self, device: DeviceId, key: Signer, crash: bool) {
        let named = NamedDevice {
            id: device,
            name: String::new(),
            public_key: Some(key.public_key()),
        };
        let writes = self.phone.succeed(named, "token".to_owned());
        if crash {
            self.restart();
            return;
        }
        self.rows.apply(writes);
        self.others.extend(self.phone.own_entries().map(|own| own.entry.id));
        (self.device, self.key, self.diverged) = (device, key, false);
    }

    pub(super) fn now(&self, home_ms: i64) -> Instant {
        Instant {
            unix_ms: home_ms + self.skew_ms,
            offset_minutes: 480,
        }
    }

    /// Somebody sets its clock.
    pub(super) fn move_clock(&mut self, by_ms: i64) {
        self.skew_ms += by_ms;
    }

    /// Compares its clock with one that nobody sets, as before whatever it records or sends.
    pub(super) fn notice(&mut self, home_ms: i64) -> Instant {
        let now = self.now(home_ms);
        self.rows.apply(self.phone.notice_clock(now, home_ms));
        now
    }

    /// Keeps what was saved.
    pub(super) fn keep(&mut self, saved: Saved) -> Result<EntryId, String> {
        match saved {
            Saved::Entry { entry, writes, .. } => {
                self.rows.apply(writes);
                Ok(entry)
            }
            Saved::Problems(problems) => Err(format!("not saved: {problems:?}")),
        }
    }

    /// Fetches parts whole from now on.
    pub(super) fn fetches_whole(&mut self) {
        self.snapshots = true;
        self.phone.use_snapshots(true);
    }

    /// Closes the phone and opens it from its rows.
    pub(super) fn restart(&mut self) {
        self.phone = self.rows.open(Arc::clone(&self.kinds)).unwrap();
        self.phone.use_snapshots(self.snapshots);
    }

    /// The same rows as another, fresh phone.
    pub(super) fn reopened(&self) -> Phone {
        self.rows.open(Arc::clone(&self.kinds)).unwrap()
    }

    /// Takes what can be had whole before it asks; says how many parts that were. With
    /// `crash` the phone dies after the first, before its rows are durable.
    pub(super) fn fetch(&mut self, home: &Home, home_ms: i64, crash: bool) -> Result<usize, String> {
        let Some(parts) = self.phone.snapshots_wanted() else {
            return Ok(0);
        };
        let body = home.snapshots(self.device, home_ms, &parts)?;
        let mut rest = body.as_slice();
        let mut count = 0;
        while !rest.is_empty() {
            let taken = match self.phone.take_snapshot(rest) {
                // The home has been put back since: the phone goes on with lines.
                Err(TakeSnapshotError::Another) => break,
                taken => taken.map_err(|error| error.to_string())?,
            };
            let taken = taken.ok_or("a snapshot is cut short")?;
            count += 1;
            if crash {
                self.restart();
                break;
            }
            self.rows.apply(taken.writes);
            rest = &rest[taken.used..];
        }
        Ok(count)
    }

    /// A request.
    pub(super) fn ask(&mut self, home_ms: i64, digest: bool) -> Vec<u8> {
        let now = self.notice(home_ms);
        let SyncDraft { to_sign } = self.phone.begin_sync(now, digest).unwrap();
        let signatures: Vec<Signature> = to_sign.iter().map(|message| self.key.sign(message)).collect();
        self.phone.request(&signatures).unwrap()
    }

    /// Reads an answer; says whether it was believed and whether there is more. With `crash`
    /// the phone dies before its rows are durable.
    pub(super) fn hear(&mut self, answer: &[u8], crash: bool) -> Result<bool, String> {
        let unsent = self.unsent();
        let received = self.phone.verify_and_receive(answer);
        let received = received.map_err(|error| error.to_string())?;
        self.diverged = received.successor;
        if crash {
            self.restart();
            return Ok(true);
        }
        self.rows.apply(received.writes);
        let still = self.unsent();
        self.acknowledged.extend(unsent.difference(&still));
        Ok(received.more)
    }

    fn unsent(&self) -> BTreeSet<EntryId> {
        self.phone
            .own_entries()
            .filter(|own| own.state == OwnState::OnPhone)
            .map(|own| own.entry.id)
            .collect()
    }

    /// The later part of what is unsent, as a courier would bring it; `None` if there is no
    /// such part.
    pub(super) fn later_part(&self, dice: &mut Dice) -> Option<Vec<u8>> {
        let own: Vec<_> = self.phone.own_entries().collect();
        let unsent = own.iter().filter(|own| own.state == OwnState::OnPhone).count();
        if unsent < 2 || own.len() != own.last()?.seq as usize {
            return None;
        }
        let skip = own.len() - unsent + 1 + dice.below(unsent - 1);
        let before = own[skip - 1].head;
        let entries: Vec<Vec<u8>> = own[skip..].iter().map(|own| own.bytes.clone()).collect();
        Some(slice(self.device, &self.key, before, &entries))
    }
}
