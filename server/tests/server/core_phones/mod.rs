//! Phones as they are: the core's own with its rows, against the community of a world, without
//! HTTP. What they see is what a worker sees.

use menpai_server::clock;
use menpai_server::simulate::Rows;
use menpai_server::sync::answer::{Asked, answer};
use menpai_server::sync::{Contact, Slice, SliceOutcome, Taken};
use menpai_sync_core::entry::{Entry, Scalar};
use menpai_sync_core::ids::{DeviceId, EntityId, EntryId, GridId, Seq, WorkerId};
use menpai_sync_core::phone::{
    EditDraft, Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker, NewSetItem, OwnState, Phone,
    RecordDraft, Saved,
};
use menpai_sync_core::signature::Signer;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{MAX_HEADER_BYTES, MAX_SLICE_INFLATED, UpHeader, inflate_member, lines};
use serde_json::{Map, Value, json};

use super::desk_world::{World, object};

/// A worker's phone.
pub(crate) struct CorePhone {
    pub(crate) device: DeviceId,
    pub(crate) phone: Phone,
    pub(crate) rows: Rows,
    key: Signer,
}

impl CorePhone {
    /// The phone of a worker with a role in these grids.
    pub(crate) fn new(world: &World, name: &str, grids: &[GridId]) -> CorePhone {
        let worker = WorkerId::from_bytes(clock::random());
        for grid in grids {
            world.assign(worker, name, *grid);
        }
        let device = DeviceId::from_bytes(clock::random());
        let key = Signer::from_bytes(&clock::random()).unwrap();
        let office = &world.office;
        let registered = json!({"device": device, "worker": worker, "type": "phone",
                                "public_key": key.public_key(), "name": name});
        office
            .write(&[office.record("device", None, object(registered))])
            .unwrap();
        let mut rows = Rows::default();
        let mut phone = rows.open(office.community.kinds().clone()).unwrap();
        let enrolment = Enrolment {
            worker: NamedWorker {
                id: worker,
                name: name.to_owned(),
            },
            community: NamedCommunity {
                code: world.code(),
                name: String::new(),
            },
            home: HomeFacts {
                log: office.community.identity().log,
                public_key: world.home.receipt_key.public_key(),
                courier_key: None,
            },
            device: NamedDevice {
                id: device,
                name: String::new(),
                public_key: Some(key.public_key()),
            },
        };
        rows.apply(phone.enrol(enrolment).unwrap());
        phone.use_snapshots(true);
        let mut phone = CorePhone {
            device,
            phone,
            rows,
            key,
        };
        phone.sync(world);
        phone
    }

    /// Syncs until there is no more.
    pub(crate) fn sync(&mut self, world: &World) {
        for _ in 0..20 {
            self.fetch(world);
            let now = clock::now();
            let draft = self.phone.begin_sync(now, true).unwrap();
            let signatures: Vec<_> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
            let body = self.phone.request(&signatures).unwrap();
            let said = exchange(world, self.device, &body, 0);
            let received = self.phone.verify_and_receive(&said).unwrap();
            self.rows.apply(received.writes);
            if !received.more && self.phone.snapshots_wanted().is_none() {
                return;
            }
        }
        panic!("it never ends");
    }

    /// One contact at a moment of the home's clock, that of the phone being `ahead_ms` of it; an answer
    /// that is lost is not heard.
    pub(crate) fn contact(&mut self, world: &World, at_ms: i64, ahead_ms: i64, heard: bool) {
        let draft = self.phone.begin_sync(Instant::utc(at_ms + ahead_ms), false).unwrap();
        let signatures: Vec<_> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
        let body = self.phone.request(&signatures).unwrap();
        let said = exchange(world, self.device, &body, ahead_ms);
        if heard {
            let received = self.phone.verify_and_receive(&said).unwrap();
            self.rows.apply(received.writes);
        }
    }

    fn fetch(&mut self, world: &World) {
        let Some(parts) = self.phone.snapshots_wanted() else {
            return;
        };
        let community = world.community();
        let wanted = Some(parts.as_slice()).filter(|parts| !parts.is_empty());
        for named in community
            .newest_snapshots(self.device, clock::now_ms(), wanted, false)
            .unwrap()
        {
            let bytes = community.snapshot_bytes(&named).unwrap().unwrap();
            let taken = self.phone.take_snapshot(&bytes).unwrap().unwrap();
            self.rows.apply(taken.writes);
        }
    }

    /// Closes the app and opens it again.
    pub(crate) fn restart(&mut self, world: &World) {
        self.phone = self.rows.open(world.community().kinds().clone()).unwrap();
        self.phone.use_snapshots(true);
    }

    pub(crate) fn record(&mut self, kind: &str, grid: GridId, body: Value) -> EntryId {
        self.record_at(clock::now(), kind, grid, body)
    }

    pub(crate) fn record_at(&mut self, now: Instant, kind: &str, grid: GridId, body: Value) -> EntryId {
        let draft = RecordDraft {
            kind: kind.to_owned(),
            grid: Some(grid),
            body: object(body),
        };
        let saved = self.phone.record(draft, now, clock::random());
        self.keep(saved)
    }

    pub(crate) fn check(&mut self, grid: GridId, door: EntityId, outcome: &str) -> EntryId {
        self.record(
            "door_check",
            grid,
            json!({"dwelling_id": door, "mode": "door", "outcome": outcome}),
        )
    }

