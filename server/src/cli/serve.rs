//! `menpai serve`: opens the home, makes the demo if asked, listens until told to stop.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::demo::MOST_DAYS;
use super::{DataArguments, Outcome};
use crate::config::{
    DEFAULT_LEASE_HOURS, DEFAULT_NIGHTLY, Nightly, Patience, ServeConfig, parse_http, parse_https, parse_nightly,
};
use crate::limits::Limits;
use crate::serve;
use crate::tls::{Acme, DEFAULT_DIRECTORY, Files};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Plain http, this machine only; :0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = parse_http)]
    http: SocketAddr,
    /// TLS, for phones in the network; :0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443", value_parser = parse_https)]
    https: SocketAddr,
    /// Certificate chain (PEM, the server's own first) of a public name; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Public name of this server: its certificate is asked of an ACME authority and kept up; the authority must
    /// reach TLS at port 443 of that name
    #[arg(long, value_name = "NAME", conflicts_with = "tls_certificate")]
    acme_name: Vec<String>,
    /// Whom the authority may write to
    #[arg(long, value_name = "EMAIL", requires = "acme_name")]
    acme_contact: Option<String>,
    /// The authority
    #[arg(long, value_name = "URL", requires = "acme_name", default_value = DEFAULT_DIRECTORY)]
    acme_directory: String,
    /// Root certificates (PEM) of an authority that is no public one
    #[arg(long, value_name = "FILE", requires = "acme_name")]
    acme_roots: Option<PathBuf>,
    /// Plain http that leads to TLS and hands out the local authority, such as :80
    #[arg(long, value_name = "ADDRESS", value_parser = parse_https)]
    plain: Option<SocketAddr>,
    /// TLS where known machines fetch the sealed copies of the nights, such as :8444; they are known by their
    /// certificates in the data folder's `machines`
    #[arg(long, value_name = "ADDRESS", value_parser = parse_https)]
    copies: Option<SocketAddr>,
    /// Folder of the built web apps
    #[arg(long, value_name = "DIR", default_value = "web-client/dist")]
    web: PathBuf,
    /// Make the demo community if there is none, with so many days of work behind it, and print
    /// its logins; its standing invitations hold
    #[arg(
        long, value_name = "DAYS", num_args = 0..=1, require_equals = true, default_missing_value = "0",
        value_parser = clap::value_parser!(u32).range(0..=MOST_DAYS)
    )]
    demo: Option<u32>,
    /// When to close the day, HH:MM before noon; `off` never does
    #[arg(long, value_name = "TIME", default_value = DEFAULT_NIGHTLY, value_parser = parse_nightly)]
    nightly: Nightly,
    /// For how many hours a phone shows its records without having reached the server, 24 to 168
    #[arg(
        long, value_name = "HOURS", default_value_t = DEFAULT_LEASE_HOURS,
        value_parser = clap::value_parser!(u16).range(24..=168)
    )]
    lease_hours: u16,
    /// Print the addresses as one line of JSON on stdout
    #[arg(long)]
    announce_json: bool,
    /// Requests a minute of one phone, or of one person at the desk
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.device_per_minute)]
    device_requests: NonZeroU32,
    /// Requests a minute about one community
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.community_per_minute)]
    community_requests: NonZeroU32,
    /// Requests a minute from one address; a whole office, or a proxy, may stand behind one
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.address_per_minute)]
    address_requests: NonZeroU32,
    /// Memory for the bodies of all requests together
    #[arg(
        long, value_name = "MIB", default_value_t = Limits::DEFAULT.body_memory_mib.get(),
        value_parser = clap::value_parser!(u32).range(i64::from(Limits::LEAST_BODY_MEMORY_MIB)..)
    )]
    body_memory: u32,
    /// Standing invitations hold, as with --demo; tests enrol their phones so
    #[arg(long, hide = true)]
    standing_invitations: bool,
    /// Wait so long for slow clients; tests of hostile ones are not to take minutes
    #[arg(long, value_name = "MILLISECONDS", hide = true)]
    patience: Option<u64>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    serve::run(&ServeConfig {
        data: arguments.data.data,
        http: arguments.http,
        https: arguments.https,
        certificate: (arguments.tls_certificate.zip(arguments.tls_key)).map(|(certificate, key)| Files {
            chain: vec![certificate],
            key,
        }),
        acme: Some(Acme {
            names: arguments.acme_name,
            contact: arguments.acme_contact,
            directory: arguments.acme_directory,
            roots: arguments.acme_roots,
        })
        .filter(|acme| !acme.names.is_empty()),
        plain: arguments.plain,
        copies: arguments.copies,
        web: arguments.web,
        demo: arguments.demo,
        nightly: arguments.nightly,
        lease_hours: arguments.lease_hours,
        standing_invitations: arguments.standing_invitations || arguments.demo.is_some(),
        announce_json: arguments.announce_json,
        patience: arguments
            .patience
            .map_or_else(Patience::default, |time| Patience::of(Duration::from_millis(time))),
        limits: Limits {
            device_per_minute: arguments.device_requests,
            community_per_minute: arguments.community_requests,
            address_per_minute: arguments.address_requests,
            body_memory_mib: NonZeroU32::new(arguments.body_memory).unwrap_or(Limits::DEFAULT.body_memory_mib),
        },
    })?;
    Ok(ExitCode::SUCCESS)
}
