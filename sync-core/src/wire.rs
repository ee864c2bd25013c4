//! The lines of one sync (docs/protocol.md section 5) and the gzip members they travel in.
//! Inflating is always bounded: a body that promises more than it may is refused.

mod brief;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::device_log::LogHead;
use crate::ids::{CommunityCode, DeviceId, Hash, LogId, Lsn, Seq};
use crate::json::{FromJson, JsonError, Members, deserialize_from_json, json_object};
use crate::part::Part;
use crate::signature::{PublicKey, Signature};
use crate::time::Instant;
use crate::verdict::{Reason, Verdict};

pub use brief::{
    BriefReceipt, BriefSliceLine, HashStart, HashStartError, SaidReceipt, SaidSliceLine, short_log, short_part,
};

/// The protocol this code speaks.
pub const PROTOCOL: u32 = 2;
/// The oldest one that a home still answers.
pub const OLDEST_PROTOCOL: u32 = 1;
/// The first in which receipts say when, and verdicts may be `released` and `set_aside`.
pub const DATED_RECEIPTS: u32 = 2;
/// The first in which an answer may be several, one after the other.
pub const SEVERAL_ANSWERS: u32 = 2;
/// Most slices of one request.
pub const MAX_SLICES: usize = 16;
/// Most bytes of a slice as it travels.
pub const MAX_SLICE_COMPRESSED: usize = 65_536;
/// Most bytes of a slice inflated.
pub const MAX_SLICE_INFLATED: usize = 524_288;
/// Most bytes of a request's header line.
pub const MAX_HEADER_BYTES: usize = 65_536;
/// About how many bytes of lines an answer carries before it says `more`.
pub const ANSWER_BUDGET_BYTES: usize = 1 << 20;
/// Most bytes of an answer inflated that a device accepts.
pub const MAX_ANSWER_INFLATED: usize = 8 << 20;
/// The home's code for a slice that left out what the home does not know: the chain before it.
pub const PREVIOUS_UNKNOWN: &str = "previous_unknown";
/// The home's code for a slice that does not continue what the home has of its device.
pub const BROKEN_CHAIN: &str = "broken_chain";
/// One gzip level for everybody, so that sizes can be compared. The highest: bodies are small,
/// and a day's is 3 % smaller than at level 6.
pub const GZIP_LEVEL: u32 = 9;

/// For each part the last lsn seen.
pub type Cursor = BTreeMap<Part, Lsn>;

/// What a device may ask for in [`UpHeader::wants`].
pub mod wants {
    /// The digest of every part.
    pub const DIGEST: &str = "digest";
    /// The key that packets for its home are sealed to.
    pub const COURIER_KEY: &str = "courier_key";
    /// All lines of parts it has nothing of, where a snapshot would be named instead.
    pub const LINES: &str = "lines";
    /// Every own verdict that is not simply merged, whatever the cursor says.
    pub const VERDICTS: &str = "verdicts";
}

/// First line up. One that names neither community nor device leaves both to the token: it is
/// *brief*, and so is its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpHeader {
    /// Protocol number.
    pub menpai: u32,
    /// Which community.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<CommunityCode>,
    /// Whose log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Last seq in the device's log right now.
    pub last: Seq,
    /// The device's clock.
    pub clock: Instant,
    /// By how much that clock was moved, and by which entry of those that may not be at the home
    /// yet; from protocol 2 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jumps: Vec<(Seq, i64)>,
    /// The home log that the cursor is from, in full or short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What the device has seen. Parts are texts here, in full or short: unknown ones are
    /// ignored.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cursor: BTreeMap<String, Lsn>,
    /// It sends nothing and asks for the receipt of its entries from here on: a courier may have
    /// brought them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_from: Option<Seq>,
    /// What else it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<String>,
}

impl UpHeader {
    /// Whether the answer may leave out what this device knows.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        self.community.is_none() && self.device.is_none()
    }

    /// Whether the cursor is from this log.
    #[must_use]
    pub fn continues(&self, log: LogId) -> bool {
        self.log
            .as_ref()
            .is_some_and(|named| *named == log.to_string() || *named == short_log(log))
    }

    /// The last line of a part that the device has seen.
    #[must_use]
    pub fn seen(&self, part: Part) -> Option<Lsn> {
        let at = |name: &str| self.cursor.get(name).copied();
        at(&part.to_string()).or_else(|| at(&short_part(part)))
    }
}

/// First line of a slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceLine {
    /// Seq of its first entry.
    pub first: Seq,
    /// Seq of its last entry.
    pub last: Seq,
    /// The chain before its first entry.
    pub previous: Hash,
    /// Over the chain at its last entry.
    pub signature: Signature,
}

