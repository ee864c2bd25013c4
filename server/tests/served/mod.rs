//! A server in this process with a phone signed in at it, and the few bytes of HTTP and of
//! protocol that the tests send it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses its part"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use actix_web::{HttpServer, web};
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_server::office::records;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use menpai_server::sync::Community;
use menpai_sync_core::wire::{deflate, inflate_member};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::phones::{self, Phone, grid};
use crate::support::{self, CODE, PASSWORD, code};

/// A server in this process, and a phone signed in at it.
pub struct Served {
    _folder: TempDir,
    pub home: web::Data<Home>,
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    pub fn new() -> Served {
        let (folder, home) = support::home();
        let (send, receive) = std::sync::mpsc::channel();
        let served = home.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let web_folder = web::Data::new(WebFolder::default());
                let server = HttpServer::new(move || app(served.clone(), web_folder.clone()))
                    .workers(1)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                send.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = receive.recv().unwrap();
        Served {
            _folder: folder,
            home,
            address,
            handle,
            thread: Some(thread),
        }
    }

    pub fn community(&self) -> Arc<Community> {
        self.home.communities.get(code()).unwrap().unwrap()
    }

    pub fn office(&self) -> Office {
        Office::of_home(&self.home, code()).unwrap()
    }

    /// Signs a phone in and gives its worker a grid.
    pub fn sign_in(&self, account: &str, in_grid: u8) -> (Phone, String) {
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

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.begin(method, path, headers, body.len());
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    pub fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    pub fn sync(&self, token: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        self.send(
            "POST",
            "/api/v1/sync",
            &[("Content-Type", "application/gzip"), ("Authorization", &bearer)],
            body,
        )
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let stop = self.handle.stop(false);
        let _ = std::thread::spawn(|| actix_web::rt::System::new().block_on(stop)).join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    head: String,
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
        Answer {
            status,
            body: bytes[end + 4..].to_vec(),
            head,
        }
    }

    /// A header's value; empty if it is not there.
    pub fn head(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// The lines of a sync answer.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        assert_eq!(self.status, 200, "{}", self.text());
        let (body, rest) = inflate_member(&self.body, 8 << 20).unwrap();
        assert!(rest.is_empty());
        body.strip_suffix(b"\n")
            .unwrap()
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    }

    pub fn header(&self) -> Value {
        serde_json::from_slice(&self.lines()[0]).unwrap()
    }
}

pub fn header(phone: &Phone) -> Value {
    json!({"menpai": 1, "community": CODE, "device": phone.device, "last": phone.last(),
           "clock": clock::now(), "log": null, "cursor": {}})
}

pub fn body(header: &Value, slices: &[Vec<u8>]) -> Vec<u8> {
    let mut body = deflate(format!("{header}\n").as_bytes());
    for slice in slices {
        body.extend(deflate(slice));
    }
    body
}
