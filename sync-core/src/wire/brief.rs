//! Short names for what both sides know, so that a sync with nothing new stays small: a log or
//! a grid by the end of its id, a hash by its beginning. A short name only ever picks among
//! what the reader holds in full already; it never stands alone in anything stored or signed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Receipt, ReceiptVerdict, SliceLine};
use crate::ids::{CommunityCode, DeviceId, Hash, LogId, Lsn, Seq, text_serde};
use crate::json::json_object;
use crate::part::Part;
use crate::signature::Signature;
use crate::time::Instant;

/// Digits of an id's end that name it. The end: ids of one moment begin alike.
const ID_DIGITS: usize = 8;
/// Digits of a hash's beginning: enough to see two chains part, no proof against forgers.
const HASH_DIGITS: usize = 16;

/// A log by the end of its id.
#[must_use]
pub fn short_log(log: LogId) -> String {
    end(&log.to_string()).to_owned()
}

/// A part by the end of its grid's id; the community's parts have their names.
#[must_use]
pub fn short_part(part: Part) -> String {
    let full = part.to_string();
    match (part.grid, full.split_once('/')) {
        (Some(_), Some((grid, class))) => format!("{}/{class}", end(grid)),
        _ => full,
    }
}

fn end(id: &str) -> &str {
    &id[id.len().saturating_sub(ID_DIGITS)..]
}

/// A hash, or at least its first 16 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashStart(String);

impl HashStart {
    /// The beginning that travels when nothing is vouched for.
    #[must_use]
    pub fn short(hash: Hash) -> HashStart {
        HashStart(hash.to_string()[..HASH_DIGITS].to_owned())
    }

    /// Whether `hash` begins so.
    #[must_use]
    pub fn begins(&self, hash: Hash) -> bool {
        hash.to_string().starts_with(&self.0)
    }
}

impl From<Hash> for HashStart {
    fn from(hash: Hash) -> HashStart {
        HashStart(hash.to_string())
    }
}

/// A text that begins no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the beginning of a hash, 16 to 64 hexadecimal digits")]
pub struct HashStartError;

impl FromStr for HashStart {
    type Err = HashStartError;
    fn from_str(text: &str) -> Result<HashStart, HashStartError> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && (HASH_DIGITS..=64).contains(&text.len()) {
            Ok(HashStart(text.to_owned()))
        } else {
            Err(HashStartError)
        }
    }
}

impl fmt::Display for HashStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(HashStart);

/// First line of a slice without its last seq: the entries say how many they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BriefSliceLine {
    /// Seq of the first entry that is sent.
    pub first: Seq,
    /// Seq of its first entry, where the home has those before `first`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins: Option<Seq>,
    /// The chain before its first entry; `None`: as the home has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Hash>,
    /// Over the chain at its last entry.
    pub signature: Signature,
}

/// First line of a slice as it came, brief or in full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SaidSliceLine {
    /// Seq of the first entry that is sent.
    pub first: Seq,
    begins: Option<Seq>,
    last: Option<Seq>,
    /// The chain before its first entry; `None`: as the home has it.
    pub previous: Option<Hash>,
    signature: Signature,
}

impl SaidSliceLine {
    /// Seq of its first entry, those included that the home has and that were not sent again.
    #[must_use]
    pub fn begins(&self) -> Seq {
        let left_out = self.begins.filter(|_| self.previous.is_none());
        left_out.map_or(self.first, |begins| begins.min(self.first))
    }

    /// Seq of its last entry, before so many; `None` past the largest number.
    #[must_use]
    pub fn last(&self, entries: usize) -> Option<Seq> {
        let counted = || self.first.checked_add(entries as u64)?.checked_sub(1);
        self.last.or_else(counted)
    }

    /// In full: it ends at `last`, and where it does not say what is before it, `known` is.
    #[must_use]
    pub fn or(self, last: Seq, known: Hash) -> SliceLine {
        SliceLine {
            first: self.first,
            last,
            previous: self.previous.unwrap_or(known),
            signature: self.signature,
        }
    }
}

/// A receipt without what its device can fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BriefReceipt {
    /// The home's chain at the header's `lsn`.
    pub chain: Hash,
    /// Last entry vouched for, where the home's log of the device ends elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// When the entries arrived, where that was not with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Instant>,
    /// Its offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// The exceptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<ReceiptVerdict>,
}

impl Receipt {
    /// Where the device's log ended when the offset was measured, beside a header that says `clock`:
    /// at `last`, where the request says so, or here, if the entries had arrived earlier.
    #[must_use]
    pub fn measured_at(&self, clock: Instant, last: Seq) -> Seq {
        let is_now = self.received.is_none_or(|received| received == clock);
        if is_now { last } else { self.seq }
    }

    /// What must travel, beside a header that says `received` and `arrived`: clock and offset.
    #[must_use]
    pub fn brief(&self, received: Seq, arrived: (Instant, i64)) -> BriefReceipt {
        BriefReceipt {
            chain: self.chain,
            seq: (self.seq != received).then_some(self.seq),
            received: self.received.filter(|at| *at != arrived.0),
            offset_ms: self.offset_ms.filter(|offset_ms| *offset_ms != arrived.1),
            verdicts: self.verdicts.clone(),
        }
    }
}