/// How far a device's log is durable at the home, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceivedHead {
    /// Its last entry there; 0 if none.
    pub seq: Seq,
    /// The chain there; `None`: as the signature of the receipt beside it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h: Option<HashStart>,
}

json_object! { ReceivedHead { seq, h, .. } }

/// First line down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DownHeader {
    /// Protocol number; `None`: that of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub menpai: Option<u32>,
    /// The home log; `None`: the one that the request continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogId>,
    /// Its last line.
    pub lsn: Lsn,
    /// The home's clock as the request arrived.
    pub clock: Instant,
    /// Home's clock minus device's clock, as measured when the request arrived.
    pub offset_ms: i64,
    /// How far the device's log is durable, without gaps.
    pub received: ReceivedHead,
    /// Up to which entry the home keeps, for now, the beginning of a slice whose end never came:
    /// no promise, and only where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Seq>,
    /// Why a slice was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<SliceRefusal>,
    /// The answer was cut to its budget; `None`: it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
    /// Replaces the device's cursor; `None`: its parts stay, each seen up to `lsn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// If asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<Part, PartDigestAt>,
    /// If asked for: the key that packets are sealed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier_key: Option<PublicKey>,
    /// Parts to be fetched as snapshots: their cursor is 0 and none of their lines follow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Part>,
    /// Of the device's records up to `received` and from the receipt's first on, those that were made or
    /// arrived otherwise than it says: seq, made-time and arrival, both milliseconds UTC; from protocol 2 on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dated: Vec<(Seq, i64, i64)>,
}

json_object! {
    DownHeader {
        menpai, log, lsn, clock, offset_ms, received, kept, refused, more, cursor, courier_key;
        digests, snapshots, dated, ..
    }
}
deserialize_from_json!(DownHeader);

impl From<LogHead> for ReceivedHead {
    fn from(head: LogHead) -> ReceivedHead {
        ReceivedHead {
            seq: head.seq,
            h: Some(head.h.into()),
        }
    }
}

impl DownHeader {
    /// Leaves out what a device that asked briefly can tell from its own request.
    #[must_use]
    pub fn brief(mut self, asked: &UpHeader, head: LogHead, vouched: bool) -> DownHeader {
        if self.log.is_some_and(|log| asked.continues(log)) {
            self.log = None;
            let unchanged = self.cursor.as_ref().is_some_and(|cursor| {
                cursor.len() == asked.cursor.len()
                    && cursor
                        .iter()
                        .all(|(part, lsn)| *lsn == self.lsn && asked.seen(*part).is_some())
            });
            if unchanged {
                self.cursor = None;
            }
        }
        self.received.h = (!vouched).then(|| HashStart::short(head.h));
        self.more = self.more.filter(|more| *more);
        self.menpai = None;
        self
    }
}

/// A digest and where it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PartDigestAt {
    /// At this line.
    pub lsn: Lsn,
    /// The digest.
    pub digest: Hash,
    /// The sum of its lines' hashes; homes of before do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<Hash>,
}

json_object! { PartDigestAt { lsn, digest, sum, .. } }

/// Why a slice, and all after it, was not taken. The device still has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SliceRefusal {
    /// Number of the slice in the request, from 1; 0 is the whole request.
    pub slice: usize,
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub next: String,
}

json_object! { SliceRefusal { code, message, next; slice, .. } }
deserialize_from_json!(SliceRefusal);

/// Second line down, if slices travelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine<R = Receipt> {
    /// The receipt.
    pub receipt: R,
}

impl<R: FromJson> FromJson for ReceiptLine<R> {
    fn from_json(value: Value) -> Result<ReceiptLine<R>, JsonError> {
        let receipt = Members::of(value)?.take("receipt")?;
        Ok(ReceiptLine { receipt })
    }
}

/// What the home vouches for: entries `first…seq` that `verdicts` does not name are merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which community.
    pub community: CommunityCode,
    /// Whose entries.
    pub device: DeviceId,
    /// The home log.
    pub log: LogId,
    /// Its last line.
    pub lsn: Lsn,
    /// The chain there.
    pub chain: Hash,
    /// First entry vouched for.
    pub first: Seq,
    /// Last entry vouched for.
    pub seq: Seq,
    /// The device's chain there.
    pub h: Hash,
    /// The home's clock as the entries arrived; from protocol 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Instant>,
    /// Home's clock minus device's clock at that arrival; from protocol 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// The exceptions.
    pub verdicts: Vec<ReceiptVerdict>,
}

/// An entry that is not simply merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptVerdict {
    /// Which.
    pub seq: Seq,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

json_object! { ReceiptVerdict { seq, verdict, reason, .. } }

/// Third line down: over [`receipt_message`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureLine {
    /// By the home's receipt key.
    pub signature: Signature,
}

json_object! { SignatureLine { signature, .. } }

