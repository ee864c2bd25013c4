//! The founding device: what the office writes, it writes as slices of a log like any other,
//! with the scenario's clock.

use menpai_server::store::community::device_logs;
use menpai_server::store::community::identity::Founder;
use menpai_server::sync::scribe::Scribe;
use menpai_server::sync::{Contact, OfficeDevice, SliceOutcome};
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::entry::{Draft, Edit, Entry, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::SliceLine;
use serde_json::{Map, Value, json};

use super::home::Home;
use menpai_server::simulate::Dice;

/// A key thrown with dice.
pub(super) fn key(dice: &mut Dice) -> Signer {
    loop {
        if let Ok(key) = Signer::from_bytes(&dice.bytes()) {
            return key;
        }
    }
}

/// Signs the part of a log that follows `before`, as a slice travels.
pub(super) fn slice(
    code: CommunityCode,
    device: DeviceId,
    key: &Signer,
    before: LogHead,
    entries: &[Vec<u8>],
) -> Vec<u8> {
    let head = entries.iter().fold(before, |head, bytes| head.after(Hash::of(bytes)));
    let signature = key.sign(&slice_message(code, device, head));
    let line = SliceLine {
        first: before.seq + 1,
        last: head.seq,
        previous: before.h,
        signature,
    };
    let mut body = serde_json::to_vec(&line).unwrap();
    body.push(b'\n');
    for entry in entries {
        body.extend_from_slice(entry);
        body.push(b'\n');
    }
    body
}

/// A role that somebody has.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) worker: WorkerId,
    pub(super) grid: GridId,
    record: EntryId,
    body: Value,
}

/// The office, with its log.
pub(super) struct Office {
    device: DeviceId,
    worker: WorkerId,
    key: Signer,
    head: LogHead,
    /// The device that writes from inside the home.
    pen: Option<OfficeDevice>,
    pub(super) now_ms: i64,
    dice: Dice,
}

impl Office {
    pub(super) fn new(code: CommunityCode, dice: &mut Dice, now_ms: i64) -> Office {
        let device = DeviceId::from_bytes(dice.bytes());
        Office {
            device,
            worker: WorkerId::from_bytes(dice.bytes()),
            key: key(dice),
            head: LogHead::empty(code, device),
            pen: None,
            now_ms,
            dice: Dice::new(dice.throw()),
        }
    }

    pub(super) fn founder(&self) -> Founder {
        Founder {
            device: self.device,
            worker: self.worker,
            public_key: self.key.public_key(),
        }
    }

    pub(super) fn new_id(&mut self) -> EntryId {
        EntryId::from_clock(self.now_ms, self.dice.bytes())
    }

    /// Its device with its key, as the home's own office has it.
    pub(super) fn device(&self) -> OfficeDevice {
        OfficeDevice {
            device: self.device,
            key: self.key.clone(),
        }
    }

    pub(super) fn worker(&self) -> WorkerId {
        self.worker
    }

    /// The home wrote in its name.
    pub(super) fn wrote_through(&mut self, end: LogHead) {
        self.head = end;
    }

    pub(super) fn at(&self) -> Instant {
        Instant {
            unix_ms: self.now_ms,
            offset_minutes: 480,
        }
    }

    pub(super) fn record(&mut self, kind: &str, body: Value) -> Vec<u8> {
        let Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let id = self.new_id();
        Draft::record(id, kind, 1, None, self.worker, self.at(), body)
            .make()
            .unwrap()
            .bytes
    }

    pub(super) fn edit(&mut self, id: EntryId, grid: Option<GridId>, base: Vec<Hash>, set: Vec<SetItem>) -> Vec<u8> {
        Draft::edit(id, 1, grid, self.worker, self.at(), Edit { base, set }, Map::new())
            .make()
            .unwrap()
            .bytes
    }

    /// The heads that an edit made at the desk now would state.
    pub(super) fn base(&self, home: &Home, part: Part) -> Vec<Hash> {
        home.community().heads(part).unwrap()
    }

    pub(super) fn write(&mut self, home: &Home, entries: &[Vec<u8>]) {
        let slice = slice(home.code, self.device, &self.key, self.head, entries);
        let contact = Contact {
            received_ms: self.now_ms,
            offset_ms: 0,
            last: None,
        };
        match home.ingest(self.device, slice, contact).unwrap() {
            SliceOutcome::Taken { end, .. } => self.head = end,
            SliceOutcome::Refused(refusal) => panic!("the office was refused: {refusal}"),
        }
    }

    /// Its log is as the home has it, which was put back.
    pub(super) fn catch_up(&mut self, home: &Home) {
        let head = home
            .community()
            .query(|connection| Ok(device_logs::find(connection, self.device)?.map(|log| log.head)));
        self.head = head.unwrap().unwrap_or_else(|| LogHead::empty(home.code, self.device));
    }

    pub(super) fn register(&mut self, home: &Home, device: DeviceId, worker: WorkerId, key: &PublicKey) {
        let body = json!({"device": device, "worker": worker, "type": "phone", "public_key": key, "name": "测试手机"});
        let record = self.record("device", body);
        self.write(home, &[record]);
    }

    /// Writes from inside the home, with a device of its own.
    pub(super) fn pen(&mut self, home: &Home) -> Scribe {
        let office = match self.pen.clone() {
            Some(pen) => pen,
            None => {
                let (device, key) = (DeviceId::from_bytes(self.dice.bytes()), key(&mut self.dice));
                let body = json!({"device": device, "worker": self.worker, "type": "office",
                                  "public_key": key.public_key(), "name": "办公电脑"});
                let record = self.record("device", body);
                self.write(home, &[record]);
                self.pen.insert(OfficeDevice { device, key }).clone()
            }
        };
        Scribe {
            office,
            worker: self.worker,
            at: self.at(),
        }
    }

    /// Gives a role in a grid.
    pub(super) fn assign(&mut self, home: &Home, worker: WorkerId, role: &str, grid: GridId) -> Role {
        let from = Instant {
            unix_ms: self.now_ms - 86_400_000,
            offset_minutes: 480,
        };
        let body = json!({"worker": worker, "worker_name": "测试员", "role": role, "grid": grid, "from": from});
        let record = self.record("assignment", body.clone());
        let given = Role {
            worker,
            grid,
            record: Entry::parse(&record).unwrap().id,
            body,
        };
        self.write(home, &[record]);
        given
    }

    /// Gives a role in the whole community.
    pub(super) fn assign_everywhere(&mut self, home: &Home, worker: WorkerId, role: &str) {
        let from = Instant {
            unix_ms: self.now_ms - 86_400_000,
            offset_minutes: 480,
        };
        let body = json!({"worker": worker, "worker_name": "测试员", "role": role, "from": from});
        let record = self.record("assignment", body);
        self.write(home, &[record]);
    }

    /// Ends a role now: a record that takes the place of the one that gave it.
    pub(super) fn end(&mut self, home: &Home, mut role: Role) {
        role.body["until"] = json!(self.at());
        role.body["end_reason"] = json!("ordinary");
        let Value::Object(body) = role.body else { return };
        let mut draft = Draft::record(self.new_id(), "assignment", 1, None, self.worker, self.at(), body);
        draft.supersedes = Some(role.record);
        self.write(home, &[draft.make().unwrap().bytes]);
    }
}
