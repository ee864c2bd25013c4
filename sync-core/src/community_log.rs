//! The home's own log: envelopes, and the chain over envelopes and entries
//! (docs/protocol.md section 6).

use serde::{Deserialize, Serialize};

use crate::ids::{CommunityCode, DeviceId, EntryId, Hash, LogId, Lsn, Seq};
use crate::part::Part;
use crate::time::Instant;
use crate::verdict::{Derived, Reason, Verdict};

/// One line's envelope. Its bytes are chained as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Position in the community log.
    pub lsn: Lsn,
    /// Who may see it.
    pub part: Part,
    /// Whose log the entry is from.
    pub device: DeviceId,
    /// Where in that log.
    pub seq: Seq,
    /// `None` where the bytes cannot be read.
    pub entry: Option<EntryId>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// What the reason is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Merged edits only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub derived: Option<Derived>,
    /// The home's clock at first arrival.
    pub received: Instant,
    /// Home's clock minus device's clock at that upload.
    pub offset_ms: i64,
    /// Made-time, fixed at first arrival.
    pub made_ms: i64,
}

/// Head of a community log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of lines.
    pub lsn: Lsn,
    /// The chain over them.
    pub h: Hash,
}

impl ChainHead {
    /// The head of an empty log.
    #[must_use]
    pub fn empty(community: CommunityCode, log: LogId) -> ChainHead {
        ChainHead {
            lsn: 0,
            h: Hash::of_parts(&[b"menpai-home-0\0", community.as_bytes(), log.as_bytes()]),
        }
    }

    /// The head after one more line, from the envelope's exact bytes and the hash of the entry's.
    #[must_use]
    pub fn after(self, envelope: &[u8], entry_hash: Hash) -> ChainHead {
        let lsn = self.lsn + 1;
        let h = Hash::of_parts(&[&self.h.0, &lsn.to_be_bytes(), &Hash::of(envelope).0, &entry_hash.0]);
        ChainHead { lsn, h }
    }

    /// What the home signs.
    #[must_use]
    pub fn message(self, community: CommunityCode, log: LogId) -> Vec<u8> {
        let mut message = Vec::with_capacity(82);
        message.extend_from_slice(b"menpai-home-1\0");
        message.extend_from_slice(community.as_bytes());
        message.extend_from_slice(log.as_bytes());
        message.extend_from_slice(&self.lsn.to_be_bytes());
        message.extend_from_slice(&self.h.0);
        message
    }
}