/// A receipt as it came, brief or in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidReceipt {
    community: Option<CommunityCode>,
    device: Option<DeviceId>,
    log: Option<LogId>,
    lsn: Option<Lsn>,
    chain: Hash,
    first: Option<Seq>,
    seq: Option<Seq>,
    h: Option<Hash>,
    received: Option<Instant>,
    offset_ms: Option<i64>,
    /// The exceptions.
    pub verdicts: Vec<ReceiptVerdict>,
}

json_object! {
    SaidReceipt { community, device, log, lsn, chain, first, seq, h, received, offset_ms; verdicts, .. }
}

impl SaidReceipt {
    /// Last entry vouched for, beside a header that says `received`.
    #[must_use]
    pub fn seq(&self, received: Seq) -> Seq {
        self.seq.unwrap_or(received)
    }

    /// Whether it leaves something out: then its signature is over the line in full.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        self.community.is_none()
    }

    /// In full; what was left out is as the device knows it.
    #[must_use]
    pub fn or(self, known: &Receipt) -> Receipt {
        Receipt {
            community: self.community.unwrap_or(known.community),
            device: self.device.unwrap_or(known.device),
            log: self.log.unwrap_or(known.log),
            lsn: self.lsn.unwrap_or(known.lsn),
            chain: self.chain,
            first: self.first.unwrap_or(known.first),
            seq: self.seq.unwrap_or(known.seq),
            h: self.h.unwrap_or(known.h),
            received: self.received.or(known.received),
            offset_ms: self.offset_ms.or(known.offset_ms),
            verdicts: self.verdicts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::FromJson;

    #[test]
    fn a_short_name_is_the_end_of_an_id_and_the_beginning_of_a_hash() {
        let log: LogId = "795b929e-9a9a-40fd-aa7b-5bf55eb561a4".parse().unwrap();
        assert_eq!(short_log(log), "5eb561a4");
        let part: Part = "795b929e-9a9a-40fd-aa7b-5bf55eb561a4/care".parse().unwrap();
        assert_eq!(short_part(part), "5eb561a4/care");
        assert_eq!(short_part("community/open".parse().unwrap()), "community/open");
        let (one, two) = (Hash([0x11; 32]), Hash([0x12; 32]));
        assert!(HashStart::short(one).begins(one) && !HashStart::short(one).begins(two));
        assert!(HashStart::from(one).begins(one) && !HashStart::from(one).begins(two));
    }

    #[test]
    fn too_short_a_beginning_says_nothing() {
        assert!("".parse::<HashStart>().is_err());
        assert!("0123456789abcde".parse::<HashStart>().is_err());
        assert!("0123456789ABCDEF".parse::<HashStart>().is_err());
        assert!("0123456789abcdef".parse::<HashStart>().is_ok());
    }

    #[test]
    fn a_brief_slice_line_is_filled_in_as_the_home_knows_it() {
        let (own, known) = (Hash([3; 32]), Hash([4; 32]));
        for previous in [None, Some(own)] {
            let line = BriefSliceLine {
                first: 12,
                begins: Some(10),
                previous,
                signature: Signature([9; 64]),
            };
            let line = serde_json::to_value(line).unwrap();
            assert_eq!(line.get("previous").is_some(), previous.is_some());
            let said: SaidSliceLine = serde_json::from_value(line).unwrap();
            let last = said.last(6).unwrap();
            assert_eq!((said.previous, last), (previous, 17));
            assert_eq!(said.begins(), previous.map_or(10, |_| 12), "nothing before is left out");
            assert_eq!(said.or(last, known).previous, previous.unwrap_or(known));
        }
        let first = u64::MAX;
        let signature = Signature([9; 64]);
        let said = serde_json::json!({"first": first, "signature": signature});
        let said: SaidSliceLine = serde_json::from_value(said).unwrap();
        assert_eq!((said.last(2), said.begins()), (None, first));
    }

    #[test]
    fn a_brief_receipt_is_filled_in_as_its_device_knows_it() {
        let full = Receipt {
            community: "410102002005".parse().unwrap(),
            device: "0f0e0d0c-0b0a-4908-8706-050403020100".parse().unwrap(),
            log: "795b929e-9a9a-40fd-aa7b-5bf55eb561a4".parse().unwrap(),
            lsn: 845,
            chain: Hash([7; 32]),
            first: 12,
            seq: 17,
            h: Hash([8; 32]),
            received: Some(Instant::utc(1_795_483_801_250)),
            offset_ms: Some(-3_000),
            verdicts: Vec::new(),
        };
        let known = Receipt {
            chain: Hash([0; 32]),
            ..full.clone()
        };
        let arrived = (Instant::utc(1_795_483_801_250), -3_000);
        let later = (Instant::utc(1_795_483_999_000), -2_990);
        for (received, arrived, members) in [(17, arrived, 1), (20, arrived, 2), (17, later, 3)] {
            let line = serde_json::to_value(full.brief(received, arrived)).unwrap();
            assert_eq!(line.as_object().unwrap().len(), members);
            let said = SaidReceipt::from_json(line).unwrap();
            assert!(said.is_brief());
            assert_eq!(said.seq(received), 17);
            assert_eq!(said.or(&known), full);
        }
        let said = SaidReceipt::from_json(serde_json::to_value(&full).unwrap()).unwrap();
        assert!(!said.is_brief());
        assert_eq!(said.or(&known), full);
    }
}
