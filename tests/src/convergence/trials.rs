//! What schedules have been through, counted: one that tries nothing proves nothing, so the test
//! wants to have seen everything that is listed here.

use std::fmt;
use std::ops::AddAssign;

macro_rules! trials {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Something that happens in a schedule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Trial {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Trial {
            /// All of them.
            pub const ALL: &'static [Trial] = &[$(Trial::$name),+];
        }
    };
}

trials! {
    /// Requests or answers that got lost.
    Lost,
    /// Requests that arrived twice, and requests and answers that arrived late.
    Disordered,
    /// Contacts tried while the phone was cut off from its home.
    CutOff,
    /// Requests that broke at some byte.
    RequestCut,
    /// Answers that broke at some byte.
    AnswerCut,
    /// Downloads of whole parts that broke at some byte.
    DownloadCut,
    /// Requests that the home failed at,
    HomeFailed,
    /// and commits, after which it opened its file again.
    CommitFailed,
    /// Phones and homes that were closed and opened again.
    Restarted,
    /// Phones that died as they noted that their clock was set,
    DiedNotingClock,
    /// saved what was recorded,
    DiedSaving,
    /// took a part whole,
    DiedTakingWhole,
    /// took up an answer,
    DiedHearing,
    /// or became another device:
    DiedSucceeding,
    /// just before that was durable,
    DiedBeforeWrite,
    /// or just after.
    DiedAfterWrite,
    /// Phones that lost everything they had.
    StorageLost,
    /// Entries that nobody else had then.
    LostForEver,
    /// Phones that were updated from the older protocol.
    Updated,
    /// Entries that were held.
    Held,
    /// Held or waiting entries that the office released, and what was freed with them.
    Released,
    /// Held or waiting entries that the office set aside.
    SetAside,
    /// Fields with more than one value at the end.
    Conflicting,
    /// Entities that phones made.
    Created,
    /// Entries that arrived before those before them.
    Gapped,
    /// Sealed packets that a courier brought.
    Carried,
    /// Grids that were taken from a worker.
    Transferred,
    /// Clocks that were set, and told of in a log.
    Jumped,
    /// Parts that were taken whole.
    TakenWhole,
    /// Times that weeks or months went by.
    WeeksPassed,
    /// Records that were taken back, or said anew.
    TakenBack,
    /// Sweeps that began before they were ordered.
    SweepOrdered,
    /// Parts that came without what was overtaken,
    LeftOut,
    /// and parts that were fetched again since something counts again.
    FetchedAgain,
    /// Phones without something, compared with one that has everything.
    Compared,
    /// Phones that were cloned.
    Cloned,
    /// Phones that were put back to an older state.
    PutBack,
    /// Phones that became another device.
    Succeeded,
    /// Times that the home was put back from a copy.
    HomePutBack,
    /// Look-alikes that the office merged.
    Aliased,
    /// Merged ones that it parted.
    Parted,
    /// Registry documents that went on as new epochs.
    Rotated,
    /// Persons and households that were erased,
    Erased,
    /// and again, in a copy that still had them.
    ErasedAgain,
    /// Grids of which a building moved to another one,
    GridSplit,
    /// or everything.
    GridMerged,
    /// Records that the new grid was told of as things moved,
    HandedOver,
    /// or as they came from a phone that had not heard.
    HandedOverLate,
    /// Id numbers that count at the home at the end,
    IdNumbered,
    /// and those that went with their person.
    IdNumberErased,
    /// Times that the second server read something new,
    ReadOn,
    /// began again from nothing,
    ReadAnew,
    /// or followed the home into another life of its log.
    ReadAnotherLife,
    /// Entries acknowledged.
    Acknowledged,
}

/// How often each happened.
#[derive(Debug, Clone, Copy)]
pub struct Trials([usize; Trial::ALL.len()]);

impl Default for Trials {
    fn default() -> Trials {
        Trials([0; Trial::ALL.len()])
    }
}

impl Trials {
    pub(super) fn note(&mut self, trial: Trial) {
        self.add(trial, 1);
    }

    pub(super) fn add(&mut self, trial: Trial, times: usize) {
        self.0[trial as usize] += times;
    }

    /// Notes the most of something that was seen at once.
    pub(super) fn most(&mut self, trial: Trial, seen: usize) {
        let most = &mut self.0[trial as usize];
        *most = seen.max(*most);
    }

    /// How often it happened.
    #[must_use]
    pub fn of(&self, trial: Trial) -> usize {
        self.0[trial as usize]
    }

    /// What happened no more often than that.
    #[must_use]
    pub fn rarer_than(&self, times: usize) -> Vec<Trial> {
        let rare = |trial: &&Trial| self.of(**trial) < times;
        Trial::ALL.iter().filter(rare).copied().collect()
    }
}

impl AddAssign for Trials {
    fn add_assign(&mut self, other: Trials) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

impl fmt::Display for Trials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = Trial::ALL.iter().map(|trial| format!("{trial:?} {}", self.of(*trial)));
        f.write_str(&each.collect::<Vec<_>>().join(", "))
    }
}
