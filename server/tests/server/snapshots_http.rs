//! Parts as they travel whole, over real HTTP: what is in them and what never is, how a broken
//! download goes on, and how many are made and kept.

use menpai_server::auth::signed_request::PhoneSigner;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::phones::{Phone, grid, new_person};
use crate::served::{Answer, Served, body, header};
use crate::support::{authorise, code};
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{EntityId, Seq};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::snapshot::Snapshot;
use serde_json::{Value, json};

/// Lines after which a snapshot is made anew.
const RENEWED_AFTER: usize = 200;

fn door() -> EntityId {
    EntityId::from_bytes([9; 16])
}

fn part(number: u8, class: Class) -> Part {
    Part {
        grid: Some(grid(number)),
        class,
    }
}

/// Sends all that a phone has made since `first`.
fn send(served: &Served, phone: &Phone, signer: &PhoneSigner, first: Seq) -> Answer {
    let slice = phone.slice_bytes(first, phone.last());
    let answer = served.sync(signer, &body(&header(phone), &[slice]));
    assert_eq!(answer.header().get("refused").unwrap_or(&Value::Null), &Value::Null);
    answer
}

/// A phone with work in both parts of its grid: persons, door checks, an elder visit.
fn working(served: &Served, account: &str, in_grid: u8) -> (Phone, PhoneSigner) {
    let (mut phone, signer) = served.sign_in(account, in_grid);
    for number in 0..40 {
        let id = phone.new_id();
        let (_, set) = new_person(id, &format!("居民{number}"));
        phone.edit_with_id(id, Some(grid(in_grid)), Vec::new(), set);
    }
    for _ in 0..3 {
        phone.door_check(grid(in_grid), door());
    }
    phone.record(
        "care_visit",
        Some(grid(in_grid)),
        json!({"subject_id": door(), "mode": "phone", "met": "not_reached"}),
    );
    send(served, &phone, &signer, 1);
    (phone, signer)
}

fn get(served: &Served, signer: &PhoneSigner, query: &str, headers: &[(&str, &str)]) -> Answer {
    let address = format!("/api/v1/snapshots{query}");
    let signed = authorise(signer, "GET", &address, None);
    let mut all = vec![("Authorization", signed.as_str())];
    all.extend(headers);
    served.send("GET", &address, &all, b"")
}

fn read(mut bytes: &[u8]) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    while let Some((snapshot, used)) = Snapshot::read(bytes).unwrap() {
        snapshots.push(snapshot);
        bytes = &bytes[used..];
    }
    assert!(bytes.is_empty());
    snapshots
}

fn parts(answer: &Answer) -> Vec<Part> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    read(&answer.body).iter().map(|snapshot| snapshot.facts.part).collect()
}

#[test]
fn everything_a_device_may_see_comes_whole_in_one_answer() {
    let served = Served::new();
    let (one, signer_one) = working(&served, "liu", 1);
    let (two, signer_two) = served.sign_in("chen", 1);
    let answer = get(&served, &signer_two, "", &[]);
    assert_eq!(answer.head("Content-Type"), "application/gzip");
    assert_eq!(answer.head("Accept-Ranges"), "bytes");
    let snapshots = read(&answer.body);
    let community = Part {
        grid: None,
        class: Class::Open,
    };
    assert_eq!(
        parts(&answer),
        [part(1, Class::Open), part(1, Class::Care), community],
        "what a worker needs first comes first"
    );

    // They are of the lines up to their lsn, and the digests are the home's.
    let mut asks = header(&two);
    asks["wants"] = json!(["digest"]);
    let answer = served.sync(&signer_two, &body(&asks, &[]));
    for snapshot in &snapshots {
        let at_home = &answer.header()["digests"][snapshot.facts.part.to_string()];
        assert_eq!(at_home["digest"], snapshot.facts.digest.to_string());
        assert_eq!(at_home["lsn"], snapshot.facts.lsn);
    }
    let open = &snapshots[0];
    let document = Document::load(&open.document, code(), open.facts.part, open.facts.epoch).unwrap();
    assert_eq!(document.entities().count(), 40);
    let lines: Vec<&[u8]> = open.lines.split(|byte| *byte == b'\n').collect();
    assert!(
        one.entries[40..43]
            .iter()
            .all(|entry| lines.contains(&entry.as_slice()))
    );
    assert!(
        lines
            .iter()
            .all(|line| Entry::parse(line).is_ok_and(|entry| entry.edit.is_none())
                || line.is_empty()
                || line.starts_with(b"{\"lsn\":"))
    );
    // One sync from there has nothing to add, and the worker's own phone gets the same bytes.
    let mut asks = header(&two);
    asks["log"] = answer.header()["log"].clone();
    asks["cursor"] = answer.header()["cursor"].clone();
    assert_eq!(served.sync(&signer_two, &body(&asks, &[])).lines().len(), 1);
    let again = get(&served, &signer_one, "", &[]);
    assert!(again.body == get(&served, &signer_two, "", &[]).body);
}

