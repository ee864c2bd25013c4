//! Packets over real HTTP: a colleague's phone brings them, the home takes them in as their
//! author's own, whatever came before or comes after, and everything else is refused in words.

use crate::phones::{HOUR_MS, Phone, grid, new_person};
use crate::served::{Answer, Served, body, header};
use crate::support::{authorise, code};
use menpai_server::auth::signed_request::PhoneSigner;
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

/// A server with an author's phone and a colleague's that brings its packets.
struct Carrying {
    served: Served,
    author: Phone,
    author_signer: PhoneSigner,
    /// The colleague's.
    signer: PhoneSigner,
}

impl Carrying {
    fn new() -> Carrying {
        let served = Served::new();
        let (author, author_signer) = served.sign_in("liu", 1);
        let (_, signer) = served.sign_in("chen", 2);
        Carrying {
            served,
            author,
            author_signer,
            signer,
        }
    }

    /// From now on the author is another phone, with its clock.
    fn author_is(&mut self, account: &str, clock_ms: i64) {
        (self.author, self.author_signer) = self.served.sign_in(account, 1);
        self.author.clock_ms = clock_ms;
    }

    /// The author checks a door so many times.
    fn checks(&mut self, times: usize) {
        for _ in 0..times {
            self.author.door_check(grid(1), door());
        }
    }

    fn key(&self) -> PublicKey {
        self.served.home.courier_keys.newest()
    }

    fn clear(&self, sealed_ms: i64) -> ClearLine {
        ClearLine {
            menpai_packet: FORMAT,
            community: code(),
            key: key_name(&self.key()),
            device: self.author.device,
            count: 1,
            clock: at(sealed_ms),
        }
    }

    /// What the author seals: these entries, at that moment of its clock.
    fn packet_at(&self, first: u64, last: u64, sealed_ms: i64) -> Vec<u8> {
        let header = json!({"menpai": 2, "last": self.author.last(), "clock": at(sealed_ms)});
        let content = body(&header, &[self.author.slice_bytes(first, last)]);
        seal(&self.clear(sealed_ms), &self.key(), &content).unwrap()
    }

    fn packet(&self, first: u64, last: u64) -> Vec<u8> {
        self.packet_at(first, last, clock::now_ms())
    }

    /// Brings a packet; the courier's clock is right, and it was handed over just now.
    fn deliver(&self, packet: &[u8]) -> Answer {
        self.deliver_at(packet, clock::now_ms(), clock::now_ms())
    }

    /// The same by somebody else.
    fn deliver_by(&self, signer: &PhoneSigner, packet: &[u8]) -> Answer {
        self.deliver_as(signer, packet, clock::now_ms(), clock::now_ms())
    }

    fn deliver_at(&self, packet: &[u8], now_ms: i64, handed_ms: i64) -> Answer {
        self.deliver_as(&self.signer, packet, now_ms, handed_ms)
    }

    fn deliver_as(&self, signer: &PhoneSigner, packet: &[u8], now_ms: i64, handed_ms: i64) -> Answer {
        let line = json!({"menpai": 2, "clock": at(now_ms), "handed": at(handed_ms)});
        send(&self.served, signer, &[format!("{line}\n").as_bytes(), packet].concat())
    }

    fn count(&self, what: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        let community = self.served.community();
        let count = community.query(|connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?));
        count.unwrap()
    }

    /// Made-time and offset of an entry of the author.
    fn made(&self, seq: u64) -> (i64, i64) {
        let found = self.served.community().query(|connection| {
            Ok(connection.query_row(
                "SELECT l.made_ms, l.offset_ms FROM log_line l JOIN entry e ON e.number = l.entry
                   JOIN device_log d ON d.number = e.device WHERE d.device = ?1 AND e.seq = ?2",
                rusqlite::params![self.author.device.as_bytes(), seq],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?)
        });
        found.unwrap()
    }

    /// The author was heard from then, with its first entry and a clock that was right.
    fn heard_at(&self, received_ms: i64) {
        let contact = Contact {
            received_ms,
            offset_ms: 0,
            last: Some(1),
        };
        let first = self.author.slice(1, 1);
        self.served
            .community()
            .ingest(self.author.device, first, contact)
            .unwrap();
    }

    /// The author sends these entries itself.
    fn author_sends(&self, first: u64, last: u64) -> Answer {
        let slices = [self.author.slice_bytes(first, last)];
        self.served
            .sync(&self.author_signer, &body(&header(&self.author), &slices))
    }

    /// The author asks for the receipt of what may be there.
    fn ask_receipt(&self, from: u64) -> Answer {
        let mut asks = header(&self.author);
        asks["menpai"] = json!(2);
        asks["receipt_from"] = json!(from);
        self.served.sync(&self.author_signer, &body(&asks, &[]))
    }

    /// The receipt of an answer, and that the home signed it.
    fn receipt(&self, answer: &Answer) -> Value {
        let lines = answer.lines();
        let signature: Value = serde_json::from_slice(&lines[2]).unwrap();
        let signature: Signature = serde_json::from_value(signature["signature"].clone()).unwrap();
        let key: PublicKey = self.served.home.receipt_key.public_key();
        key.verify(&receipt_message(&lines[1]), &signature).unwrap();
        serde_json::from_slice::<Value>(&lines[1]).unwrap()["receipt"].clone()
    }

    fn is_clean(&self) -> bool {
        verify(&self.served.community()).unwrap().is_clean()
    }
}

