//! What a phone keeps over restarts. It may die at any of its writes: just before the write is
//! durable, or just after, with nobody told.

use std::sync::Arc;

use menpai_server::simulate::Rows;
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::phone::{Phone, Stored, Write, WriteValue};

use super::Trial;

/// What a write is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOf {
    /// That its clock was set.
    Clock,
    /// Something that was recorded.
    Entry,
    /// A part that came whole.
    Part,
    /// An answer, what the documents show then, or that a packet was made.
    Answer,
    /// That it is another device now.
    Device,
}

impl WriteOf {
    fn died_at(self) -> Trial {
        match self {
            WriteOf::Clock => Trial::DiedNotingClock,
            WriteOf::Entry => Trial::DiedSaving,
            WriteOf::Part => Trial::DiedTakingWhole,
            WriteOf::Answer => Trial::DiedHearing,
            WriteOf::Device => Trial::DiedSucceeding,
        }
    }
}

/// When a phone is going to die.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    /// After so many writes.
    pub(super) after: usize,
    /// The write that it dies at is durable.
    pub(super) kept: bool,
}

/// The rows, and at which write the phone dies.
#[derive(Debug, Clone, Default)]
pub(super) struct Flash {
    rows: Rows,
    death: Option<Death>,
    /// What it died at since that was last asked.
    died: Vec<Trial>,
}

impl Flash {
    /// The phone will die at one of its next writes.
    pub(super) fn die(&mut self, death: Option<Death>) {
        self.death = death;
    }

    /// One durable transaction; says whether the phone lives on. What it has nothing to write
    /// for costs no transaction.
    #[must_use]
    pub(super) fn write(&mut self, of: WriteOf, writes: Vec<Write>) -> bool {
        if writes.is_empty() {
            return true;
        }
        match &mut self.death {
            Some(Death { after: 0, kept }) => {
                self.died.push(of.died_at());
                self.died.push(if *kept {
                    Trial::DiedAfterWrite
                } else {
                    Trial::DiedBeforeWrite
                });
                if *kept {
                    self.rows.apply(writes);
                }
                self.death = None;
                false
            }
            death => {
                if let Some(death) = death {
                    death.after -= 1;
                }
                self.rows.apply(writes);
                true
            }
        }
    }

    /// Everything goes that can be fetched again.
    pub(super) fn forget_confirmed(&mut self) {
        let confirmed = |store: Stored, key: &str| match store {
            Stored::Line | Stored::Document => true,
            Stored::Meta => ["cursor", "began_with"].contains(&key),
            Stored::Log => false,
        };
        let rows = self.rows.iter().filter(|(store, key, _)| confirmed(*store, key));
        let gone = rows.map(|(store, key, _)| Write {
            store,
            key: key.to_owned(),
            value: WriteValue::Delete,
        });
        let gone = gone.collect();
        self.rows.apply(gone);
    }

    /// The lines that it fetched.
    pub(super) fn fetched(&self) -> impl Iterator<Item = &str> {
        let lines = self.rows.iter().filter(|(store, ..)| *store == Stored::Line);
        lines.filter_map(|(_, _, value)| match value {
            WriteValue::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A phone of these rows.
    pub(super) fn open(&self, kinds: &Arc<Kinds>) -> Phone {
        self.rows.open(Arc::clone(kinds)).unwrap()
    }

    /// What it died at since this was last asked.
    pub(super) fn died(&mut self) -> Vec<Trial> {
        std::mem::take(&mut self.died)
    }
}
