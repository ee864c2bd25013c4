//! The home's sealing key: what must be read again here and nowhere else is kept sealed with it
//! (AES-256-GCM), bound to what it is about, so that it serves nobody in another place. It lies beside
//! the databases: it keeps a secret out of a file that is taken along alone, not from whoever has
//! the whole folder.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use crate::clock;

/// It could not be sealed, or what was sealed is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed with another key, for something else, or damaged")]
pub struct SealError;

/// Seals and opens; and gives secrets that are not kept, since they come out the same again.
pub struct SealingKey {
    aead: LessSafeKey,
    matching: hmac::Key,
    deriving: hmac::Key,
}

impl SealingKey {
    /// From its bytes; `None` never happens for 32 of them.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Option<SealingKey> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).ok()?;
        let own = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let key_for = |use_for: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&own, use_for).as_ref());
        Some(SealingKey {
            aead: LessSafeKey::new(key),
            matching: key_for(b"menpai-matching-1\0"),
            deriving: key_for(b"menpai-deriving-1\0"),
        })
    }

    /// A key of its own for telling whether two values are the same without having either.
    #[must_use]
    pub fn matching_key(&self) -> hmac::Key {
        self.matching.clone()
    }

    /// A secret about something: 32 bytes, the same whenever it is asked for.
    #[must_use]
    pub fn derive(&self, about: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.deriving, about.as_bytes());
        std::array::from_fn(|place| tag.as_ref()[place])
    }

    /// Seals something about something.
    ///
    /// # Errors
    /// [`SealError`] for what is too long for the cipher: gigabytes.
    pub fn seal(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = clock::random();
        let mut sealed = plain.to_vec();
        self.aead
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(about.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| SealError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was sealed about this.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut bytes = rest.to_vec();
        let plain = self
            .aead
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(about.as_bytes()),
                &mut bytes,
            )
            .map_err(|_| SealError)?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_for_its_own_key_and_subject_only() {
        let [key, other] = [[7; 32], [8; 32]].map(|bytes| SealingKey::new(&bytes).unwrap());
        let sealed = key.seal("he", b"secret").unwrap();
        assert_eq!(key.open("he", &sealed).unwrap(), b"secret");
        assert_ne!(sealed, key.seal("he", b"secret").unwrap());
        assert_eq!(key.open("liu", &sealed), Err(SealError));
        assert_eq!(other.open("he", &sealed), Err(SealError));
        let mut damaged = sealed.clone();
        damaged[20] ^= 1;
        assert_eq!(key.open("he", &damaged), Err(SealError));
        assert_eq!(key.open("he", &sealed[..5]), Err(SealError));
    }

    #[test]
    fn derives_the_same_about_the_same_and_nothing_else() {
        let [key, again, other] = [[7; 32], [7; 32], [8; 32]].map(|bytes| SealingKey::new(&bytes).unwrap());
        assert_eq!(key.derive("a"), again.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), other.derive("a"));
    }
}
