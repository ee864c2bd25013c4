//! The hostile corpus against the real server as a process: it stays alive and small, says what
//! is wrong, keeps whatever can be attributed, and an honest phone syncs meanwhile and after.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use menpai_server::simulate::{Client, Login, read_logins};
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::Hash;
use menpai_sync_core::json;
use menpai_sync_core::verdict::Verdict;
use menpai_sync_core::wire::{DownHeader, MAX_SLICES, ReceiptLine, SaidReceipt, deflate};
use menpai_tests::hostile::{Answer, Attacker, ENTRIES, PACKETS, REQUESTS, SLICES, connect};
use menpai_tests::workload::Worker;
use menpai_tests::{data_folder, process::Server};

/// Most memory that the server may ever take in these tests: its own start and four open
/// connections to the file are a third of it.
const MOST_MEMORY_KIB: u64 = 192 * 1_024;
/// How long the server waits for slow clients here.
const PATIENCE_MS: &str = "700";
/// Longest until a connection that says nothing useful is closed.
const SOON: Duration = Duration::from_secs(20);
/// Slow clients at once.
const SLOW: usize = 400;

/// A running server, somebody hostile and somebody honest.
struct Ground {
    server: Server,
    client: Client,
    logins: Vec<Login>,
    _folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let logins = read_logins(&data_folder::make(&data)).unwrap();
        let server = Server::start_with(&data, &["--patience", PATIENCE_MS]);
        Ground {
            client: Client::new(server.http(), None).unwrap(),
            logins,
            server,
            _folder: folder,
        }
    }

    fn address(&self) -> String {
        self.server.http().split_once("//").unwrap().1.to_owned()
    }

    fn attacker(&self) -> Attacker {
        Attacker::enrol(&self.client, &self.logins[0], 666)
    }

    /// Runs `attack` while an honest phone keeps recording and syncing; it does so once more
    /// afterwards, and the server has kept within its memory.
    fn withstand(mut self, attack: impl FnOnce(&Ground, &mut Attacker)) {
        let mut honest = Worker::enrol(&self.client, &self.logins[1], 1);
        honest.sync();
        let mut attacker = self.attacker();
        let over = AtomicBool::new(false);
        let contacts = std::thread::scope(|scope| {
            let honest = scope.spawn(|| {
                let mut contact = || {
                    honest.check_a_door();
                    // Panics unless everything was taken.
                    honest.sync();
                };
                let mut contacts = 1;
                while !over.load(Ordering::Relaxed) {
                    contact();
                    contacts += 1;
                }
                contact();
                contacts
            });
            let ending = Ending(&over);
            attack(&self, &mut attacker);
            drop(ending);
            honest.join().unwrap()
        });
        assert!(self.server.is_alive());
        let peak = self.server.peak_memory_kib();
        eprintln!("{contacts} honest contacts, at most {peak} KiB of memory");
        assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
    }
}

/// Ends the honest phone's work also where the attack panics.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn hostile_requests_are_refused_in_words_and_an_honest_phone_syncs_on() {
    Ground::new().withstand(|ground, attacker| {
        for case in REQUESTS {
            let answer = Answer::to(&ground.address(), &(case.make)(attacker));
            let Some(code) = case.code else {
                // Headers that HTTP cannot take: refused or closed, before anything is read.
                assert!(
                    [0, case.status, 413, 431].contains(&answer.status),
                    "{}: {}",
                    case.name,
                    answer.status
                );
                continue;
            };
            assert_eq!(answer.status, case.status, "{}", case.name);
            let refusal = answer.refusal();
            assert_eq!(refusal.code, code, "{}", case.name);
            assert!(!refusal.message.is_empty() && !refusal.next.is_empty(), "{}", case.name);
        }
    });
}

