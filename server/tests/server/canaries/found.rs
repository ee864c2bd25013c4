//! Every byte that somebody can fetch.

use menpai_server::auth::admit::Guard;
use menpai_server::clock;
use menpai_server::office::records;
use menpai_server::router::ROUTES;
use menpai_sync_core::ids::GridId;
use menpai_sync_core::registry::Document;
use menpai_sync_core::snapshot::Snapshot;
use menpai_sync_core::time::Instant;

use super::planted::Planted;
use crate::desk_world::account;
use crate::desk_world::http::{Served, SignedIn};
use crate::phones::{CODE, HOUR_MS, Phone, grid};

/// What each page of the desk sends to a session, however it is asked, unpacked where it is packed.
/// A page that lets in and has nothing is asked wrongly: it fails.
pub(super) fn at_the_desk(served: &Served, planted: &Planted, cookie: &str) -> Vec<(String, String)> {
    let mut answers = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "get") {
        if route.guard != Guard::SignedIn && route.guard.action().is_none() {
            continue;
        }
        let path = route.path.strip_prefix("/desk/").unwrap();
        if path == "events" {
            let mut events = served.events(cookie, None);
            if events.status == 200 {
                answers.push((path.to_owned(), events.next().unwrap().1.to_string()));
            }
            continue;
        }
        for question in questions(path, &planted.person) {
            let asked = format!("{path}{question}");
            let answer = served.get(&asked, cookie);
            if answer.status != 403 {
                assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
                let bytes = unpacked(&asked, answer.body);
                answers.push((asked, text(&bytes)));
            }
        }
    }
    answers
}

/// How a page is asked for everything that it has.
fn questions(path: &str, person: &str) -> Vec<String> {
    let files = || ["csv", "xlsx"].map(|format| format!("?format={format}")).to_vec();
    match path {
        "records" => vec!["?verdict=all&limit=100".to_owned()],
        "audit" => vec![String::new(), format!("?name={person}")],
        "erasures" => vec![format!("?name={person}")],
        "export/registry" => ["open", "care"]
            .map(|class| format!("?part={}/{class}", grid(1)))
            .to_vec(),
        "export/records" => files().iter().map(|format| format!("{format}&verdict=all")).collect(),
        path if path.starts_with("export/") => files(),
        _ => vec![String::new()],
    }
}

fn unpacked(asked: &str, bytes: Vec<u8>) -> Vec<u8> {
    if let Some(part) = asked.strip_prefix("export/registry?part=") {
        let document = Document::load(&bytes, CODE.parse().unwrap(), part.parse().unwrap(), 1).unwrap();
        return document.save_plain();
    }
    if !asked.contains("format=xlsx") {
        return bytes;
    }
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut all = Vec::new();
    for file in 0..book.len() {
        std::io::copy(&mut book.by_index(file).unwrap(), &mut all).unwrap();
    }
    all
}

/// What a new phone of somebody with this role is sent, by sync and as snapshots.
pub(super) fn on_a_phone(served: &Served, role: &str, which: &str, in_grid: Option<GridId>) -> String {
    let login = format!("{role}-{which}");
    let mut phone = Phone::new();
    phone.worker = account(&served.world.home, &login, role, CODE);
    served.enrol(&login, &phone);
    let from = Instant {
        unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
        offset_minutes: 480,
    };
    let office = &served.world.office;
    let body = records::assignment(phone.worker, role, role, in_grid, from);
    office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
    let phone = SignedIn { phone };
    let answer = served.sync_answer(&phone);
    let more = answer.header()["more"].clone();
    assert!(more.is_null() || more == false, "{more}");
    let mut all = answer.lines().join(&b'\n');
    let address = "/api/v1/snapshots";
    let signed = phone.authorise("GET", address, None);
    let answer = served.send("GET", address, &[("Authorization", &signed)], None);
    let mut bytes = answer.body.as_slice();
    if answer.status != 200 {
        assert_eq!(answer.status, 404, "{}", answer.text());
        bytes = &[];
    }
    while let Some((snapshot, used)) = Snapshot::read(bytes).unwrap() {
        let facts = &snapshot.facts;
        all.extend_from_slice(&snapshot.lines);
        if !snapshot.document.is_empty() {
            let document = Document::load(&snapshot.document, CODE.parse().unwrap(), facts.part, facts.epoch);
            all.extend(document.unwrap().save_plain());
        }
        bytes = &bytes[used..];
    }
    text(&all)
}

/// Canaries are of ASCII: what is no text around them does not matter.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
