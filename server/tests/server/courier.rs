//! Packets over real HTTP: a colleague's phone brings them, the home takes them in as their
//! author's own, whatever came before or comes after, and everything else is refused in words.

use crate::phones::{HOUR_MS, Phone, grid, new_person};
use crate::served::{Answer, Served, body, header};
use crate::support::{self, code};
use menpai_server::clock;
use menpai_server::jobs::verify::verify;
use menpai_server::packet::{ClearLine, FORMAT, key_name, seal};
use menpai_server::sync::Contact;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::signature::{PublicKey, Signature, Signer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::receipt_message;
use serde_json::{Value, json};

fn door() -> EntityId {
    EntityId::from_bytes([9; 16])
}

fn at(unix_ms: i64) -> Instant {
    Instant {
        unix_ms,
        offset_minutes: 480,
    }
}

fn clear(served: &Served, phone: &Phone, sealed_ms: i64) -> ClearLine {
    ClearLine {
        menpai_packet: FORMAT,
        community: code(),
        key: key_name(&served.home.courier_keys.newest()),
        device: phone.device,
        count: 1,
        clock: at(sealed_ms),
    }
}

/// What a phone seals: these entries, at that moment of its clock.
fn packet_at(served: &Served, phone: &Phone, (first, last): (u64, u64), sealed_ms: i64) -> Vec<u8> {
    let header = json!({"menpai": 2, "last": phone.last(), "clock": at(sealed_ms)});
    let content = body(&header, &[phone.slice_bytes(first, last)]);
    let key = served.home.courier_keys.newest();
    seal(&clear(served, phone, sealed_ms), &key, &content).unwrap()
}

fn packet(served: &Served, phone: &Phone, first: u64, last: u64) -> Vec<u8> {
    packet_at(served, phone, (first, last), clock::now_ms())
}

/// Brings a packet; the courier's clock is right, and it was handed over just now.
fn deliver(served: &Served, token: &str, packet: &[u8]) -> Answer {
    deliver_at(served, token, packet, clock::now_ms(), clock::now_ms())
}

fn deliver_at(served: &Served, token: &str, packet: &[u8], now_ms: i64, handed_ms: i64) -> Answer {
    let line = json!({"menpai": 2, "clock": at(now_ms), "handed": at(handed_ms)});
    send(served, token, &[format!("{line}\n").as_bytes(), packet].concat())
}

fn send(served: &Served, token: &str, bytes: &[u8]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("Content-Type", "application/octet-stream"), ("Authorization", &bearer)];
    served.send("POST", "/api/v1/courier", &headers, bytes)
}

fn count(served: &Served, what: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {what}");
    served
        .community()
        .query(|connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?))
        .unwrap()
}

