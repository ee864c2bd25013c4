//! A phone of a scenario: the core's own, its rows, its key, a clock that goes wrong, and what
//! the home has acknowledged to it.

use std::collections::BTreeSet;

use menpai_server::packet::{ClearLine, FORMAT, key_name, seal};
use menpai_server::simulate::Dice;
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntryId, Hash, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{
    Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker, OwnState, Phone, Saved, SyncDraft,
    TakeSnapshotError, Write,
};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{SliceLine, SliceRefusal};

use super::apps::App;
use super::flash::{Flash, WriteOf};
use super::home::Home;
use super::office::key;

/// A phone as it was: what a backup of it, or a clone, begins with.
#[derive(Clone)]
pub(super) struct Image {
    flash: Flash,
    device: DeviceId,
    key: Signer,
}

/// One phone.
pub(super) struct TestPhone {
    pub(super) worker: WorkerId,
    pub(super) device: DeviceId,
    pub(super) key: Signer,
    pub(super) phone: Phone,
    pub(super) app: App,
    /// It was never of version 1, which cannot be told when something was made.
    pub(super) always_today: bool,
    pub(super) flash: Flash,
    /// Its clock minus the home's.
    skew_ms: i64,
    /// Fetches parts whole; the others ask for lines, as older phones do.
    snapshots: bool,
    /// Of parts that it fetches whole, it does without what was overtaken.
    lean: bool,
    /// What the home said it has, durably noted here.
    pub(super) acknowledged: BTreeSet<EntryId>,
    /// The home has another log of this device.
    pub(super) diverged: bool,
    /// What it had when it became another device: other devices may have brought it.
    pub(super) others: BTreeSet<EntryId>,
}

impl TestPhone {
    /// Somebody's first.
    pub(super) fn new(home: &Home, app: App, dice: &mut Dice) -> TestPhone {
        let worker = WorkerId::from_bytes(dice.bytes());
        TestPhone::of(home, app, worker, dice)
    }

    /// One that a worker has just signed in on.
    pub(super) fn of(home: &Home, app: App, worker: WorkerId, dice: &mut Dice) -> TestPhone {
        let device = DeviceId::from_bytes(dice.bytes());
        let key = key(dice);
        let mut flash = Flash::default();
        let mut phone = flash.open(&app.kinds());
        let enrolment = Enrolment {
            worker: NamedWorker {
                id: worker,
                name: "测试员".to_owned(),
            },
            community: NamedCommunity {
                code: home.code,
                name: "协作路社区".to_owned(),
            },
            home: HomeFacts {
                log: home.community().identity().log,
                public_key: home.receipt_key().public_key(),
                courier_key: Some(home.courier_key()),
            },
            device: NamedDevice {
                id: device,
                name: String::new(),
                public_key: Some(key.public_key()),
            },
        };
        let lives = flash.write(WriteOf::Device, phone.enrol(enrolment).unwrap());
        assert!(lives);
        let skew_ms = dice.between(-600_000, 600_000);
        let (snapshots, lean) = (dice.percent(60), dice.percent(60));
        phone.use_snapshots(snapshots);
        phone.speak(app.protocol());
        TestPhone {
            worker,
            device,
            key,
            phone,
            app,
            always_today: app != App::Yesterday,
            flash,
            skew_ms,
            snapshots,
            lean,
            acknowledged: BTreeSet::new(),
            diverged: false,
            others: BTreeSet::new(),
        }
    }

    /// What is on its flash.
    pub(super) fn image(&self) -> Image {
        Image {
            flash: self.flash.clone(),
            device: self.device,
            key: self.key.clone(),
        }
    }

    /// Goes on from an image, as after a restored backup.
    pub(super) fn put_back(&mut self, image: Image) {
        (self.flash, self.device, self.key) = (image.flash, image.device, image.key);
        self.flash.die(None);
        self.diverged = false;
        self.restart();
    }

    /// Another phone with the same flash.
    pub(super) fn clone_of(&self) -> TestPhone {
        TestPhone {
            worker: self.worker,
            device: self.device,
            key: self.key.clone(),
            phone: self.reopened(),
            app: self.app,
            always_today: self.always_today,
            flash: self.flash.clone(),
            skew_ms: self.skew_ms,
            snapshots: self.snapshots,
            lean: self.lean,
            acknowledged: self.acknowledged.clone(),
            diverged: false,
            others: self.others.clone(),
        }
    }

