//! What befalls devices: they are closed, die at a write, lose their storage, are cloned, updated,
//! or put back to an older state; the home is closed, fails in mid-request, or is put back from a
//! copy. In one schedule phones or the home are put back, never both: what only the later state
//! of a phone and the later state of the home had is gone then.

use std::collections::BTreeSet;
use std::path::PathBuf;

use menpai_sync_core::ids::{DeviceId, EntryId};

use super::apps::App;
use super::flash::Death;
use super::home::{FAIL_POINTS, Home};
use super::office::key;
use super::phone::{Image, TestPhone};
use super::world::World;
use super::{Trial, clocks};

/// Most phones of a schedule, clones among them.
const MOST_PHONES: usize = 10;

/// States that something may be put back to.
#[derive(Default)]
pub(super) struct Kept {
    image: Option<(usize, Image)>,
    copy: Option<PathBuf>,
}

/// What phones had that lost it.
#[derive(Default)]
pub(super) struct Lost {
    /// The home had acknowledged it: it must be there.
    pub(super) acknowledged: BTreeSet<EntryId>,
    /// Nobody else is known to have it.
    pub(super) only_there: BTreeSet<EntryId>,
}

impl Lost {
    /// What a home that was put back from a copy has not, and the phone that could have brought it
    /// again neither.
    fn forget_gone(&mut self, home: &Home) {
        let verdicts = home.verdicts();
        let gone = self.acknowledged.extract_if(.., |id| !verdicts.contains_key(id));
        self.only_there.extend(gone);
    }
}

impl World {
    pub(super) fn restart_phone(&mut self, phone: usize) {
        self.trials.note(Trial::Restarted);
        self.phones[phone].restart();
    }

    /// The home fails while it takes up what a phone has, and says so. What it cannot say whether it
    /// is durable, it finds out by opening the file again.
    pub(super) fn fail_home(&mut self, phone: usize) -> Result<(), String> {
        if self.phones[phone].phone.only_here() == 0 {
            return Ok(());
        }
        let Some(request) = self.phones[phone].ask(self.now_ms, false) else {
            return Ok(());
        };
        let sender = self.sender(phone);
        self.make_known(&sender);
        let place = *self.dice.pick(&FAIL_POINTS).unwrap_or(&FAIL_POINTS[0]);
        self.home.fail_at(place, self.dice.below(2));
        let answered = self.answer(&sender, &request);
        if self.home.mend() {
            self.trials.note(Trial::CommitFailed);
        }
        match answered {
            Ok(answer) => self.phones[phone].hear(&answer).map(drop)?,
            Err(_) => {
                self.trials.note(Trial::HomeFailed);
                self.phones[phone].hear_error();
            }
        }
        self.succeed(phone, true);
        Ok(())
    }

    pub(super) fn restart_home(&mut self) {
        self.trials.note(Trial::Restarted);
        self.home.reopen();
    }

    /// The phone dies at one of its next writes, whatever that is of.
    pub(super) fn doom(&mut self, phone: usize) {
        let after = self.dice.below(3);
        self.doom_after(phone, after);
    }

    fn doom_after(&mut self, phone: usize, after: usize) {
        let kept = self.dice.percent(50);
        self.phones[phone].flash.die(Some(Death { after, kept }));
    }

    /// Somebody sets a phone's clock; some phones die as they notice.
    pub(super) fn set_clock(&mut self, phone: usize) {
        self.phones[phone].move_clock(clocks::set_by(&mut self.dice));
        if self.dice.percent(50) {
            self.doom_after(phone, 0);
        }
    }

    /// A phone that was behind its home gets today's app.
    pub(super) fn update_app(&mut self, phone: usize) {
        if self.phones[phone].app == App::Yesterday {
            self.trials.note(Trial::Updated);
            self.phones[phone].update(App::Today);
        }
    }

    /// Everything on a phone is gone. Its worker signs in on it anew, as another device.
    pub(super) fn lose_storage(&mut self, phone: usize) {
        let lost = &self.phones[phone];
        self.lost.acknowledged.extend(&lost.acknowledged);
        self.lost.only_there.extend(lost.unsent());
        self.lost.forget_gone(&self.home);
        let lost = &self.phones[phone];
        let mut anew = TestPhone::of(&self.home, lost.app, lost.worker, &mut self.dice);
        if self.parts_began_again {
            anew.fetches_whole();
        }
        self.office.now_ms = self.now_ms;
        self.office
            .register(&self.home, anew.device, anew.worker, &anew.key.public_key());
        self.phones[phone] = anew;
        self.trials.note(Trial::StorageLost);
    }

    pub(super) fn clone_phone(&mut self, phone: usize) {
        if self.phones.len() < MOST_PHONES {
            self.trials.note(Trial::Cloned);
            self.phones.push(self.phones[phone].clone_of());
        }
    }

    /// A phone, or the home, is put back to what it was when this last kept its state.
    pub(super) fn put_back(&mut self, phone: usize) {
        if self.homes_are_put_back {
            match self.kept.copy.take() {
                Some(copy) => {
                    self.trials.note(Trial::HomePutBack);
                    if self.home.restore(&copy) {
                        self.trials.note(Trial::ErasedAgain);
                    }
                    self.lost.forget_gone(&self.home);
                }
                None => self.kept.copy = Some(self.home.back_up()),
            }
        } else {
            match self.kept.image.take() {
                Some((of, image)) => {
                    self.trials.note(Trial::PutBack);
                    self.phones[of].put_back(image);
                }
                None => self.kept.image = Some((phone, self.phones[phone].image())),
            }
        }
    }

    /// A phone of which the home has another log takes a new device; says whether it did.
    pub(super) fn succeed(&mut self, phone: usize, may_die: bool) -> bool {
        if !self.phones[phone].diverged {
            return false;
        }
        if may_die && self.dice.percent(75) {
            self.doom_after(phone, 0);
        }
        let device = DeviceId::from_bytes(self.dice.bytes());
        let key = key(&mut self.dice);
        let worker = self.phones[phone].worker;
        self.office.now_ms = self.now_ms;
        self.office.register(&self.home, device, worker, &key.public_key());
        self.trials.note(Trial::Succeeded);
        self.phones[phone].succeed(device, key);
        true
    }
}