/// Made-time and offset of an entry.
fn made(served: &Served, phone: &Phone, seq: u64) -> (i64, i64) {
    served
        .community()
        .query(|connection| {
            Ok(connection.query_row(
                "SELECT l.made_ms, l.offset_ms FROM log_line l JOIN entry e ON e.number = l.entry
                   JOIN device_log d ON d.number = e.device WHERE d.device = ?1 AND e.seq = ?2",
                rusqlite::params![phone.device.as_bytes(), seq],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?)
        })
        .unwrap()
}

/// The author asks for the receipt of what may be there.
fn ask_receipt(served: &Served, token: &str, phone: &Phone, from: u64) -> Answer {
    let mut asks = header(phone);
    asks["menpai"] = json!(2);
    asks["receipt_from"] = json!(from);
    served.sync(token, &body(&asks, &[]))
}

/// Whether an answer has a receipt.
fn vouches(answer: &Answer) -> bool {
    let lines = answer.lines();
    lines.get(1).is_some_and(|line| line.starts_with(b"{\"receipt\":"))
}

/// The receipt of an answer, and that the home signed it.
fn receipt(served: &Served, answer: &Answer) -> Value {
    let lines = answer.lines();
    let signature: Value = serde_json::from_slice(&lines[2]).unwrap();
    let signature: Signature = serde_json::from_value(signature["signature"].clone()).unwrap();
    let key: PublicKey = served.home.receipt_key.public_key();
    key.verify(&receipt_message(&lines[1]), &signature).unwrap();
    serde_json::from_slice::<Value>(&lines[1]).unwrap()["receipt"].clone()
}

#[test]
fn a_packet_counts_as_its_authors_own_and_its_author_gets_the_receipt() {
    let served = Served::new();
    let (mut author, author_token) = served.sign_in("liu", 1);
    let (_, courier_token) = served.sign_in("chen", 2);
    for _ in 0..3 {
        author.door_check(grid(1), door());
    }
    let sealed = packet(&served, &author, 1, 3);
    let answer = deliver(&served, &courier_token, &sealed);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json();
    assert_eq!(said.as_object().unwrap().keys().collect::<Vec<_>>(), ["arrived"]);
    assert_eq!(count(&served, "door_check"), 3);

    // Twice, and by another: the same answer, and nothing new.
    let lines = count(&served, "log_line");
    for token in [&courier_token, &author_token] {
        assert_eq!(deliver(&served, token, &sealed).status, 200);
    }
    assert_eq!(count(&served, "log_line"), lines);

    let answer = ask_receipt(&served, &author_token, &author, 1);
    let vouched = receipt(&served, &answer);
    assert_eq!(
        (&vouched["first"], &vouched["seq"], &vouched["h"], &vouched["verdicts"]),
        (&json!(1), &json!(3), &json!(author.head(3).h), &json!([]))
    );
    assert_eq!(vouched["received"], said["arrived"], "it arrived with the courier");
    assert_eq!(answer.header()["received"]["seq"], 3);

    // A brief answer says its chain, too: by that a restored or cloned phone sees that it is one.
    let brief = json!({"menpai": 2, "last": 3, "clock": clock::now(), "receipt_from": 1});
    let answer = served.sync(&author_token, &body(&brief, &[]));
    assert!(vouches(&answer));
    let h = author.head(3).h.to_string();
    assert_eq!(answer.header()["received"], json!({"seq": 3, "h": h[..16]}));

    // A phone of before sends everything again.
    let answer = served.sync(&author_token, &body(&header(&author), &[author.slice_bytes(1, 3)]));
    assert_eq!(receipt(&served, &answer)["seq"], 3);
    assert_eq!(count(&served, "log_line"), lines);
    assert!(verify(&served.community()).unwrap().is_clean());
}

#[test]
fn courier_and_author_may_come_in_any_order() {
    let served = Served::new();
    let (mut author, author_token) = served.sign_in("liu", 1);
    let (_, courier_token) = served.sign_in("chen", 1);
    for _ in 0..5 {
        author.door_check(grid(1), door());
    }
    // The author was quicker, and had recorded more since.
    let early = packet(&served, &author, 1, 3);
    served.sync(&author_token, &body(&header(&author), &[author.slice_bytes(1, 4)]));
    assert_eq!(deliver(&served, &courier_token, &early).status, 200);
    assert_eq!(count(&served, "door_check"), 4);
    // A packet that overlaps with what is there.
    let late = packet(&served, &author, 2, 5);
    assert_eq!(deliver(&served, &courier_token, &late).status, 200);
    assert_eq!(count(&served, "door_check"), 5);
    assert_eq!(
        receipt(&served, &ask_receipt(&served, &author_token, &author, 5))["first"],
        5
    );
    // Of what is not there nobody vouches.
    author.door_check(grid(1), door());
    assert!(!vouches(&ask_receipt(&served, &author_token, &author, 6)));
    assert!(verify(&served.community()).unwrap().is_clean());
}

#[test]
fn past_a_gap_records_merge_and_edits_wait_for_their_author() {
    let served = Served::new();
    let (mut author, author_token) = served.sign_in("liu", 1);
    let (_, courier_token) = served.sign_in("chen", 1);
    author.door_check(grid(1), door());
    author.door_check(grid(1), door());
    let edit = author.new_id();
    author.edit_with_id(edit, Some(grid(1)), vec![], new_person(edit, "王小梅").1);
    author.door_check(grid(1), door());
    assert_eq!(
        deliver(&served, &courier_token, &packet(&served, &author, 3, 4)).status,
        200
    );
    assert_eq!((count(&served, "door_check"), count(&served, "person")), (1, 0));
    let answer = ask_receipt(&served, &author_token, &author, 1);
    assert_eq!(
        (vouches(&answer), &answer.header()["received"]["seq"]),
        (false, &json!(0))
    );

    let answer = served.sync(&author_token, &body(&header(&author), &[author.slice_bytes(1, 4)]));
    assert_eq!(receipt(&served, &answer)["verdicts"], json!([]));
    assert_eq!((count(&served, "door_check"), count(&served, "person")), (3, 1));
    assert!(verify(&served.community()).unwrap().is_clean());
}

#[test]
fn made_time_goes_by_the_hand_over_and_the_last_contact() {
    let served = Served::new();
    let (_, courier_token) = served.sign_in("chen", 1);
    let now_ms = clock::now_ms();
    let minute = HOUR_MS / 60;
    // The courier's clock is three hours ahead; it was handed the packet half an hour ago.
    let ahead_ms = 3 * HOUR_MS;
    let handed_ms = now_ms - 30 * minute;
    // Right: sealed an hour before it was handed over. An hour ahead unnoticed: sealed just then.
    let cases = [
        ("liu", 0, now_ms - 90 * minute, 0),
        ("chen", HOUR_MS, handed_ms + HOUR_MS, -HOUR_MS),
    ];
    for (account, off_ms, sealed_ms, offset_ms) in cases {
        let (mut author, _) = served.sign_in(account, 1);
        author.clock_ms = now_ms - 5 * HOUR_MS;
        author.door_check(grid(1), door());
        // Its clock was right then.
        let contact = Contact {
            received_ms: now_ms - 4 * HOUR_MS,
            offset_ms: 0,
            last: Some(1),
        };
        served
            .community()
            .ingest(author.device, author.slice(1, 1), contact)
            .unwrap();
        author.clock_ms = now_ms - 2 * HOUR_MS + off_ms;
        author.door_check(grid(1), door());
        let made_ms = author.clock_ms - off_ms;
        let sealed = packet_at(&served, &author, (2, 2), sealed_ms);
        let answer = deliver_at(
            &served,
            &courier_token,
            &sealed,
            now_ms + ahead_ms,
            handed_ms + ahead_ms,
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        let (found_ms, found_offset_ms) = made(&served, &author, 2);
        // The request took a moment.
        assert!((found_ms - made_ms).abs() < minute, "{account}: {}", found_ms - made_ms);
        assert!(
            (found_offset_ms - offset_ms).abs() < minute,
            "{account}: {found_offset_ms}"
        );
    }
    // What claims to be made after the hand-over was made by then.
    let (mut liar, _) = served.sign_in("liu", 1);
    liar.clock_ms = now_ms;
    liar.door_check(grid(1), door());
    let sealed = packet_at(&served, &liar, (1, 1), now_ms - 2 * HOUR_MS);
    deliver_at(&served, &courier_token, &sealed, now_ms, now_ms - HOUR_MS);
    let (made_ms, _) = made(&served, &liar, 1);
    assert!(made_ms <= now_ms - HOUR_MS + minute, "{}", made_ms - now_ms);

    // A courier whose clock is nonsense moves nothing before the author's last contact.
    let (mut author, _) = served.sign_in("liu", 1);
    author.clock_ms = now_ms - 3 * HOUR_MS;
    author.door_check(grid(1), door());
    author.door_check(grid(1), door());
    let contact = Contact {
        received_ms: now_ms - 2 * HOUR_MS,
        offset_ms: 0,
        last: Some(1),
    };
    served
        .community()
        .ingest(author.device, author.slice(1, 1), contact)
        .unwrap();
    let sealed = packet_at(&served, &author, (2, 2), now_ms - HOUR_MS);
    deliver_at(&served, &courier_token, &sealed, now_ms, 0);
    assert_eq!(made(&served, &author, 2).0, now_ms - 2 * HOUR_MS);
}

#[test]
fn what_is_no_packet_of_this_community_is_refused_in_words_and_leaves_nothing() {
    let served = Served::new();
    let (mut author, _) = served.sign_in("liu", 1);
    let (_, token) = served.sign_in("chen", 1);
    author.door_check(grid(1), door());
    let before = verify(&served.community()).unwrap();
    let good = packet(&served, &author, 1, 1);
    let key = served.home.courier_keys.newest();
    let now_ms = clock::now_ms();
    let content = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[author.slice_bytes(1, 1)],
    );
    let line = clear(&served, &author, now_ms);
    let elsewhere = ClearLine {
        community: "410102002006".parse().unwrap(),
        ..line.clone()
    };
    let other_key = Signer::from_bytes(&[3; 32]).unwrap().public_key();
    let unknown_key = ClearLine {
        key: key_name(&other_key),
        ..line.clone()
    };
    let unknown_device = ClearLine {
        device: Phone::new().device,
        ..line.clone()
    };
    let mut forged = author.cloned();
    forged.signer = Signer::from_bytes(&[4; 32]).unwrap();
    let unsigned = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[forged.slice_bytes(1, 1)],
    );
    let brief = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[author.brief_slice_bytes(1, 1)],
    );
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let cases = [
        ("nothing", Vec::new(), "packet_unreadable"),
        ("no packet", b"hello\n".to_vec(), "packet_unreadable"),
        ("damaged", damaged, "packet_unreadable"),
        ("cut", good[..good.len() - 20].to_vec(), "packet_unreadable"),
        (
            "another community's",
            seal(&elsewhere, &key, &content).unwrap(),
            "packet_elsewhere",
        ),
        (
            "another key",
            seal(&unknown_key, &other_key, &content).unwrap(),
            "packet_elsewhere",
        ),
        (
            "an unknown device",
            seal(&unknown_device, &key, &content).unwrap(),
            "packet_refused",
        ),
        (
            "a forged signature",
            seal(&line, &key, &unsigned).unwrap(),
            "packet_refused",
        ),
        ("no chain before", seal(&line, &key, &brief).unwrap(), "packet_refused"),
        ("nothing sealed", seal(&line, &key, b"").unwrap(), "packet_refused"),
    ];
    for (what, bytes, code) in cases {
        let answer = deliver(&served, &token, &bytes);
        assert_eq!((answer.status, answer.code().as_str()), (422, code), "{what}");
        let said = answer.json();
        assert!(!said["message"].as_str().unwrap().is_empty() && !said["next"].as_str().unwrap().is_empty());
    }
    assert_eq!(deliver(&served, "nonsense", &good).status, 401);
    assert_eq!(send(&served, &token, b"no line").status, 400);
    assert_eq!(deliver(&served, &token, &vec![b' '; 1_200_000]).status, 413);
    assert_eq!(verify(&served.community()).unwrap(), before);
    assert_eq!(
        deliver(&served, &token, &good).status,
        200,
        "none of it stood in the way"
    );
}

#[test]
fn phones_are_told_the_courier_key_when_they_sign_in_and_when_they_ask() {
    let served = Served::new();
    let (phone, token) = served.sign_in("liu", 1);
    let key = json!(served.home.courier_keys.newest());
    assert_ne!(key, json!(served.home.receipt_key.public_key()));
    let mut asks = header(&phone);
    assert_eq!(served.sync(&token, &body(&asks, &[])).header().get("courier_key"), None);
    asks["wants"] = json!(["courier_key"]);
    assert_eq!(served.sync(&token, &body(&asks, &[])).header()["courier_key"], key);
    let signing_in = json!({"account": "liu", "password": support::PASSWORD, "device":
        {"id": phone.device, "public_key": phone.signer.public_key(), "name": "x"}});
    let answer = served.send(
        "POST",
        "/api/v1/sessions",
        &[("Content-Type", "application/json")],
        signing_in.to_string().as_bytes(),
    );
    assert_eq!(answer.json()["home"]["courier_key"], key);
}
