//! Starts the server: home, demo, control socket, TLS, both listeners; and takes them down
//! in the opposite order. What it prints is for people, on stderr; `--announce-json` adds
//! one line on stdout for programs.

use std::io::{self, Write};
use std::time::Duration;

use actix_web::{HttpServer, web};
use tracing_subscriber::EnvFilter;

use crate::config::{Nightly, ServeConfig};
use crate::control;
use crate::demo;
use crate::home::Home;
use crate::jobs::audit_heads;
use crate::jobs::night::schedule;
use crate::router::app;
use crate::routes::static_files::WebFolder;
use crate::{clock, tls};

const TLS_HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const MAX_CONNECTIONS_PER_WORKER: usize = 4_096;
/// Requests under way get this long to end.
const SHUTDOWN_SECONDS: u64 = 5;

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps it from serving.
pub fn run(config: &ServeConfig) -> Result<(), Box<dyn std::error::Error>> {
    start_log();
    if let Some(days) = config.demo.filter(|days| *days > 0) {
        demo::make_lived_in(&config.data, days)?;
    }
    let home = web::Data::new(Home::open(&config.data)?);
    let logins = config.demo.map(|_| demo::ensure(&home)).transpose()?;
    let web_folder = web::Data::new(load_web(config));
    let tls = tls::server_config(&home.folder.tls(), config.https, clock::now_ms())?;
    let control = control::Listener::start(home.clone().into_inner())?;
    let night = match config.nightly {
        Nightly::At(at) => Some(schedule::start(home.clone().into_inner(), at)?),
        Nightly::Off => None,
    };

    let audit_heads = audit_heads::start(home.clone().into_inner())?;

    actix_web::rt::System::new().block_on(async {
        let app_home = home.clone();
        let patience = config.patience;
        let server =
            HttpServer::new(move || app(app_home.clone(), web_folder.clone()).app_data(web::Data::new(patience)))
                .client_request_timeout(patience.headers)
                .tls_handshake_timeout(TLS_HANDSHAKE_TIME)
                .keep_alive(KEEP_ALIVE)
                .max_connections(MAX_CONNECTIONS_PER_WORKER)
                .shutdown_timeout(SHUTDOWN_SECONDS)
                .bind(config.http)?
                .bind_rustls_0_23(config.https, tls)?;
        announce(config, &home, &server.addrs_with_scheme(), logins.as_deref())?;
        server.run().await
    })?;
    drop((night, audit_heads));
    drop(control);
    Ok(())
}

/// Log lines go to stderr; `RUST_LOG` chooses.
fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    // A test or an embedding program may have its own.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}

fn load_web(config: &ServeConfig) -> WebFolder {
    let folder = WebFolder::load(&config.web).unwrap_or_else(|error| {
        tracing::warn!(folder = %config.web.display(), %error, "web apps are not served");
        WebFolder::default()
    });
    if !folder.has_field_app() {
        tracing::warn!(folder = %config.web.display(), "no index.html: build the web apps with `make`");
    }
    folder
}

fn announce(
    config: &ServeConfig,
    home: &Home,
    addresses: &[(std::net::SocketAddr, &str)],
    logins: Option<&str>,
) -> io::Result<()> {
    // An unspecified address is no place to go to: name this machine's own.
    let url = |scheme: &str| {
        addresses
            .iter()
            .find(|(_, found)| *found == scheme)
            .map(|(address, _)| {
                let host = if address.ip().is_unspecified() {
                    "127.0.0.1".to_owned()
                } else {
                    address.ip().to_string()
                };
                let host = if host.contains(':') { format!("[{host}]") } else { host };
                format!("{scheme}://{host}:{}", address.port())
            })
    };
    let (http, https) = (url("http").unwrap_or_default(), url("https").unwrap_or_default());
    let mut people = io::stderr().lock();
    writeln!(people, "Menpai 门牌")?;
    writeln!(people, "  phone 手机   {http}/   {https}/")?;
    writeln!(people, "  desk  书记   {http}/desk/   {https}/desk/")?;
    writeln!(
        people,
        "  to trust     {}",
        tls::authority_file(&home.folder.tls()).display()
    )?;
    writeln!(people, "  data  数据   {}", home.folder.path().display())?;
    if let Some(logins) = logins {
        writeln!(people, "\n{}", logins.trim_end())?;
    }
    if config.announce_json {
        let line = serde_json::json!({ "http": http, "https": https, "data": home.folder.path() });
        let mut programs = io::stdout().lock();
        writeln!(programs, "{line}")?;
        programs.flush()?;
    }
    Ok(())
}
