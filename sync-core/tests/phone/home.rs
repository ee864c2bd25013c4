//! A home in a few lines, for one phone: it merges everything and answers like the server.
//! What the real one refuses or holds is tested there.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use menpai_sync_core::clock::{ClockJumps, LastContact, made_time};
use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::entry::{Draft, Edit, Entry, Scalar, SetItem};
use menpai_sync_core::folds::coverage::Campaign;
use menpai_sync_core::folds::overtaken::{Horizon, overtaken};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, EntryId, GridId, Hash, LogId, Seq, WorkerId};
use menpai_sync_core::judge::part_of;
use menpai_sync_core::kinds::{Class, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker};
use menpai_sync_core::registry::Document;
use menpai_sync_core::replica::{Applied, Replica, record_line};
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::snapshot::{LeftOut, Snapshot, SnapshotFacts};
use menpai_sync_core::time::Instant;
use menpai_sync_core::verdict::{Reason, Verdict};
use menpai_sync_core::wire::{
    self, Cursor, DownHeader, Receipt, ReceiptLine, ReceiptVerdict, SaidSliceLine, SignatureLine, SliceRefusal,
    UpHeader,
};
use serde_json::Map;

pub(crate) const NOW_MS: i64 = 1_795_305_600_000;
pub(crate) const OFFSET_MS: i64 = 2_000;
pub(crate) const OFFICE: u8 = 0xf0;

pub(crate) fn now() -> Instant {
    Instant {
        unix_ms: NOW_MS,
        offset_minutes: 480,
    }
}

pub(crate) fn grid() -> GridId {
    GridId::from_bytes([0x47; 16])
}

pub(crate) fn part(class: Class) -> Part {
    Part {
        grid: Some(grid()),
        class,
    }
}