    /// A check of a minute ago: a slow request makes a clock look slow, by as much.
    pub(crate) fn check_a_minute_ago(&mut self, grid: GridId, door: EntityId, outcome: &str) -> EntryId {
        let now = clock::now();
        let body = json!({"dwelling_id": door, "mode": "door", "outcome": outcome});
        let then = Instant {
            unix_ms: now.unix_ms - 60_000,
            ..now
        };
        self.record_at(then, "door_check", grid, body)
    }

    pub(crate) fn retract(&mut self, record: EntryId) -> EntryId {
        let saved = self.phone.retract(record, clock::now(), clock::random());
        self.keep(saved)
    }

    /// Sets fields of entities; `new:0` is one that it makes.
    pub(crate) fn edit(&mut self, grid: GridId, set: &[(&str, &str, &str, &str)]) -> EntryId {
        let item = |(entity_type, id, field, value): &(&str, &str, &str, &str)| NewSetItem {
            entity_type: (*entity_type).to_owned(),
            id: (*id).to_owned(),
            field: (*field).to_owned(),
            value: Scalar::Text((*value).to_owned()),
        };
        let draft = EditDraft {
            grid: Some(grid),
            set: set.iter().map(item).collect(),
            body: Map::from_iter([("source".to_owned(), Value::from("asked_in_person"))]),
        };
        let saved = self.phone.edit(draft, clock::now(), clock::random());
        self.keep(saved)
    }

    fn keep(&mut self, saved: Saved) -> EntryId {
        match saved {
            Saved::Entry { entry, writes, .. } => {
                self.rows.apply(writes);
                entry
            }
            Saved::Problems(problems) => panic!("{problems:?}"),
        }
    }

    /// How far an own entry has come, and its place in the log.
    pub(crate) fn state(&self, entry: EntryId) -> (OwnState, Seq) {
        let own = self.phone.own_entries().find(|own| own.entry.id == entry).unwrap();
        (own.state, own.seq)
    }

    /// What a field of an entity shows; `None`: nothing, or there is no such entity here.
    pub(crate) fn shows(&self, id: EntityId, field: &str) -> Option<String> {
        let row = self.phone.replica()?.row(id)?;
        row.text(field).map(str::to_owned)
    }

    /// Whether a door counts as closed here.
    pub(crate) fn is_closed(&self, door: EntityId) -> bool {
        let card = self.phone.door(door, clock::now()).unwrap();
        card.state.closed
    }

    /// Everything of others that is kept on it, as text: documents unfolded, history and all.
    pub(crate) fn kept_of_others(&self) -> String {
        let replica = self.phone.replica().unwrap();
        let mut text = String::new();
        for (_, row) in replica.rows() {
            text += &format!("{row:?}");
        }
        for part in replica.cursor().keys() {
            if let Some(document) = replica.document(*part) {
                text += &String::from_utf8_lossy(&document.save_plain());
            }
        }
        let own: Vec<&Entry> = self.phone.own_entries().map(|own| &own.entry).collect();
        for record in replica
            .records()
            .filter(|record| own.iter().all(|own| own.id != record.entry.id))
        {
            text += &format!("{:?}", record.entry);
        }
        text
    }

    /// Every part that it sees has the home's digest.
    pub(crate) fn assert_equal_to(&self, world: &World) {
        let replica = self.phone.replica().unwrap();
        let at_home = menpai_server::jobs::rebuild::digests(&world.community()).unwrap();
        for part in replica.cursor().keys() {
            if let Some(digest) = at_home.get(part) {
                assert_eq!(replica.digest(*part), *digest, "{part}");
            }
        }
    }

    /// Every grid that it sees.
    pub(crate) fn grids(&self) -> Vec<GridId> {
        let replica = self.phone.replica().unwrap();
        let mut grids: Vec<GridId> = replica.cursor().keys().filter_map(|part| part.grid).collect();
        grids.dedup();
        grids
    }
}

/// What `POST /api/v1/sync` does, of a phone whose clock is so much ahead.
fn exchange(world: &World, device: DeviceId, body: &[u8], ahead_ms: i64) -> Vec<u8> {
    let community = world.community();
    let (text, mut rest) = inflate_member(body, MAX_HEADER_BYTES).unwrap();
    let line = lines(&text).and_then(|mut lines| lines.next()).unwrap();
    let header: UpHeader = serde_json::from_slice(line).unwrap();
    // Signing takes a while in a test; the clocks are one.
    let now_ms = header.clock.unix_ms - ahead_ms;
    let contact = Contact {
        received_ms: now_ms,
        offset_ms: -ahead_ms,
        last: Some(header.last),
    };
    let mut taken = None;
    while !rest.is_empty() {
        let (member, after) = inflate_member(rest, MAX_SLICE_INFLATED).unwrap();
        rest = after;
        let slice = Slice::read(member).unwrap();
        let first = slice.line.begins();
        match community.ingest(device, slice, contact).unwrap() {
            SliceOutcome::Taken { end, dating, .. } => taken = Some(Taken::after(taken, first, end, dating)),
            SliceOutcome::Refused(refusal) => panic!("refused: {refusal}"),
        }
    }
    if taken.is_none() {
        community.note_contact(device, contact);
    }
    let asked = Asked {
        device,
        header: &header,
        now_ms,
        offset_ms: contact.offset_ms,
        taken,
        refused: None,
    };
    answer(&community, asked).unwrap()
}
