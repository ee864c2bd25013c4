//! The ledger of erasures, `erasures.ndjson` in the data folder, outside the copies: a file put
//! back from a copy is brought up to it before it is served. One line for each erasure, without ids
//! and without content, and one for each closing of a door that went with it, as it still counts: of
//! that its phone has a hash only. Signed with the receipt key; appended to and synced before a file
//! changes; never rewritten.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Hash};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Name of the ledger in the data folder.
pub const LEDGER: &str = "erasures.ndjson";

/// Something erased: by what its id is known, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The hash of its id (docs/protocol.md section 16).
    pub hash: Hash,
    /// Its registry type.
    pub subject_type: String,
}

/// One erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Where.
    pub community: CommunityCode,
    /// When.
    pub at: Instant,
    /// On which ground.
    pub basis: String,
    /// The day it was asked for.
    pub requested_on: Option<String>,
    /// What.
    pub subjects: Vec<Subject>,
}

/// What still counts of a record that named something erased: nothing in it can be erased itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Where.
    pub community: CommunityCode,
    /// The hash of the record as it was made.
    pub hash: Hash,
    /// The entry that stands for it.
    pub entry: String,
}

/// What a line says: its bytes and the signature over them stand between these, in a domain of its own.
struct Says {
    begin: &'static str,
    domain: &'static [u8],
}

const ERASED: Says = Says {
    begin: r#"{"erased":"#,
    domain: b"menpai-erasure-1\0",
};
const REMAINS: Says = Says {
    begin: r#"{"remains":"#,
    domain: b"menpai-remains-1\0",
};
const MIDDLE: &str = r#","signature":""#;
const END: &str = "\"}";

/// The open ledger of a data folder.
pub struct Ledger {
    path: PathBuf,
    key: Signer,
    /// One line at a time.
    appending: Mutex<()>,
}

impl Ledger {
    /// The ledger in a data folder; the file is made with its first line.
    #[must_use]
    pub fn new(folder: &Path, key: Signer) -> Ledger {
        Ledger {
            path: folder.join(LEDGER),
            key,
            appending: Mutex::new(()),
        }
    }

    /// Appends an erasure, and what remains of the records that went with it; durable when it returns.
    ///
    /// # Errors
    /// The operating system's.
    pub fn note(&self, noted: &Noted, remaining: &[Remaining]) -> io::Result<()> {
        let erased = self.line(&ERASED, noted)?;
        self.append(erased + &self.lines(remaining)?)
    }

    /// Appends what remains of records, but for what it has already; durable when it returns.
    ///
    /// # Errors
    /// The operating system's, and [`io::ErrorKind::InvalidData`].
    pub fn keep(&self, community: CommunityCode, mut remaining: Vec<Remaining>) -> io::Result<()> {
        if remaining.is_empty() {
            return Ok(());
        }
        let known = self.remaining(community)?;
        remaining.retain(|one| known.get(&one.hash) != Some(&one.entry));
        self.append(self.lines(&remaining)?)
    }

    fn lines(&self, remaining: &[Remaining]) -> io::Result<String> {
        remaining.iter().map(|one| self.line(&REMAINS, one)).collect()
    }

    fn line(&self, says: &Says, what: &impl Serialize) -> io::Result<String> {
        let text = serde_json::to_string(what)?;
        let signature = self.key.sign(&[says.domain, text.as_bytes()].concat());
        Ok(format!("{}{text}{MIDDLE}{signature}{END}\n", says.begin))
    }

    fn append(&self, mut lines: String) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let _one = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        // A line that a power cut left without its end must not swallow this one.
        if !is_new && !ends_whole(&self.path)? {
            lines.insert(0, '\n');
        }
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        if let Some(folder) = self.path.parent().filter(|_| is_new) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// The erasures of a community. A line cut short was never gone by, and is passed over; one
    /// that is whole and not signed by this home is refused.
    ///
    /// # Errors
    /// The operating system's, and [`io::ErrorKind::InvalidData`].
    pub fn of(&self, community: CommunityCode) -> io::Result<Vec<Noted>> {
        let mut all: Vec<Noted> = self.read(&ERASED)?;
        all.retain(|noted| noted.community == community);
        Ok(all)
    }

