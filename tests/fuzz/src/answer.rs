//! What a phone makes of an answer. The text is folded here; nothing of it is signed, so what
//! needs the home's signature must not be believed.

use std::sync::{Arc, LazyLock};

use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{DeviceId, LogId, WorkerId};
use menpai_sync_core::kinds::{Class, Kinds};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker, Phone};
use menpai_sync_core::registry::Document;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::verdict::{Derived, Verdict};
use menpai_sync_core::wire::deflate;
use serde_json::json;

use crate::seeds::{GRID, NOW_MS, code, edit, now, record};

static SHARED_KINDS: LazyLock<Arc<Kinds>> = LazyLock::new(|| Arc::new(Kinds::builtin().unwrap()));

const LOG: LogId = LogId::from_bytes([4; 16]);
/// Somebody else's device.
const OTHER: DeviceId = DeviceId::from_bytes([8; 16]);

/// A phone that has asked and waits.
fn waiting() -> Phone {
    let mut phone = Phone::open(Arc::clone(&SHARED_KINDS), []).unwrap();
    let enrolment = Enrolment {
        worker: NamedWorker {
            id: WorkerId::from_bytes([2; 16]),
            name: "测试员".to_owned(),
        },
        community: NamedCommunity {
            code: code(),
            name: "协作路社区".to_owned(),
        },
        home: HomeFacts {
            log: LOG,
            public_key: Signer::from_bytes(&[5; 32]).unwrap().public_key(),
            courier_key: None,
        },
        device: NamedDevice {
            id: DeviceId::from_bytes([6; 16]),
            name: String::new(),
            public_key: None,
        },
    };
    phone.enrol(enrolment).unwrap();
    phone.begin_sync(now(), false).unwrap();
    phone.request(&[]).unwrap();
    phone
}

/// Whatever it is told, it stays a phone: its rows make the same one again.
pub(crate) fn answer(bytes: &[u8]) {
    let mut phone = waiting();
    let body = deflate(bytes);
    let _ = phone.to_verify(&body);
    if let Ok(received) = phone.verify_and_receive(&body) {
        assert_eq!(received.sent, 0, "an unsigned answer vouched for something");
        let _ = phone.status();
        assert!(phone.begin_sync(now(), true).is_some());
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let part = Part {
        grid: Some(GRID),
        class: Class::Open,
    };
    let document = Document::genesis(code(), part).unwrap();
    let made = edit(2, document.heads());
    let plan = document.decide(&Entry::parse(&made).unwrap(), OTHER, false).unwrap();
    let line = |lsn, seq, entry: &[u8], derived: Option<Derived>, verdict| {
        let envelope = Envelope {
            lsn,
            part,
            device: OTHER,
            seq,
            entry: Entry::parse(entry).ok().map(|entry| entry.id),
            verdict,
            reason: None,
            detail: None,
            derived,
            received: now(),
            offset_ms: 0,
            made_ms: NOW_MS,
        };
        [serde_json::to_vec(&envelope).unwrap(), entry.to_vec()].join(&b'\n')
    };
    let header = json!({
        "menpai": 2, "log": LOG, "lsn": 3, "clock": now(), "offset_ms": 0,
        "received": {"seq": 0, "h": menpai_sync_core::device_log::LogHead::empty(code(), DeviceId::from_bytes([6; 16])).h},
        "more": false, "cursor": {part.to_string(): 3}, "digests": {},
    });
    let header = header.to_string().into_bytes();
    let lines = [
        header.clone(),
        line(1, 1, &record(1), None, Verdict::Merged),
        line(2, 2, &made, Some(plan.derived().clone()), Verdict::Merged),
        line(3, 3, &record(3), None, Verdict::SetAside),
        Vec::new(),
    ];
    vec![[header, Vec::new()].join(&b'\n'), lines.join(&b'\n')]
}