fn send(served: &Served, signer: &PhoneSigner, bytes: &[u8]) -> Answer {
    let signed = authorise(signer, "POST", "/api/v1/courier", Some(bytes));
    let headers = [("Content-Type", "application/octet-stream"), ("Authorization", &signed)];
    served.send("POST", "/api/v1/courier", &headers, bytes)
}

/// Whether an answer has a receipt.
fn vouches(answer: &Answer) -> bool {
    let lines = answer.lines();
    lines.get(1).is_some_and(|line| line.starts_with(b"{\"receipt\":"))
}

#[test]
fn a_packet_counts_as_its_authors_own_and_its_author_gets_the_receipt() {
    let mut carrying = Carrying::new();
    carrying.checks(3);
    let sealed = carrying.packet(1, 3);
    let answer = carrying.deliver(&sealed);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json();
    assert_eq!(said.as_object().unwrap().keys().collect::<Vec<_>>(), ["arrived"]);
    assert_eq!(carrying.count("door_check"), 3);

    // Twice, and by another: the same answer, and nothing new.
    let lines = carrying.count("log_line");
    for signer in [&carrying.signer, &carrying.author_signer] {
        assert_eq!(carrying.deliver_by(signer, &sealed).status, 200);
    }
    assert_eq!(carrying.count("log_line"), lines);

    let answer = carrying.ask_receipt(1);
    let vouched = carrying.receipt(&answer);
    assert_eq!(
        (&vouched["first"], &vouched["seq"], &vouched["h"], &vouched["verdicts"]),
        (&json!(1), &json!(3), &json!(carrying.author.head(3).h), &json!([]))
    );
    assert_eq!(vouched["received"], said["arrived"], "it arrived with the courier");
    assert_eq!(answer.header()["received"]["seq"], 3);

    // A brief answer says its chain, too: by that a restored or cloned phone sees that it is one.
    let brief = json!({"menpai": 2, "last": 3, "clock": clock::now(), "receipt_from": 1});
    let answer = carrying.served.sync(&carrying.author_signer, &body(&brief, &[]));
    assert!(vouches(&answer));
    let h = carrying.author.head(3).h.to_string();
    assert_eq!(answer.header()["received"], json!({"seq": 3, "h": h[..16]}));

    // A phone of before sends everything again.
    let answer = carrying.author_sends(1, 3);
    assert_eq!(carrying.receipt(&answer)["seq"], 3);
    assert_eq!(carrying.count("log_line"), lines);
    assert!(carrying.is_clean());
}

#[test]
fn courier_and_author_may_come_in_any_order() {
    let mut carrying = Carrying::new();
    carrying.checks(5);
    // The author was quicker, and had recorded more since.
    let early = carrying.packet(1, 3);
    carrying.author_sends(1, 4);
    assert_eq!(carrying.deliver(&early).status, 200);
    assert_eq!(carrying.count("door_check"), 4);
    // A packet that overlaps with what is there.
    let late = carrying.packet(2, 5);
    assert_eq!(carrying.deliver(&late).status, 200);
    assert_eq!(carrying.count("door_check"), 5);
    assert_eq!(carrying.receipt(&carrying.ask_receipt(5))["first"], 5);
    // Of what is not there nobody vouches.
    carrying.checks(1);
    assert!(!vouches(&carrying.ask_receipt(6)));
    assert!(carrying.is_clean());
}

#[test]
fn past_a_gap_records_merge_and_edits_wait_for_their_author() {
    let mut carrying = Carrying::new();
    carrying.checks(2);
    let edit = carrying.author.new_id();
    let (_, person) = new_person(edit, "王小梅");
    carrying.author.edit_with_id(edit, Some(grid(1)), vec![], person);
    carrying.checks(1);
    assert_eq!(carrying.deliver(&carrying.packet(3, 4)).status, 200);
    assert_eq!((carrying.count("door_check"), carrying.count("person")), (1, 0));
    let answer = carrying.ask_receipt(1);
    assert_eq!(
        (vouches(&answer), &answer.header()["received"]["seq"]),
        (false, &json!(0))
    );

    let answer = carrying.author_sends(1, 4);
    assert_eq!(carrying.receipt(&answer)["verdicts"], json!([]));
    assert_eq!((carrying.count("door_check"), carrying.count("person")), (3, 1));
    assert!(carrying.is_clean());
}

