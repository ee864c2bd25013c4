//! The home as a library: the server's own communities with a real SQLite file and the ledger of
//! erasures beside it, and what the sync handler does with a request, without HTTP and with the
//! clock as an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use menpai_server::erasures::Ledger;
use menpai_server::id_numbers::IdNumbers;
use menpai_server::packet::{CourierKeys, Packet};
use menpai_server::sealing::SealingKey;
use menpai_server::store::community::copy::copy_community;
use menpai_server::store::community::parts::Parts;
use menpai_server::store::community::projection::Projection;
use menpai_server::store::community::{BodyCodec, StoreError, digest, erased, open_reader, open_writer};
use menpai_server::sync::answer::{Asked, answer};
use menpai_server::sync::members::{Limits, Members};
use menpai_server::sync::unfinished::Beginning;
use menpai_server::sync::{
    Carried, Communities, Community, Contact, Delivery, OfficeDevice, RECEIPTS_MEMBER, Refusal, Settings, ShownReceipt,
    Slice, SliceOutcome, Taken, read_receipts,
};
use menpai_sync_core::clock::ClockJumps;
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntryId, Hash, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::wire::{MAX_SLICE_INFLATED, SliceRefusal, UpHeader, lines};

use super::office::Office;

/// Where a home can be made to fail once: it takes back what it was about to do.
pub(super) const FAIL_POINTS: [&str; 2] = ["raw entry stored", "before commit"];

/// The community of a seed: scenarios that run beside each other do not share a name.
pub(super) fn code(seed: u64) -> CommunityCode {
    format!("4101{:08}", seed % 100_000_000).parse().unwrap()
}

/// A home with one community in a folder of its own.
pub(super) struct Home {
    folder: tempfile::TempDir,
    pub(super) code: CommunityCode,
    settings: Settings,
    courier_keys: CourierKeys,
    id_numbers: Arc<IdNumbers>,
    ledger: Arc<Ledger>,
    /// The device with which it writes itself, which founded the community.
    own: (OfficeDevice, WorkerId),
    open: Option<Open>,
}

/// What is open of it.
struct Open {
    community: Arc<Community>,
    communities: Communities,
}

impl Home {
    pub(super) fn found(code: CommunityCode, kinds: Arc<Kinds>, receipt_key: Signer, office: &Office) -> Home {
        let folder = folder_in_memory();
        let ledger = Arc::new(Ledger::new(folder.path(), receipt_key.clone()));
        let courier_keys = CourierKeys::new(vec![Signer::from_bytes(&[12; 32]).unwrap()]).unwrap();
        let sealing = SealingKey::new(&[13; 32]).unwrap();
        let id_numbers = Arc::new(IdNumbers::new(courier_keys.clone(), &sealing));
        let mut home = Home {
            folder,
            code,
            settings: Settings {
                kinds,
                receipt_key,
                id_numbers: Some(Arc::clone(&id_numbers)),
                database_key: None,
            },
            courier_keys,
            id_numbers,
            ledger,
            own: (office.device(), office.worker()),
            open: None,
        };
        let communities = home.communities();
        std::fs::write(communities.path(code), empty_file(&home.settings)).unwrap();
        let community = communities.create(code, office.founder()).unwrap();
        home.open = Some(Open { community, communities });
        home
    }

    /// The communities of a home that has just started.
    fn communities(&self) -> Communities {
        let own = self.own.clone();
        Communities::new(self.folder.path(), self.settings.clone())
            .with_erasures(Arc::clone(&self.ledger), Box::new(move |_| Ok(Some(own.clone()))))
    }

    pub(super) fn community(&self) -> &Community {
        &self.open.as_ref().unwrap().community
    }

    /// What was erased, outside the file and its copies.
    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    pub(super) fn receipt_key(&self) -> &Signer {
        &self.settings.receipt_key
    }

    /// What packets are sealed to.
    pub(super) fn courier_key(&self) -> PublicKey {
        self.courier_keys.newest()
    }

    /// What opens and seals id numbers; phones seal as it does.
    pub(super) fn id_numbers(&self) -> &IdNumbers {
        &self.id_numbers
    }

    /// What `POST /api/v1/courier` does. What it refuses the courier keeps: that is no failure.
    pub(super) fn take_packet(&self, packet: &[u8], delivery: Delivery) -> Result<(), String> {
        let packet = Packet::read(packet).map_err(|error| error.to_string())?;
        let content = packet.open(&self.courier_keys).map_err(|error| error.to_string())?;
        let carried = Carried::read(&content).map_err(Refusal::code)?;
        let taken = self.community().take_carried(packet.clear.device, carried, delivery);
        taken.map(drop).map_err(|error| error.to_string())
    }

