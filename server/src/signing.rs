//! P-256 with the machine's own instructions (`ring`, which TLS brings along): checks devices'
//! signatures and makes the home's, several times faster than the portable curve of the core.
//! Keys, messages and bytes are the core's; a signature of one is as good to the other.

use menpai_sync_core::signature::{PublicKey, Signature, Signer};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey};

/// Whether a signature over `message` is this key's.
#[must_use]
pub(crate) fn fits(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_bytes())
        .verify(message, &signature.0)
        .is_ok()
}

/// The home's key, ready to sign.
pub(crate) struct HomeKey {
    fast: Option<EcdsaKeyPair>,
    portable: Signer,
    random: SystemRandom,
}

impl HomeKey {
    /// Makes a key ready.
    #[must_use]
    pub(crate) fn new(key: &Signer) -> HomeKey {
        let random = SystemRandom::new();
        let (secret, public) = (key.to_bytes(), key.public_key());
        let fast = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &secret,
            public.as_bytes(),
            &random,
        );
        HomeKey {
            fast: fast.ok(),
            portable: key.clone(),
            random,
        }
    }

    /// Signs a message. Signing the same again gives another signature, as good as the first.
    #[must_use]
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        let fast = self.fast.as_ref().and_then(|key| key.sign(&self.random, message).ok());
        fast.and_then(|signature| signature.as_ref().try_into().ok())
            .map_or_else(|| self.portable.sign(message), Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_signs_the_other_verifies() {
        let key = Signer::from_bytes(&[7; 32]).unwrap();
        let public = key.public_key();
        let other = Signer::from_bytes(&[8; 32]).unwrap().public_key();
        let home = HomeKey::new(&key);
        assert!(home.fast.is_some());
        for signature in [home.sign(b"abc"), key.sign(b"abc")] {
            assert_eq!(public.verify(b"abc", &signature), Ok(()));
            assert!(fits(&public, b"abc", &signature));
            assert!(!fits(&public, b"abd", &signature));
            assert!(!fits(&other, b"abc", &signature));
        }
        assert!(!fits(&public, b"abc", &Signature([0; 64])));
        assert!(!fits(&public, b"abc", &Signature([0xff; 64])));
    }
}