#[test]
fn hostile_slices_are_refused_one_by_one_and_leave_nothing() {
    Ground::new().withstand(|ground, attacker| {
        for case in SLICES {
            let body = (case.make)(attacker);
            let header = Answer::to(&ground.address(), &attacker.http(&body)).header();
            let refused = header.refused.unwrap_or_else(|| panic!("{}: taken", case.name));
            assert_eq!(
                (refused.slice, refused.code.as_str()),
                (case.slice, case.code),
                "{}",
                case.name
            );
            assert!(!refused.message.is_empty() && !refused.next.is_empty(), "{}", case.name);
            assert_eq!(header.received.seq, 0, "{} left something", case.name);
        }
    });
}

#[test]
fn hostile_packets_are_refused_in_words_and_leave_nothing() {
    Ground::new().withstand(|ground, attacker| {
        for case in PACKETS {
            let request = (case.make)(attacker);
            let answer = Answer::to(&ground.address(), &request);
            assert_eq!(answer.status, case.status, "{}", case.name);
            let refusal = answer.refusal();
            assert_eq!(refusal.code, case.code, "{}", case.name);
            assert!(!refusal.message.is_empty() && !refusal.next.is_empty(), "{}", case.name);
        }
        let header = Answer::to(&ground.address(), &attacker.http(&attacker.body(&[]))).header();
        assert_eq!(header.received.seq, 0, "something was left");
        // The same key seals an honest one, too.
        let entry = attacker.record("{}").into_bytes();
        let (slice, _) = attacker.slice(attacker.head, &[entry]);
        let packet = attacker.seal(&attacker.clear(), &attacker.body(&[slice]));
        assert_eq!(Answer::to(&ground.address(), &attacker.deliver(&packet)).status, 200);
    });
}

