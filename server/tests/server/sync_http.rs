//! One round trip over real HTTP: what comes back, and every way in which a request can be
//! wrong. After each the server is alive and nothing is half-written.

use menpai_server::auth::signed_request::first_member;
use std::io::Write;
use std::sync::Arc;

use crate::phones::{self, Phone, grid};
use crate::served::{Served, body, header};
use crate::support::{CODE, authorise, code};
use menpai_server::clock;
use menpai_server::jobs::verify::verify;
use menpai_sync_core::ids::{EntityId, Hash, Seq};
use menpai_sync_core::replica::Replica;
use menpai_sync_core::signature::{PublicKey, Signature};
use menpai_sync_core::wire::{deflate, receipt_message};
use serde_json::{Value, json};

fn door() -> EntityId {
    EntityId::from_bytes([9; 16])
}

#[test]
fn one_round_trip_sends_everything_and_learns_everything() {
    let served = Served::new();
    let (mut one, signer_one) = served.sign_in("liu", 1);
    let (mut two, signer_two) = served.sign_in("chen", 1);
    for _ in 0..3 {
        one.door_check(grid(1), door());
    }
    one.raw(b"unreadable");
    let answer = served.sync(
        &signer_one,
        &body(&header(&one), &[one.slice_bytes(1, 2), one.slice_bytes(3, 4)]),
    );
    let lines = answer.lines();
    let head = answer.header();
    assert_eq!(head["received"]["seq"], 4);
    assert_eq!(head["received"]["h"], one.head(4).h.to_string());
    assert_eq!(head["refused"], Value::Null);
    assert!(head["offset_ms"].as_i64().unwrap().abs() < 60_000);

    // The receipt names what is not merged, and the home's key fits.
    let receipt: Value = serde_json::from_slice(&lines[1]).unwrap();
    assert_eq!(receipt["receipt"]["first"], 1);
    assert_eq!(receipt["receipt"]["seq"], 4);
    assert_eq!(
        receipt["receipt"]["verdicts"],
        json!([{"seq": 4, "verdict": "held", "reason": "unreadable"}])
    );
    let signature: Value = serde_json::from_slice(&lines[2]).unwrap();
    let signature: Signature = serde_json::from_value(signature["signature"].clone()).unwrap();
    let key: PublicKey = served.home.receipt_key.public_key();
    key.verify(&receipt_message(&lines[1]), &signature).unwrap();

    // The second phone sends its own and learns the first's, bytes untouched.
    two.door_check(grid(1), door());
    let mut asks = header(&two);
    asks["wants"] = json!(["digest"]);
    let answer = served.sync(&signer_two, &body(&asks, &[two.slice_bytes(1, 1)]));
    let lines = answer.lines();
    for entry in &one.entries[..3] {
        assert!(lines.contains(entry));
    }
    assert!(!lines.contains(&two.entries[0]), "its own entry does not come back");
    assert_eq!(
        served
            .community()
            .query(|c| Ok(c.query_row("SELECT count(*) FROM door_check", [], |r| r.get::<_, i64>(0))?))
            .unwrap(),
        4
    );

    // Whoever applies the lines has the digest that the header states.
    let mut replica = Replica::empty(code(), Arc::clone(served.community().kinds()));
    let mut rest = lines[3..].iter();
    while let Some(line) = rest.next() {
        let envelope: menpai_sync_core::community_log::Envelope = serde_json::from_slice(line).unwrap();
        let entry = if envelope.device == two.device {
            two.entries[0].clone()
        } else {
            rest.next().unwrap().clone()
        };
        replica.apply(&envelope, &entry).unwrap();
    }
    let part = format!("{}/open", grid(1));
    let own = phones::code();
    assert_eq!(own, code());
    replica_knows_own(&mut replica, &two, &served);
    let digest = answer.header()["digests"][&part]["digest"].clone();
    assert_eq!(digest, replica.digest(part.parse().unwrap()).to_string());

    // Nothing new on either side: a header and nothing else, in a few hundred bytes.
    let mut asks = header(&two);
    asks["cursor"] = answer.header()["cursor"].clone();
    asks["log"] = answer.header()["log"].clone();
    let up = body(&asks, &[]);
    let answer = served.sync(&signer_two, &up);
    assert_eq!(answer.lines().len(), 1);
    assert!(answer.body.len() < 350, "{}", answer.body.len());
    assert!(verify(&served.community()).unwrap().is_clean());
}

