//! A request signed by a phone's key: what stands in its `Authorization`, and what is signed. It
//! is bound to the phone, its community, method, address and time, and to what of its body nothing else
//! vouches for (docs/adr/0020).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use flate2::bufread::GzDecoder;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash};
use menpai_sync_core::signature::{Signature, Signer};

/// What such an `Authorization` begins with.
const SCHEME: &str = "Menpai ";

/// What tells two requests of one phone apart.
pub type Nonce = [u8; 8];

/// What a phone says of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// Whose request it says it is.
    pub device: DeviceId,
    /// The home's clock as far as the phone knows it, milliseconds UTC.
    pub time_ms: i64,
    /// Never twice.
    pub nonce: Nonce,
    /// Hash of the body; of a sync, of its first member alone: each slice is signed by itself. `None`:
    /// it has no body.
    pub content: Option<Hash>,
}

impl Signed {
    /// What is signed.
    #[must_use]
    pub fn message(&self, community: CommunityCode, method: &str, address: &str) -> Vec<u8> {
        let content = self.content.map_or([0; 32], |hash| hash.0);
        [
            b"menpai-request-1\0",
            community.as_bytes().as_slice(),
            self.device.as_bytes(),
            &self.time_ms.to_be_bytes(),
            &self.nonce,
            &content,
            method.as_bytes(),
            b" ",
            address.as_bytes(),
        ]
        .concat()
    }

    /// As it stands in `Authorization`.
    #[must_use]
    pub fn to_text(&self, signature: &Signature) -> String {
        let content = self.content.map(|hash| BASE64.encode(hash.0)).unwrap_or_default();
        format!(
            "{SCHEME}{}.{}.{}.{content}.{}",
            BASE64.encode(self.device.as_bytes()),
            self.time_ms,
            BASE64.encode(self.nonce),
            BASE64.encode(signature.0)
        )
    }

    /// From an `Authorization`; `None`: it is no such thing.
    #[must_use]
    pub fn from_text(text: &str) -> Option<(Signed, Signature)> {
        let mut parts = text.strip_prefix(SCHEME)?.split('.');
        let mut next = || parts.next();
        let (device, time, nonce, content, signature) = (next()?, next()?, next()?, next()?, next()?);
        let signed = Signed {
            device: DeviceId::from_bytes(bytes(device)?),
            time_ms: time.parse().ok()?,
            nonce: bytes(nonce)?,
            content: match content {
                "" => None,
                hash => Some(Hash(bytes(hash)?)),
            },
        };
        let signature = Signature(bytes(signature)?);
        parts.next().is_none().then_some((signed, signature))
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// A phone as it signs: simulated ones, and tests'.
#[derive(Clone)]
pub struct PhoneSigner {
    /// Its id.
    pub device: DeviceId,
    /// Where it is registered.
    pub community: CommunityCode,
    /// Its key.
    pub key: Signer,
}

impl PhoneSigner {
    /// The `Authorization` of a request, at an instant of the home's clock.
    #[must_use]
    pub fn authorise(&self, method: &str, address: &str, content: Option<&[u8]>, time_ms: i64, nonce: Nonce) -> String {
        let signed = Signed {
            device: self.device,
            time_ms,
            nonce,
            content: content.map(Hash::of),
        };
        let signature = self.key.sign(&signed.message(self.community, method, address));
        signed.to_text(&signature)
    }
}

/// What of a sync's body its request is signed over: the first gzip member, or all of it where that
/// is none.
#[must_use]
pub fn first_member(body: &[u8]) -> &[u8] {
    let mut rest = body;
    let whole = std::io::copy(&mut GzDecoder::new(&mut rest), &mut std::io::sink()).is_ok();
    let length = body.len() - rest.len();
    if whole { &body[..length] } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> PhoneSigner {
        PhoneSigner {
            device: DeviceId::from_bytes([3; 16]),
            community: "410102002005".parse().unwrap(),
            key: Signer::from_bytes(&[7; 32]).unwrap(),
        }
    }

    #[test]
    fn what_stands_in_the_header_is_read_back_and_fits_its_key() {
        let signer = signer();
        for content in [None, Some(b"body".as_slice())] {
            let text = signer.authorise("POST", "/api/v1/sync?a=1", content, 1_764_000_000_000, [1; 8]);
            let (signed, signature) = Signed::from_text(&text).unwrap();
            assert_eq!((signed.device, signed.content), (signer.device, content.map(Hash::of)));
            let message = signed.message(signer.community, "POST", "/api/v1/sync?a=1");
            signer.key.public_key().verify(&message, &signature).unwrap();
            let elsewhere = signed.message(signer.community, "POST", "/api/v1/sync?a=2");
            assert!(signer.key.public_key().verify(&elsewhere, &signature).is_err());
        }
        for wrong in [
            "",
            "Menpai ",
            "Bearer x",
            "Menpai a.b.c.d.e",
            "Menpai ....",
            "Menpai AAAA.1.AAAA..",
        ] {
            assert_eq!(Signed::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_first_member_is_found_among_more() {
        let [header, slice] = [b"header\n".as_slice(), b"slice\n"].map(menpai_sync_core::wire::deflate);
        assert_eq!(first_member(&[header.clone(), slice].concat()), header);
        assert_eq!(first_member(b"no gzip"), b"no gzip");
    }
}