#[test]
fn whatever_can_be_attributed_is_held_with_its_reason() {
    Ground::new().withstand(|ground, attacker| {
        for case in ENTRIES {
            let entry = (case.make)(attacker);
            let (header, receipt) = send(ground, attacker, &[entry]);
            assert_eq!(header.refused, None, "{}", case.name);
            let verdicts = &receipt.unwrap().receipt.verdicts;
            assert_eq!(verdicts.len(), 1, "{} merged", case.name);
            assert_eq!(
                (verdicts[0].verdict, verdicts[0].reason),
                (Verdict::Held, Some(case.reason)),
                "{}",
                case.name
            );
        }
        // The same id with other bytes: whichever came first has it.
        let first = attacker.record(r#"{"mode":"door"}"#);
        let second = first.replace("door\"}", "phone\"}");
        let (_, receipt) = send(ground, attacker, &[first.into_bytes(), second.into_bytes()]);
        let reasons: Vec<_> = receipt
            .unwrap()
            .receipt
            .verdicts
            .iter()
            .filter_map(|verdict| verdict.reason)
            .collect();
        assert!(
            reasons.contains(&menpai_sync_core::verdict::Reason::SameIdOtherBytes),
            "{reasons:?}"
        );
    });
}

#[test]
fn slices_beyond_the_limit_wait_and_a_log_that_ends_at_2_63_harms_nobody() {
    Ground::new().withstand(|ground, attacker| {
        let mut body = attacker.body(&[]);
        let mut head = attacker.head;
        let mut ends = Vec::new();
        for _ in 0..=MAX_SLICES {
            let entry = attacker.record("{}").into_bytes();
            let (slice, end) = attacker.slice(head, &[entry]);
            body.extend(deflate(&slice));
            ends.push(end);
            head = end;
        }
        let copies = deflate(b"{}\n");
        (0..20_000).for_each(|_| body.extend_from_slice(&copies));
        let header = Answer::to(&ground.address(), &attacker.http(&body)).header();
        assert_eq!(header.refused.unwrap().code, "too_many_slices");
        assert_eq!(header.received.seq, ends[MAX_SLICES - 1].seq);

        // One entry past a gap of 2^63: kept, and the log goes on where it was.
        attacker.head = LogHead {
            seq: i64::MAX as u64 - 2,
            h: Hash([1; 32]),
        };
        let entry = attacker.record("{}").into_bytes();
        let (header, _) = send(ground, attacker, &[entry]);
        assert_eq!(header.refused, None);
        assert_eq!(header.received.seq, ends[MAX_SLICES - 1].seq);
        let claimed = attacker.head;
        attacker.head = LogHead {
            seq: u64::MAX,
            ..claimed
        };
        let header = Answer::to(&ground.address(), &attacker.http(&attacker.body(&[]))).header();
        assert_eq!(header.received.seq, ends[MAX_SLICES - 1].seq);
        attacker.head = ends[MAX_SLICES - 1];
        let entry = attacker.record("{}").into_bytes();
        let (header, _) = send(ground, attacker, &[entry]);
        assert_eq!(header.received.seq, MAX_SLICES as u64 + 1);
    });
}

#[test]
fn slow_clients_are_let_go_and_keep_nobody_out() {
    Ground::new().withstand(|ground, attacker| {
        let address = ground.address();
        let body = attacker.body(&[]);
        // Each signed anew: what was answered once is not waited for.
        let starts = || -> [Vec<u8>; 4] {
            let head = attacker.http_head_for(&body);
            [
                b"POST /api/v1/sync HTTP/1.1\r\nHost: loc".to_vec(),
                head.clone().into_bytes(),
                [
                    format!("{head}Content-Length: 5000\r\n\r\n").into_bytes(),
                    body[..9].to_vec(),
                ]
                .concat(),
                [
                    format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n").into_bytes(),
                    body[..5].to_vec(),
                ]
                .concat(),
            ]
        };
        let mut slow: Vec<_> = (0..SLOW)
            .map(|number| {
                let mut stream = connect(&address);
                stream.write_all(&starts()[number % 4]).unwrap();
                stream
            })
            .collect();
        for stream in &mut slow {
            // Returns only because the server has given up: none of them says another word.
            let answer = Answer::read(stream);
            // One phone has few places: most of its bodies are not even waited for.
            assert!([0, 400, 408, 429].contains(&answer.status), "{}", answer.status);
        }
    });
}

#[test]
fn a_body_without_end_is_answered_and_cut_off() {
    Ground::new().withstand(|ground, attacker| {
        let mut stream = connect(&ground.address());
        let header = attacker.body(&[]);
        let head = attacker.http_head_for(&header);
        stream
            .write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes())
            .unwrap();
        // Noise that deflate has to store: it would go on for ever.
        let noise: Vec<u8> = (0..30_000).map(|_| attacker.dice.throw().to_le_bytes()[0]).collect();
        let member = [header, deflate(&noise)[..20_000].to_vec()].concat();
        let mut chunk = format!("{:x}\r\n", member.len()).into_bytes();
        chunk.extend_from_slice(&member);
        chunk.extend_from_slice(b"\r\n");
        // It may read on for a moment, so that the answer is heard; then it closes.
        let started = Instant::now();
        while stream.write_all(&chunk).is_ok() {
            assert!(started.elapsed() < SOON, "it reads without end");
        }
    });
}

#[test]
fn a_body_shorter_than_promised_costs_the_unfinished_slice_only() {
    Ground::new().withstand(|ground, attacker| {
        let (one, end) = attacker.slice(attacker.head, &[b"1".to_vec()]);
        let (two, _) = attacker.slice(end, &[b"2".to_vec()]);
        let body = attacker.body(&[one, two]);
        let mut stream = connect(&ground.address());
        stream
            .write_all(&attacker.http(&body)[..attacker.http(&body).len() - 10])
            .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = Answer::read(&mut stream);
        let header = Answer::to(&ground.address(), &attacker.http(&attacker.body(&[]))).header();
        assert_eq!(header.received.seq, 1);
    });
}

/// Sends entries that continue the attacker's log.
fn send(
    ground: &Ground,
    attacker: &mut Attacker,
    entries: &[Vec<u8>],
) -> (DownHeader, Option<ReceiptLine<SaidReceipt>>) {
    let (slice, end) = attacker.slice(attacker.head, entries);
    attacker.head = end;
    let answer = Answer::to(&ground.address(), &attacker.http(&attacker.body(&[slice])));
    let lines = answer.lines();
    let receipt = lines.get(1).and_then(|line| json::read(line).ok());
    (answer.header(), receipt)
}
