//! The real program: TLS, one writer, work handed over, headers.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use crate::support::{CODE, ROSTER, Server, code, connect, get, home};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A connection that trusts these and no others.
fn over_tls(server: &Server, roots: RootCertStore, name: &str) -> StreamOwned<ClientConnection, std::net::TcpStream> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, connect(&server.https))
}

#[test]
fn who_trusts_the_authority_gets_a_handshake_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let mut trusted = RootCertStore::empty();
    let authority = format!("{}/tls/authority.pem", server.data);
    trusted.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let handshake = |roots: RootCertStore, name: &str| over_tls(&server, roots, name);
    for name in ["localhost", "127.0.0.1"] {
        let (head, body) = get(&mut handshake(trusted.clone(), name), "/healthz");
        assert!(head.starts_with("http/1.1 200"), "{name}: {head}");
        assert!(body.contains("ok"));
    }
    let mut stranger = handshake(trusted, "elsewhere.example");
    assert!(stranger.conn.complete_io(&mut stranger.sock).is_err());
    let mut untrusting = handshake(RootCertStore::empty(), "localhost");
    assert!(untrusting.conn.complete_io(&mut untrusting.sock).is_err());
}

#[test]
fn an_offices_own_certificate_is_served_and_holds_browsers_to_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["office.example".to_owned()]).unwrap();
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files = [
        "--tls-certificate",
        chain.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let server = Server::start(&folder.path().join("data"), &files);
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let (head, _) = get(&mut over_tls(&server, roots, "office.example"), "/healthz");
    assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");
    // Plain http on this machine is not told so.
    let (head, _) = get(&mut connect(&server.http), "/healthz");
    assert!(!head.contains("strict-transport-security"), "{head}");
}

#[test]
fn plain_http_leads_to_tls_and_hands_out_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &["--plain", "127.0.0.1:0"]);
    let plain = server.plain.as_deref().unwrap();
    let port = server.https.rsplit_once(':').unwrap().1;
    let (head, _) = get(&mut connect(plain), "/desk/?a=b");
    assert!(head.starts_with("http/1.1 308"), "{head}");
    assert!(
        head.contains(&format!("location: https://localhost:{port}/desk/?a=b")),
        "{head}"
    );
    // No session, no community, nothing of anybody.
    let (head, _) = get(&mut connect(plain), "/api/v1/desk/overview");
    assert!(head.starts_with("http/1.1 308"), "{head}");
    let (head, body) = get(&mut connect(plain), "/install");
    assert!(
        head.starts_with("http/1.1 200") && body.contains(&format!("https://localhost:{port}/")),
        "{head}"
    );
    assert!(head.contains("content-security-policy"), "{head}");
    let (_, pem) = get(&mut connect(plain), "/authority.pem");
    assert_eq!(
        pem,
        fs::read_to_string(format!("{}/tls/authority.pem", server.data)).unwrap()
    );
}

#[test]
fn a_second_server_says_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _first = Server::start(&data, &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(["serve", "--http", ":0", "--https", ":0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by menpai serve, process"), "{said}");
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    let refused = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(["serve", "--http", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("127.0.0.1 only"));
}

#[test]
fn pages_come_with_their_policies() {
    let folder = tempfile::tempdir().unwrap();
    let web = folder.path().join("web");
    fs::create_dir_all(web.join("desk")).unwrap();
    fs::write(web.join("index.html"), "field").unwrap();
    fs::write(web.join("desk/index.html"), "desk").unwrap();
    let server = Server::start(&folder.path().join("data"), &["--web", web.to_str().unwrap()]);
    let (head, body) = get(&mut connect(&server.http), "/");
    assert_eq!(body, "field");
    for header in [
        "content-security-policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; ",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-cache",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert_eq!(get(&mut connect(&server.http), "/desk/").1, "desk");
    assert!(
        get(&mut connect(&server.http), "/../data/receipt-key")
            .0
            .starts_with("http/1.1 404")
    );
    assert!(
        get(&mut connect(&server.http), "/%2e%2e/data/receipt-key")
            .0
            .starts_with("http/1.1 404")
    );
}

#[test]
fn an_import_is_handed_to_the_running_server() {
    let (folder, home) = home();
    drop(home);
    let data = folder.path().join("data");
    let roster = folder.path().join("roster.csv");
    fs::write(&roster, ROSTER).unwrap();
    let import = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_menpai"))
            .args(["import", "roster"])
            .arg(&roster)
            .args(["--community", CODE, "--data"])
            .arg(&data)
            .args(more)
            .output()
            .unwrap()
    };
    let server = Server::start(&data, &[]);
    let dry = import(&["--lang", "zh"]);
    assert_eq!(dry.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&dry.stdout).contains("未写入任何内容"));
    let applied = import(&["--apply", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&applied.stdout).unwrap();
    assert_eq!(
        (&report["create"]["person"], &report["applied"]),
        (&4.into(), &true.into())
    );
    drop(server);

    // Killed, not stopped: what was answered is there, and the command now works by itself.
    let again = import(&["--apply", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&report["entries"], &report["unchanged"]), (&0.into(), &4.into()));
    let home = menpai_server::home::Home::open(&data).unwrap();
    assert!(home.communities.get(code()).unwrap().is_some());

    fs::write(&roster, format!("{ROSTER}第1网格,,,,,,,,,,,,缺\n")).unwrap();
    drop(home);
    assert_eq!(import(&[]).status.code(), Some(2), "some rows rejected");
    fs::write(&roster, "no headings").unwrap();
    assert_eq!(import(&[]).status.code(), Some(1), "unreadable");
}
