//! What is held is told to its worker's phones, on whichever of them, and to nobody else; what
//! the office decides about it reaches them whatever they may see.

use crate::phones::{Phone, grid};
use crate::served::{Served, body, header};
use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::clock;
use menpai_server::office::held::{Decision, ruling};
use menpai_server::sync::Wish;
use menpai_sync_core::community_log::Envelope;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::verdict::Verdict;
use serde_json::{Value, json};

/// What a sync without slices brings: envelopes, each with its entry where it comes with one.
fn hear(served: &Served, phone: &Phone, signer: &PhoneSigner, seen: &mut Value) -> Vec<(Envelope, Option<Vec<u8>>)> {
    let mut asks = header(phone);
    asks["menpai"] = json!(2);
    if !seen.is_null() {
        asks["cursor"] = seen["cursor"].clone();
        asks["log"] = seen["log"].clone();
    }
    let answer = served.sync(signer, &body(&asks, &[]));
    *seen = answer.header();
    let lines = answer.lines();
    let mut lines = lines[1..].iter();
    let mut heard = Vec::new();
    while let Some(line) = lines.next() {
        let envelope: Envelope = serde_json::from_slice(line).unwrap();
        let entry = (envelope.device != phone.device).then(|| lines.next().unwrap().clone());
        heard.push((envelope, entry));
    }
    heard
}

fn of<'a>(heard: &'a [(Envelope, Option<Vec<u8>>)], phone: &Phone) -> Vec<(Verdict, Option<&'a [u8]>)> {
    heard
        .iter()
        .filter(|(envelope, _)| envelope.device == phone.device)
        .map(|(envelope, entry)| (envelope.verdict, entry.as_deref()))
        .collect()
}

fn decide(served: &Served, phone: &Phone, seq: u64, wish: Wish) {
    let office = served.office();
    let decision = Decision {
        id: clock::new_entry_id(),
        device: phone.device,
        seq,
        wish,
        seen: Vec::new(),
        note: None,
    };
    let ruling = ruling(&office.community, office.worker, clock::now(), &decision).unwrap();
    office.community.rule(&office.device, ruling).unwrap().unwrap();
}

#[test]
fn a_worker_learns_what_became_of_held_work_on_every_phone_and_nobody_else_does() {
    let served = Served::new();
    let (mut old, signer) = served.sign_in("liu", 1);
    let (new, new_signer) = served.sign_in("liu", 1);
    let (colleague, colleague_signer) = served.sign_in("chen", 2);
    assert_eq!(old.worker, new.worker);
    // Work in a grid that is not his, and of the kind that nobody can read.
    old.door_check(grid(2), EntityId::from_bytes([9; 16]));
    old.raw(b"unreadable");
    served.sync(&signer, &body(&header(&old), &[old.slice_bytes(1, 2)]));

    let (mut of_old, mut of_new, mut of_colleague) = (Value::Null, Value::Null, Value::Null);
    let heard = hear(&served, &old, &signer, &mut of_old);
    assert_eq!(of(&heard, &old), [(Verdict::Held, None), (Verdict::Held, None)]);
    let heard = hear(&served, &new, &new_signer, &mut of_new);
    assert_eq!(of(&heard, &old), [(Verdict::Held, Some(old.entries[0].as_slice()))]);
    let heard = hear(&served, &colleague, &colleague_signer, &mut of_colleague);
    assert_eq!(of(&heard, &old), []);
    // Once told, not told again.
    assert_eq!(hear(&served, &old, &signer, &mut of_old).len(), 0);
    assert_eq!(hear(&served, &new, &new_signer, &mut of_new).len(), 0);

    decide(&served, &old, 1, Wish::SetAside);
    let heard = hear(&served, &old, &signer, &mut of_old);
    assert_eq!(of(&heard, &old), [(Verdict::SetAside, None)]);
    let heard = hear(&served, &colleague, &colleague_signer, &mut of_colleague);
    assert_eq!(of(&heard, &old), []);

    decide(&served, &old, 1, Wish::Release);
    let heard = hear(&served, &old, &signer, &mut of_old);
    assert_eq!(
        of(&heard, &old),
        [(Verdict::Merged, None)],
        "of a grid that it does not see"
    );
    let heard = hear(&served, &new, &new_signer, &mut of_new);
    assert_eq!(of(&heard, &old), [(Verdict::Merged, Some(old.entries[0].as_slice()))]);
    let heard = hear(&served, &colleague, &colleague_signer, &mut of_colleague);
    assert_eq!(of(&heard, &old), [(Verdict::Merged, Some(old.entries[0].as_slice()))]);
}
