//! Where a simulated phone keeps its rows: memory that survives the phone, as a browser's
//! database survives the tab.

use std::collections::BTreeMap;
use std::sync::Arc;

use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::phone::{OpenError, Phone, Stored, Write, WriteValue};

/// The rows of one phone.
#[derive(Debug, Clone, Default)]
pub struct Rows(BTreeMap<(Stored, String), WriteValue>);

impl Rows {
    /// One durable transaction.
    pub fn apply(&mut self, writes: Vec<Write>) {
        for write in writes {
            let key = (write.store, write.key);
            match write.value {
                WriteValue::Delete => {
                    self.0.remove(&key);
                }
                value => {
                    self.0.insert(key, value);
                }
            }
        }
    }

    /// The phone that these rows make.
    ///
    /// # Errors
    /// [`OpenError`] if its own log cannot be read.
    pub fn open(&self, kinds: Arc<Kinds>) -> Result<Phone, OpenError> {
        Phone::open(
            kinds,
            self.0
                .iter()
                .map(|((store, key), value)| (*store, key.clone(), value.clone())),
        )
    }

    /// All of them, in order of store and key.
    pub fn iter(&self) -> impl Iterator<Item = (Stored, &str, &WriteValue)> {
        self.0.iter().map(|((store, key), value)| (*store, key.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was ever kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
