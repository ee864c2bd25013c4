//! A community's file and phones for tests: real files, real keys, no HTTP. Phones make
//! entries with the core and sign slices as a phone does; what they lie about is up to the
//! test.

use std::sync::Arc;

use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::clock;
use menpai_server::store::community::identity::Founder;
use menpai_server::sync::{Community, Contact, OfficeDevice, Refilled, Settings, Slice, SliceOutcome, read_receipts};
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{Receipt, ReceiptLine, SignatureLine, SliceLine, receipt_message};
use serde_json::{Map, Value, json};

pub(crate) const CODE: &str = "410102002005";
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) fn code() -> CommunityCode {
    CODE.parse().unwrap()
}

pub(crate) fn grid(number: u8) -> GridId {
    GridId::from_bytes([number; 16])
}

/// A device with its log, as far as it was made.
pub(crate) struct Phone {
    pub(crate) device: DeviceId,
    pub(crate) worker: WorkerId,
    pub(crate) signer: Signer,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) clock_ms: i64,
}

impl Phone {
    pub(crate) fn new() -> Phone {
        Phone {
            device: DeviceId::from_bytes(clock::random()),
            worker: WorkerId::from_bytes(clock::random()),
            signer: Signer::from_bytes(&clock::random()).unwrap(),
            entries: Vec::new(),
            clock_ms: clock::now_ms() - HOUR_MS,
        }
    }

    /// What signs its requests.
    pub(crate) fn request_signer(&self) -> PhoneSigner {
        PhoneSigner {
            device: self.device,
            community: code(),
            key: self.signer.clone(),
        }
    }

    /// A clone: same device, same key, the same log so far.
    pub(crate) fn cloned(&self) -> Phone {
        Phone {
            device: self.device,
            worker: self.worker,
            signer: self.signer.clone(),
            entries: self.entries.clone(),
            clock_ms: self.clock_ms,
        }
    }

    fn tick(&mut self) -> Instant {
        self.clock_ms += 1_000;
        Instant {
            unix_ms: self.clock_ms,
            offset_minutes: 480,
        }
    }

    pub(crate) fn new_id(&self) -> EntryId {
        EntryId::from_clock(self.clock_ms, clock::random())
    }

    /// Puts raw bytes into the log.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.entries.push(bytes.to_vec());
    }

    pub(crate) fn record(&mut self, kind: &str, grid: Option<GridId>, body: Value) -> EntryId {
        let Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let id = self.new_id();
        let made_at = self.tick();
        let draft = Draft::record(id, kind, 1, grid, self.worker, made_at, body);
        self.entries.push(draft.make().unwrap().bytes);
        id
    }

    /// A record that says an earlier one anew.
    pub(crate) fn correct(
        &mut self,
        kind: &str,
        grid: Option<GridId>,
        old: EntryId,
        body: Map<String, Value>,
    ) -> EntryId {
        let id = self.new_id();
        let made_at = self.tick();
        let mut draft = Draft::record(id, kind, 1, grid, self.worker, made_at, body);
        draft.supersedes = Some(old);
        self.entries.push(draft.make().unwrap().bytes);
        id
    }

    pub(crate) fn door_check(&mut self, grid: GridId, door: EntityId) -> EntryId {
        self.record(
            "door_check",
            Some(grid),
            json!({"dwelling_id": door, "mode": "door", "outcome": "absent"}),
        )
    }

    /// Withdraws a record: a new entry of its kind that says nothing itself.
    pub(crate) fn retract(&mut self, kind: &str, grid: Option<GridId>, record: EntryId) -> EntryId {
        let id = self.new_id();
        let made_at = self.tick();
        let mut draft = Draft::record(id, kind, 1, grid, self.worker, made_at, Map::new());
        draft.retracts = Some(record);
        self.entries.push(draft.make().unwrap().bytes);
        id
    }

    pub(crate) fn edit(&mut self, grid: Option<GridId>, base: Vec<Hash>, set: Vec<SetItem>) -> EntryId {
        let id = self.new_id();
        self.edit_with_id(id, grid, base, set);
        id
    }

    pub(crate) fn edit_with_id(&mut self, id: EntryId, grid: Option<GridId>, base: Vec<Hash>, set: Vec<SetItem>) {
        let made_at = self.tick();
        let draft = Draft::edit(id, 1, grid, self.worker, made_at, Edit { base, set }, Map::new());
        self.entries.push(draft.make().unwrap().bytes);
    }

    pub(crate) fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The chain after `seq` entries.
    pub(crate) fn head(&self, seq: u64) -> LogHead {
        let empty = LogHead::empty(code(), self.device);
        self.entries[..usize::try_from(seq).unwrap()]
            .iter()
            .fold(empty, |head, bytes| head.after(Hash::of(bytes)))
    }

    /// A slice as it travels, inflated.
    pub(crate) fn slice_bytes(&self, first: u64, last: u64) -> Vec<u8> {
        let message = slice_message(code(), self.device, self.head(last));
        let line = SliceLine {
            first,
            last,
            previous: self.head(first - 1).h,
            signature: self.signer.sign(&message),
        };
        let mut body = serde_json::to_vec(&line).unwrap();
        body.push(b'\n');
        for seq in first..=last {
            body.extend_from_slice(&self.entries[usize::try_from(seq - 1).unwrap()]);
            body.push(b'\n');
        }
        body
    }

    /// The same, without the chain before it.
    pub(crate) fn brief_slice_bytes(&self, first: u64, last: u64) -> Vec<u8> {
        let text = String::from_utf8(self.slice_bytes(first, last)).unwrap();
        let previous = format!(r#""previous":"{}","#, self.head(first - 1).h);
        assert!(text.contains(&previous), "{text}");
        text.replacen(&previous, "", 1).into_bytes()
    }

    pub(crate) fn slice(&self, first: u64, last: u64) -> Slice {
        Slice::read(self.slice_bytes(first, last)).unwrap()
    }

    pub(crate) fn all(&self) -> Slice {
        self.slice(1, self.last())
    }
}