#[test]
fn a_brief_header_gets_a_brief_answer_and_a_full_one_every_member() {
    let served = Served::new();
    let (mut phone, signer) = served.sign_in("liu", 1);
    phone.door_check(grid(1), door());
    let whole = served
        .sync(&signer, &body(&header(&phone), &[phone.slice_bytes(1, 1)]))
        .header();
    let log = whole["log"].as_str().unwrap();
    let (full, short): (serde_json::Map<_, _>, serde_json::Map<_, _>) = (whole["cursor"].as_object().unwrap().iter())
        .map(|(part, lsn)| {
            let (grid, class) = part.split_once('/').unwrap();
            let end = if grid == "community" { grid } else { &grid[28..] };
            ((part.clone(), lsn.clone()), (format!("{end}/{class}"), lsn.clone()))
        })
        .unzip();
    let mut asks = json!({"menpai": 1, "last": 1, "clock": clock::now(), "log": &log[28..], "cursor": short});
    let up = body(&asks, &[]);
    let answer = served.sync(&signer, &up);
    let head = answer.header();
    assert_eq!(answer.lines().len(), 1, "it had seen everything");
    assert!(head.get("log").is_none() && head.get("cursor").is_none(), "{head}");
    let h = phone.head(1).h.to_string();
    assert_eq!(head["received"], json!({"seq": 1, "h": &h[..16]}));
    assert!(
        up.len() + answer.body.len() <= 300,
        "{} up, {} down",
        up.len(),
        answer.body.len()
    );
    let sent: menpai_sync_core::time::Instant = serde_json::from_value(asks["clock"].clone()).unwrap();
    let arrived: menpai_sync_core::time::Instant = serde_json::from_value(head["clock"].clone()).unwrap();
    assert_eq!(arrived.unix_ms - head["offset_ms"].as_i64().unwrap(), sent.unix_ms);

    // A part it did not name, a log that is not this one: what it cannot tell is said.
    for (member, other) in [("cursor", json!({"community/open": 1})), ("log", json!("00000000"))] {
        let mut asks = asks.clone();
        asks[member] = other;
        let head = served.sync(&signer, &body(&asks, &[])).header();
        assert_eq!(head["cursor"].as_object(), whole["cursor"].as_object(), "{member}");
        assert_eq!(head.get("log").is_some(), member == "log");
    }
    asks["device"] = json!(phone.device);
    asks["community"] = json!(CODE);
    asks["cursor"] = Value::Object(full);
    let head = served.sync(&signer, &body(&asks, &[])).header();
    assert_eq!((&head["log"], &head["received"]["h"]), (&whole["log"], &json!(h)));
    assert_eq!(head["cursor"], whole["cursor"]);
}

/// A phone's own merged records have no line of their own: its receipt says so.
fn replica_knows_own(replica: &mut Replica, phone: &Phone, served: &Served) {
    let community = served.community();
    for (seq, bytes) in (1..).zip(&phone.entries) {
        let entry = menpai_sync_core::entry::Entry::parse(bytes).unwrap();
        let made_ms = community
            .query(|c| {
                Ok(c.query_row(
                    "SELECT l.made_ms FROM log_line l JOIN entry e ON e.number = l.entry
                       JOIN device_log d ON d.number = e.device WHERE d.device = ?1 AND e.seq = ?2",
                    rusqlite::params![phone.device.as_bytes(), seq as Seq],
                    |row| row.get(0),
                )?)
            })
            .unwrap();
        replica.add_record(menpai_sync_core::replica::MergedRecord {
            hash: Hash::of(bytes),
            part: menpai_sync_core::judge::part_of(&entry, community.kinds()),
            device: phone.device,
            made_ms,
            entry,
            lsn: None,
        });
    }
}

#[test]
fn a_phone_sees_its_grid_only() {
    let served = Served::new();
    let (mut one, signer_one) = served.sign_in("liu", 1);
    let (two, signer_two) = served.sign_in("chen", 2);
    one.door_check(grid(1), door());
    served.sync(&signer_one, &body(&header(&one), &[one.slice_bytes(1, 1)]));
    let mut asks = header(&two);
    asks["cursor"] = json!({format!("{}/open", grid(1)): 0, "nonsense": 3});
    let answer = served.sync(&signer_two, &body(&asks, &[]));
    assert!(!answer.lines().contains(&one.entries[0]));
    let head = answer.header();
    let parts: Vec<&String> = head["cursor"].as_object().unwrap().keys().collect();
    assert_eq!(
        parts,
        [
            &format!("{}/care", grid(2)),
            &format!("{}/open", grid(2)),
            "community/open"
        ]
    );
}

