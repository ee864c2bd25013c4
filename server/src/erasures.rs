//! The ledger of erasures, `erasures.ndjson` in the data folder, outside the copies: a file put
//! back from a copy is brought up to it before it is served. One line for each erasure, signed
//! with the receipt key, without ids and without content. Appended to and synced before a file
//! changes; never rewritten.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Hash};
use menpai_sync_core::signature::{Signature, Signer};
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

/// Name of the ledger in the data folder.
pub const LEDGER: &str = "erasures.ndjson";
const DOMAIN: &[u8] = b"menpai-erasure-1\0";

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

/// A line is the erasure and the signature over its very bytes, between these.
const BEGIN: &str = r#"{"erased":"#;
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

    /// Appends an erasure; durable when it returns.
    ///
    /// # Errors
    /// The operating system's.
    pub fn note(&self, noted: &Noted) -> io::Result<()> {
        let text = serde_json::to_string(noted)?;
        let signature = self.key.sign(&[DOMAIN, text.as_bytes()].concat());
        let mut line = format!("{BEGIN}{text}{MIDDLE}{signature}{END}\n");
        let _one = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        // A line that a power cut left without its end must not swallow this one.
        if !is_new && !ends_whole(&self.path)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())?;
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
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for line in text.lines() {
            let whole = line.strip_prefix(BEGIN).and_then(|line| line.strip_suffix(END));
            let Some((erasure, signature)) = whole.and_then(|line| line.rsplit_once(MIDDLE)) else {
                continue;
            };
            let message = [DOMAIN, erasure.as_bytes()].concat();
            let signed = (signature.parse::<Signature>())
                .is_ok_and(|signature| self.key.public_key().verify(&message, &signature).is_ok());
            if !signed {
                let path = self.path.display();
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{path}: a line is not signed by this home"),
                ));
            }
            let noted: Noted = serde_json::from_str(erasure)?;
            all.extend(Some(noted).filter(|noted| noted.community == community));
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
        ledger.note(&one).unwrap();
        let path = folder.path().join(LEDGER);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"erased":{"commun"#);
        std::fs::write(&path, text).unwrap();
        ledger.note(&two).unwrap();
        ledger.note(&one).unwrap();
        assert_eq!(ledger.of(one.community).unwrap(), [one.clone(), one.clone()]);
        assert_eq!(ledger.of(two.community).unwrap(), [two]);
    }

    #[test]
    fn a_line_of_another_home_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let noted = noted("410102002005");
        ledger(folder.path(), 1).note(&noted).unwrap();
        let error = ledger(folder.path(), 2).of(noted.community).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
