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
        if is_known(&self.folder, own) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
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

/// Whether a machine's certificate lies in the folder.
fn is_known(folder: &Path, certificate: &CertificateDer<'_>) -> bool {
    let Ok(files) = fs::read_dir(folder) else { return false };
    files
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pem"))
        .any(|path| {
            let pem = fs::read(path).unwrap_or_default();
            let mut known = CertificateDer::pem_slice_iter(&pem).flatten();
            known.any(|known| known == *certificate)
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use crate::tls::{Source, Tls, authority_file};

    use super::*;

    /// A handshake, and what is said right after it; an error if the server does not let the other in.
    fn meet(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Result<(), Error> {
        let mut there = ClientConnection::new(Arc::clone(client), "localhost".try_into().unwrap()).unwrap();
        let mut here = ServerConnection::new(Arc::clone(server)).unwrap();
        while there.wants_write() || here.wants_write() {
            let mut bytes = Vec::new();
            while there.wants_write() {
                there.write_tls(&mut bytes).unwrap();
            }
            if !bytes.is_empty() {
                here.read_tls(&mut &bytes[..]).unwrap();
                here.process_new_packets()?;
            }
            bytes.clear();
            while here.wants_write() {
                here.write_tls(&mut bytes).unwrap();
            }
            if !bytes.is_empty() {
                there.read_tls(&mut &bytes[..]).unwrap();
                there.process_new_packets()?;
            }
        }
        assert!(!here.is_handshaking());
        Ok(())
    }

    #[test]
    fn a_machine_whose_file_is_gone_does_not_come_in_on_what_it_was_given_before() {
        let folder = tempfile::tempdir().unwrap();
        let (own, machines) = (folder.path().join("tls"), folder.path().join("machines"));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(&machines).unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let tls = Tls::start(Source::Local {
            folder: own.clone(),
            listen,
        })
        .unwrap();
        let server = Arc::new(tls.for_machines(machines.clone()).unwrap());

        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        let authority = fs::read(authority_file(&own)).unwrap();
        roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![made.der().clone()], key)
            .unwrap();
        let client = Arc::new(client);

        assert!(meet(&client, &server).is_err(), "a stranger");
        let file = machines.join("street.pem");
        fs::write(&file, made.pem()).unwrap();
        meet(&client, &server).unwrap();
        meet(&client, &server).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(meet(&client, &server).is_err());
    }
}
