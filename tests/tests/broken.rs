//! Connections that break at any byte, in either direction, between the core's own phone and the
//! real server: nothing is lost, nothing is there twice, and what came whole does not travel again.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::io::Write;

use menpai_server::home::Home;
use menpai_server::jobs::{rebuild, verify};
use menpai_server::simulate::{Client, read_logins};
use menpai_sync_core::ids::Hash;
use menpai_sync_core::wire::{DownHeader, MAX_ANSWER_INFLATED, inflate_member, inflate_members, lines};
use menpai_tests::hostile::Answer;
use menpai_tests::workload::{ENTRIES_A_DAY, Worker, roster};
use menpai_tests::{data_folder, process::Server};

/// How many bytes between those that are interesting by themselves.
const STEPS: usize = 12;
/// More than asking what arrived costs.
const ASKING_BYTES: usize = 400;

/// A server, and phones of some of its workers that have heard everything.
struct Begun {
    folder: tempfile::TempDir,
    server: Server,
    phones: Vec<Worker>,
}

impl Begun {
    fn new(phones: usize) -> Begun {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let workers = [("one", "甲", 0), ("two", "乙", 0), ("three", "丙", 0)];
        let logins = data_folder::make_of(&data, &["第一网格"], &workers, &roster(60, 150));
        let server = Server::start_with(&data, &["--nightly", "off"]);
        let client = Client::new(server.http(), None).unwrap();
        let logins = read_logins(&logins).unwrap();
        let enrol = |(login, seed)| {
            let mut phone = Worker::enrol(&client, login, seed);
            phone.sync();
            phone
        };
        Begun {
            phones: logins.iter().zip(1..).take(phones).map(enrol).collect(),
            folder,
            server,
        }
    }

    /// Afterwards the folder agrees with itself, and has so many entries of the first phone.
    fn ends_with(mut self, entries: usize) {
        self.server.kill();
        let home = Home::open(&self.folder.path().join("data")).unwrap();
        let community = home.communities.get(data_folder::code()).unwrap().unwrap();
        let report = verify::verify(&community).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert!(rebuild::rebuild(&community).unwrap().is_equal());
        let device = self.phones[0].device();
        let count: usize = community
            .query(|connection| {
                let count = "SELECT count(*) FROM log_line l JOIN entry e ON e.number = l.entry
                               JOIN device_log d ON d.number = e.device WHERE d.device = ?1";
                Ok(connection.query_row(count, [device.as_bytes()], |row| row.get(0))?)
            })
            .unwrap();
        assert_eq!(count, entries);
    }
}

/// Where the gzip members of a body end.
fn ends(body: &[u8]) -> Vec<usize> {
    let mut rest = body;
    let mut ends = Vec::new();
    while let Ok((_, after)) = inflate_member(rest, MAX_ANSWER_INFLATED) {
        rest = after;
        ends.push(body.len() - rest.len());
    }
    ends
}

/// The bytes around every end of a member, the first and the last, and some between.
fn interesting(length: usize, ends: &[usize]) -> Vec<usize> {
    let around = ends.iter().flat_map(|end| [end - 9, end - 1, *end, end + 1]);
    let spread = (0..STEPS).map(|step| step * length / STEPS);
    let all: BTreeSet<usize> = around.chain(spread).chain([1, length - 1]).collect();
    all.into_iter().filter(|at| *at < length).collect()
}

/// What a phone shows, part by part.
fn shown(worker: &Worker) -> Vec<Hash> {
    let replica = worker.phone().replica().unwrap();
    replica.cursor().keys().map(|part| replica.digest(*part)).collect()
}

#[test]
fn an_upload_that_breaks_at_any_byte_goes_on_from_there() {
    let mut begun = Begun::new(1);
    let worker = &mut begun.phones[0];
    worker.work_a_day();
    let body = worker.body();
    let header = ends(&body)[0];
    assert_eq!(ends(&body).len(), 2, "a day is one slice");
    worker.sync();
    let places = interesting(body.len(), &ends(&body));
    for at in &places {
        worker.work_a_day();
        let broken = worker.break_off(|body| (*at).min(body.len() - 1));
        let contact = worker.sync();
        assert_eq!(contact.requests, 2, "at {at}: it asks, then sends");
        // Of the slice what came is not sent again, but for a table of what repeats in it.
        let lost = if *at < header + 600 {
            broken.sent
        } else {
            broken.sent * 3 / 10
        };
        let again = broken.sent + contact.up - broken.length;
        assert!(
            again <= lost + ASKING_BYTES + broken.length / 5,
            "at {at} of {}: {again} bytes again",
            broken.length
        );
    }
    begun.ends_with((places.len() + 1) * ENTRIES_A_DAY);
}