/// What the home signs for a receipt line.
#[must_use]
pub fn receipt_message(line: &[u8]) -> Vec<u8> {
    [b"menpai-receipt-1\0".as_slice(), line].concat()
}

/// Why bytes could not be read as gzip.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// More than allowed came out.
    #[error("inflates to more than {0} bytes")]
    TooLarge(usize),
    /// Not gzip, or cut off.
    #[error("not readable as gzip: {0}")]
    Gzip(#[from] std::io::Error),
}

impl InflateError {
    /// Whether what is there may be the beginning of more.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        matches!(self, InflateError::Gzip(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
    }
}

/// Deflates bytes into one gzip member without name or time.
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(GZIP_LEVEL));
    // Writing to memory does not fail; a member that were cut short would not inflate.
    let written = encoder.write_all(bytes);
    debug_assert!(written.is_ok());
    encoder.finish().unwrap_or_default()
}

/// Inflates one gzip member, at most `limit` bytes, and returns what follows it.
///
/// # Errors
/// [`InflateError`] if it is not gzip or inflates to more.
pub fn inflate_member(bytes: &[u8], limit: usize) -> Result<(Vec<u8>, &[u8]), InflateError> {
    let mut decoder = GzDecoder::new(bytes);
    let mut inflated = Vec::new();
    decoder.by_ref().take(limit as u64 + 1).read_to_end(&mut inflated)?;
    if inflated.len() > limit {
        return Err(InflateError::TooLarge(limit));
    }
    Ok((inflated, decoder.into_inner()))
}

/// Inflates the gzip members of a body, together at most `limit` bytes, as far as they came: one
/// that is cut ends it. The first must be whole.
///
/// # Errors
/// [`InflateError`] if something else than gzip is there, or more.
pub fn inflate_members(bytes: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, InflateError> {
    let (first, mut rest) = inflate_member(bytes, limit)?;
    let mut room = limit - first.len();
    let mut members = vec![first];
    while !rest.is_empty() {
        match inflate_member(rest, room) {
            Ok((member, after)) => {
                room -= member.len();
                members.push(member);
                rest = after;
            }
            Err(error) if error.is_cut() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(members)
}

/// The lines of a body, without their newlines; the last must be ended too.
#[must_use]
pub fn lines(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    Some(bytes.strip_suffix(b"\n")?.split(|byte| *byte == b'\n'))
}

/// The line that stands for an entry whose body its device erased: its hash.
#[must_use]
pub fn erased_line(hash: Hash) -> Vec<u8> {
    format!("{ERASED_BEGIN}{hash}{ERASED_END}").into_bytes()
}

/// The hash that such a line says; `None` for every other line.
#[must_use]
pub fn erased_hash(line: &[u8]) -> Option<Hash> {
    let line = line.strip_prefix(ERASED_BEGIN.as_bytes())?;
    let hash = line.strip_suffix(ERASED_END.as_bytes())?;
    std::str::from_utf8(hash).ok()?.parse().ok()
}

const ERASED_BEGIN: &str = r#"{"erased":""#;
const ERASED_END: &str = r#""}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_follow_each_other() {
        let body = [deflate(b"one\n"), deflate(b"two\nthree\n")].concat();
        let (first, rest) = inflate_member(&body, 100).unwrap();
        let (second, rest) = inflate_member(rest, 100).unwrap();
        assert_eq!((first.as_slice(), rest.len()), (b"one\n".as_slice(), 0));
        assert_eq!(
            lines(&second).unwrap().collect::<Vec<_>>(),
            [b"two".as_slice(), b"three"]
        );
    }

    #[test]
    fn of_a_cut_body_the_whole_members_are_read() {
        let members = [b"one\n".as_slice(), b"two\nthree\n", b"four\n"];
        let travelling = members.map(deflate);
        let body = travelling.concat();
        let ends = [1, 2, 3].map(|count| travelling[..count].concat().len());
        for end in 0..=body.len() {
            let whole = ends.iter().filter(|whole| **whole <= end).count();
            match inflate_members(&body[..end], 100) {
                Ok(read) => assert_eq!(read, members[..whole], "{end}"),
                Err(error) => assert!(whole == 0 && error.is_cut(), "{end}: {error}"),
            }
        }
        assert!(inflate_members(&[body.as_slice(), b"<html>portal</html>"].concat(), 100).is_err());
        assert!(matches!(inflate_members(&body, 10), Err(InflateError::TooLarge(_))));
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = deflate(&vec![0; 10 << 20]);
        assert!(matches!(
            inflate_member(&bomb, MAX_SLICE_INFLATED),
            Err(InflateError::TooLarge(_))
        ));
        assert!(inflate_member(&bomb[..bomb.len() / 2], 20 << 20).is_err());
        assert!(inflate_member(b"plain", 10).is_err());
    }
}
