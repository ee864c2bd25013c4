//! A server in this process with a phone signed in at it, and the few bytes of protocol that
//! the tests send it.

use std::net::TcpStream;
use std::sync::Arc;

use actix_web::web;
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
use crate::support::{self, CODE, PASSWORD, code};

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

    /// Signs a phone in and gives its worker a grid.
    pub(crate) fn sign_in(&self, account: &str, in_grid: u8) -> (Phone, String) {
        let mut phone = Phone::new();
        let body = json!({"account": account, "password": PASSWORD, "device":
            {"id": phone.device, "public_key": phone.signer.public_key(), "name": "测试手机"}});
        let answer = self.send(
            "POST",
            "/api/v1/sessions",
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        let said = answer.json();
        phone.worker = serde_json::from_value(said["worker"]["id"].clone()).unwrap();
        let from = menpai_sync_core::time::Instant {
            unix_ms: clock::now_ms() - 30 * 24 * phones::HOUR_MS,
            offset_minutes: 480,
        };
        let office = self.office();
        let body = records::assignment(phone.worker, "刘敏", "grid_worker", Some(grid(in_grid)), from);
        office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
        (phone, said["token"].as_str().unwrap().to_owned())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.http.send(method, path, headers, body)
    }

    pub(crate) fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> TcpStream {
        self.http.begin(method, path, headers, length)
    }

    pub(crate) fn sync(&self, token: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        self.send(
            "POST",
            "/api/v1/sync",
            &[("Content-Type", "application/gzip"), ("Authorization", &bearer)],
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