#[test]
fn one_that_breaks_again_and_again_still_arrives() {
    let mut begun = Begun::new(1);
    let worker = &mut begun.phones[0];
    worker.work_a_day();
    let mut lengths = Vec::new();
    // Each time only a thousand bytes get through, and nothing comes back but what it asks for.
    while worker.phone().only_here() > 0 {
        let broken = worker.break_off(|body| body.len().min(1_000));
        lengths.push(broken.length);
        let answer = worker.ask(|length| length);
        worker.hear(answer).unwrap();
        assert!(lengths.len() < 20, "{lengths:?}");
    }
    assert!(lengths.len() > 3 && lengths.is_sorted_by(|a, b| a > b), "{lengths:?}");
    assert_eq!(worker.sync().requests, 1);
    begun.ends_with(ENTRIES_A_DAY);
}

#[test]
fn a_phone_asks_while_its_dead_connection_still_stands() {
    let mut begun = Begun::new(1);
    let worker = &mut begun.phones[0];
    worker.work_a_day();
    let mut body = Vec::new();
    let (mut stream, broken) = worker.stall(|whole| {
        body = whole.to_vec();
        whole.len() / 2
    });
    // Its bytes may still be on the way to the server.
    let kept = (0..10_000).find_map(|_| {
        let answer = worker.ask(|length| length);
        let text = inflate_members(&answer, MAX_ANSWER_INFLATED).unwrap().remove(0);
        let header: DownHeader = serde_json::from_slice(lines(&text).unwrap().next().unwrap()).unwrap();
        header.kept.inspect(|_| assert!(worker.hear(answer).unwrap()))
    });
    assert!(kept.is_some_and(|kept| (10..80).contains(&kept)), "{kept:?}");
    let contact = worker.sync();
    assert_eq!(contact.requests, 1);
    assert!(
        contact.up < broken.length * 9 / 10,
        "{} of {}",
        contact.up,
        broken.length
    );
    // What was thought lost arrives after all: it is here already.
    stream.write_all(&body[broken.sent..]).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 200);
    assert_eq!(worker.sync().requests, 1);
    begun.ends_with(ENTRIES_A_DAY);
}

#[test]
fn of_an_answer_that_breaks_at_any_byte_what_came_whole_does_not_come_again() {
    let mut begun = Begun::new(3);
    let [one, two, three] = begun.phones.as_mut_slice() else {
        unreachable!("three were made")
    };
    let mut days = 0;
    let mut two_days = |one: &mut Worker| {
        one.work_a_day();
        one.work_a_day();
        one.sync();
        days += 2;
    };
    two_days(one);
    let whole = two.ask(|length| length);
    let members = ends(&whole);
    assert!(members.len() > 2, "{members:?}");
    for at in interesting(whole.len(), &members) {
        two.check_a_door();
        let mut length = 0;
        let answer = two.ask(|whole| {
            length = whole;
            at.min(whole - 1)
        });
        let came = ends(&answer);
        let heard = two.hear(answer.clone());
        assert_eq!(heard.is_ok(), !came.is_empty(), "at {at}");
        assert_eq!(
            two.phone().only_here(),
            usize::from(came.is_empty()),
            "the receipt is first"
        );
        // It is durable, and is not sent again.
        two.reopen();
        let rest = two.sync();
        let whole_ones = came.last().copied().unwrap_or(0);
        assert!(
            rest.down <= length - whole_ones + length / 10 + ASKING_BYTES,
            "at {at}: {} of {length} again",
            rest.down
        );
        three.sync();
        assert_eq!(shown(two), shown(three), "at {at}");
        two_days(one);
    }
    begun.ends_with(days * ENTRIES_A_DAY);
}
