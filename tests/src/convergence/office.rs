//! The office: the home's own device, which founded the community and with which the home writes
//! itself. The moments are the scenario's.

use menpai_server::simulate::Dice;
use menpai_server::store::community::identity::Founder;
use menpai_server::sync::OfficeDevice;
use menpai_server::sync::scribe::Scribe;
use menpai_sync_core::entry::{Draft, Edit, SetItem};
use menpai_sync_core::ids::{DeviceId, EntryId, GridId, Hash, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::home::Home;

/// Roles begin so long before they are given.
const BEFORE_MS: i64 = 86_400_000;

/// A key thrown with dice.
pub(super) fn key(dice: &mut Dice) -> Signer {
    loop {
        if let Ok(key) = Signer::from_bytes(&dice.bytes()) {
            return key;
        }
    }
}

/// The office.
pub(super) struct Office {
    device: OfficeDevice,
    worker: WorkerId,
    pub(super) now_ms: i64,
    dice: Dice,
}

impl Office {
    pub(super) fn new(dice: &mut Dice, now_ms: i64) -> Office {
        let device = DeviceId::from_bytes(dice.bytes());
        let worker = WorkerId::from_bytes(dice.bytes());
        Office {
            device: OfficeDevice { device, key: key(dice) },
            worker,
            now_ms,
            dice: Dice::new(dice.throw()),
        }
    }

    pub(super) fn founder(&self) -> Founder {
        Founder {
            device: self.device.device,
            worker: self.worker,
            public_key: self.device.key.public_key(),
        }
    }

    pub(super) fn new_id(&mut self) -> EntryId {
        EntryId::from_clock(self.now_ms, self.dice.bytes())
    }

    /// Its device with its key.
    pub(super) fn device(&self) -> OfficeDevice {
        self.device.clone()
    }

    pub(super) fn worker(&self) -> WorkerId {
        self.worker
    }

    /// Its pen inside the home.
    pub(super) fn scribe(&self) -> Scribe {
        Scribe {
            office: self.device(),
            worker: self.worker,
            at: self.at(),
        }
    }

    pub(super) fn at(&self) -> Instant {
        Instant {
            unix_ms: self.now_ms,
            offset_minutes: 480,
        }
    }

    pub(super) fn record(&mut self, kind: &str, body: Value) -> Vec<u8> {
        self.record_instead(kind, body, None)
    }

    fn record_instead(&mut self, kind: &str, body: Value, of: Option<EntryId>) -> Vec<u8> {
        let Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let id = self.new_id();
        let mut draft = Draft::record(id, kind, 1, None, self.worker, self.at(), body);
        draft.supersedes = of;
        draft.make().unwrap().bytes
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

    pub(super) fn write(&self, home: &Home, entries: Vec<Vec<u8>>) {
        let written = home
            .community()
            .decide_as_office(&self.device, self.now_ms, |_| Ok(entries));
        written.unwrap();
    }

    pub(super) fn register(&mut self, home: &Home, device: DeviceId, worker: WorkerId, key: &PublicKey) {
        let body = json!({"device": device, "worker": worker, "type": "phone", "public_key": key, "name": "测试手机"});
        let record = self.record("device", body);
        self.write(home, vec![record]);
    }

    /// Gives a role, in a grid or in the whole community.
    pub(super) fn assign(&mut self, home: &Home, worker: WorkerId, role: &str, grid: Option<GridId>) {
        let mut body = json!({"worker": worker, "worker_name": "测试员", "role": role, "from": self.before()});
        if let Some(grid) = grid {
            body["grid"] = json!(grid);
        }
        let record = self.record("assignment", body);
        self.write(home, vec![record]);
    }

    /// Ends a worker's roles in a grid now: by records that take the place of those that gave them.
    pub(super) fn end(&mut self, home: &Home, worker: WorkerId, grid: GridId) {
        let directory = home.community().directory();
        let granted = directory.granted_in(grid, self.now_ms);
        for granted in granted.filter(|granted| granted.worker == worker) {
            let body = json!({
                "worker": worker, "worker_name": "测试员", "role": granted.assignment.role, "grid": grid,
                "from": Instant::utc(granted.assignment.from_ms), "until": self.at(), "end_reason": "ordinary",
            });
            let record = self.record_instead("assignment", body, Some(granted.record));
            self.write(home, vec![record]);
        }
    }

    fn before(&self) -> Instant {
        Instant {
            unix_ms: self.now_ms - BEFORE_MS,
            ..self.at()
        }
    }
}