#[test]
fn an_answer_over_its_budget_says_more_and_goes_on() {
    let served = Served::new();
    let (mut one, signer_one) = served.sign_in("liu", 1);
    let (two, signer_two) = served.sign_in("chen", 1);
    let long = "长".repeat(2_000);
    for _ in 0..400 {
        one.record(
            "door_check",
            Some(grid(1)),
            json!({"dwelling_id": door(), "mode": "door", "outcome": "absent", "diary": long}),
        );
    }
    for first in (1..=400).step_by(80) {
        let answer = served.sync(&signer_one, &body(&header(&one), &[one.slice_bytes(first, first + 79)]));
        assert_eq!(answer.header()["refused"], Value::Null);
    }
    let mut asks = header(&two);
    let mut entries = 0;
    let mut rounds = 0;
    loop {
        let answer = served.sync(&signer_two, &body(&asks, &[]));
        let head = answer.header();
        entries += answer.lines().iter().filter(|line| one.entries.contains(line)).count();
        rounds += 1;
        asks["cursor"] = head["cursor"].clone();
        asks["log"] = head["log"].clone();
        if head["more"] == false {
            break;
        }
    }
    assert_eq!(entries, 400);
    assert!((2..6).contains(&rounds), "{rounds} rounds");
}

#[test]
fn a_broken_connection_costs_the_unfinished_slice_only() {
    let served = Served::new();
    let (mut phone, signer) = served.sign_in("liu", 1);
    for _ in 0..4 {
        phone.door_check(grid(1), door());
    }
    let whole = body(&header(&phone), &[phone.slice_bytes(1, 2), phone.slice_bytes(3, 4)]);
    let signed = authorise(&signer, "POST", "/api/v1/sync", Some(first_member(&whole)));
    let mut stream = served.begin(
        "POST",
        "/api/v1/sync",
        &[("Content-Type", "application/gzip"), ("Authorization", &signed)],
        whole.len(),
    );
    stream.write_all(&whole[..whole.len() - 10]).unwrap();
    let stored = || {
        served
            .community()
            .query(|c| Ok(c.query_row("SELECT count(*) FROM door_check", [], |r| r.get::<_, i64>(0))?))
            .unwrap()
    };
    // It is durable before the request ends.
    for _ in 0..100 {
        if stored() == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(stream);
    assert_eq!(stored(), 2);
    let answer = served.sync(&signer, &whole);
    assert_eq!(answer.header()["received"]["seq"], 4);
    assert_eq!(stored(), 4);
}

#[test]
fn bad_requests_get_a_clear_error_and_change_nothing() {
    let served = Served::new();
    let (mut phone, signer) = served.sign_in("liu", 1);
    phone.door_check(grid(1), door());
    let good = header(&phone);
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        body(&header, &[])
    };
    let before = verify(&served.community()).unwrap();
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        (
            "another protocol",
            with("menpai", json!(3)),
            426,
            "protocol_not_supported",
        ),
        (
            "unknown community",
            with("community", json!("110101001001")),
            404,
            "unknown_community",
        ),
        (
            "another device",
            with("device", json!(Phone::new().device)),
            403,
            "wrong_device",
        ),
        ("no device", with("device", json!("x")), 400, "unreadable_request"),
        ("not gzip", b"{\"menpai\":1}\n".to_vec(), 400, "unreadable_request"),
        ("nothing", Vec::new(), 400, "unreadable_request"),
        ("cut header", body(&good, &[])[..30].to_vec(), 400, "unreadable_request"),
        (
            "two lines",
            deflate(format!("{good}\n{good}\n").as_bytes()),
            400,
            "unreadable_request",
        ),
        ("header bomb", deflate(&vec![b' '; 30 << 20]), 413, "too_large"),
    ];
    for (what, bytes, status, code) in cases {
        let answer = served.sync(&signer, &bytes);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}");
    }
    for headers in [vec![], vec![("Authorization", "Bearer nonsense")]] {
        let mut headers = headers;
        headers.push(("Content-Type", "application/gzip"));
        let answer = served.send("POST", "/api/v1/sync", &headers, &body(&good, &[]));
        assert_eq!((answer.status, answer.code().as_str()), (401, "not_signed_in"));
    }
    let good = body(&good, &[]);
    let signed = authorise(&signer, "POST", "/api/v1/sync", Some(&good));
    let answer = served.send("POST", "/api/v1/sync", &[("Authorization", &signed)], &good);
    assert_eq!(answer.code(), "unreadable_request");
    assert_eq!(verify(&served.community()).unwrap(), before);
}

