//! Which other machines may come in where both sides show a certificate (mutual TLS): those whose own
//! certificate lies in a folder, byte for byte. No authority, no names: a file is put there, and taken
//! away again, by whoever runs the home; it counts from the next connection on.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

pub(super) struct KnownMachines {
    folder: PathBuf,
    provider: CryptoProvider,
}

impl KnownMachines {
    pub(super) fn of(folder: PathBuf) -> KnownMachines {
        KnownMachines {
            folder,
            provider: rustls::crypto::ring::default_provider(),
        }
    }
}

impl fmt::Debug for KnownMachines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KnownMachines({})", self.folder.display())
    }
}

impl ClientCertVerifier for KnownMachines {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match name_of(&self.folder, own) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The name of the file that a machine's certificate lies in.
fn name_of(folder: &Path, certificate: &CertificateDer<'_>) -> Option<String> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|file| file.path());
    let is_its = |path: &PathBuf| {
        let pem = fs::read(path).unwrap_or_default();
        CertificateDer::pem_slice_iter(&pem)
            .flatten()
            .any(|known| known == *certificate)
    };
    let file = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "pem"))
        .find(is_its)?;
    Some(file.file_stem()?.to_string_lossy().into_owned())
}
