//! The same world on a port of its own, with one worker, and phones that sign in and sync
//! over HTTP.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use futures_util::FutureExt;
use menpai_server::auth::signed_request::first_member;
use menpai_server::clock;
use menpai_server::office::records;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::deflate;
use serde_json::{Value, json};

use super::{PASSWORD, World, account};
pub(crate) use crate::listening::Answer;
use crate::listening::Listening;
use crate::phones::{CODE, HOUR_MS, Phone, grid};
use crate::support;

pub(crate) struct Served {
    http: Listening,
    pub(crate) world: World,
}

/// A phone that is enrolled.
pub(crate) struct SignedIn {
    pub(crate) phone: Phone,
}

impl SignedIn {
    /// The `Authorization` of its request now.
    pub(crate) fn authorise(&self, method: &str, address: &str, content: Option<&[u8]>) -> String {
        support::authorise(&self.phone.request_signer(), method, address, content)
    }
}

impl Served {
    pub(crate) fn new() -> Served {
        let world = World::new();
        Served {
            http: Listening::start(world.home.clone()),
            world,
        }
    }

    /// A worker's phone, enrolled, with a role in a grid.
    pub(crate) fn phone(&self, login: &str, name: &str, in_grid: u8) -> SignedIn {
        let worker = account(&self.world.home, login, name, CODE);
        let mut phone = Phone::new();
        phone.worker = worker;
        self.enrol(login, &phone);
        let from = Instant {
            unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
            offset_minutes: 480,
        };
        let office = &self.world.office;
        let body = records::assignment(worker, name, "grid_worker", Some(grid(in_grid)), from);
        office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
        SignedIn { phone }
    }

    /// Enrols a phone; what it is told.
    pub(crate) fn enrol(&self, login: &str, phone: &Phone) -> Value {
        let tell = async |step: &'static str, body: Value| {
            let answer = self.send("POST", &format!("/api/v1/enrolments/{step}"), &[], Some(&body));
            (answer.status, answer.json())
        };
        let enrols = support::enrol(&self.world.home, login, phone.device, &phone.signer, tell);
        enrols.now_or_never().unwrap()
    }

    /// Signs the secretary in; the cookie is for every further request.
    pub(crate) fn sign_in(&self) -> String {
        self.sign_in_as("secretary")
    }

    /// Signs another account in at its desk.
    pub(crate) fn sign_in_as(&self, login: &str) -> String {
        let body = json!({"account": login, "password": PASSWORD});
        let answer = self.send("POST", "/api/v1/desk/sessions", &[], Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.head("set-cookie");
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", &format!("/api/v1/desk/{path}"), &[("Cookie", cookie)], None)
    }

    /// What the desk reads at an address.
    pub(crate) fn read(&self, path: &str, cookie: &str) -> Value {
        let answer = self.get(path, cookie);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// One sync of everything that the phone has, or of nothing new; what it is told of itself.
    pub(crate) fn sync(&self, signed_in: &SignedIn) -> String {
        self.sync_answer(signed_in).head("menpai-phone")
    }

    /// The same; everything that it is sent.
    pub(crate) fn sync_answer(&self, signed_in: &SignedIn) -> Answer {
        let phone = &signed_in.phone;
        let header = json!({"menpai": 1, "community": CODE, "device": phone.device, "last": phone.last(),
                            "clock": clock::now(), "log": null, "cursor": {}});
        let mut body = deflate(format!("{header}\n").as_bytes());
        if phone.last() > 0 {
            body.extend(deflate(&phone.slice_bytes(1, phone.last())));
        }
        let signed = signed_in.authorise("POST", "/api/v1/sync", Some(first_member(&body)));
        let headers = [("Content-Type", "application/gzip"), ("Authorization", &signed)];
        let answer = self.http.send("POST", "/api/v1/sync", &headers, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let origin = self.http.origin();
        let mut all = vec![("Origin", origin.as_str())];
        if body.is_some() {
            all.push(("Content-Type", "application/json"));
        }
        all.extend(headers);
        let body = body.map(Value::to_string).unwrap_or_default();
        self.http.send(method, path, &all, body.as_bytes())
    }

    /// Opens a stream of events.
    pub(crate) fn events(&self, cookie: &str, last_event_id: Option<u64>) -> Events {
        let id = last_event_id.map(|id| id.to_string()).unwrap_or_default();
        let mut headers = vec![("Cookie", cookie)];
        if last_event_id.is_some() {
            headers.push(("Last-Event-ID", &id));
        }
        let stream = self.http.begin("GET", "/api/v1/desk/events", &headers, 0);
        let mut lines = BufReader::new(stream);
        let mut status = String::new();
        lines.read_line(&mut status).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            lines.read_line(&mut head).unwrap();
        }
        Events {
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            lines,
        }
    }
}

/// A stream of events as it comes.
pub(crate) struct Events {
    pub(crate) status: u16,
    lines: BufReader<TcpStream>,
}

impl Events {
    /// The next event's id and data; `None` once the stream has ended.
    pub(crate) fn next(&mut self) -> Option<(u64, Value)> {
        let mut id = None;
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(text) = line.trim_end().strip_prefix("id: ") {
                id = Some(text.parse().unwrap());
            } else if let Some(data) = line.trim_end().strip_prefix("data: ") {
                return Some((id.unwrap(), serde_json::from_str(data).unwrap()));
            }
        }
    }
}
