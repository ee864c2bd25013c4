//! How much may be asked, over real HTTP: who is over is told when to come back in their own language,
//! and nothing of it was taken; others are not touched.

use std::num::NonZeroU32;

use crate::phones::grid;
use crate::served::{Answer, Served, body, header};
use crate::support::authorise;
use menpai_server::limits::{Limits, MOST_AT_ONCE};
use menpai_sync_core::ids::EntityId;

fn few(limits: Limits) -> Served {
    Served::with_limits(limits)
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn seconds(answer: &Answer) -> u64 {
    let seconds = answer.head("Retry-After").parse().unwrap();
    assert_eq!(answer.json()["details"]["retry_after_seconds"], seconds);
    seconds
}

#[test]
fn a_phone_that_asks_too_often_is_told_when_to_come_back_and_nothing_of_it_is_taken() {
    let served = few(Limits {
        device_per_minute: number(3),
        ..Limits::DEFAULT
    });
    let (mut one, signer) = served.sign_in("liu", 1);
    for _ in 0..3 {
        assert_eq!(served.sync(&signer, &body(&header(&one), &[])).status, 200);
    }
    one.door_check(grid(1), EntityId::from_bytes([9; 16]));
    let full = body(&header(&one), &[one.slice_bytes(1, 1)]);
    let refused = served.sync(&signer, &full);
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert_eq!(refused.json()["message"], "请求过于频繁。");
    assert!(
        (20..=32).contains(&seconds(&refused)),
        "three a minute: {}",
        refused.head("Retry-After")
    );
    let signed = authorise(&signer, "GET", "/api/v1/snapshots", None);
    let english = [("Accept-Language", "en"), ("Authorization", &signed)];
    let refused = served.send("GET", "/api/v1/snapshots", &english, b"");
    assert_eq!(
        (refused.status, &refused.json()["message"]),
        (429, &"Too many requests.".into())
    );
    let entries = "SELECT count(*) FROM entry e JOIN device_log d ON d.number = e.device WHERE d.device = ?1";
    let taken: i64 = (served.community())
        .query(|connection| Ok(connection.query_row(entries, [one.device.as_bytes()], |row| row.get(0))?))
        .unwrap();
    assert_eq!(taken, 0);
    let (mut two, signer) = served.sign_in("chen", 1);
    two.door_check(grid(1), EntityId::from_bytes([9; 16]));
    let answer = served.sync(&signer, &body(&header(&two), &[two.slice_bytes(1, 1)]));
    assert_eq!(answer.header()["received"]["seq"], 1, "another phone is not touched");
}

#[test]
fn a_community_and_an_address_have_limits_of_their_own() {
    let served = few(Limits {
        community_per_minute: number(4),
        ..Limits::DEFAULT
    });
    let phones = ["liu", "chen"].map(|account| served.sign_in(account, 1));
    let mut last = Vec::new();
    for _ in 0..3 {
        for (phone, signer) in &phones {
            last.push(served.sync(signer, &body(&header(phone), &[])).status);
        }
    }
    assert_eq!(last, [200, 200, 200, 200, 429, 429]);

    let served = few(Limits {
        address_per_minute: number(2),
        ..Limits::DEFAULT
    });
    let ask = || served.send("GET", "/api/v1/desk/sessions/current", &[], b"");
    assert_eq!([ask().status, ask().status], [401, 401]);
    assert!(seconds(&ask()) >= 30, "whoever it is");
    assert_eq!(
        served.send("GET", "/healthz", &[], b"").status,
        200,
        "what costs nothing is not counted"
    );
}

#[test]
fn a_phone_has_a_few_requests_at_once_and_the_place_of_one_that_broke_is_free_again() {
    let served = few(Limits::DEFAULT);
    let (phone, signer) = served.sign_in("liu", 1);
    let waits = |_| {
        let signed = authorise(&signer, "POST", "/api/v1/sync", Some(b"its header"));
        let headers = [("Content-Type", "application/gzip"), ("Authorization", signed.as_str())];
        served.begin("POST", "/api/v1/sync", &headers, 1_000)
    };
    let waiting: Vec<_> = (0..MOST_AT_ONCE).map(waits).collect();
    let ask = || served.sync(&signer, &body(&header(&phone), &[]));
    let refused = loop {
        // The server may not have seen all of them yet.
        let answer = ask();
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    let (other, other_signer) = served.sign_in("chen", 1);
    assert_eq!(served.sync(&other_signer, &body(&header(&other), &[])).status, 200);
    drop(waiting);
    while ask().status != 200 {}
}

#[test]
fn what_a_stranger_sends_to_sign_in_is_short() {
    let served = few(Limits::DEFAULT);
    let body = format!(r#"{{"account":"liu","password":"{}"}}"#, "x".repeat(9_000));
    let answer = served.send(
        "POST",
        "/api/v1/desk/sessions",
        &[("Content-Type", "application/json")],
        body.as_bytes(),
    );
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
}
