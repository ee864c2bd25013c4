//! A part as it was at one line of the community log (docs/protocol.md section 14): the
//! registry document and every merged record, but for those that were overtaken if somebody asked
//! for that, in bytes that never change. Made by the home, read by its devices; what does not
//! unfold to exactly what its header says is refused.

mod ids;
mod unfold;

use serde::Serialize;

use crate::ids::{CommunityCode, EntityId, Hash, LogId, Lsn};
use crate::json::{self, json_object};
use crate::part::Part;
use crate::wire::{self, InflateError, MAX_HEADER_BYTES};

pub use ids::Maker;
pub use unfold::UnfoldError;

/// Number of this format.
pub const FORMAT: u32 = 1;
/// Most bytes of document and lines together that a device unfolds.
pub const MAX_SNAPSHOT_BYTES: usize = 256 << 20;

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotFacts {
    /// Number of the format.
    pub menpai: u32,
    /// Which community.
    pub community: CommunityCode,
    /// The home log that `lsn` counts.
    pub log: LogId,
    /// Which part.
    pub part: Part,
    /// Everything of the part up to this line is in it.
    pub lsn: Lsn,
    /// Epoch of the registry document; 0 where the part has none yet.
    pub epoch: u64,
    /// The digest of what is in it (docs/protocol.md section 9).
    pub digest: Hash,
    /// What is not; `None`: it is the whole part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

/// What a snapshot leaves out: records that later ones had overtaken (`folds::overtaken`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Of what was recorded from this day on nothing is left out.
    pub since: String,
    /// The sum of their lines.
    pub sum: Hash,
    /// The campaigns that they name; all were over.
    pub campaigns: Vec<EntityId>,
}

json_object! { SnapshotFacts { menpai, community, log, part, lsn, epoch, digest, left_out, .. } }
json_object! { LeftOut { since, sum, campaigns, .. } }

/// First line of a snapshot as it travels.
#[derive(Debug, Serialize)]
struct Header {
    #[serde(flatten)]
    facts: SnapshotFacts,
    #[serde(flatten)]
    lengths: Lengths,
}

/// How long everything is that follows.
#[derive(Debug, Clone, Copy, Serialize)]
struct Lengths {
    /// Bytes of the document.
    document: usize,
    /// Bytes of the lines.
    lines: usize,
    /// Bytes of the member that follows.
    content: usize,
}

json_object! { Lengths { document, lines, content, .. } }

/// A snapshot, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What it says of itself.
    pub facts: SnapshotFacts,
    /// The registry document, uncompressed, in automerge's format; empty where there is none.
    pub document: Vec<u8>,
    /// Merged records in lsn order: envelope line, entry line.
    pub lines: Vec<u8>,
}

/// Why bytes are not a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not gzip, or more than it may be.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// The first line.
    #[error("the header of a snapshot cannot be read")]
    Header,
    /// The numbered ids.
    #[error("the ids of a snapshot cannot be read")]
    Ids,
    /// It is larger than any device unfolds.
    #[error("a snapshot of more than {MAX_SNAPSHOT_BYTES} bytes")]
    TooLarge,
}

impl Snapshot {
    /// As it travels: a gzip member with the header line, and one with the content.
    #[must_use]
    pub fn write(&self, makers: &[Maker]) -> Vec<u8> {
        let content = wire::deflate(&ids::pack(&[self.document.as_slice(), &self.lines].concat(), makers));
        let header = Header {
            facts: self.facts.clone(),
            lengths: Lengths {
                document: self.document.len(),
                lines: self.lines.len(),
                content: content.len(),
            },
        };
        // Texts and numbers always serialise.
        let mut line = serde_json::to_vec(&header).unwrap_or_default();
        line.push(b'\n');
        [wire::deflate(&line), content].concat()
    }

    /// How many bytes the snapshot takes that `bytes` begin with, once its header is there.
    ///
    /// # Errors
    /// [`SnapshotError`] if what is there cannot become a snapshot.
    pub fn length(bytes: &[u8]) -> Result<Option<usize>, SnapshotError> {
        let header = read_header(bytes)?;
        Ok(header.map(|(header, rest)| (bytes.len() - rest.len()).saturating_add(header.lengths.content)))
    }