#[test]
fn made_time_goes_by_the_hand_over_and_the_last_contact() {
    let mut carrying = Carrying::new();
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
        carrying.author_is(account, now_ms - 5 * HOUR_MS);
        carrying.checks(1);
        carrying.heard_at(now_ms - 4 * HOUR_MS);
        carrying.author.clock_ms = now_ms - 2 * HOUR_MS + off_ms;
        carrying.checks(1);
        let made_ms = carrying.author.clock_ms - off_ms;
        let sealed = carrying.packet_at(2, 2, sealed_ms);
        let answer = carrying.deliver_at(&sealed, now_ms + ahead_ms, handed_ms + ahead_ms);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let (found_ms, found_offset_ms) = carrying.made(2);
        // The request took a moment.
        assert!((found_ms - made_ms).abs() < minute, "{account}: {}", found_ms - made_ms);
        assert!(
            (found_offset_ms - offset_ms).abs() < minute,
            "{account}: {found_offset_ms}"
        );
    }
    // What claims to be made after the hand-over was made by then.
    carrying.author_is("liu", now_ms);
    carrying.checks(1);
    let sealed = carrying.packet_at(1, 1, now_ms - 2 * HOUR_MS);
    carrying.deliver_at(&sealed, now_ms, now_ms - HOUR_MS);
    let (made_ms, _) = carrying.made(1);
    assert!(made_ms <= now_ms - HOUR_MS + minute, "{}", made_ms - now_ms);

    // A courier whose clock is nonsense moves nothing before the author's last contact.
    carrying.author_is("liu", now_ms - 3 * HOUR_MS);
    carrying.checks(2);
    carrying.heard_at(now_ms - 2 * HOUR_MS);
    let sealed = carrying.packet_at(2, 2, now_ms - HOUR_MS);
    carrying.deliver_at(&sealed, now_ms, 0);
    assert_eq!(carrying.made(2).0, now_ms - 2 * HOUR_MS);
}

#[test]
fn what_is_no_packet_of_this_community_is_refused_in_words_and_leaves_nothing() {
    let mut carrying = Carrying::new();
    carrying.checks(1);
    let before = verify(&carrying.served.community()).unwrap();
    let good = carrying.packet(1, 1);
    let key = carrying.key();
    let now_ms = clock::now_ms();
    let content = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[carrying.author.slice_bytes(1, 1)],
    );
    let line = carrying.clear(now_ms);
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
    let mut forged = carrying.author.cloned();
    forged.signer = Signer::from_bytes(&[4; 32]).unwrap();
    let unsigned = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[forged.slice_bytes(1, 1)],
    );
    let brief = body(
        &json!({"menpai": 2, "last": 1, "clock": at(now_ms)}),
        &[carrying.author.brief_slice_bytes(1, 1)],
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
        let answer = carrying.deliver(&bytes);
        assert_eq!((answer.status, answer.code().as_str()), (422, code), "{what}");
        let said = answer.json();
        assert!(!said["message"].as_str().unwrap().is_empty() && !said["next"].as_str().unwrap().is_empty());
    }
    assert_eq!(carrying.deliver_by(&Phone::new().request_signer(), &good).status, 401);
    assert_eq!(send(&carrying.served, &carrying.signer, b"no line").status, 400);
    assert_eq!(carrying.deliver(&vec![b' '; 1_200_000]).status, 413);
    assert_eq!(verify(&carrying.served.community()).unwrap(), before);
    assert_eq!(carrying.deliver(&good).status, 200, "none of it stood in the way");
}

#[test]
fn phones_are_told_the_courier_key_when_they_are_enrolled_and_when_they_ask() {
    let served = Served::new();
    let (phone, signer) = served.sign_in("liu", 1);
    let key = json!(served.home.courier_keys.newest());
    assert_ne!(key, json!(served.home.receipt_key.public_key()));
    let mut asks = header(&phone);
    assert_eq!(
        served.sync(&signer, &body(&asks, &[])).header().get("courier_key"),
        None
    );
    asks["wants"] = json!(["courier_key"]);
    assert_eq!(served.sync(&signer, &body(&asks, &[])).header()["courier_key"], key);
    assert_eq!(served.enrol("liu", &phone)["home"]["courier_key"], key);
}
