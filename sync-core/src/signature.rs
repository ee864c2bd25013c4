//! P-256 signatures as they travel: raw r ‖ s and uncompressed points, in hexadecimal.
//! Private keys stay with the caller: in WebCrypto on the phone, in the data folder on the
//! server. Only [`Signer`] of this module holds one, for servers, tests and simulators.

use std::fmt;
use std::str::FromStr;

use crate::ids::{hex, text_serde, unhex};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature as P256Signature, SigningKey, VerifyingKey};

/// Bytes that are no key or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a point of P-256.
    #[error("not a P-256 public key of 65 bytes in hexadecimal")]
    Key,
    /// Not 64 bytes in hexadecimal.
    #[error("not a signature of 64 bytes in hexadecimal")]
    Shape,
    /// It does not fit key and message.
    #[error("the signature does not fit")]
    Mismatch,
    /// Not a private key.
    #[error("not a P-256 private key of 32 bytes")]
    PrivateKey,
}

/// The public half of a device's or a home's key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`] if it does not fit.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = P256Signature::from_slice(&signature.0).map_err(|_| SignatureError::Mismatch)?;
        self.0.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.to_sec1_point(false).as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;
    fn from_str(text: &str) -> Result<PublicKey, SignatureError> {
        unhex(text)
            .filter(|bytes| bytes.len() == 65)
            .and_then(|bytes| VerifyingKey::from_sec1_bytes(&bytes).ok())
            .map(PublicKey)
            .ok_or(SignatureError::Key)
    }
}

/// 64 bytes, r ‖ s.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = SignatureError;
    fn from_str(text: &str) -> Result<Signature, SignatureError> {
        unhex(text)
            .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
            .map(Signature)
            .ok_or(SignatureError::Shape)
    }
}

text_serde!(PublicKey);
text_serde!(Signature);

/// A private key in memory, for servers, simulators and tests. Signing is deterministic
/// (RFC 6979), so it needs no randomness.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    /// From 32 random bytes; about one in 2^32 is refused, then draw again.
    ///
    /// # Errors
    /// [`SignatureError::PrivateKey`] if the bytes are no key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Signer, SignatureError> {
        SigningKey::from_slice(bytes)
            .map(Signer)
            .map_err(|_| SignatureError::PrivateKey)
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature: P256Signature = self.0.sign(message);
        Signature(signature.to_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_its_key_and_message_only() {
        let signer = Signer::from_bytes(&[7; 32]).unwrap();
        let other = Signer::from_bytes(&[8; 32]).unwrap();
        let signature: Signature = signer.sign(b"abc").to_string().parse().unwrap();
        let key: PublicKey = signer.public_key().to_string().parse().unwrap();
        assert_eq!(key.verify(b"abc", &signature), Ok(()));
        assert!(key.verify(b"abd", &signature).is_err());
        assert!(other.public_key().verify(b"abc", &signature).is_err());
        assert!(key.verify(b"abc", &Signature([0; 64])).is_err());
        assert!("04".parse::<PublicKey>().is_err());
        assert!("00".repeat(65).parse::<PublicKey>().is_err());
    }
}
