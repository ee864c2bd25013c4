//! All of a snapshot read into a replica that has nothing of its part, and compared with what the
//! snapshot says of itself. The home reads what it made in the same way before it keeps it.

use super::Snapshot;
use crate::community_log::Envelope;
use crate::replica::{Applied, ApplyError, Replica};
use crate::verdict::Verdict;

/// Why a snapshot is not what it says.
#[derive(Debug, thiserror::Error)]
pub enum UnfoldError {
    /// A line of it cannot be read.
    #[error("a line of a snapshot cannot be read")]
    Line,
    /// Its document or one of its records.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// It shows something else than its home does.
    #[error("the digest of a snapshot differs")]
    Digest,
}

impl Snapshot {
    /// Reads it; gives its lines as they are stored: envelope, newline, entry. The document is from
    /// the home, and may make automerge panic all the same.
    ///
    /// # Errors
    /// [`UnfoldError`]; then the replica is of no use.
    pub fn unfold(&self, replica: &mut Replica) -> Result<Vec<(Envelope, &[u8])>, UnfoldError> {
        let facts = &self.facts;
        let mut lines = Vec::new();
        let mut rest = self.lines.as_slice();
        while !rest.is_empty() {
            let newline = |from: usize| {
                let found = rest[from..].iter().position(|byte| *byte == b'\n');
                found.map(|at| from + at).ok_or(UnfoldError::Line)
            };
            let envelope_end = newline(0)?;
            let entry_end = newline(envelope_end + 1)?;
            let envelope: Envelope = serde_json::from_slice(&rest[..envelope_end]).map_err(|_| UnfoldError::Line)?;
            let fits = envelope.part == facts.part && envelope.lsn <= facts.lsn && envelope.verdict == Verdict::Merged;
            if !fits || replica.apply(&envelope, &rest[envelope_end + 1..entry_end])? != Applied::Record {
                return Err(UnfoldError::Line);
            }
            lines.push((envelope, &rest[..entry_end]));
            rest = &rest[entry_end + 1..];
        }
        if !self.document.is_empty() {
            replica.load_document(facts.part, facts.epoch, &self.document)?;
        }
        if replica.digest(facts.part) == facts.digest {
            Ok(lines)
        } else {
            Err(UnfoldError::Digest)
        }
    }
}