    /// Closes the file and opens it again, as a restart does.
    pub(super) fn reopen(&mut self) {
        self.open = None;
        self.serve(self.communities());
    }

    fn serve(&mut self, communities: Communities) {
        let community = communities.get(self.code).unwrap().unwrap();
        self.open = Some(Open { community, communities });
    }

    /// The writer fails at a place, the next time but so many that it comes there.
    pub(super) fn fail_at(&self, place: &str, after: usize) {
        let times = if after > 0 {
            format!("{after}*off->")
        } else {
            String::new()
        };
        fail::cfg(self.place(place), &format!("{times}1*return(error)")).unwrap();
    }

    /// It fails no more, and is opened again if it had stopped; says whether it had. What waits in
    /// the writer's queue is done first.
    pub(super) fn mend(&mut self) -> bool {
        let _ = self.community().write_as_office(&self.own.0, Vec::new());
        for place in FAIL_POINTS {
            fail::remove(self.place(place));
        }
        let stopped = self.community().has_stopped();
        if stopped && let Some(Open { communities, .. }) = self.open.take() {
            self.serve(communities);
        }
        stopped
    }

    fn place(&self, place: &str) -> String {
        format!("{place} @ writer {}", self.code)
    }

    fn path(&self) -> PathBuf {
        self.community().path().to_owned()
    }

    /// A copy of the file, as the night makes it.
    pub(super) fn back_up(&self) -> PathBuf {
        let copy = self.path().with_extension("copy");
        let _ = std::fs::remove_file(&copy);
        self.community()
            .query(|connection| Ok(copy_community(connection, &copy, None, 0)?))
            .unwrap();
        copy
    }

    /// Puts the copy in the file's place; says whether it still had what was erased since.
    pub(super) fn restore(&mut self, copy: &Path) -> bool {
        let path = self.path();
        let erased = erased::subjects(&open_reader(copy, None).unwrap()).unwrap();
        let noted = self.ledger.of(self.code).unwrap();
        let had_erased = noted
            .iter()
            .flat_map(|noted| &noted.subjects)
            .any(|subject| !erased.contains(&subject.hash));
        self.open = None;
        for beside in ["sqlite-wal", "sqlite-shm"] {
            let _ = std::fs::remove_file(path.with_extension(beside));
        }
        std::fs::copy(copy, &path).unwrap();
        self.reopen();
        had_erased
    }

    /// The sum of a part, as the tables show it.
    pub(super) fn sum(&self, part: Part) -> Result<Hash, StoreError> {
        self.community().query(|connection| {
            let number = Parts::load(connection)?.find(part).unwrap_or(0);
            Ok(digest::lines_of_part(connection, &mut BodyCodec::new()?, number)?.sum())
        })
    }

