//! Well-formed inputs, as the format's own writers make them.

use menpai_server::packet::{ClearLine, FORMAT as PACKET_FORMAT, key_name, seal};
use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, EntryId, GridId, Hash, LogId, WorkerId};
use menpai_sync_core::kinds::{Class, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::snapshot::{FORMAT, Maker, Snapshot, SnapshotFacts};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{SliceLine, UpHeader, deflate, inflate_member};
use rust_xlsxwriter::Workbook;
use serde_json::json;

use crate::server_targets::courier_key;

pub(crate) const NOW_MS: i64 = 1_793_579_400_000;
pub(crate) const GRID: GridId = GridId::from_bytes([1; 16]);
const HEADING: &str = "网格,小区/院,楼栋,单元,门牌,姓名,性别,出生日期,电话,与户主关系,人员类别,备注\n";

pub(crate) fn code() -> CommunityCode {
    "410102002005".parse().unwrap()
}

pub(crate) fn now() -> Instant {
    Instant {
        unix_ms: NOW_MS,
        offset_minutes: 480,
    }
}

fn worker() -> WorkerId {
    WorkerId::from_bytes([2; 16])
}

fn entry_id(number: u8) -> EntryId {
    EntryId::from_clock(NOW_MS, [number; 10])
}

/// A record that fits its kind.
pub(crate) fn record(number: u8) -> Vec<u8> {
    let body = json!({"dwelling_id": EntityId::from_bytes([3; 16]), "mode": "door", "outcome": "met"});
    let body = body.as_object().cloned().unwrap_or_default();
    let draft = Draft::record(entry_id(number), "door_check", 1, Some(GRID), worker(), now(), body);
    draft.make().unwrap().bytes
}

/// An edit that makes a person.
pub(crate) fn edit(number: u8, base: Vec<Hash>) -> Vec<u8> {
    let id = entry_id(number);
    let person = EntityId::made_by(id, 0);
    let set = [
        ("name", Scalar::Text("张桂兰".to_owned())),
        ("birth_date", Scalar::Text("1941-03-08".to_owned())),
        ("care_categories:living_alone", Scalar::Boolean(true)),
        ("phone", Scalar::Null),
    ];
    let set = set.map(|(field, value)| SetItem {
        entity_type: "person".to_owned(),
        id: person,
        field: field.to_owned(),
        value,
    });
    let edit = Edit {
        base,
        set: set.to_vec(),
    };
    let draft = Draft::edit(id, 1, Some(GRID), worker(), now(), edit, serde_json::Map::new());
    draft.make().unwrap().bytes
}

pub(crate) fn entries() -> Vec<Vec<u8>> {
    let record_text = String::from_utf8(record(1)).unwrap();
    let withdrawal = record_text.replace("\"body\"", &format!("\"retracts\":\"{}\",\"body\"", entry_id(9)));
    vec![
        record(1),
        edit(2, vec![]),
        edit(3, vec![Hash([7; 32])]),
        withdrawal.into_bytes(),
    ]
}

pub(crate) fn kind_files() -> Vec<Vec<u8>> {
    let files = Kinds::builtin_files().iter();
    files.map(|(_, text)| text.as_bytes().to_vec()).collect()
}

/// Unfolded: the header line, then the content.
pub(crate) fn snapshots() -> Vec<Vec<u8>> {
    let part = Part {
        grid: Some(GRID),
        class: Class::Open,
    };
    let document = Document::genesis(code(), part).unwrap();
    let line = [record(1), b"\n".to_vec(), edit(2, vec![]), b"\n".to_vec()].concat();
    [Vec::new(), document.save_plain()]
        .into_iter()
        .flat_map(|document| {
            let snapshot = Snapshot {
                facts: SnapshotFacts {
                    menpai: FORMAT,
                    community: code(),
                    log: LogId::from_bytes([4; 16]),
                    part,
                    lsn: 9,
                    epoch: 1,
                    digest: Hash([5; 32]),
                    left_out: None,
                },
                document,
                lines: line.clone(),
            };
            let makers: Vec<Maker> = vec![(entry_id(2), 3)];
            let folded = snapshot.write(&makers);
            let (header, rest) = inflate_member(&folded, 1 << 20).unwrap();
            let (content, _) = inflate_member(rest, 1 << 20).unwrap();
            [folded.clone(), [header, content].concat()]
        })
        .collect()
}

/// The first byte says how many bytes arrive at once.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let header = up_headers().remove(0);
    let mut bodies = vec![[vec![40], deflate(&header)].concat()];
    for slice in slices() {
        bodies.push([vec![200], deflate(&header), deflate(&slice)].concat());
        bodies.push([vec![99], slice].concat());
    }
    bodies
}

