//! What can go wrong with a community's file. None of it is the client's fault: what a
//! client sends wrongly is a verdict or a refusal, never one of these.

use crate::store::connection::OpenError;
use crate::store::migrations::MigrationError;

/// A failure of a community's file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The file could not be opened as it must be.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A stored body does not inflate.
    #[error("a stored body does not inflate: {0}")]
    Body(#[from] std::io::Error),
    /// What is stored contradicts itself.
    #[error("the file contradicts itself: {0}")]
    Damaged(String),
    /// A registry document and the log do not agree.
    #[error("registry of {part} at line {lsn}: {cause}")]
    Registry {
        /// Which document.
        part: String,
        /// Which line.
        lsn: u64,
        /// What does not fit.
        cause: String,
    },
    /// The file is of another community or was made with another receipt key.
    #[error("not the file asked for: {0}")]
    Other(&'static str),
    /// The file's making was cut short before it was anybody's.
    #[error("the community's file was never begun")]
    NotBegun,
    /// The transaction this write shared did not commit; nothing of it is in the file.
    #[error("nothing was written: {0}")]
    NotCommitted(String),
    /// The ledger of erasures cannot be read, or is not this home's: what it names must not be
    /// served.
    #[error("the ledger of erasures: {0}")]
    Ledger(std::io::Error),
    /// Nothing was erased, for a reason that is not the file's.
    #[error(transparent)]
    NotErased(Box<crate::sync::erase::EraseError>),
    /// Nothing moved, for a reason that is not the file's.
    #[error(transparent)]
    NotMoved(Box<crate::sync::moving::MoveError>),
    /// The writer has stopped after a failure to commit; reopen the file.
    #[error("the writer of this file has stopped")]
    Stopped,
}

impl StoreError {
    /// Something stored that cannot be.
    pub fn damaged(what: impl Into<String>) -> StoreError {
        StoreError::Damaged(what.into())
    }
}
