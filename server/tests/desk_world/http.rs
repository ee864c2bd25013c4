//! The same world on a port of its own, with one worker, and phones that sign in and sync
//! over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::{HttpServer, web};
use menpai_server::clock;
use menpai_server::office::records;
use menpai_server::router::app;
use menpai_server::routes::static_files::WebFolder;
use menpai_server::store::node::Role;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::deflate;
use serde_json::{Value, json};

use super::super::phones::{CODE, HOUR_MS, Phone, grid};
use super::{PASSWORD, World, account};

/// Longer than anything here takes; a test that hangs must end.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Served {
    pub world: World,
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// A phone that is signed in.
pub struct SignedIn {
    pub phone: Phone,
    token: String,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Served {
    pub fn new() -> Served {
        let world = World::new();
        let (send, receive) = std::sync::mpsc::channel();
        let home = world.home.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let web_folder = web::Data::new(WebFolder::default());
                let server = HttpServer::new(move || app(home.clone(), web_folder.clone()))
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
            world,
            address,
            handle,
            thread: Some(thread),
        }
    }

    /// A worker's phone, signed in, with a role in a grid.
    pub fn phone(&self, login: &str, name: &str, in_grid: u8) -> SignedIn {
        let worker = account(&self.world.home, login, name, CODE, Role::Worker);
        let mut phone = Phone::new();
        phone.worker = worker;
        let body = json!({"account": login, "password": PASSWORD, "device":
            {"id": phone.device, "public_key": phone.signer.public_key(), "name": "红米 12C"}});
        let answer = self.send("POST", "/api/v1/sessions", &[], Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let from = Instant {
            unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
            offset_minutes: 480,
        };
        let office = &self.world.office;
        let body = records::assignment(worker, name, "grid_worker", Some(grid(in_grid)), from);
        office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
        SignedIn {
            phone,
            token: answer.json()["token"].as_str().unwrap().to_owned(),
        }
    }

    /// Signs the secretary in; the cookie is for every further request.
    pub fn sign_in(&self) -> String {
        let body = json!({"account": "secretary", "password": PASSWORD});
        let answer = self.send("POST", "/api/v1/desk/sessions", &[], Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", &format!("/api/v1/desk/{path}"), &[("Cookie", cookie)], None)
    }

    /// What the desk reads at an address.
    pub fn read(&self, path: &str, cookie: &str) -> Value {
        let answer = self.get(path, cookie);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// One sync of everything that the phone has, or of nothing new.
    pub fn sync(&self, signed_in: &SignedIn) {
        let phone = &signed_in.phone;
        let header = json!({"menpai": 1, "community": CODE, "device": phone.device, "last": phone.last(),
                            "clock": clock::now(), "log": null, "cursor": {}});
        let mut body = deflate(format!("{header}\n").as_bytes());
        if phone.last() > 0 {
            body.extend(deflate(&phone.slice_bytes(1, phone.last())));
        }
        let bearer = format!("Bearer {}", signed_in.token);
        let headers = [("Content-Type", "application/gzip"), ("Authorization", &bearer)];
        let answer = self.exchange("POST", "/api/v1/sync", &headers, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let origin = format!("http://{}", self.address);
        let mut all = vec![("Origin", origin.as_str())];
        if body.is_some() {
            all.push(("Content-Type", "application/json"));
        }
        all.extend(headers);
        let body = body.map(Value::to_string).unwrap_or_default();
        self.exchange(method, path, &all, body.as_bytes())
    }

    fn exchange(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.begin(method, path, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = &bytes[end + 4..];
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: if chunked { unchunked(body) } else { body.to_vec() },
            head,
        }
    }

    fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n",
            self.address
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    /// Opens a stream of events.
    pub fn events(&self, cookie: &str, last_event_id: Option<u64>) -> Events {
        let id = last_event_id.map(|id| id.to_string()).unwrap_or_default();
        let mut headers = vec![("Cookie", cookie)];
        if last_event_id.is_some() {
            headers.push(("Last-Event-ID", &id));
        }
        let stream = self.begin("GET", "/api/v1/desk/events", &headers, b"");
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

impl Drop for Served {
    fn drop(&mut self) {
        let stop = self.handle.stop(false);
        let _ = std::thread::spawn(|| actix_web::rt::System::new().block_on(stop)).join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// A stream of events as it comes.
pub struct Events {
    pub status: u16,
    lines: BufReader<TcpStream>,
}

impl Events {
    /// The next event's id and data; `None` once the stream has ended.
    pub fn next(&mut self) -> Option<(u64, Value)> {
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

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}
