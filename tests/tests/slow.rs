//! Slow connections and full memory against the real server, with the limits that it has by itself: a
//! phone syncs on, what stalls is let go, and the server's memory stays within what it was given.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menpai_server::auth::signed_request::first_member;
use menpai_server::simulate::{Client, Login, read_logins};
use menpai_sync_core::wire::deflate;
use menpai_tests::hostile::{Answer, Attacker, Crowd, LARGE_BYTES, LARGE_FILE, Slow, connect};
use menpai_tests::process::How;
use menpai_tests::runs::count;
use menpai_tests::workload::Worker;
use menpai_tests::{data_folder, process::Server};

/// How long the server waits where it is a client's turn.
const PATIENCE_MS: u64 = 1_500;
/// Whatever stalls has been let go by then.
const SOON: Duration = Duration::from_secs(20);
/// What a server takes without anybody: binary, one community, two workers' stacks.
const BASE_KIB: u64 = 96 * 1_024;
/// What one connection may take beside a body: 160 KiB of buffers in, 48 out, TLS, what inflates, a task.
const CONNECTION_KIB: u64 = 288;

struct Ground {
    server: Server,
    client: Client,
    logins: Vec<Login>,
    _folder: tempfile::TempDir,
}

fn ground(more: &[&str]) -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let logins = read_logins(&data_folder::make(&data)).unwrap();
    let web = web_folder(folder.path());
    let mut arguments = vec!["--web", web.to_str().unwrap()];
    arguments.extend(more);
    let how = How {
        more: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        limits: true,
        ..How::default()
    };
    let server = Server::start_as(&data, how);
    Ground {
        client: Client::new(server.http(), None).unwrap(),
        logins,
        server,
        _folder: folder,
    }
}

fn web_folder(folder: &Path) -> PathBuf {
    let web = folder.join("web");
    fs::create_dir(&web).unwrap();
    fs::write(web.join("index.html"), "<!doctype html>").unwrap();
    // Noise: what compresses well would fit into the buffers on the way.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let noise: Vec<u8> = noise.take(LARGE_BYTES / 8).flatten().collect();
    fs::write(web.join(LARGE_FILE), noise).unwrap();
    web
}

fn host(url: &str) -> String {
    url.split_once("//").unwrap().1.to_owned()
}

#[test]
fn slow_connections_of_every_sort_are_let_go_and_a_phone_syncs_on() {
    let slow = usize::try_from(count("MENPAI_SLOW", 100)).unwrap();
    let patience = PATIENCE_MS.to_string();
    let mut ground = ground(&["--patience", &patience]);
    let mut honest = Worker::enrol(&ground.client, &ground.logins[1], 1);
    honest.sync();
    let attacker = Attacker::enrol(&ground.client, &ground.logins[0], 666);
    let (plain, tls) = (host(ground.server.http()), host(ground.server.https().0));
    let mut crowd = Crowd::open(slow, &plain, &tls, &attacker);
    let over = AtomicBool::new(false);
    let (gone, contacts) = std::thread::scope(|scope| {
        let going_on = scope.spawn(|| crowd.go_on(&over));
        let started = Instant::now();
        let mut contacts = 0;
        // As long as the slowest of them may be waited for, and then some.
        while contacts < 20 || started.elapsed() < Duration::from_millis(4 * PATIENCE_MS) {
            honest.check_a_door();
            // Panics unless everything was taken.
            honest.sync();
            contacts += 1;
            // A phone is no hammer: its own limit holds here too.
            std::thread::sleep(Duration::from_millis(100));
        }
        over.store(true, Ordering::Relaxed);
        (going_on.join().unwrap(), contacts)
    });
    eprintln!("{contacts} contacts among {slow} slow connections; let go, of all: {gone:?}");
    for (sort, gone, all) in gone {
        // Bodies that do come, however slowly, have the time that a request has, in few places.
        let stays = match sort {
            Slow::StrangersBody => all,
            Slow::PhonesBody => usize::try_from(menpai_server::limits::MOST_AT_ONCE).unwrap(),
            _ => 0,
        };
        assert!(all > 0 && gone + stays >= all, "{sort:?}: {gone} of {all}");
    }
    assert!(ground.server.is_alive());
    let most_kib = BASE_KIB + LARGE_BYTES as u64 / 1_024 * 3 + slow as u64 * CONNECTION_KIB;
    let peak_kib = ground.server.peak_memory_kib();
    eprintln!("at most {peak_kib} KiB of memory, of {most_kib}");
    assert!(peak_kib < most_kib, "{peak_kib} KiB");
}

#[test]
fn bodies_that_fill_the_memory_for_them_fill_no_more_and_lose_nobody_anything() {
    const BODIES_MIB: u64 = 64;
    const PHONES: usize = 36;
    const AT_ONCE: usize = 5;
    let body_memory = BODIES_MIB.to_string();
    let mut ground = ground(&["--body-memory", &body_memory]);
    let address = host(ground.server.http());
    let mut honest = Worker::enrol(&ground.client, &ground.logins[1], 1);
    honest.sync();
    honest.check_a_door();
    // Each of them: receipts first, so that the slices are kept until all are here, and the last
    // slice never ends. Eight MiB to a request where nobody counts.
    let attackers: Vec<Attacker> = (0..PHONES)
        .map(|number| Attacker::enrol(&ground.client, &ground.logins[number % 4], 700 + number as u64))
        .collect();
    let before_kib = ground.server.peak_memory_kib();
    let held: Vec<TcpStream> = attackers
        .iter()
        .flat_map(|attacker| (0..AT_ONCE).map(move |_| attacker))
        .map(|attacker| {
            let mut stream = connect(&address);
            let body = endless(attacker);
            let head = attacker.http_head_for(first_member(&body));
            let head = format!("{head}Content-Length: 900000\r\n\r\n");
            // The server may refuse while this is written.
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            stream
        })
        .collect();
    let answered = honest.try_sync();
    let peak_kib = ground.server.peak_memory_kib();
    let most_kib = before_kib + BODIES_MIB * 1_024 + held.len() as u64 * CONNECTION_KIB;
    eprintln!(
        "{} bodies of 8 MiB: from {before_kib} to {peak_kib} KiB, at most {most_kib}; the phone {answered:?}",
        held.len()
    );
    assert!(ground.server.is_alive());
    assert!(peak_kib < most_kib, "{peak_kib} KiB");
    drop(held);
    // Whatever it was told, its record is still there, and goes as soon as there is room.
    let started = Instant::now();
    while honest.phone().only_here() > 0 {
        assert!(started.elapsed() < SOON, "no room comes back");
        let _ = honest.try_sync();
    }
    let after = Answer::to(&address, &attackers[0].http(&attackers[0].body(&[])));
    assert_eq!(after.header().received.seq, 0, "nothing of what never ended was taken");
}

/// A body that shows a receipt and fifteen slices of half a MiB, and ends in a sixteenth.
fn endless(attacker: &Attacker) -> Vec<u8> {
    let mut body = attacker.body(&[]);
    body.extend(deflate(b"{\"receipt\":{}}\n"));
    let mut head = attacker.head;
    for _ in 0..15 {
        let entries: Vec<Vec<u8>> = (0..31).map(|_| vec![b' '; 16_000]).collect();
        let (slice, end) = attacker.slice(head, &entries);
        body.extend(deflate(&slice));
        head = end;
    }
    let last = deflate(&attacker.slice(head, &[b"{}".to_vec()]).0);
    body.extend(&last[..last.len() / 2]);
    body
}