#[test]
fn a_slice_may_leave_out_the_chain_that_the_home_has() {
    let served = Served::new();
    let (mut phone, signer) = served.sign_in("liu", 1);
    for _ in 0..9 {
        phone.door_check(grid(1), door());
    }
    let head = header(&phone);
    let send = |slices: &[Vec<u8>]| served.sync(&signer, &body(&head, slices)).header();
    // From the beginning; one after the other; again where the answer was lost, with more.
    for (slices, reached) in [
        (&[(1, 2)][..], 2),
        (&[(3, 3), (4, 5)], 5),
        (&[(4, 6)], 6),
        (&[(2, 3)], 6),
    ] {
        let slices: Vec<Vec<u8>> = slices
            .iter()
            .map(|(first, last)| phone.brief_slice_bytes(*first, *last))
            .collect();
        let said = send(&slices);
        assert_eq!(said["refused"], Value::Null);
        assert_eq!(
            said["received"],
            json!({"seq": reached, "h": phone.head(reached).h.to_string()})
        );
    }
    // After a gap it must be said; then it is taken as ever.
    let said = send(&[phone.brief_slice_bytes(8, 8)]);
    assert_eq!(said["refused"]["code"], "previous_unknown");
    assert!(!said["refused"]["next"].as_str().unwrap().is_empty());
    assert_eq!(send(&[phone.slice_bytes(8, 8)])["refused"], Value::Null);
    // Beyond the gap still, though the entry before is here.
    assert_eq!(
        send(&[phone.brief_slice_bytes(9, 9)])["refused"]["code"],
        "previous_unknown"
    );
    assert_eq!(send(&[phone.brief_slice_bytes(7, 9)])["received"]["seq"], 9);

    // Another chain under the same key is no better off for saying less.
    let mut clone = phone.cloned();
    clone.entries[3] = clone.entries[4].clone();
    assert_eq!(
        send(&[clone.brief_slice_bytes(4, 5)])["refused"]["code"],
        "broken_chain"
    );
    assert_eq!(
        send(&[clone.brief_slice_bytes(5, 6)])["refused"]["code"],
        "previous_unknown"
    );
    assert_eq!(send(&[clone.slice_bytes(5, 6)])["refused"]["code"], "broken_chain");
    let forged = Phone {
        signer: Phone::new().signer,
        ..phone.cloned()
    };
    assert_eq!(
        send(&[forged.brief_slice_bytes(7, 9)])["refused"]["code"],
        "previous_unknown"
    );
    assert_eq!(send(&[forged.slice_bytes(7, 9)])["refused"]["code"], "bad_signature");
    assert!(verify(&served.community()).unwrap().is_clean());
}

#[test]
fn bad_slices_are_refused_with_words_and_nothing_of_them_is_kept() {
    let served = Served::new();
    let (mut phone, signer) = served.sign_in("liu", 1);
    for _ in 0..20 {
        phone.door_check(grid(1), door());
    }
    let head = header(&phone);
    let first = phone.slice_bytes(1, 1);
    let line = first.split(|byte| *byte == b'\n').next().unwrap();
    let forged = Phone {
        signer: Phone::new().signer,
        ..phone.cloned()
    };
    let mut clone = phone.cloned();
    clone.entries[0] = clone.entries[1].clone();
    let many_lines = [line, b"\n", &b"{}\n".repeat(100_000)].concat();
    let noise: Vec<u8> = (0..4_000_u32).flat_map(|n| Hash::of(&n.to_be_bytes()).0).collect();
    let slices = |slices: &[&[u8]]| {
        let mut bytes = body(&head, &[]);
        for slice in slices {
            bytes.extend(deflate(slice));
        }
        bytes
    };
    let cut = slices(&[&first]);
    // The first slice of each body is good, so the second is refused and the first stays.
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("forged", slices(&[&first, &forged.slice_bytes(2, 3)]), "bad_signature"),
        ("cloned", slices(&[&first, &clone.slice_bytes(2, 3)]), "broken_chain"),
        ("hole", slices(&[&first, &phone.slice_bytes(3, 4)]), "unreadable_slice"),
        ("bomb", slices(&[&first, &vec![0; 50 << 20]]), "slice_too_large"),
        ("noise", slices(&[&first, &noise]), "slice_too_large"),
        ("100,000 lines", slices(&[&first, &many_lines]), "slice_too_large"),
        (
            "not gzip",
            [cut.clone(), b"plain text".to_vec()].concat(),
            "unreadable_slice",
        ),
        (
            "cut",
            [cut.clone(), deflate(&phone.slice_bytes(2, 3))[..50].to_vec()].concat(),
            "unreadable_slice",
        ),
    ];
    for (what, bytes, code) in cases {
        let answer = served.sync(&signer, &bytes);
        let said = answer.header();
        assert_eq!(said["refused"]["code"], code, "{what}");
        assert_eq!(said["refused"]["slice"], 2, "{what}");
        assert!(!said["refused"]["message"].as_str().unwrap().is_empty());
        assert_eq!(said["received"]["seq"], 1, "{what}");
    }
    let each: Vec<Vec<u8>> = (1..=17).map(|seq| phone.slice_bytes(seq, seq)).collect();
    let answer = served.sync(&signer, &body(&head, &each));
    assert_eq!(answer.header()["refused"]["code"], "too_many_slices");
    assert_eq!(answer.header()["received"]["seq"], 16);
    assert!(verify(&served.community()).unwrap().is_clean());
    // And it goes on.
    assert_eq!(
        served
            .sync(&signer, &body(&head, &[phone.slice_bytes(17, 20)]))
            .header()["received"]["seq"],
        20
    );
}
