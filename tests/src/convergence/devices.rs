//! What befalls devices: a phone is cloned, or put back to an older state of itself; the home is
//! put back from a copy. In one schedule phones or the home are put back, never both: what only
//! the later state of a phone and the later state of the home had is gone then.

use std::path::PathBuf;

use menpai_sync_core::ids::DeviceId;

use super::office::key;
use super::phone::Image;
use super::schedule::World;

/// Most phones of a schedule.
const MOST_PHONES: usize = 10;

/// States that something may be put back to.
#[derive(Default)]
pub(super) struct Kept {
    image: Option<(usize, Image)>,
    copy: Option<PathBuf>,
}

impl World {
    /// One of them, by the dice.
    pub(super) fn misfortune(&mut self, phone: usize) {
        match self.dice.below(4) {
            0 if self.phones.len() < MOST_PHONES => {
                let clone = self.phones[phone].clone_of();
                self.trials.clones += 1;
                self.phones.push(clone);
            }
            1 | 2 if self.homes_are_put_back => self.copy_or_put_back(),
            1 | 2 => self.image_or_put_back(phone),
            _ => {}
        }
    }

    fn image_or_put_back(&mut self, phone: usize) {
        match self.kept.image.take() {
            Some((of, image)) => {
                self.trials.put_back += 1;
                self.phones[of].put_back(image);
            }
            None => self.kept.image = Some((phone, self.phones[phone].image())),
        }
    }

    fn copy_or_put_back(&mut self) {
        match self.kept.copy.take() {
            Some(copy) => {
                self.trials.lives += 1;
                self.home.restore(&copy);
                self.office.catch_up(&self.home);
            }
            None => self.kept.copy = Some(self.home.back_up()),
        }
    }

    /// The phone's device is in the home's log: it registers again what a copy does not have.
    pub(super) fn make_known(&mut self, phone: usize) {
        let phone = &self.phones[phone];
        if self.home.community().directory().device(phone.device).is_none() {
            self.office.now_ms = self.now_ms;
            self.office
                .register(&self.home, phone.device, phone.worker, &phone.key.public_key());
        }
    }

    /// A phone of which the home has another log takes a new device; says whether it did.
    pub(super) fn succeed(&mut self, phone: usize, may_crash: bool) -> bool {
        if !self.phones[phone].diverged {
            return false;
        }
        let device = DeviceId::from_bytes(self.dice.bytes());
        let key = key(&mut self.dice);
        let worker = self.phones[phone].worker;
        self.office.now_ms = self.now_ms;
        self.office.register(&self.home, device, worker, &key.public_key());
        self.trials.successors += 1;
        let crash = may_crash && self.dice.percent(20);
        self.phones[phone].succeed(device, key, crash);
        true
    }
}
