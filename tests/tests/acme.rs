//! A public name's certificate: asked of a real ACME authority (Pebble, which Let's Encrypt tests with), which
//! looks at the real server over TLS; kept over restarts; and the local authority where there is none.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use menpai_server::simulate::{Client, Login, read_logins};
use menpai_server::tls::install_provider;
use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::signature::Signer;
use menpai_tests::data_folder;
use menpai_tests::process::{How, Server};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Longest for a certificate, and for an authority to start.
const SOON: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A name that leads to this machine without a name server.
const NAME: &str = "localhost";

#[test]
fn a_public_name_gets_its_certificate_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let logins = read_logins(&data_folder::make(&data)).unwrap();
    let [at, management, https] = free_ports();
    let own_root = folder.path().join("pebble.pem");
    let pebble = Pebble::start(folder.path(), at, management, https, &own_root);
    let roots = folder.path().join("public.pem");
    fs::write(&roots, pebble.roots()).unwrap();
    let how = How {
        more: [
            ["--acme-name", NAME],
            ["--acme-contact", "office@example.org"],
            ["--acme-directory", &format!("https://127.0.0.1:{at}/dir")],
            ["--acme-roots", own_root.to_str().unwrap()],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect(),
        ..How::default()
    };

    let mut server = Server::start_at(&data, https, how);
    let public = Client::new(&format!("https://{NAME}:{https}"), Some(&roots)).unwrap();
    let since = Instant::now();
    while !lets_in(&public, &logins[0]) {
        assert!(
            since.elapsed() < SOON,
            "{}",
            fs::read_to_string(data.join("server.log")).unwrap()
        );
        std::thread::sleep(LOOK_EVERY);
    }

    // The authority is away: what was got is kept.
    drop(pebble);
    server.kill();
    server.restart();
    let since = Instant::now();
    while !lets_in(&public, &logins[0]) {
        assert!(since.elapsed() < SOON, "it was not kept");
        std::thread::sleep(LOOK_EVERY);
    }

    // Nothing is kept, and nobody gives one: phones that trust the local authority still come in.
    server.kill();
    fs::remove_dir_all(data.join("tls/acme")).unwrap();
    server.restart();
    assert!(!lets_in(&public, &logins[0]));
    let (url, authority) = server.https();
    assert!(lets_in(&Client::new(url, Some(&authority)).unwrap(), &logins[0]));
}

/// Whether a phone that trusts a client's authority comes in over TLS.
fn lets_in(client: &Client, login: &Login) -> bool {
    let key = Signer::from_bytes(&menpai_server::data_folder::new_secret_key()).unwrap();
    let device = DeviceId::from_bytes(menpai_server::clock::random());
    client.enrol(login, device, &key, "红米 12C").is_ok()
}

/// An ACME authority of this machine's own; gone with this.
struct Pebble {
    child: Child,
    management: u16,
    own_root: Vec<u8>,
}

impl Pebble {
    fn start(folder: &Path, at: u16, management: u16, https: u16, own_root: &Path) -> Pebble {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        fs::write(own_root, certificate.pem()).unwrap();
        let key_file = folder.join("pebble-key.pem");
        fs::write(&key_file, key.serialize_pem()).unwrap();
        let settings = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{at}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": own_root, "privateKey": key_file, "httpPort": 0, "tlsPort": https,
        }});
        let file = folder.join("pebble.json");
        fs::write(&file, settings.to_string()).unwrap();
        let child = Command::new("pebble")
            .arg("-config")
            .arg(file)
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is installed by `make setup`");
        Pebble {
            child,
            management,
            own_root: certificate.der().to_vec(),
        }
    }

    /// The root of the certificates that it gives.
    fn roots(&self) -> String {
        install_provider();
        let root = Certificate::from_der(&self.own_root).to_owned();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(vec![root])))
            .build();
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .tls_config(tls)
            .build()
            .new_agent();
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        let since = Instant::now();
        loop {
            match agent.get(&url).call() {
                Ok(mut answer) => return answer.body_mut().read_to_string().unwrap(),
                Err(error) => assert!(since.elapsed() < SOON, "{error}"),
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that were free a moment ago: others have to know them before anybody listens.
fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners: [TcpListener; COUNT] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
