//! Certificates of a public name, asked of an authority that speaks ACME (RFC 8555) such as Let's Encrypt. It
//! sees that the name leads here by a handshake of its own on port 443 (TLS-ALPN-01, RFC 8737), so
//! nothing else need be reachable. Until the first certificate is there, and wherever none can be had, the
//! local authority's stays in use: phones that trust that one go on.

use std::fmt;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, ResolvesServerCertAcme};

use super::resolver::Resolver;
use super::{TlsError, file_error};

/// What a handshake names that is the authority's own.
pub(super) const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";
/// Let's Encrypt.
pub const DEFAULT_DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// What to ask for, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The server's public names.
    pub names: Vec<String>,
    /// Whom the authority writes to when a certificate is about to end.
    pub contact: Option<String>,
    /// Where the authority lists what it does.
    pub directory: String,
    /// Root certificates (PEM) that the authority's own server is checked by, where it is no public one.
    pub roots: Option<PathBuf>,
}

/// The public name's certificate, or the local one; and for the authority's own handshake, its answer.
pub(super) struct PublicName {
    acme: Arc<ResolvesServerCertAcme>,
    until_then: Arc<Resolver>,
}

impl fmt::Debug for PublicName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PublicName")
    }
}

impl ResolvesServerCert for PublicName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_challenge = (hello.alpn().into_iter().flatten()).any(|protocol| protocol == CHALLENGE_PROTOCOL);
        match self.acme.resolve(hello) {
            None if !is_challenge => Some(self.until_then.current()),
            found => found,
        }
    }
}

/// What keeps the certificate up: runs for ever.
pub type Keeping = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Acme {
    /// What handshakes ask, and what is to run beside the server. Account and certificates are kept in `folder`.
    pub(super) fn start(&self, folder: &Path, until_then: Arc<Resolver>) -> Result<(PublicName, Keeping), TlsError> {
        // The keys that are kept in it are written for whoever may enter.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| file_error(folder, error))?;
        let contact = self.contact.iter().map(|address| format!("mailto:{address}"));
        let mut state = AcmeConfig::new_with_client_config(&self.names, Arc::new(self.client()?))
            .contact(contact)
            .directory(&self.directory)
            .cache(DirCache::new(folder.to_owned()))
            .state();
        let resolver = PublicName {
            acme: state.resolver(),
            until_then,
        };
        let keeping = async move {
            while let Some(event) = state.next().await {
                match event {
                    Ok(event) => tracing::info!(?event, "certificate of the public name"),
                    // It asks again by itself, ever more seldom.
                    Err(error) => {
                        tracing::error!(%error, "no certificate of the public name: does it lead here, to port 443?");
                    }
                }
            }
        };
        Ok((resolver, Box::pin(keeping)))
    }

    fn client(&self) -> Result<ClientConfig, TlsError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let pem = std::fs::read(path).map_err(|error| file_error(path, error))?;
                for root in CertificateDer::pem_slice_iter(&pem) {
                    let root = root.map_err(|error| file_error(path, error.to_string()))?;
                    roots.add(root).map_err(|source| TlsError::Use {
                        path: path.clone(),
                        source,
                    })?;
                }
            }
        }
        Ok(
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|source| TlsError::Use {
                    path: PathBuf::new(),
                    source,
                })?
                .with_root_certificates(roots)
                .with_no_client_auth(),
        )
    }
}
