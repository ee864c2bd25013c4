//! The registry: one automerge document per part and epoch, derived from entries and
//! verdicts by everyone alike (docs/protocol.md section 8). No automerge bytes ever come
//! from a phone; bytes loaded here are the caller's own or its home's.

mod alone;
mod decide;
mod document;
mod genesis;
mod rotate;
mod settle;
mod values;

pub use decide::Plan;
pub use document::{Document, DocumentError};
pub use rotate::{NextEpoch, next_epoch};
pub use values::{FieldValue, Provenance};

use crate::ids::{EntityId, Hash, Seq};

/// Why an entry did not become a change. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// The entry is a record.
    #[error("not an edit")]
    NotAnEdit,
    /// The document is of another epoch.
    #[error("the document is of epoch {document}, the verdict of {verdict}")]
    Epoch {
        /// Of this document.
        document: u64,
        /// Of the verdict.
        verdict: u64,
    },
    /// A dep is not here; automerge would queue the change silently for ever.
    #[error("the change {0} it depends on is not in the document")]
    MissingDep(Hash),
    /// The device's count of edits does not continue.
    #[error("edit {given} of this device; expected {expected}")]
    Seq {
        /// What the verdict says.
        given: Seq,
        /// One more than what is here.
        expected: Seq,
    },
    /// It makes an entity that has a map already.
    #[error("the entity {0} exists already")]
    EntityExists(EntityId),
    /// It sets fields of an entity by another type than it has.
    #[error("the entity {0} is of another type")]
    WrongType(EntityId),
    /// The change that came out is not the one the home derived.
    #[error("derived {derived}, the verdict says {expected}")]
    OtherHash {
        /// What came out here.
        derived: Hash,
        /// What the home derived.
        expected: Hash,
    },
    /// automerge did not take the change.
    #[error("automerge: {0}")]
    Automerge(String),
}
