//! A server in this process with a phone signed in at it, and the few bytes of protocol that
//! the tests send it.

use std::net::TcpStream;
use std::sync::Arc;

use actix_web::web;
use futures_util::FutureExt;
use menpai_server::auth::signed_request::{PhoneSigner, first_member};
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::limits::Limits;
use menpai_server::office::Office;
use menpai_server::office::records;
use menpai_server::sync::Community;
use menpai_sync_core::wire::{deflate, inflate_members, lines};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use crate::listening::Answer;
use crate::listening::Listening;
use crate::phones::{self, Phone, grid};
use crate::support::{self, CODE, authorise, code};

/// A server in this process, and a phone signed in at it.
pub(crate) struct Served {
    http: Listening,
    pub(crate) home: web::Data<Home>,
    _folder: TempDir,
}

impl Served {
    pub(crate) fn new() -> Served {
        Served::with_limits(Limits::DEFAULT)
    }

    /// Where so much may be asked.
    pub(crate) fn with_limits(limits: Limits) -> Served {
        let (folder, home) = support::home_with(limits);
        Served {
            http: Listening::start(home.clone()),
            home,
            _folder: folder,
        }
    }

    pub(crate) fn community(&self) -> Arc<Community> {
        self.home.communities.get(code()).unwrap().unwrap()
    }

    pub(crate) fn office(&self) -> Office {
        Office::of_home(&self.home, code()).unwrap()
    }

    /// Enrols a phone and gives its worker a grid.
    pub(crate) fn sign_in(&self, account: &str, in_grid: u8) -> (Phone, PhoneSigner) {
        let mut phone = Phone::new();
        let said = self.enrol(account, &phone);
        phone.worker = serde_json::from_value(said["worker"]["id"].clone()).unwrap();
        let from = menpai_sync_core::time::Instant {
            unix_ms: clock::now_ms() - 30 * 24 * phones::HOUR_MS,
            offset_minutes: 480,
        };
        let office = self.office();
        let body = records::assignment(phone.worker, "刘敏", "grid_worker", Some(grid(in_grid)), from);
        office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
        let signer = phone.request_signer();
        (phone, signer)
    }

    /// Enrols a phone; what it is told.
    pub(crate) fn enrol(&self, account: &str, phone: &Phone) -> Value {
        let tell = async |step: &'static str, body: Value| {
            let path = format!("/api/v1/enrolments/{step}");
            let json = [("Content-Type", "application/json")];
            let answer = self.send("POST", &path, &json, body.to_string().as_bytes());
            (answer.status, answer.json())
        };
        let enrols = support::enrol(&self.home, account, phone.device, &phone.signer, tell);
        enrols.now_or_never().unwrap()
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.http.send(method, path, headers, body)
    }

    pub(crate) fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> TcpStream {
        self.http.begin(method, path, headers, length)
    }

    pub(crate) fn sync(&self, signer: &PhoneSigner, body: &[u8]) -> Answer {
        let signed = authorise(signer, "POST", "/api/v1/sync", Some(first_member(body)));
        self.send(
            "POST",
            "/api/v1/sync",
            &[("Content-Type", "application/gzip"), ("Authorization", &signed)],
            body,
        )
    }
}

impl Answer {
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// The lines of a sync answer, with the header of its first member only.
    pub(crate) fn lines(&self) -> Vec<Vec<u8>> {
        let [first, rest @ ..] = &*self.members() else {
            panic!("an answer has a member")
        };
        let rest = rest.iter().flat_map(|lines| &lines[1..]);
        first.iter().chain(rest).cloned().collect()
    }

    /// The header; how far the lines go, the last member says.
    pub(crate) fn header(&self) -> Value {
        let members = self.members();
        let read = |lines: &Vec<Vec<u8>>| serde_json::from_slice::<Value>(&lines[0]).unwrap();
        let (mut header, last) = (read(&members[0]), members.last().map(read).unwrap());
        for member in ["cursor", "more", "digests"] {
            match last.get(member) {
                Some(said) => header[member] = said.clone(),
                None => drop(header.as_object_mut().unwrap().remove(member)),
            }
        }
        header
    }

    fn members(&self) -> Vec<Vec<Vec<u8>>> {
        assert_eq!(self.status, 200, "{}", self.text());
        let members = inflate_members(&self.body, 8 << 20).unwrap();
        let lines = |text: &Vec<u8>| lines(text).unwrap().map(<[u8]>::to_vec).collect();
        members.iter().map(lines).collect()
    }
}

pub(crate) fn header(phone: &Phone) -> Value {
    json!({"menpai": 1, "community": CODE, "device": phone.device, "last": phone.last(),
           "clock": clock::now(), "log": null, "cursor": {}})
}

pub(crate) fn body(header: &Value, slices: &[Vec<u8>]) -> Vec<u8> {
    let mut body = deflate(format!("{header}\n").as_bytes());
    for slice in slices {
        body.extend(deflate(slice));
    }
    body
}
