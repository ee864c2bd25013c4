//! Starts the server: home, demo, control socket, TLS, both listeners; and takes them down
//! in the opposite order. What it prints is for people, on stderr; `--announce-json` adds
//! one line on stdout for programs.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tracing_subscriber::EnvFilter;

use crate::config::{KEEP_ALIVE, Nightly, ServeConfig};
use crate::connections::Connections;
use crate::control;
use crate::demo;
use crate::home::Home;
use crate::jobs::audit_heads;
use crate::jobs::night::schedule;
use crate::middleware::headers::{StrictTransport, add_security_headers};
use crate::router::app;
use crate::routes::carrying::{self, Copies};
use crate::routes::leading::{self, Leading};
use crate::routes::static_files::WebFolder;
use crate::simulate::read_logins;
use crate::tls::{self, Source, Tls};

/// Of all workers together; each takes two files.
const MAX_CONNECTIONS: usize = 4_096;
/// Machines that carry copies away, at once.
const MAX_MACHINES: usize = 16;
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
    let home = web::Data::new(
        Home::open(&config.data)?
            .with_limits(config.limits)
            .with_lease_hours(config.lease_hours),
    );
    let logins = config.demo.map(|_| demo::ensure(&home)).transpose()?;
    if config.standing_invitations {
        home.invitations.let_standing_hold();
    }
    let web_folder = web::Data::new(load_web(config));
    let (folder, listen) = (home.folder.tls(), config.https);
    let source = match (config.certificate.clone(), config.acme.clone()) {
        (Some(files), _) => Source::Own(files),
        (None, Some(acme)) => Source::Public { acme, folder, listen },
        (None, None) => Source::Local { folder, listen },
    };
    let strict = StrictTransport(source.is_public());
    let mut tls = Tls::start(source)?;
    let control = control::Listener::start(home.clone().into_inner())?;
    let night = match config.nightly {
        Nightly::At(at) => Some(schedule::start(home.clone().into_inner(), at)?),
        Nightly::Off => None,
    };

    let audit_heads = audit_heads::start(home.clone().into_inner())?;

    actix_web::rt::System::new().block_on(async {
        let app_home = home.clone();
        let patience = config.patience;
        let connections = Arc::new(Connections::default());
        actix_web::rt::spawn(Arc::clone(&connections).watch(patience.turns));
        let leading_connections = Arc::clone(&connections);
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        if let Some(keeping) = tls.keeping.take() {
            actix_web::rt::spawn(keeping);
        }
        let server = HttpServer::new(move || {
            app(app_home.clone(), web_folder.clone())
                .app_data(web::Data::new(patience))
                .app_data(web::Data::new(strict))
        })
        .client_request_timeout(patience.headers)
        .tls_handshake_timeout(patience.headers)
        .keep_alive(KEEP_ALIVE)
        .workers(workers)
        .max_connections(MAX_CONNECTIONS.div_ceil(workers))
        .on_connect(move |io, data| connections.note(io, data))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .bind(config.http)?
        .bind_rustls_0_23(config.https, tls.config.clone())?;
        let addresses = server.addrs_with_scheme();
        let leads = config
            .plain
            .map(|plain| lead(config, &home, plain, &addresses, leading_connections))
            .transpose()?;
        let carrying = config.copies.map(|at| carry(config, &home, at, &tls)).transpose()?;
        let others = Others {
            plain: leads.as_ref().map(|(at, _)| *at),
            copies: carrying.as_ref().map(|(at, _)| *at),
        };
        announce(config, &home, &addresses, &others, logins.as_deref())?;
        if let Some((_, carrying)) = carrying {
            actix_web::rt::spawn(carrying);
        }
        if let Some((_, leads)) = leads {
            actix_web::rt::spawn(leads);
        }
        server.run().await
    })?;
    drop((night, audit_heads));
    drop(control);
    Ok(())
}

/// The listener that leads from plain http to TLS, and hands out the authority where there is one.
fn lead(
    config: &ServeConfig,
    home: &Home,
    plain: SocketAddr,
    addresses: &[(SocketAddr, &str)],
    connections: Arc<Connections>,
) -> io::Result<(SocketAddr, Server)> {
    let tls = addresses.iter().find(|(_, scheme)| *scheme == "https");
    let authority = tls::authority_file(&home.folder.tls());
    let leading = web::Data::new(Leading {
        port: tls.map_or(0, |(address, _)| address.port()),
        authority: Some(authority).filter(|_| config.has_local_authority()),
    });
    let app = move || {
        let app = App::new().app_data(leading.clone()).wrap(from_fn(add_security_headers));
        app.configure(leading::addresses)
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .client_request_timeout(config.patience.headers)
        .on_connect(move |io, data| connections.note(io, data))
        .bind(plain)?;
    let at = server.addrs().first().copied().unwrap_or(plain);
    Ok((at, server.run()))
}

/// The listener where machines that are known carry sealed copies away.
fn carry(config: &ServeConfig, home: &Home, at: SocketAddr, tls: &Tls) -> io::Result<(SocketAddr, Server)> {
    let settings = tls.for_machines(home.folder.machines()).map_err(io::Error::other)?;
    let copies = web::Data::new(Copies(home.folder.backups()));
    let app = move || {
        let app = App::new().app_data(copies.clone()).wrap(from_fn(add_security_headers));
        app.configure(carrying::addresses)
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .max_connections(MAX_MACHINES)
        .client_request_timeout(config.patience.headers)
        .tls_handshake_timeout(config.patience.headers)
        .bind_rustls_0_23(at, settings)?;
    let at = server.addrs().first().copied().unwrap_or(at);
    Ok((at, server.run()))
}

/// Where else it listens.
struct Others {
    plain: Option<SocketAddr>,
    copies: Option<SocketAddr>,
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
    addresses: &[(SocketAddr, &str)],
    others: &Others,
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
    let plain = others.plain.map(|at| format!("http://{at}"));
    let copies = others.copies.map(|at| format!("https://{at}"));
    if config.has_local_authority() {
        let authority = tls::authority_file(&home.folder.tls());
        writeln!(people, "  to trust     {}", authority.display())?;
        if let Some(plain) = &plain {
            writeln!(people, "  install 安装 {plain}/install")?;
        }
    }
    writeln!(people, "  data  数据   {}", home.folder.path().display())?;
    if let Some(logins) = logins {
        writeln!(people, "\n{}", logins.trim_end())?;
        let phone = read_logins(&home.folder.demo_logins()).ok();
        if let Some(first) = phone.as_deref().and_then(<[_]>::first) {
            writeln!(
                people,
                "\n  a phone of {}: {http}/#/enrol/{}",
                first.account, first.code
            )?;
        }
    }
    if config.announce_json {
        let line = serde_json::json!({
            "http": http, "https": https, "plain": plain, "copies": copies, "data": home.folder.path(),
        });
        let mut programs = io::stdout().lock();
        writeln!(programs, "{line}")?;
        programs.flush()?;
    }
    Ok(())
}