    /// Reads the snapshot that `bytes` begin with, and says how many bytes it took. `None`:
    /// it is not whole yet.
    ///
    /// # Errors
    /// [`SnapshotError`] if what is there cannot become a snapshot.
    pub fn read(bytes: &[u8]) -> Result<Option<(Snapshot, usize)>, SnapshotError> {
        let Some((header, rest)) = read_header(bytes)? else {
            return Ok(None);
        };
        let Lengths {
            document,
            lines,
            content: length,
        } = header.lengths;
        let size = document + lines;
        let Some(content) = rest.get(..length) else {
            return Ok(None);
        };
        // Numbers and table take less than the ids they stand for, but for a table of few.
        let (packed, left) = wire::inflate_member(content, size + size / 8 + 1024)?;
        let mut whole = ids::unpack(&packed, size)?;
        if !left.is_empty() || whole.len() != size {
            return Err(SnapshotError::Header);
        }
        let lines = whole.split_off(document);
        let snapshot = Snapshot {
            facts: header.facts,
            document: whole,
            lines,
        };
        Ok(Some((snapshot, bytes.len() - rest.len() + length)))
    }
}

/// The header and what follows it; `None`: it is not whole yet.
fn read_header(bytes: &[u8]) -> Result<Option<(Header, &[u8])>, SnapshotError> {
    let (line, rest) = match wire::inflate_member(bytes, MAX_HEADER_BYTES) {
        Ok(member) => member,
        Err(error) if error.is_cut() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Twice over the line: one reader of both would be 4 KB of the core that phones download.
    let header = Header {
        facts: json::read(&line).map_err(|_| SnapshotError::Header)?,
        lengths: json::read(&line).map_err(|_| SnapshotError::Header)?,
    };
    if header.facts.menpai != FORMAT {
        return Err(SnapshotError::Header);
    }
    let size = header.lengths.document.checked_add(header.lengths.lines);
    if size.is_none_or(|size| size > MAX_SNAPSHOT_BYTES) {
        return Err(SnapshotError::TooLarge);
    }
    Ok(Some((header, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Class;

    fn snapshot() -> Snapshot {
        Snapshot {
            facts: SnapshotFacts {
                menpai: FORMAT,
                community: "410102002005".parse().unwrap(),
                log: LogId::from_bytes([1; 16]),
                part: Part {
                    grid: None,
                    class: Class::Open,
                },
                lsn: 9,
                epoch: 1,
                digest: Hash::of(b"x"),
                left_out: None,
            },
            document: b"document \x00\xff".to_vec(),
            lines: b"{}\n{}\n".to_vec(),
        }
    }

    #[test]
    fn snapshots_follow_each_other_and_a_cut_one_is_waited_for() {
        let one = snapshot().write(&[]);
        let body = [one.as_slice(), &one].concat();
        assert_eq!(Snapshot::read(&body).unwrap(), Some((snapshot(), one.len())));
        for end in 0..one.len() {
            assert_eq!(Snapshot::read(&body[..end]).unwrap(), None, "{end}");
            let length = Snapshot::length(&body[..end]).unwrap();
            assert!(length.is_none_or(|length| length == one.len()), "{end}");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        assert!(Snapshot::read(b"<html>portal</html>").is_err());
        assert!(Snapshot::read(&wire::deflate(b"{}\n")).is_err());
        let mut one = snapshot().write(&[]);
        let end = one.len() - 12;
        one[end] ^= 0x55;
        assert!(Snapshot::read(&one).is_err());
    }

    #[test]
    fn a_snapshot_that_promises_too_much_is_refused() {
        let huge = format!(
            "{{\"menpai\":1,\"community\":\"410102002005\",\"log\":\"{}\",\"part\":\"community/open\",\"lsn\":1,\
              \"epoch\":1,\"digest\":\"{}\",\"document\":{},\"lines\":0,\"content\":9}}\n",
            LogId::from_bytes([1; 16]),
            Hash::of(b""),
            MAX_SNAPSHOT_BYTES + 1
        );
        assert!(matches!(
            Snapshot::read(&wire::deflate(huge.as_bytes())),
            Err(SnapshotError::TooLarge)
        ));
    }
}