#[test]
fn a_broken_download_goes_on_with_the_very_same_snapshots() {
    let served = Served::new();
    let (mut one, signer) = working(&served, "liu", 1);
    let whole = get(&served, &signer, "", &[]);
    let tag = whole.head("ETag");
    let rest = |from: usize, tag: &str| {
        let range = format!("bytes={from}-");
        get(&served, &signer, "", &[("Range", range.as_str()), ("If-Range", tag)])
    };
    let continued = rest(100, &tag);
    assert_eq!((continued.status, continued.head("ETag")), (206, tag.clone()));
    let length = whole.body.len();
    assert_eq!(
        continued.head("Content-Range"),
        format!("bytes 100-{}/{length}", length - 1)
    );
    assert!(continued.body == whole.body[100..]);

    let beyond = rest(length, &tag);
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "range_not_satisfiable"));
    assert_eq!(beyond.json()["details"]["length"], length);
    for other in ["\"000000000000\"", "\"\"", "nonsense", "\"000000000000.000000000000\""] {
        let anew = rest(100, other);
        assert_eq!((anew.status, anew.body == whole.body), (200, true), "{other}");
    }
    // A range without a tag is not a promise about what the first part was.
    let untagged = get(&served, &signer, "", &[("Range", "bytes=100-")]);
    assert_eq!((untagged.status, untagged.body == whole.body), (200, true));

    // So many lines later there are newer ones; the old are kept for who has begun with them.
    let mut more = || {
        let first = one.last() + 1;
        for _ in 0..RENEWED_AFTER {
            one.door_check(grid(1), door());
        }
        send(&served, &one, &signer, first);
        get(&served, &signer, "", &[])
    };
    let newer = more();
    assert_ne!(newer.head("ETag"), tag);
    let continued = rest(100, &tag);
    assert_eq!((continued.status, continued.body == whole.body[100..]), (206, true));
    // And later still they are not: everything anew.
    more();
    let anew = rest(100, &tag);
    assert_eq!(anew.status, 200);
    assert_ne!(anew.head("ETag"), tag);
    let most: i64 = served
        .community()
        .query(|c| {
            let sql = "SELECT max(kept) FROM (SELECT count(*) AS kept FROM snapshot GROUP BY part)";
            Ok(c.query_row(sql, [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(most, 2);
}

#[test]
fn a_few_lines_more_make_no_new_snapshot() {
    let served = Served::new();
    let (mut one, signer) = working(&served, "liu", 1);
    let before = get(&served, &signer, "", &[]);
    let first = one.last() + 1;
    for _ in 0..RENEWED_AFTER - 1 {
        one.door_check(grid(1), door());
    }
    send(&served, &one, &signer, first);
    assert!(get(&served, &signer, "", &[]).body == before.body);
    served.community().rebuild().unwrap();
    let count: i64 = served
        .community()
        .query(|c| Ok(c.query_row("SELECT count(*) FROM snapshot", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(count, 0, "none outlives a rebuild");
    assert!(get(&served, &signer, "", &[]).body != before.body);
}

#[test]
fn a_crowd_that_asks_for_the_same_part_waits_for_one_making() {
    let served = Served::new();
    let (mut one, signer) = working(&served, "liu", 1);
    // One phone alone may not ask so often at the same time.
    let (_, another) = working(&served, "chen", 1);
    let stop = AtomicBool::new(false);
    let begin = std::sync::Barrier::new(9);
    let tags: Vec<String> = std::thread::scope(|scope| {
        // The log grows meanwhile: snapshots made twice would differ.
        let writer = scope.spawn(|| {
            begin.wait();
            while !stop.load(Ordering::Relaxed) {
                one.door_check(grid(1), door());
                send(&served, &one, &signer, one.last());
            }
        });
        let crowd: Vec<_> = (0..8)
            .map(|number| {
                let signer = if number % 2 == 0 { &signer } else { &another };
                let (served, begin) = (&served, &begin);
                scope.spawn(move || {
                    begin.wait();
                    get(served, signer, &format!("?parts={}", part(1, Class::Open)), &[]).head("ETag")
                })
            })
            .collect();
        let tags = crowd.into_iter().map(|asked| asked.join().unwrap()).collect();
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        tags
    });
    assert!(tags.iter().all(|tag| *tag == tags[0] && tag.len() > 2), "{tags:?}");
}

#[test]
fn no_byte_of_a_part_goes_to_who_may_not_see_it() {
    let served = Served::new();
    let (one, signer_one) = working(&served, "liu", 1);
    let (_, signer_two) = working(&served, "chen", 2);
    let mine = get(&served, &signer_one, "", &[]);
    let theirs = get(&served, &signer_two, "", &[]);
    let seen = parts(&theirs);
    assert!(seen.iter().all(|part| part.grid != Some(grid(1))), "{seen:?}");
    assert!(!seen.contains(&Part {
        grid: None,
        class: Class::Care
    }));
    for snapshot in read(&theirs.body) {
        let bytes = [snapshot.document, snapshot.lines].concat();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for secret in [grid(1).to_string(), one.device.to_string()] {
            // Who has which role is for everybody; what was recorded there is not.
            let may = snapshot.facts.part.grid.is_none();
            assert!(may || !text.contains(&secret), "{} names {secret}", snapshot.facts.part);
        }
    }
    // Asking by name, or with the tag of the other's download, gives nothing more.
    let named = format!("?parts={},{},nonsense", part(1, Class::Open), part(1, Class::Care));
    assert_eq!(parts(&get(&served, &signer_two, &named, &[])), []);
    let tag = mine.head("ETag");
    let stolen = get(&served, &signer_two, "", &[("Range", "bytes=0-"), ("If-Range", &tag)]);
    assert_eq!((stolen.status, stolen.body == theirs.body), (200, true));
    assert_eq!(served.send("GET", "/api/v1/snapshots", &[], b"").status, 401);
    assert_eq!(
        get(&served, &Phone::new().request_signer(), "", &[]).code(),
        "not_signed_in"
    );
}

/// A header as today's phones write it.
fn brief(phone: &Phone) -> Value {
    let mut header = header(phone);
    for name in ["community", "device"] {
        header.as_object_mut().unwrap().remove(name);
    }
    header
}

#[test]
fn a_part_a_device_has_nothing_of_is_named_to_be_fetched_and_others_get_lines() {
    let served = Served::new();
    working(&served, "liu", 1);
    let (two, signer) = served.sign_in("chen", 1);
    let open = part(1, Class::Open).to_string();
    let answer = served.sync(&signer, &body(&brief(&two), &[]));
    let head = answer.header();
    assert_eq!(head["snapshots"], json!([open]), "the others are small");
    assert_eq!(head["cursor"][&open], 0);
    assert!(head["cursor"][part(1, Class::Care).to_string()].as_u64().unwrap() > 0);
    let of_open = |answer: &Answer| {
        answer
            .lines()
            .iter()
            .skip(1)
            .filter(|line| String::from_utf8_lossy(line).contains(&open))
            .count()
    };
    assert_eq!(of_open(&answer), 0);

    let mut lines_only = brief(&two);
    lines_only["wants"] = json!(["lines"]);
    let answers = [lines_only, header(&two)].map(|header| served.sync(&signer, &body(&header, &[])));
    for answer in &answers {
        assert_eq!(answer.header().get("snapshots"), None);
        assert_eq!(of_open(answer), 43);
    }
}

#[test]
fn own_verdicts_are_told_again_to_who_asks() {
    let served = Served::new();
    let (mut one, signer) = working(&served, "liu", 1);
    let first = one.last() + 1;
    one.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": door(), "mode": "door", "outcome": "met", "people_present": 500}),
    );
    let answer = send(&served, &one, &signer, first);
    let mut asks = header(&one);
    asks["log"] = answer.header()["log"].clone();
    asks["cursor"] = answer.header()["cursor"].clone();
    assert_eq!(served.sync(&signer, &body(&asks, &[])).lines().len(), 1);
    asks["wants"] = json!(["verdicts"]);
    let answer = served.sync(&signer, &body(&asks, &[]));
    let told: Value = serde_json::from_slice(&answer.lines()[1]).unwrap();
    assert_eq!(
        (answer.lines().len(), &told["seq"], &told["verdict"]),
        (2, &json!(first), &json!("held"))
    );
    assert_eq!(answer.header()["cursor"], asks["cursor"]);
}

#[test]
fn a_device_that_does_without_what_was_overtaken_gets_snapshots_of_its_own() {
    let served = Served::new();
    let (_, signer) = working(&served, "liu", 1);
    let whole = get(&served, &signer, "", &[]);
    let lean = get(&served, &signer, "?leave_out=overtaken", &[]);
    // Nothing is old yet: the same bytes, kept once for each sort.
    assert_eq!(parts(&lean), parts(&whole));
    assert!(lean.body == whole.body);
    let kept: i64 = served
        .community()
        .query(|c| Ok(c.query_row("SELECT count(*) FROM snapshot WHERE leaves_out", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(kept, 3);
    let tag = lean.head("ETag");
    let rest = get(
        &served,
        &signer,
        "?leave_out=overtaken",
        &[("Range", "bytes=100-"), ("If-Range", &tag)],
    );
    assert_eq!((rest.status, rest.body == lean.body[100..]), (206, true));
    assert!(get(&served, &signer, "?leave_out=nothing", &[]).body == whole.body);
}
