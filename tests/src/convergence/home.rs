//! The home as a library: the server's own community with a real SQLite file, and what the
//! sync handler does with a request, without HTTP and with the clock as an argument.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use menpai_server::store::community::copy::copy_community;
use menpai_server::store::community::identity::Founder;
use menpai_server::sync::answer::{Asked, answer};
use menpai_server::sync::{
    Community, Contact, RECEIPTS_MEMBER, Refusal, Settings, Slice, SliceOutcome, Taken, read_receipts,
};
use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::ids::{CommunityCode, DeviceId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::wire::{MAX_HEADER_BYTES, MAX_SLICE_INFLATED, SliceRefusal, UpHeader, inflate_member, lines};

/// The community of every scenario.
pub(super) fn code() -> CommunityCode {
    "410102002005".parse().unwrap()
}

/// A home with one community in a folder of its own.
pub(super) struct Home {
    _folder: tempfile::TempDir,
    path: PathBuf,
    settings: Settings,
    community: Option<Community>,
}

impl Home {
    pub(super) fn found(kinds: Arc<Kinds>, receipt_key: Signer, founder: Founder) -> Home {
        let folder = folder_in_memory();
        let path = folder.path().join("community.sqlite");
        let settings = Settings { kinds, receipt_key };
        let community = Community::create(&path, code(), founder, &settings).unwrap();
        Home {
            _folder: folder,
            path,
            settings,
            community: Some(community),
        }
    }

    pub(super) fn community(&self) -> &Community {
        self.community.as_ref().unwrap()
    }

    pub(super) fn receipt_key(&self) -> &Signer {
        &self.settings.receipt_key
    }

    /// Closes the file and opens it again, as a restart does.
    pub(super) fn reopen(&mut self) {
        self.community = None;
        self.community = Some(Community::open(&self.path, code(), &self.settings).unwrap());
    }

    /// A copy of the file, as the night makes it.
    pub(super) fn back_up(&self) -> PathBuf {
        let copy = self.path.with_extension("copy");
        let _ = std::fs::remove_file(&copy);
        self.community()
            .query(|connection| Ok(copy_community(connection, &copy, 0)?))
            .unwrap();
        copy
    }

    /// Puts the copy in the file's place.
    pub(super) fn restore(&mut self, copy: &Path) {
        self.community = None;
        for beside in ["sqlite-wal", "sqlite-shm"] {
            let _ = std::fs::remove_file(self.path.with_extension(beside));
        }
        std::fs::copy(copy, &self.path).unwrap();
        self.reopen();
    }

    /// One slice of a device's log.
    pub(super) fn ingest(&self, device: DeviceId, slice: Vec<u8>, contact: Contact) -> Result<SliceOutcome, String> {
        let slice = Slice::read(slice).map_err(Refusal::code)?;
        self.community()
            .ingest(device, slice, contact)
            .map_err(|error| error.to_string())
    }

    /// What `GET /api/v1/snapshots` does.
    pub(super) fn snapshots(&self, device: DeviceId, now_ms: i64, parts: &[Part]) -> Result<Vec<u8>, String> {
        let wanted = Some(parts).filter(|parts| !parts.is_empty());
        let named = self
            .community()
            .newest_snapshots(device, now_ms, wanted)
            .map_err(|error| error.to_string())?;
        let mut body = Vec::new();
        for named in named {
            let bytes = self.community().snapshot_bytes(&named);
            body.extend(bytes.map_err(|error| error.to_string())?.ok_or("not kept")?);
        }
        Ok(body)
    }

    /// What `POST /api/v1/sync` does.
    pub(super) fn exchange(&self, device: DeviceId, body: &[u8], now_ms: i64) -> Result<Vec<u8>, String> {
        let (text, mut rest) = inflate_member(body, MAX_HEADER_BYTES).map_err(|error| error.to_string())?;
        let line = lines(&text).and_then(|mut lines| lines.next()).ok_or("no header")?;
        let header: UpHeader = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let contact = Contact {
            received_ms: now_ms,
            offset_ms: now_ms - header.clock.unix_ms,
            last: Some(header.last),
        };
        let mut taken = None;
        let mut refused = None;
        let mut number = 0;
        let mut receipts = None;
        let mut kept = Vec::new();
        while !rest.is_empty() {
            let (member, after) = inflate_member(rest, MAX_SLICE_INFLATED).map_err(|error| error.to_string())?;
            rest = after;
            if member.starts_with(RECEIPTS_MEMBER) {
                receipts = Some(read_receipts(&member).map_err(Refusal::code)?);
                continue;
            }
            number += 1;
            let slice = Slice::read(member).map_err(Refusal::code)?;
            let slice = slice.with_jumps(&ClockJumps::from(header.jumps.clone()));
            if receipts.is_some() {
                kept.push(slice);
                continue;
            }
            let first = slice.line.first;
            let outcome = self
                .community()
                .ingest(device, slice, contact)
                .map_err(|error| error.to_string())?;
            match outcome {
                SliceOutcome::Taken { end, is_new, .. } => taken = Some(Taken::after(taken, first, end, is_new)),
                SliceOutcome::Refused(refusal) => {
                    refused = Some((number, refusal));
                    break;
                }
            }
        }
        if let Some(receipts) = receipts {
            let refilled = self.community().refill(device, receipts, kept, contact);
            let refilled = refilled.map_err(|error| error.to_string())?;
            (taken, refused) = (refilled.taken, refilled.refused);
        }
        let is_another = matches!(refused, Some((_, Refusal::BrokenChain)));
        let refused = refused.map(|(slice, refusal)| SliceRefusal {
            slice,
            code: refusal.code(),
            message: String::new(),
            next: String::new(),
        });
        if (taken.is_none() || refused.is_some()) && !is_another {
            self.community().note_contact(device, contact);
        }
        let asked = Asked {
            device,
            header: &header,
            now_ms,
            offset_ms: contact.offset_ms,
            taken,
            refused,
        };
        answer(self.community(), asked).map_err(|error| error.to_string())
    }
}

/// Power cuts are not what is tried here, and a file in memory makes a thousand seeds cheap.
fn folder_in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.or_else(|_| tempfile::tempdir()).unwrap()
}