pub(crate) fn up_headers() -> Vec<Vec<u8>> {
    let brief = UpHeader {
        menpai: 2,
        community: None,
        device: None,
        last: 17,
        clock: now(),
        jumps: vec![(3, -60_000)],
        log: Some("5eb561a4".to_owned()),
        cursor: [(format!("{GRID}/open"), 812), ("1c9a20d7/care".to_owned(), 0)].into(),
        receipt_from: Some(12),
        wants: vec!["digest".to_owned()],
    };
    let full = UpHeader {
        community: Some(code()),
        device: Some(DeviceId::from_bytes([6; 16])),
        ..brief.clone()
    };
    [brief, full]
        .iter()
        .map(|header| serde_json::to_vec(header).unwrap())
        .collect()
}

pub(crate) fn slices() -> Vec<Vec<u8>> {
    let device = DeviceId::from_bytes([6; 16]);
    let key = Signer::from_bytes(&[6; 32]).unwrap();
    let head = LogHead::empty(code(), device);
    let entries = entries();
    [&entries[..1], &entries[..]]
        .map(|entries| {
            let end = entries.iter().fold(head, |head, entry| head.after(Hash::of(entry)));
            let line = SliceLine {
                first: 1,
                last: end.seq,
                previous: head.h,
                signature: key.sign(&slice_message(code(), device, end)),
            };
            let mut lines = vec![serde_json::to_vec(&line).unwrap()];
            lines.extend(entries.iter().cloned());
            lines.push(Vec::new());
            lines.join(&b'\n')
        })
        .to_vec()
}

/// Sealed, and the same as texts between empty lines.
pub(crate) fn packets() -> Vec<Vec<u8>> {
    let header = json!({"menpai": 2, "last": 9, "clock": now(), "jumps": [[3, -60_000]]}).to_string();
    let clear = ClearLine {
        menpai_packet: PACKET_FORMAT,
        community: code(),
        key: key_name(&courier_key().public_key()),
        device: DeviceId::from_bytes([6; 16]),
        count: 1,
        clock: now(),
    };
    let mut packets = Vec::new();
    for slice in slices() {
        let members = [format!("{header}\n").into_bytes(), slice];
        let content: Vec<u8> = members.iter().flat_map(|member| deflate(member)).collect();
        packets.push(seal(&clear, &courier_key().public_key(), &content).unwrap());
        packets.push(members.join(&b'\n'));
    }
    packets
}

pub(crate) fn rosters_csv() -> Vec<Vec<u8>> {
    let rows = "第一网格,协作院,1号楼,1,301,张桂兰,女,1941-03-08,13700000000,户主,独居,每7天探访一次\n\
                第一网格,协作院,1号楼,1,301,李建国,男,1938年3月,,配偶,\"空巢,独居\",\n";
    vec![
        [HEADING, rows].concat().into_bytes(),
        [HEADING, rows].concat().replace(',', "\t").into_bytes(),
        [HEADING, rows]
            .concat()
            .replace(',', ";")
            .replace('\n', "\r\n")
            .into_bytes(),
    ]
}

pub(crate) fn rosters_xlsx() -> Vec<Vec<u8>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let text = String::from_utf8(rosters_csv().remove(0)).unwrap();
    for (row, line) in (0..).zip(text.lines()) {
        sheet.write_row(row, 0, line.split(',')).unwrap();
    }
    vec![workbook.save_to_buffer().unwrap()]
}