    /// Is another device from now on, that the home knows already.
    pub(super) fn succeed(&mut self, device: DeviceId, key: Signer) {
        let named = NamedDevice {
            id: device,
            name: String::new(),
            public_key: Some(key.public_key()),
        };
        let writes = self.phone.succeed(named);
        self.write(WriteOf::Device, writes);
        let is_it = self
            .phone
            .enrolment()
            .is_some_and(|enrolment| enrolment.device.id == device);
        if is_it {
            self.others.extend(self.phone.own_entries().map(|own| own.entry.id));
            (self.device, self.key) = (device, key);
        }
        self.diverged = false;
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

    /// Records something; `None`: the phone died over it, and nobody was told that it is saved.
    /// It compares its clock with one that nobody sets before, in the same transaction.
    pub(super) fn save(
        &mut self,
        home_ms: i64,
        say: impl FnOnce(&mut Phone, Instant) -> Saved,
    ) -> Result<Option<EntryId>, String> {
        let now = self.now(home_ms);
        let mut all = self.notice(now, home_ms);
        match say(&mut self.phone, now) {
            Saved::Entry { entry, writes, .. } => {
                all.extend(writes);
                Ok(self.write(WriteOf::Entry, all).then_some(entry))
            }
            Saved::Problems(problems) => Err(format!("not saved: {problems:?}")),
        }
    }

    fn notice(&mut self, now: Instant, home_ms: i64) -> Vec<Write> {
        if self.app.notices_clocks() {
            self.phone.notice_clock(now, home_ms)
        } else {
            Vec::new()
        }
    }

    /// One durable transaction; says whether the phone lives on. One that died is opened again.
    fn write(&mut self, of: WriteOf, writes: Vec<Write>) -> bool {
        let lives = self.flash.write(of, writes);
        if !lives {
            self.restart();
        }
        lives
    }

    /// Whether it asks for snapshots without what was overtaken: older apps do not.
    pub(super) fn leaves_out(&self) -> bool {
        self.lean && self.app != App::Yesterday
    }

    /// Whether something of a part was left out.
    pub(super) fn lacks(&self, part: Part) -> bool {
        let replica = self.phone.replica();
        replica.is_some_and(|replica| replica.left_out(part).is_some())
    }

    /// Has nothing any more but what it recorded itself, and fetches parts whole.
    pub(super) fn forget_confirmed(&mut self) {
        self.flash.die(None);
        self.flash.forget_confirmed();
        self.snapshots = true;
        self.restart();
    }

    /// Fetches parts whole, but for what was overtaken.
    pub(super) fn does_without(&mut self) {
        self.lean = true;
        self.fetches_whole();
    }

    /// Fetches parts whole from now on.
    pub(super) fn fetches_whole(&mut self) {
        self.snapshots = true;
        self.phone.use_snapshots(true);
    }

    /// Opens it with another app.
    pub(super) fn update(&mut self, app: App) {
        self.app = app;
        self.restart();
    }

    /// Closes the phone and opens it from its rows.
    pub(super) fn restart(&mut self) {
        self.phone = self.reopened();
    }

    /// The same rows as another, fresh phone.
    pub(super) fn reopened(&self) -> Phone {
        let mut phone = self.flash.open(&self.app.kinds());
        phone.use_snapshots(self.snapshots);
        phone.speak(self.app.protocol());
        phone
    }

    /// Takes parts whole, as they were downloaded; says how many that were. A download that
    /// broke ends somewhere.
    pub(super) fn take_parts(&mut self, mut body: &[u8], broke: bool) -> Result<usize, String> {
        let mut count = 0;
        while !body.is_empty() {
            let taken = match self.phone.take_snapshot(body) {
                // The home has been put back since: the phone asks how it stands.
                Err(TakeSnapshotError::AnotherLife) => break,
                taken => taken.map_err(|error| error.to_string())?,
            };
            let Some(taken) = taken else {
                return if broke {
                    Ok(count)
                } else {
                    Err("a snapshot is cut short".to_owned())
                };
            };
            count += 1;
            body = &body[taken.used..];
            if !self.write(WriteOf::Part, taken.writes) {
                break;
            }
        }
        Ok(count)
    }

    /// A request; `None`: the phone died before it was sent.
    pub(super) fn ask(&mut self, home_ms: i64, digest: bool) -> Option<Vec<u8>> {
        let now = self.now(home_ms);
        let jump = self.notice(now, home_ms);
        if !self.write(WriteOf::Clock, jump) {
            return None;
        }
        let SyncDraft { to_sign } = self.phone.begin_sync(now, digest)?;
        let signatures: Vec<Signature> = to_sign.iter().map(|message| self.key.sign(message)).collect();
        self.phone.request(&signatures)
    }

    /// Reads an answer; says whether there is more to be had.
    pub(super) fn hear(&mut self, answer: &[u8]) -> Result<bool, String> {
        if let Some(word) = self.app.unknown_word(answer) {
            return Err(format!("an older phone is told {word}"));
        }
        let unsent = self.unsent();
        let received = self.phone.verify_and_receive(answer);
        let received = received.map_err(|error| error.to_string())?;
        let lives = self.write(WriteOf::Answer, received.writes);
        self.diverged = received.successor && lives;
        let still = self.unsent();
        self.acknowledged.extend(unsent.difference(&still));
        if lives && !received.more {
            let shown = self.phone.keep_shown();
            self.write(WriteOf::Answer, shown);
        }
        Ok(received.more || !lives)
    }

    /// The home answered with an error.
    pub(super) fn hear_error(&mut self) {
        let error = SliceRefusal {
            slice: 0,
            code: "internal".to_owned(),
            message: String::new(),
            next: String::new(),
        };
        let writes = self.phone.refused(error);
        self.write(WriteOf::Answer, writes);
    }

    /// What only it is known to have.
    pub(super) fn unsent(&self) -> BTreeSet<EntryId> {
        self.phone
            .own_entries()
            .filter(|own| own.state == OwnState::OnPhone)
            .map(|own| own.entry.id)
            .collect()
    }

    /// What only it has, sealed for a courier; `None`: nothing, or it died over it, or its app
    /// makes no packets.
    pub(super) fn packet(&mut self, code: CommunityCode, home_ms: i64) -> Option<Vec<u8>> {
        if self.app == App::Yesterday {
            return None;
        }
        let now = self.now(home_ms);
        let jump = self.notice(now, home_ms);
        if !self.write(WriteOf::Clock, jump) {
            return None;
        }
        let draft = self.phone.begin_packet(now, None)?;
        let signatures: Vec<Signature> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
        let content = self.phone.packet(&signatures)?;
        let clear = ClearLine {
            menpai_packet: FORMAT,
            community: code,
            key: key_name(&draft.key),
            device: self.device,
            count: draft.count as u64,
            clock: now,
        };
        let lives = self.write(WriteOf::Answer, draft.writes);
        lives.then(|| seal(&clear, &draft.key, &content).unwrap())
    }

    /// The later part of what is unsent, as a courier would bring it; `None` if there is no
    /// such part.
    pub(super) fn later_part(&self, code: CommunityCode, dice: &mut Dice) -> Option<Vec<u8>> {
        let own: Vec<_> = self.phone.own_entries().collect();
        let unsent = own.iter().filter(|own| own.state == OwnState::OnPhone).count();
        if unsent < 2 || own.len() != own.last()?.seq as usize {
            return None;
        }
        let skip = own.len() - unsent + 1 + dice.below(unsent - 1);
        let before = own[skip - 1].head;
        let entries: Vec<Vec<u8>> = own[skip..].iter().map(|own| own.bytes.clone()).collect();
        Some(slice(code, self.device, &self.key, before, &entries))
    }
}

/// Signs the part of a log that follows `before`, as a slice travels.
fn slice(code: CommunityCode, device: DeviceId, key: &Signer, before: LogHead, entries: &[Vec<u8>]) -> Vec<u8> {
    let head = entries.iter().fold(before, |head, bytes| head.after(Hash::of(bytes)));
    let signature = key.sign(&slice_message(code, device, head));
    let line = SliceLine {
        first: before.seq + 1,
        last: head.seq,
        previous: before.h,
        signature,
    };
    let mut body = serde_json::to_vec(&line).unwrap();
    body.push(b'\n');
    for entry in entries {
        body.extend_from_slice(entry);
        body.push(b'\n');
    }
    body
}
