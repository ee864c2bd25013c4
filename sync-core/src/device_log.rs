//! One device's log: entries numbered 1, 2, 3 … and chained (docs/protocol.md section 4),
//! so that a body can be erased and the chain still checks.

use serde::{Deserialize, Serialize};

use crate::ids::{CommunityCode, DeviceId, Hash, Seq};

/// How far a device's log goes, and the chain there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Number of entries.
    pub seq: Seq,
    /// The chain over them.
    pub h: Hash,
}

impl LogHead {
    /// The head of an empty log.
    #[must_use]
    pub fn empty(community: CommunityCode, device: DeviceId) -> LogHead {
        LogHead {
            seq: 0,
            h: Hash::of_parts(&[b"menpai-log-0\0", community.as_bytes(), device.as_bytes()]),
        }
    }

    /// The head after one more entry, whose bytes hash to `entry_hash`.
    #[must_use]
    pub fn after(self, entry_hash: Hash) -> LogHead {
        let seq = self.seq + 1;
        LogHead {
            seq,
            h: Hash::of_parts(&[&self.h.0, &seq.to_be_bytes(), &entry_hash.0]),
        }
    }
}

/// What the device signs for a slice that ends at `head`.
#[must_use]
pub fn slice_message(community: CommunityCode, device: DeviceId, head: LogHead) -> Vec<u8> {
    let mut message = Vec::with_capacity(81);
    message.extend_from_slice(b"menpai-log-1\0");
    message.extend_from_slice(community.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(&head.seq.to_be_bytes());
    message.extend_from_slice(&head.h.0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_the_one_in_the_protocol() {
        let community: CommunityCode = "410102002005".parse().unwrap();
        let device = DeviceId::from_bytes([1; 16]);
        let empty = LogHead::empty(community, device);
        let one = empty.after(Hash::of(b"{}"));
        assert_eq!(one.seq, 1);
        let mut by_hand = empty.h.0.to_vec();
        by_hand.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        by_hand.extend_from_slice(&Hash::of(b"{}").0);
        assert_eq!(one.h, Hash::of(&by_hand));
        assert_ne!(empty.h, LogHead::empty(community, DeviceId::from_bytes([2; 16])).h);
    }
}
