//! The certificate that new connections get: the last good one that was read.

use std::fs;
use std::sync::{Arc, PoisonError, RwLock};

use menpai_sync_core::ids::Hash;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Files, TlsError, file_error};

#[derive(Debug)]
pub(super) struct Resolver {
    current: RwLock<Arc<CertifiedKey>>,
    /// Of the bytes that it was read from.
    read: RwLock<Hash>,
}

impl Resolver {
    /// From files that must be good.
    pub(super) fn read(files: &Files) -> Result<Resolver, TlsError> {
        let (key, hash) = certified(files)?;
        Ok(Resolver {
            current: RwLock::new(Arc::new(key)),
            read: RwLock::new(hash),
        })
    }

    /// What new connections get.
    pub(super) fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what the files hold by now; says whether that is something new.
    pub(super) fn follow(&self, files: &Files) -> Result<bool, TlsError> {
        let (key, hash) = certified(files)?;
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        if *read == hash {
            return Ok(false);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
        *read = hash;
        Ok(true)
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// Key and chain, checked to belong together.
fn certified(files: &Files) -> Result<(CertifiedKey, Hash), TlsError> {
    let mut bytes = Vec::new();
    let mut chain = Vec::new();
    for path in &files.chain {
        let pem = fs::read(path).map_err(|error| file_error(path, error))?;
        let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        chain.extend(found.map_err(|error| file_error(path, error.to_string()))?);
        bytes.extend(pem);
    }
    let pem = fs::read(&files.key).map_err(|error| file_error(&files.key, error))?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| file_error(&files.key, error.to_string()))?;
    bytes.extend(&pem);
    let refused = |source| TlsError::Use {
        path: files.chain.first().unwrap_or(&files.key).clone(),
        source,
    };
    let certified = CertifiedKey::new(chain, any_supported_type(&key).map_err(refused)?);
    certified.keys_match().map_err(refused)?;
    Ok((certified, Hash::of(&bytes)))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn write(files: &Files, name: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        fs::write(&files.chain[0], certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    fn served(resolver: &Resolver) -> Vec<u8> {
        resolver.current.read().unwrap().cert[0].to_vec()
    }

    #[test]
    fn new_files_are_followed_and_bad_ones_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            chain: vec![folder.path().join("chain.pem")],
            key: folder.path().join("key.pem"),
        };
        assert!(Resolver::read(&files).is_err(), "there is nothing yet");
        write(&files, "one.example");
        let resolver = Resolver::read(&files).unwrap();
        let first = served(&resolver);
        assert!(!resolver.follow(&files).unwrap());

        write(&files, "two.example");
        assert!(resolver.follow(&files).unwrap());
        let second = served(&resolver);
        assert_ne!(second, first);

        // A certificate without its key, and half a file: as in the middle of being replaced.
        let good = fs::read(&files.key).unwrap();
        fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(matches!(resolver.follow(&files), Err(TlsError::Use { .. })));
        fs::write(&files.key, &good[..good.len() / 2]).unwrap();
        assert!(resolver.follow(&files).is_err());
        fs::remove_file(&files.key).unwrap();
        assert!(resolver.follow(&files).is_err());
        assert_eq!(served(&resolver), second);

        fs::write(&files.key, good).unwrap();
        assert!(!resolver.follow(&files).unwrap());
    }
}
