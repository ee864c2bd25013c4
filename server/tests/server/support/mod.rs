//! A home in a folder of its own, with one community, a worker and a secretary; and the real
//! program on free ports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use actix_web::web;
use menpai_server::auth::hash_password;
use menpai_server::auth::invitation::{Agreed, InvitationCode, commitment};
use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::limits::Limits;
use menpai_server::office::{Office, invitations};
use menpai_server::store::node::{self, Account};
use menpai_sync_core::ids::{CommunityCode, DeviceId, hex, unhex};
use menpai_sync_core::signature::{PublicKey, Signer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::desk_world::appoint;

pub(crate) const CODE: &str = "410102002005";
pub(crate) const PASSWORD: &str = "k7mw-p3qt-9xyz";

pub(crate) fn code() -> CommunityCode {
    CODE.parse().unwrap()
}

/// A home with a community, account `liu` (worker) and account `he` (secretary).
pub(crate) fn home() -> (TempDir, web::Data<Home>) {
    home_with(Limits::DEFAULT)
}

/// The same, where so much may be asked.
pub(crate) fn home_with(limits: Limits) -> (TempDir, web::Data<Home>) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(&folder.path().join("data")).unwrap().with_limits(limits);
    let office = Office::found(&home, code()).unwrap();
    let password_hash = hash_password(PASSWORD).unwrap();
    for name in ["liu", "chen", "he"] {
        let account = Account {
            name: name.to_owned(),
            password_hash: password_hash.clone(),
            worker: clock::new_worker_id(),
            display_name: "刘敏".to_owned(),
            community: code(),
        };
        if name == "he" {
            appoint(&office, account.worker, &account.display_name, "community_secretary");
        }
        home.node_store()
            .write(|tx| {
                node::insert_account(tx, &account, 0)?;
                // Tests of the second factor undo it: everybody else signs in with a password.
                node::mark_demo_account(tx, name)
            })
            .unwrap();
    }
    (folder, web::Data::new(home))
}

/// A phone that is being enrolled: what it knows, and what it says at each step.
pub(crate) struct Newcomer<'a> {
    pub(crate) code: InvitationCode,
    pub(crate) device: DeviceId,
    pub(crate) key: &'a Signer,
    pub(crate) nonce: [u8; 32],
}

impl Newcomer<'_> {
    pub(crate) fn begin(&self) -> Value {
        let commitment = commitment(self.device, &self.key.public_key(), &self.nonce);
        json!({"code": self.code, "device": self.device, "commitment": commitment})
    }

    /// What it shows once it was told `begun`, and the digits on its screen.
    pub(crate) fn show(&self, begun: &Value) -> (Value, String) {
        let home_key: PublicKey = serde_json::from_value(begun["home"]["public_key"].clone()).unwrap();
        let home_nonce = unhex(begun["nonce"].as_str().unwrap()).unwrap().try_into().unwrap();
        let public_key = self.key.public_key();
        let agreed = Agreed {
            community: begun["community"]["code"].as_str().unwrap().parse().unwrap(),
            code_hash: self.code.hash(),
            device: self.device,
            public_key: &public_key,
            phone_nonce: &self.nonce,
            home_nonce: &home_nonce,
            home_key: &home_key,
        };
        let shows = json!({
            "device": {"id": self.device, "public_key": public_key, "name": "红米 12C"},
            "nonce": hex(&self.nonce), "signature": self.key.sign(&agreed.message()).to_string(),
        });
        (shows, agreed.comparison())
    }
}

/// Enrols a phone as the office does: invitation, six digits, confirmation. `tell` sends a step's body
/// to the server. What the phone is told at the end.
pub(crate) async fn enrol(
    home: &Home,
    account: &str,
    device: DeviceId,
    key: &Signer,
    tell: impl AsyncFn(&'static str, Value) -> (u16, Value),
) -> Value {
    let account = home
        .node_store()
        .read(|connection| node::find_account(connection, account))
        .unwrap()
        .unwrap();
    let made = invitations::invite(home, &account, account.worker).unwrap();
    let newcomer = Newcomer {
        code: made.code,
        device,
        key,
        nonce: clock::random(),
    };
    let (status, begun) = tell("begin", newcomer.begin()).await;
    assert_eq!(status, 200, "{begun}");
    let (shows, digits) = newcomer.show(&begun);
    let (status, waits) = tell("show", shows.clone()).await;
    assert_eq!((status, &waits["state"]), (200, &json!("shown")), "{waits}");
    invitations::confirm(home, account.community, account.worker, &made.id, &digits).unwrap();
    let (status, enrolled) = tell("show", shows).await;
    assert_eq!((status, &enrolled["state"]), (200, &json!("confirmed")), "{enrolled}");
    enrolled
}

/// The `Authorization` of a phone's request now.
pub(crate) fn authorise(signer: &PhoneSigner, method: &str, address: &str, content: Option<&[u8]>) -> String {
    signer.authorise(method, address, content, clock::now_ms(), clock::random())
}

/// A roster of four persons in two grids, as CSV.
pub(crate) const ROSTER: &str = "网格,小区/院,楼栋,单元,门牌,姓名,性别,身份证号,出生日期,电话,与户主关系,人员类别,备注\n\
    第1网格,桐柏路61号院,16号楼,1,101,赵一,男,,1950-03-04,13000000001,户主,独居,每2天探访一次\n\
    第1网格,桐柏路61号院,16号楼,1,102,钱二,女,,1980-05-06,13000000002,户主,,\n\
    第1网格,桐柏路61号院,16号楼,1,102,钱小二,男,,2010-07-08,,子,,\n\
    第2网格,桐柏路63号院,2号楼,2,301,孙三,女,,1990-09-10,13000000003,户主,,\n";

/// The real server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) http: String,
    pub(crate) https: String,
    /// Where plain http leads to TLS, if asked for.
    pub(crate) plain: Option<String>,
    pub(crate) data: String,
}

impl Server {
    /// Starts on free ports and waits for its line of JSON.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_menpai"))
            .args([
                "serve",
                "--http",
                ":0",
                "--https",
                "127.0.0.1:0",
                "--announce-json",
                "--data",
            ])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no addresses: {line:?}"));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Server {
            http: text("http"),
            https: text("https"),
            plain: said["plain"].as_str().map(str::to_owned),
            data: text("data"),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one GET over any stream and returns head and body.
pub(crate) fn get(stream: &mut (impl Read + Write), path: &str) -> (String, String) {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    // A TLS peer that closes without notice is an error after the whole answer.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.to_lowercase(), body.to_owned())
}

/// A connection to `http://host:port`.
pub(crate) fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.split_once("://").unwrap().1).unwrap()
}
