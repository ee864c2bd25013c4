//! TLS 1.2 and 1.3 by rustls, with certificates from one of three places: files that whoever runs
//! the server keeps (`--tls-certificate`, `--tls-key`), a public authority that is asked for them (`--acme-name`),
//! or a local authority of the home's own. They are taken up when they change: no restart, and what
//! cannot be read or had leaves the last good ones in use.

mod acme;
mod local;
mod machines;
mod resolver;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};

pub use acme::{Acme, DEFAULT_DIRECTORY, Keeping};
pub use local::authority_file;
use machines::KnownMachines;
use resolver::Resolver;

use crate::clock;
use crate::jobs::ticker::Ticker;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Making a certificate failed.
    #[error("making a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// rustls refused what a file holds: another key's certificate, or none.
    #[error("certificate {}: {source}", path.display())]
    Use {
        /// The certificate.
        path: PathBuf,
        /// Its reason.
        source: rustls::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A local authority in this folder, for a server that listens here.
    Local {
        /// The folder.
        folder: PathBuf,
        /// Where it listens.
        listen: SocketAddr,
    },
    /// Files of somebody else's making: a chain, leaf first, and its key.
    Own(Files),
    /// A public authority's; the local one's until they are there.
    Public {
        /// What to ask for.
        acme: Acme,
        /// The folder.
        folder: PathBuf,
        /// Where it listens.
        listen: SocketAddr,
    },
}

/// PEM files that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Certificates, the leaf's file first.
    pub chain: Vec<PathBuf>,
    /// The leaf's key.
    pub key: PathBuf,
}

impl Source {
    /// Whether any browser trusts it: a public authority's, as far as we are told.
    #[must_use]
    pub fn is_public(&self) -> bool {
        !matches!(self, Source::Local { .. })
    }

    fn files(&self) -> Result<Files, TlsError> {
        match self {
            Source::Local { folder, listen } | Source::Public { folder, listen, .. } => {
                local::keep_up(folder, *listen, clock::now_ms())
            }
            Source::Own(files) => Ok(files.clone()),
        }
    }
}

/// TLS settings of a running server; its certificates are kept up while this lives.
pub struct Tls {
    /// For the listener.
    pub config: ServerConfig,
    /// What is to run beside the server, where a public authority is asked.
    pub keeping: Option<Keeping>,
    resolves: Arc<dyn ResolvesServerCert>,
    _keeping_up: Ticker,
}

impl Tls {
    /// Reads the certificates, making those of a local authority that are missing.
    ///
    /// # Errors
    /// [`TlsError`]: the server must not start without.
    pub fn start(source: Source) -> Result<Tls, TlsError> {
        install_provider();
        let resolver = Arc::new(Resolver::read(&source.files()?)?);
        let (resolves, keeping): (Arc<dyn ResolvesServerCert>, _) = match &source {
            Source::Public { acme, folder, .. } => {
                let (resolves, keeping) = acme.start(&folder.join("acme"), Arc::clone(&resolver))?;
                (Arc::new(resolves), Some(keeping))
            }
            _ => (Arc::clone(&resolver) as Arc<_>, None),
        };
        let mut config = versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&resolves));
        if keeping.is_some() {
            config.alpn_protocols.push(acme::CHALLENGE_PROTOCOL.to_vec());
        }
        let keeping_up = Ticker::start("certificates", move || {
            let renewed = source.files().and_then(|files| resolver.follow(&files));
            match renewed {
                Ok(false) => {}
                Ok(true) => tracing::info!("new TLS certificates are in use"),
                Err(error) => {
                    tracing::error!(%error, "TLS certificates cannot be read; the last good ones stay in use");
                }
            }
        });
        Ok(Tls {
            config,
            keeping,
            resolves,
            _keeping_up: keeping_up.map_err(|source| TlsError::File {
                path: PathBuf::new(),
                source,
            })?,
        })
    }

    /// For a listener where the other side shows a certificate too: one that lies in this folder.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn for_machines(&self, folder: PathBuf) -> Result<ServerConfig, TlsError> {
        let mut config = versions()?
            .with_client_cert_verifier(Arc::new(KnownMachines::of(folder)))
            .with_cert_resolver(Arc::clone(&self.resolves));
        // A session that is gone on with shows no certificate again: whose file was taken away would stay in.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

fn versions() -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|source| TlsError::Use {
            path: PathBuf::new(),
            source,
        })
}

/// Installs the ring provider for the process; a second call changes nothing.
pub fn install_provider() {
    // Already installed by a test or an embedding program: the same provider then.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A certificate in a file, as clients of a home take it.
///
/// # Errors
/// The operating system's; also where the file holds something else.
pub fn read_certificate(path: &Path) -> io::Result<ureq::tls::Certificate<'static>> {
    let read = ureq::tls::Certificate::from_pem(&std::fs::read(path)?);
    read.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a certificate in PEM"))
}

fn file_error(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        source: io::Error::other(source),
    }
}
