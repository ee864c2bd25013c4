//! P-256 keys and signatures as they travel: uncompressed points and raw r ‖ s, in hexadecimal.
//! Arithmetic is the caller's: a browser signs and verifies with WebCrypto, whose keys cannot be
//! exported. Servers, tests and simulators take it from here, with the feature `ecdsa`; a phone
//! does not download it.

use std::fmt;
use std::str::FromStr;

use crate::ids::{hex, text_serde, unhex};
#[cfg(feature = "ecdsa")]
use p256::ecdsa::signature::{Signer as _, Verifier as _};
#[cfg(feature = "ecdsa")]
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

/// How an uncompressed point begins.
const UNCOMPRESSED: u8 = 4;

/// The public half of a device's or a home's key. Where the core can tell (feature `ecdsa`) it
/// is a point of the curve; elsewhere whoever verifies with it finds out.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 65]);

impl PublicKey {
    /// The uncompressed point.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`] if it does not fit.
    #[cfg(feature = "ecdsa")]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let fits = || {
            let key = VerifyingKey::from_sec1_bytes(&self.0)?;
            key.verify(message, &P256Signature::from_slice(&signature.0)?)
        };
        fits().map_err(|_| SignatureError::Mismatch)
    }
}

#[cfg(feature = "ecdsa")]
fn is_on_curve(bytes: &[u8; 65]) -> bool {
    VerifyingKey::from_sec1_bytes(bytes).is_ok()
}

#[cfg(not(feature = "ecdsa"))]
const fn is_on_curve(_: &[u8; 65]) -> bool {
    true
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
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
            .and_then(|bytes| <[u8; 65]>::try_from(bytes).ok())
            .filter(|bytes| bytes[0] == UNCOMPRESSED && is_on_curve(bytes))
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

/// A signature that somebody is to check before what it stands under is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToVerify {
    /// Whose it must be.
    pub key: PublicKey,
    /// What it must be over.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

impl ToVerify {
    /// Whether it fits.
    #[cfg(feature = "ecdsa")]
    #[must_use]
    pub fn fits(&self) -> bool {
        self.key.verify(&self.message, &self.signature).is_ok()
    }
}

/// A private key in memory, for servers, simulators and tests. Signing is deterministic
/// (RFC 6979), so it needs no randomness.
#[cfg(feature = "ecdsa")]
#[derive(Clone)]
pub struct Signer(SigningKey);

#[cfg(feature = "ecdsa")]
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
        let point = self.0.verifying_key().to_sec1_point(false);
        let mut bytes = [0; 65];
        bytes.copy_from_slice(point.as_bytes());
        PublicKey(bytes)
    }

    /// The 32 bytes again, for another implementation of the curve.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature: P256Signature = self.0.sign(message);
        Signature(signature.to_bytes().into())
    }
}

#[cfg(all(test, feature = "ecdsa"))]
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
        let beside_the_curve = format!("04{}", "11".repeat(64));
        assert!(beside_the_curve.parse::<PublicKey>().is_err());
    }
}
