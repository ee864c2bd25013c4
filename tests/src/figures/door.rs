//! What it costs the server to let somebody in: its CPU for the signature of a phone's request, and
//! for a TLS connection with all of its handshake or a resumed one.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use menpai_server::simulate::{Client, Failure, read_logins};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, Stream};

use super::{Figure, median};
use crate::process::Server;
use crate::workload::{SEED, Worker, found};

const REQUESTS: usize = 300;
const CONNECTIONS: usize = 300;
const RUNS: usize = 5;

/// Microseconds of CPU for who asks, and handshakes a core manages in a second.
#[must_use]
pub fn measure_door(folder: &Path) -> Vec<Figure> {
    let data = folder.join("door");
    let logins = read_logins(&found(&data)).unwrap();
    let server = Server::start_with(&data, &["--nightly", "off"]);
    let client = Client::new(server.http(), None).unwrap();
    let worker = Worker::enrol(&client, &logins[0], SEED);
    let (mut signed, mut handshakes) = (Vec::new(), Vec::new());
    let mut resumed = 0;
    // A body that ends before its header: whoever is let in is told so, and nothing is looked up for it.
    let ask = || match client.sync(worker.signer(), b"") {
        Err(Failure::Answer { status: 400, .. }) => {}
        other => panic!("{other:?}"),
    };
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let address = format!("{}/api/v1/sync", server.http());
    let knock = || {
        let mut answer = agent.post(&address).send_empty().unwrap();
        assert_eq!(answer.status(), 401);
        answer.body_mut().read_to_vec().unwrap();
    };
    let cpu = |times: usize, what: &dyn Fn()| {
        let before = server.cpu_seconds();
        (0..times).for_each(|_| what());
        (server.cpu_seconds() - before) / times as f64
    };
    ask();
    knock();
    for _ in 0..RUNS {
        signed.push((cpu(REQUESTS, &ask) - cpu(REQUESTS, &knock)) * 1e6);
        let anew = Arc::new(trusting(&server, Resumption::disabled()));
        let each = cpu(CONNECTIONS, &|| {
            assert_eq!(connect(&server, &anew), HandshakeKind::Full);
        });
        handshakes.push(1.0 / each);
        let again = Arc::new(trusting(&server, Resumption::in_memory_sessions(8)));
        let is_resumed = |_: &usize| connect(&server, &again) == HandshakeKind::Resumed;
        resumed += (0..CONNECTIONS).filter(is_resumed).count();
    }
    let share = resumed as f64 / (RUNS * CONNECTIONS) as f64;
    vec![
        Figure::new("auth_cost_us_per_sync", median(signed), "us", RUNS * REQUESTS),
        Figure::new(
            "tls_handshakes_per_s",
            median(handshakes),
            "handshakes/s",
            RUNS * CONNECTIONS,
        ),
        Figure::new("tls_resumed_share", share, "ratio", RUNS * CONNECTIONS),
    ]
}

fn trusting(server: &Server, resumption: Resumption) -> ClientConfig {
    let (_, authority) = server.https();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.resumption = resumption;
    config
}

/// One connection with one small request, to its end: what is needed to resume comes after the
/// handshake.
fn connect(server: &Server, config: &Arc<ClientConfig>) -> HandshakeKind {
    let (url, _) = server.https();
    let address = url.trim_start_matches("https://");
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut stream = Stream::new(&mut connection, &mut socket);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // Whoever says that the connection ends need not say goodbye.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => panic!("{error}"),
        _ => {}
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    connection.handshake_kind().unwrap()
}