pub(crate) struct Home {
    pub(crate) community: CommunityCode,
    pub(crate) log: LogId,
    pub(crate) key: Signer,
    pub(crate) kinds: Kinds,
    /// What packets are sealed to; homes of before have none.
    pub(crate) courier_key: Option<PublicKey>,
    documents: BTreeMap<Part, Document>,
    lines: Vec<(Envelope, Vec<u8>)>,
    heads: BTreeMap<DeviceId, LogHead>,
    /// Where a device's log ended at its last contact, and when that was.
    contacts: BTreeMap<DeviceId, (Seq, LastContact)>,
    /// The grid is taken from every phone.
    pub(crate) grid_lost: bool,
    /// Refuses every slice, with this code.
    pub(crate) refuse: Option<&'static str>,
    /// Parts that it wants fetched whole while their cursor is 0.
    pub(crate) name_parts: bool,
    /// Its clock minus the phone's, as it measures it.
    pub(crate) offset_ms: i64,
    /// Kinds that it holds instead of merging.
    pub(crate) hold: Vec<&'static str>,
    /// How many lines one of its answers has before the next begins.
    pub(crate) lines_an_answer: usize,
    /// What it keeps of a slice whose end did not come.
    pub(crate) beginning: Vec<Vec<u8>>,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            community: "410102002005".parse().unwrap(),
            log: LogId::from_bytes([0x10; 16]),
            key: Signer::from_bytes(&[5; 32]).unwrap(),
            kinds: Kinds::builtin().unwrap(),
            courier_key: Some(Signer::from_bytes(&[6; 32]).unwrap().public_key()),
            documents: BTreeMap::new(),
            lines: Vec::new(),
            heads: BTreeMap::new(),
            contacts: BTreeMap::new(),
            grid_lost: false,
            refuse: None,
            name_parts: false,
            offset_ms: OFFSET_MS,
            hold: Vec::new(),
            lines_an_answer: usize::MAX,
            beginning: Vec::new(),
        }
    }

    pub(crate) fn enrolment(&self, number: u8) -> Enrolment {
        Enrolment {
            worker: NamedWorker {
                id: WorkerId::from_bytes([number; 16]),
                name: "刘敏".to_owned(),
            },
            community: NamedCommunity {
                code: self.community,
                name: "协作路社区".to_owned(),
            },
            home: HomeFacts {
                log: self.log,
                public_key: self.key.public_key(),
                courier_key: self.courier_key.clone(),
            },
            device: NamedDevice {
                id: DeviceId::from_bytes([number; 16]),
                name: String::new(),
                public_key: None,
            },
        }
    }

    /// An edit by the office, made and merged at once.
    pub(crate) fn office_edit(
        &mut self,
        class: Class,
        number: u8,
        base: Vec<Hash>,
        set: impl FnOnce(EntryId) -> Vec<SetItem>,
    ) -> Vec<EntityId> {
        let count = self.lines.len() as u8;
        let id = EntryId::from_clock(NOW_MS - 1_000_000 + i64::from(count), [number ^ count; 10]);
        let at = Instant {
            unix_ms: NOW_MS - 1_000_000,
            offset_minutes: 480,
        };
        let edit = Edit { base, set: set(id) };
        let made = Draft::edit(
            id,
            1,
            Some(grid()),
            WorkerId::from_bytes([number; 16]),
            at,
            edit,
            Map::new(),
        )
        .make()
        .unwrap();
        let entities = made.entry.entities().iter().map(|named| named.id).collect();
        self.append(
            DeviceId::from_bytes([number; 16]),
            u64::from(count) + 1,
            &made.entry,
            made.bytes,
            part(class),
            None,
        );
        entities
    }

    /// A record by somebody else's device, merged at once.
    pub(crate) fn record(&mut self, number: u8, kind: &str, at: Instant, body: serde_json::Value) -> EntryId {
        let count = self.lines.len() as u64;
        let mut random = [number; 10];
        random[..8].copy_from_slice(&count.to_be_bytes());
        let id = EntryId::from_clock(at.unix_ms, random);
        let worker = WorkerId::from_bytes([number; 16]);
        let serde_json::Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let made = Draft::record(id, kind, 1, Some(grid()), worker, at, body)
            .make()
            .unwrap();
        let place = part_of(&made.entry, &self.kinds);
        let device = DeviceId::from_bytes([number; 16]);
        self.append(device, count + 1, &made.entry, made.bytes, place, None);
        id
    }

    /// A record that withdraws or corrects another, merged at once.
    pub(crate) fn take_back(
        &mut self,
        number: u8,
        old: EntryId,
        at: Instant,
        anew: Option<&serde_json::Value>,
    ) -> EntryId {
        let known = self.lines.iter().find(|(envelope, _)| envelope.entry == Some(old));
        let kind = Entry::parse(&known.unwrap().1).unwrap().kind;
        let mut random = [number; 10];
        random[..8].copy_from_slice(&(self.lines.len() as u64).to_be_bytes());
        let id = EntryId::from_clock(at.unix_ms, random);
        let worker = WorkerId::from_bytes([number; 16]);
        let body = anew.and_then(serde_json::Value::as_object).cloned();
        let mut draft = Draft::record(id, &kind, 1, Some(grid()), worker, at, body.unwrap_or_default());
        match anew {
            Some(_) => draft.supersedes = Some(old),
            None => draft.retracts = Some(old),
        }
        let made = draft.make().unwrap();
        let place = part_of(&made.entry, &self.kinds);
        let seq = self.lines.len() as u64 + 1;
        self.append(
            DeviceId::from_bytes([number; 16]),
            seq,
            &made.entry,
            made.bytes,
            place,
            None,
        );
        id
    }

    /// The id of the entry appended last.
    pub(crate) fn last_entry(&self) -> EntryId {
        self.lines.last().and_then(|(envelope, _)| envelope.entry).unwrap()
    }

    /// The text that a field of the open part shows.
    pub(crate) fn document_row(&self, id: EntityId, field: &str) -> String {
        let values = self.documents[&part(Class::Open)].distinct_values(id, field);
        values[0].value.as_text().unwrap().to_owned()
    }

    pub(crate) fn heads(&self, class: Class) -> Vec<Hash> {
        self.documents
            .get(&part(class))
            .map(Document::heads)
            .unwrap_or_default()
    }

    fn append(&mut self, device: DeviceId, seq: u64, entry: &Entry, bytes: Vec<u8>, part: Part, held: Option<Reason>) {
        let derived = (entry.edit.is_some() && held.is_none()).then(|| {
            let community = self.community;
            let document = self
                .documents
                .entry(part)
                .or_insert_with(|| Document::genesis(community, part).unwrap());
            let plan = document.decide(entry, device, false).unwrap();
            document.apply(&plan).unwrap();
            plan.derived().clone()
        });
        let envelope = Envelope {
            lsn: self.lines.len() as u64 + 1,
            part,
            device,
            seq,
            entry: Some(entry.id),
            verdict: if held.is_some() { Verdict::Held } else { Verdict::Merged },
            reason: held,
            detail: None,
            derived,
            received: Instant::utc(NOW_MS + OFFSET_MS),
            offset_ms: OFFSET_MS,
            made_ms: entry.made_at.unix_ms,
        };
        self.lines.push((envelope, bytes));
    }

    /// As after it was put back from a backup that knew nothing of this device.
    pub(crate) fn forget_log(&mut self, device: DeviceId) {
        self.heads.remove(&device);
    }

    pub(crate) fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// A part as it is now, whole.
    pub(crate) fn snapshot(&self, class: Class) -> Snapshot {
        self.snapshot_without(class, &HashSet::new(), None)
    }

    /// The same without what was overtaken on a day.
    pub(crate) fn snapshot_leaving_out(&self, class: Class, today: NaiveDate) -> Snapshot {
        let mut all = Replica::empty(self.community, Arc::new(Kinds::builtin().unwrap()));
        let merged = self
            .lines
            .iter()
            .filter(|(envelope, _)| envelope.verdict == Verdict::Merged);
        for (envelope, bytes) in merged {
            all.apply(envelope, bytes).unwrap();
        }
        let campaigns: Vec<Campaign> = all
            .rows()
            .filter_map(|(id, row)| {
                let sweeps = self.kinds.get(&row.entity_type)?.effects.sweeps.as_ref()?;
                Campaign::read(id, sweeps, BTreeSet::new(), |field| row.get(field).cloned())
            })
            .collect();
        let horizon = Horizon::of(today, &campaigns);
        let disputed = all.records().filter_map(|by| by.entry.retracts.or(by.entry.supersedes));
        let of_part = all.records().filter(|record| record.part == part(class));
        let gone = overtaken(
            &self.kinds,
            &horizon,
            &disputed.collect(),
            of_part.map(|record| (&record.entry, record.made_ms)),
        );
        let lines = gone
            .records
            .iter()
            .map(|id| record_line(*id, all.record(*id).unwrap().hash));
        let left_out = LeftOut {
            since: horizon.since.to_string(),
            sum: lines.map(|line| Hash::of(line.as_bytes())).fold(Hash::ZERO, Hash::plus),
            campaigns: gone.campaigns.into_iter().collect(),
        };
        let left_out = Some(left_out).filter(|_| !gone.records.is_empty());
        self.snapshot_without(class, &gone.records, left_out)
    }

    fn snapshot_without(&self, class: Class, gone: &HashSet<EntryId>, left_out: Option<LeftOut>) -> Snapshot {
        let mut replica = Replica::empty(self.community, Arc::new(Kinds::builtin().unwrap()));
        let mut lines = Vec::new();
        let of_part = |envelope: &Envelope| {
            let is_gone = envelope.entry.is_some_and(|entry| gone.contains(&entry));
            envelope.part == part(class) && envelope.verdict == Verdict::Merged && !is_gone
        };
        for (envelope, bytes) in self.lines.iter().filter(|(envelope, _)| of_part(envelope)) {
            if replica.apply(envelope, bytes).unwrap() == Applied::Record {
                lines.extend(serde_json::to_vec(envelope).unwrap());
                lines.push(b'\n');
                lines.extend(bytes);
                lines.push(b'\n');
            }
        }
        let document = self.documents.get(&part(class));
        Snapshot {
            facts: SnapshotFacts {
                menpai: 1,
                community: self.community,
                log: self.log,
                part: part(class),
                lsn: self.lines.len() as u64,
                epoch: document.map_or(0, Document::epoch),
                digest: replica.digest(part(class)),
                left_out,
            },
            document: document.map(Document::save_plain).unwrap_or_default(),
            lines,
        }
    }

    /// Answers one request; `sign` is whose key signs the receipt.
    pub(crate) fn answer(&mut self, device: DeviceId, body: &[u8], sign: &Signer) -> Vec<u8> {
        let (first, mut rest) = wire::inflate_member(body, 1 << 20).unwrap();
        let header: UpHeader = serde_json::from_slice(first.strip_suffix(b"\n").unwrap()).unwrap();
        let empty = LogHead::empty(self.community, device);
        let mut first_seq = None;
        let mut verdicts = Vec::new();
        let mut dated = Vec::new();
        let clock = Instant::utc(header.clock.unix_ms + self.offset_ms);
        let contact = self.contacts.get(&device).copied();
        while !rest.is_empty() {
            let (slice, after) = wire::inflate_member(rest, 1 << 20).unwrap();
            rest = after;
            if slice.starts_with(b"{\"receipt\":") {
                continue;
            }
            let mut lines = wire::lines(&slice).unwrap().collect::<Vec<_>>().into_iter();
            let line: SaidSliceLine = serde_json::from_slice(lines.next().unwrap()).unwrap();
            let has = self.heads.get(&device).unwrap_or(&empty).seq;
            let mut beginning = std::mem::take(&mut self.beginning);
            beginning.truncate(line.first.saturating_sub(has + 1) as usize);
            if line.previous.is_none() && line.first > has + 1 + beginning.len() as u64 {
                self.refuse.get_or_insert(wire::PREVIOUS_UNKNOWN);
            }
            let first = line.first - beginning.len() as u64;
            let lines = beginning.iter().map(Vec::as_slice).chain(lines);
            let differs = |seq, bytes: &[u8]| {
                let mut known = self.lines.iter();
                known.any(|(envelope, own)| (envelope.device, envelope.seq) == (device, seq) && own != bytes)
            };
            if (first..).zip(lines.clone()).any(|(seq, bytes)| differs(seq, bytes)) {
                self.refuse.get_or_insert(wire::BROKEN_CHAIN);
            }
            if self.refuse.is_some() {
                continue;
            }
            first_seq.get_or_insert(first);
            for (seq, bytes) in (first..).zip(lines) {
                let head = *self.heads.entry(device).or_insert(empty);
                if seq <= head.seq {
                    continue;
                }
                self.heads.insert(device, head.after(Hash::of(bytes)));
                let entry = Entry::parse(bytes).unwrap();
                let held = self.hold.contains(&entry.kind.as_str()).then_some(Reason::NotAssigned);
                verdicts.extend(held.map(|reason| ReceiptVerdict {
                    seq,
                    verdict: Verdict::Held,
                    reason: Some(reason),
                }));
                let place = part_of(&entry, &self.kinds);
                self.append(device, seq, &entry, bytes.to_vec(), place, held);
                let jumps = ClockJumps::from(header.jumps.clone());
                let offset_ms = jumps.offset_at(seq, header.last, self.offset_ms);
                let before = contact.filter(|(last, _)| *last < seq).map(|(_, contact)| contact);
                let made = made_time(entry.made_at, offset_ms, before, clock.unix_ms);
                if made.made_ms != entry.made_at.unix_ms + offset_ms {
                    dated.push((seq, made.made_ms, clock.unix_ms));
                }
            }
        }
        let here = LastContact {
            at_ms: clock.unix_ms,
            offset_ms: Some(self.offset_ms),
        };
        self.contacts.insert(device, (header.last, here));
        let received = *self.heads.get(&device).unwrap_or(&empty);
        let classes: &[Class] = if self.grid_lost {
            &[]
        } else {
            &[Class::Open, Class::Care]
        };
        let mut cursor: Cursor = classes
            .iter()
            .map(|class| (part(*class), self.lines.len() as u64))
            .collect();
        let named: Vec<Part> = cursor
            .keys()
            .copied()
            .filter(|part| self.name_parts && header.seen(*part).unwrap_or(0) == 0)
            .filter(|_| !header.wants.iter().any(|want| want == wire::wants::LINES))
            .collect();
        for part in &named {
            cursor.insert(*part, 0);
        }
        let wants_key = header.wants.iter().any(|want| want == wire::wants::COURIER_KEY);
        let brought = header.receipt_from.filter(|first| *first <= received.seq);
        let first_seq = first_seq.or(brought);
        if brought.is_some() {
            let held = self.lines.iter().filter(|(envelope, _)| envelope.device == device);
            verdicts = held
                .filter(|(envelope, _)| envelope.verdict == Verdict::Held)
                .map(|(envelope, _)| ReceiptVerdict {
                    seq: envelope.seq,
                    verdict: envelope.verdict,
                    reason: envelope.reason,
                })
                .collect();
        }
        let down = DownHeader {
            menpai: Some(header.menpai),
            log: Some(self.log),
            lsn: self.lines.len() as u64,
            clock,
            offset_ms: self.offset_ms,
            received: received.into(),
            kept: (header.receipt_from)
                .filter(|_| !self.beginning.is_empty())
                .map(|_| received.seq + self.beginning.len() as u64),
            refused: self.refuse.map(|code| SliceRefusal {
                slice: 1,
                code: code.to_owned(),
                message: "x".to_owned(),
                next: "y".to_owned(),
            }),
            more: Some(false),
            cursor: Some(cursor),
            digests: BTreeMap::new(),
            courier_key: self.courier_key.clone().filter(|_| wants_key),
            snapshots: named.clone(),
            dated,
        };
        let mut text = serde_json::to_vec(&down).unwrap();
        if let Some(first) = first_seq {
            let receipt = Receipt {
                community: self.community,
                device,
                log: self.log,
                lsn: self.lines.len() as u64,
                chain: Hash([0; 32]),
                first,
                seq: received.seq,
                h: received.h,
                received: (header.menpai > 1).then_some(down.clock),
                offset_ms: (header.menpai > 1).then_some(down.offset_ms),
                verdicts,
            };
            let line = serde_json::to_vec(&ReceiptLine { receipt }).unwrap();
            let signature = sign.sign(&wire::receipt_message(&line));
            text.push(b'\n');
            text.extend(line);
            text.push(b'\n');
            text.extend(serde_json::to_vec(&SignatureLine { signature }).unwrap());
        }
        let mut answers = Vec::new();
        let mut lines = 0;
        for (envelope, bytes) in &self.lines {
            let seen = header.seen(envelope.part).unwrap_or(0);
            let own = envelope.device == device;
            if self.grid_lost {
                continue;
            }
            let shown = if own {
                envelope.derived.is_some() || envelope.verdict != Verdict::Merged
            } else {
                envelope.verdict == Verdict::Merged
            };
            if envelope.lsn <= seen || !shown || named.contains(&envelope.part) {
                continue;
            }
            if header.receipt_from.is_some() && header.last > received.seq {
                continue;
            }
            if lines == self.lines_an_answer {
                // What came so far is all of it, as far as the line before.
                let cut = DownHeader {
                    more: Some(true),
                    cursor: Some(
                        down.cursor
                            .iter()
                            .flatten()
                            .map(|(part, _)| (*part, envelope.lsn - 1))
                            .collect(),
                    ),
                    ..down.clone()
                };
                let after_header = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
                let mut answer = serde_json::to_vec(&cut).unwrap();
                answer.extend(&text[after_header..]);
                answer.push(b'\n');
                answers.push(answer);
                text = serde_json::to_vec(&down).unwrap();
                lines = 0;
            }
            lines += 1;
            text.push(b'\n');
            text.extend(serde_json::to_vec(envelope).unwrap());
            if !own {
                text.push(b'\n');
                text.extend(bytes);
            }
        }
        text.push(b'\n');
        answers.push(text);
        answers.iter().flat_map(|text| wire::deflate(text)).collect()
    }
}

pub(crate) fn item(entity_type: &str, id: EntityId, field: &str, value: &str) -> SetItem {
    SetItem {
        entity_type: entity_type.to_owned(),
        id,
        field: field.to_owned(),
        value: Scalar::Text(value.to_owned()),
    }
}