    /// What remains of records of a community, by the hash of each; the newest word counts.
    ///
    /// # Errors
    /// As [`Ledger::of`].
    pub fn remaining(&self, community: CommunityCode) -> io::Result<HashMap<Hash, String>> {
        let all: Vec<Remaining> = self.read(&REMAINS)?;
        let here = all.into_iter().filter(|one| one.community == community);
        Ok(here.map(|one| (one.hash, one.entry)).collect())
    }

    fn read<T: DeserializeOwned>(&self, says: &Says) -> io::Result<Vec<T>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for line in text.lines() {
            let whole = line.strip_prefix(says.begin).and_then(|line| line.strip_suffix(END));
            let Some((text, signature)) = whole.and_then(|line| line.rsplit_once(MIDDLE)) else {
                continue;
            };
            let message = [says.domain, text.as_bytes()].concat();
            let signed = (signature.parse::<Signature>())
                .is_ok_and(|signature| self.key.public_key().verify(&message, &signature).is_ok());
            if !signed {
                let path = self.path.display();
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{path}: a line is not signed by this home"),
                ));
            }
            all.push(serde_json::from_str(text)?);
        }
        Ok(all)
    }
}

fn ends_whole(path: &Path) -> io::Result<bool> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.last().is_none_or(|last| *last == b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(community: &str) -> Noted {
        Noted {
            community: community.parse().unwrap(),
            at: Instant::utc(1_795_483_957_123),
            basis: "requested".to_owned(),
            requested_on: Some("2026-11-24".to_owned()),
            subjects: vec![Subject {
                hash: Hash::of(b"x"),
                subject_type: "person".to_owned(),
            }],
        }
    }

    fn ledger(folder: &Path, key: u8) -> Ledger {
        Ledger::new(folder, Signer::from_bytes(&[key; 32]).unwrap())
    }

    #[test]
    fn what_is_noted_is_read_again_also_after_a_line_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(folder.path(), 1);
        let (one, two) = (noted("410102002005"), noted("410102002006"));
        assert_eq!(ledger.of(one.community).unwrap(), []);
        ledger.note(&one, &[]).unwrap();
        let path = folder.path().join(LEDGER);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"erased":{"commun"#);
        std::fs::write(&path, text).unwrap();
        ledger.note(&two, &[]).unwrap();
        ledger.note(&one, &[]).unwrap();
        assert_eq!(ledger.of(one.community).unwrap(), [one.clone(), one.clone()]);
        assert_eq!(ledger.of(two.community).unwrap(), [two]);
    }

    #[test]
    fn what_remains_is_found_by_its_hash_in_its_community_and_noted_once() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(folder.path(), 1);
        let (one, two) = (noted("410102002005"), noted("410102002006"));
        let remaining = |noted: &Noted, entry: &str| Remaining {
            community: noted.community,
            hash: Hash::of(b"made"),
            entry: entry.to_owned(),
        };
        ledger.note(&one, &[remaining(&one, "first")]).unwrap();
        ledger.keep(two.community, vec![remaining(&two, "there")]).unwrap();
        assert_eq!(ledger.of(one.community).unwrap(), std::slice::from_ref(&one));
        let length = || std::fs::metadata(folder.path().join(LEDGER)).unwrap().len();
        let before = length();
        ledger.keep(one.community, vec![remaining(&one, "first")]).unwrap();
        assert_eq!(length(), before);
        ledger.keep(one.community, vec![remaining(&one, "less")]).unwrap();
        let found = |noted: &Noted| ledger.remaining(noted.community).unwrap()[&Hash::of(b"made")].clone();
        assert_eq!([found(&one), found(&two)], ["less", "there"]);
    }

    #[test]
    fn a_line_of_another_home_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let noted = noted("410102002005");
        ledger(folder.path(), 1).note(&noted, &[]).unwrap();
        let error = ledger(folder.path(), 2).of(noted.community).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