    /// The made-time of every entry, as its lines say.
    pub(super) fn made_times(&self) -> HashMap<EntryId, i64> {
        let read = self.community().query(|connection| {
            let mut statement = connection.prepare(
                "SELECT DISTINCT e.id, l.made_ms FROM entry e JOIN log_line l ON l.entry = e.number WHERE e.id IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| Ok((EntryId::from_bytes(row.get(0)?), row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.unwrap()
    }

    /// The last verdict of every entry, whichever device brought it.
    pub(super) fn verdicts(&self) -> BTreeMap<EntryId, String> {
        let read = self.community().query(|connection| {
            let mut statement = connection.prepare(
                "SELECT e.id, l.verdict FROM entry e
                   JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
                  WHERE e.id IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| Ok((EntryId::from_bytes(row.get(0)?), row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.unwrap()
    }

    /// The hashes of entries of which it has no more.
    pub(super) fn kept_by_hash(&self) -> BTreeSet<Hash> {
        let read = self.community().query(|connection| {
            let mut statement = connection.prepare("SELECT hash FROM entry WHERE hash IS NOT NULL")?;
            let rows = statement.query_map([], |row| Ok(Hash(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.unwrap()
    }

    /// One slice of a device's log.
    pub(super) fn ingest(&self, device: DeviceId, slice: Vec<u8>, contact: Contact) -> Result<SliceOutcome, String> {
        let slice = Slice::read(slice).map_err(Refusal::code)?;
        self.community()
            .ingest(device, slice, contact)
            .map_err(|error| error.to_string())
    }

    /// What `GET /api/v1/snapshots` does.
    pub(super) fn snapshots(
        &self,
        device: DeviceId,
        now_ms: i64,
        parts: &[Part],
        leave_out: bool,
    ) -> Result<Vec<u8>, String> {
        let wanted = Some(parts).filter(|parts| !parts.is_empty());
        let named = self
            .community()
            .newest_snapshots(device, now_ms, wanted, leave_out)
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
        let Some(mut asked) = self.take_up(device, body, now_ms)? else {
            return Err("no header".to_owned());
        };
        if let Some(receipts) = asked.receipts {
            let refilled = self.community().refill(device, receipts, asked.kept, asked.contact);
            let refilled = refilled.map_err(|error| error.to_string())?;
            (asked.taken, asked.refused) = (refilled.taken, refilled.refused);
        }
        let is_another = matches!(asked.refused, Some((_, Refusal::BrokenChain)));
        let refused = asked.refused.map(|(slice, refusal)| SliceRefusal {
            slice,
            code: refusal.code(),
            message: String::new(),
            next: String::new(),
        });
        if (asked.taken.is_none() || refused.is_some()) && !is_another {
            self.community().note_contact(device, asked.contact);
        }
        let asked = Asked {
            device,
            header: &asked.header,
            now_ms,
            offset_ms: asked.contact.offset_ms,
            taken: asked.taken,
            refused,
        };
        answer(self.community(), asked).map_err(|error| error.to_string())
    }

    /// What it does with a request that breaks off: slices that came whole stay, of one that did not
    /// its beginning is kept, nobody is answered.
    pub(super) fn exchange_cut(&self, device: DeviceId, body: &[u8], now_ms: i64) -> Result<(), String> {
        self.take_up(device, body, now_ms).map(drop)
    }

    /// Takes up the slices of a body one by one as they come whole; `None`: not even its header did.
    fn take_up(&self, device: DeviceId, mut body: &[u8], now_ms: i64) -> Result<Option<TakenUp>, String> {
        let mut members = Members::new(Limits {
            compressed: body.len(),
            inflated: MAX_SLICE_INFLATED,
        });
        let mut next = |members: &mut Members| members.read(&mut body).map_err(|error| error.to_string());
        let Some(text) = next(&mut members)? else {
            return Ok(None);
        };
        let line = lines(&text).and_then(|mut lines| lines.next()).ok_or("no header")?;
        let header: UpHeader = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let mut asked = TakenUp {
            contact: Contact {
                received_ms: now_ms,
                offset_ms: now_ms - header.clock.unix_ms,
                last: Some(header.last),
            },
            header,
            receipts: None,
            kept: Vec::new(),
            taken: None,
            refused: None,
        };
        let mut number = 0;
        while let Some(member) = next(&mut members)? {
            if member.starts_with(RECEIPTS_MEMBER) {
                asked.receipts = Some(read_receipts(&member).map_err(Refusal::code)?);
                continue;
            }
            number += 1;
            let slice = Slice::read(member).map_err(Refusal::code)?;
            let slice = slice.with_jumps(&ClockJumps::from(asked.header.jumps.clone()));
            if asked.receipts.is_some() {
                asked.kept.push(slice);
                continue;
            }
            let slice = self.community().with_beginning(device, slice);
            let first = slice.line.begins();
            let outcome = self.community().ingest(device, slice, asked.contact);
            match outcome.map_err(|error| error.to_string())? {
                SliceOutcome::Taken { end, dating, .. } => {
                    asked.taken = Some(Taken::after(asked.taken, first, end, dating));
                }
                SliceOutcome::Refused(refusal) => {
                    asked.refused = Some((number, refusal));
                    break;
                }
            }
        }
        if asked.receipts.is_none()
            && let Some(beginning) = Beginning::read(members.unfinished())
        {
            self.community().unfinished().keep(device, beginning);
        }
        Ok(Some(asked))
    }
}

/// A request as far as it was taken up.
struct TakenUp {
    header: UpHeader,
    contact: Contact,
    /// With these, slices are taken only when all are here.
    receipts: Option<Vec<ShownReceipt>>,
    kept: Vec<Slice>,
    taken: Option<Taken>,
    refused: Option<(usize, Refusal)>,
}

/// The file of a community that has not begun, with its tables and views: they are made once, since
/// making them costs as much as a small schedule.
fn empty_file(settings: &Settings) -> &'static [u8] {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    EMPTY.get_or_init(|| {
        let folder = folder_in_memory();
        let path = folder.path().join("empty.sqlite");
        let mut connection = open_writer(&path, None).unwrap();
        let transaction = connection.transaction().unwrap();
        let projection = Projection::new(Arc::clone(&settings.kinds));
        projection.reset(&transaction).unwrap();
        transaction.commit().unwrap();
        drop(connection);
        std::fs::read(path).unwrap()
    })
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