pub(crate) fn set(entity_type: &str, id: EntityId, field: &str, value: Scalar) -> SetItem {
    SetItem {
        entity_type: entity_type.to_owned(),
        id,
        field: field.to_owned(),
        value,
    }
}

pub(crate) fn text(value: &str) -> Scalar {
    Scalar::Text(value.to_owned())
}

/// An edit's items that make one person.
pub(crate) fn new_person(entry: EntryId, name: &str) -> (EntityId, Vec<SetItem>) {
    let id = EntityId::made_by(entry, 0);
    (
        id,
        vec![
            set("person", id, "name", text(name)),
            set("person", id, "phone", text("13700000000")),
        ],
    )
}

/// A community with an office, in a folder of its own.
pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) settings: Settings,
    community: Option<Arc<Community>>,
    pub(crate) device: OfficeDevice,
    pub(crate) desk: Phone,
}

impl Office {
    pub(crate) fn new() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let receipt_key = Signer::from_bytes(&clock::random()).unwrap();
        let settings = Settings {
            kinds: Arc::new(Kinds::builtin().unwrap()),
            receipt_key,
            id_numbers: None,
            database_key: None,
        };
        let desk = Phone::new();
        let device = OfficeDevice {
            device: desk.device,
            key: desk.signer.clone(),
        };
        let founder = Founder {
            device: desk.device,
            worker: desk.worker,
            public_key: desk.signer.public_key(),
        };
        let path = folder.path().join("community.sqlite");
        let community = Some(Arc::new(Community::create(&path, code(), founder, &settings).unwrap()));
        Office {
            folder,
            settings,
            community,
            device,
            desk,
        }
    }

    pub(crate) fn community(&self) -> &Arc<Community> {
        self.community.as_ref().unwrap()
    }

    /// Closes the file and opens it again.
    pub(crate) fn reopen(&mut self) {
        let path = self.community().path().to_owned();
        self.community = None;
        self.community = Some(Arc::new(Community::open(&path, code(), &self.settings).unwrap()));
    }

    /// Writes what the desk has made since.
    pub(crate) fn write_desk(&mut self) {
        let entries = std::mem::take(&mut self.desk.entries);
        self.community().write_as_office(&self.device, entries).unwrap();
    }

    pub(crate) fn register(&mut self, phone: &Phone) {
        self.desk.record(
            "device",
            None,
            json!({"device": phone.device, "worker": phone.worker, "type": "phone",
                   "public_key": phone.signer.public_key(), "name": "测试手机"}),
        );
        self.write_desk();
    }

    pub(crate) fn assign(&mut self, phone: &Phone, role: &str, grid: Option<GridId>) {
        let mut body = json!({
            "worker": phone.worker, "worker_name": "王小梅", "role": role,
            "from": Instant { unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS, offset_minutes: 480 },
        });
        if let Some(grid) = grid {
            body["grid"] = json!(grid);
        }
        self.desk.record("assignment", None, body);
        self.write_desk();
    }

    pub(crate) fn worker_of_grid(&mut self, number: u8) -> Phone {
        let phone = Phone::new();
        self.register(&phone);
        self.assign(&phone, "grid_worker", Some(grid(number)));
        phone
    }

    pub(crate) fn ingest(&self, phone: &Phone, slice: Slice) -> SliceOutcome {
        let contact = Contact {
            received_ms: clock::now_ms(),
            offset_ms: 0,
            last: None,
        };
        self.community().ingest(phone.device, slice, contact).unwrap()
    }

    pub(crate) fn taken(&self, phone: &Phone, slice: Slice) -> LogHead {
        match self.ingest(phone, slice) {
            SliceOutcome::Taken { received, .. } => received,
            SliceOutcome::Refused(refusal) => panic!("refused: {refusal}"),
        }
    }

    /// A phone sends everything with a receipt of this home in which it once merged all of that.
    pub(crate) fn refilled(&self, phone: &Phone) -> Refilled {
        let (identity, now_ms) = (self.community().identity(), clock::now_ms());
        let receipt = Receipt {
            community: identity.code,
            device: phone.device,
            log: identity.log,
            lsn: 1,
            chain: phone.head(0).h,
            first: 1,
            seq: phone.last(),
            h: phone.head(phone.last()).h,
            received: Some(Instant::utc(now_ms)),
            offset_ms: Some(0),
            verdicts: Vec::new(),
        };
        let line = serde_json::to_vec(&ReceiptLine { receipt }).unwrap();
        let signature = self.settings.receipt_key.sign(&receipt_message(&line));
        let signature = serde_json::to_vec(&SignatureLine { signature }).unwrap();
        let member = [line, signature].map(|line| [line, b"\n".to_vec()].concat()).concat();
        let receipts = read_receipts(&member).unwrap();
        let contact = heard(phone.last(), now_ms);
        let refilled = self
            .community()
            .refill(phone.device, receipts, vec![phone.all()], contact);
        refilled.unwrap()
    }

    /// Verdict and reason that count, by seq.
    pub(crate) fn verdicts(&self, phone: &Phone) -> Vec<(u64, String, Option<String>)> {
        self.community()
            .query(|connection| {
                let mut statement = connection.prepare(
                    "SELECT e.seq, l.verdict, l.reason FROM entry e JOIN device_log d ON d.number = e.device
                       JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
                      WHERE d.device = ?1 ORDER BY e.seq",
                )?;
                let rows = statement.query_map([phone.device.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap()
    }

    /// The reason, or the verdict where there is none.
    pub(crate) fn reason(&self, phone: &Phone, seq: u64) -> String {
        let verdicts = self.verdicts(phone);
        let (_, verdict, reason) = verdicts.iter().find(|(at, ..)| *at == seq).unwrap();
        reason.clone().unwrap_or_else(|| verdict.clone())
    }

    pub(crate) fn count(&self, what: &str) -> i64 {
        self.one(&format!("SELECT count(*) FROM {what}"))
    }

    pub(crate) fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.community()
            .query(|connection| Ok(connection.query_row(sql, [], |row| row.get(0))?))
            .unwrap()
    }
}

/// A contact without news of a phone whose log ends at `last`, its clock right.
pub(crate) fn heard(last: u64, at_ms: i64) -> Contact {
    Contact {
        received_ms: at_ms,
        offset_ms: 0,
        last: Some(last),
    }
}
