//! A packet: what one phone could not send, sealed for its home and carried by a colleague's
//! (docs/protocol.md section 18). The line in clear says whose it is and is bound to what is
//! sealed. That it opens says nothing about who made the entries: their signatures do.

use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, unhex};
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{HashStart, MAX_SLICE_COMPRESSED, MAX_SLICES};
use serde::{Deserialize, Serialize};

/// The format this code reads and writes.
pub const FORMAT: u32 = 1;
/// Most bytes of a packet: what a sync may bring, and room for line and seal.
pub const MAX_PACKET_BYTES: usize = (MAX_SLICES + 2) * MAX_SLICE_COMPRESSED;
/// Most bytes of the line in clear.
const MAX_LINE_BYTES: usize = 1_024;
/// The encapsulated key: an uncompressed point.
const ENCAPSULATED_BYTES: usize = 65;

/// Why a packet cannot be opened here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Not a packet, or damaged.
    #[error("not a packet, or damaged")]
    Unreadable,
    /// Sealed to a key that this home has not.
    #[error("sealed to a key that this home has not")]
    Elsewhere,
}

/// What stands in clear: nobody's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearLine {
    /// [`FORMAT`].
    pub menpai_packet: u32,
    /// Whose community it is for.
    pub community: CommunityCode,
    /// Which courier key it is sealed to.
    pub key: HashStart,
    /// Whose entries.
    pub device: DeviceId,
    /// How many.
    pub count: u64,
    /// The device's clock at sealing.
    pub clock: Instant,
}

/// A packet as it travels; nothing about it is believed yet.
#[derive(Debug)]
pub struct Packet<'a> {
    /// Its line in clear.
    pub clear: ClearLine,
    line: &'a [u8],
    sealed: &'a [u8],
}

/// The keys that packets and numbers are sealed to: all that this home ever gave out, the newest last.
#[derive(Clone)]
pub struct CourierKeys(Vec<Signer>);

impl CourierKeys {
    /// From secrets, the newest last; `None` if there is none.
    #[must_use]
    pub fn new(secrets: Vec<Signer>) -> Option<CourierKeys> {
        (!secrets.is_empty()).then_some(CourierKeys(secrets))
    }

    /// The one that phones are given.
    #[must_use]
    pub fn newest(&self) -> PublicKey {
        // Never empty.
        self.0[self.0.len() - 1].public_key()
    }

    /// Seals something to the newest key: the encapsulated key, then the ciphertext.
    ///
    /// # Errors
    /// [`PacketError::Unreadable`] if the key is none.
    pub fn seal(&self, info: &[u8], plain: &[u8]) -> Result<Vec<u8>, PacketError> {
        seal_to(&self.newest(), info, plain, b"")
    }

    /// What was sealed to any of them.
    #[must_use]
    pub fn open(&self, info: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let newest_first = self.0.iter().rev();
        newest_first
            .map(|key| open_with(key, info, sealed, b""))
            .find_map(Result::ok)
    }

    fn named(&self, name: &HashStart) -> Option<&Signer> {
        self.0.iter().find(|key| key_name(&key.public_key()) == *name)
    }
}

/// How a packet names the key that it is sealed to.
#[must_use]
pub fn key_name(key: &PublicKey) -> HashStart {
    HashStart::short(Hash::of(key.as_bytes()))
}

impl<'a> Packet<'a> {
    /// Reads what stands in clear.
    ///
    /// # Errors
    /// [`PacketError::Unreadable`].
    pub fn read(bytes: &'a [u8]) -> Result<Packet<'a>, PacketError> {
        let start = &bytes[..bytes.len().min(MAX_LINE_BYTES)];
        let end = start.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(PacketError::Unreadable)?;
        let clear: ClearLine = serde_json::from_slice(&bytes[..end]).map_err(|_| PacketError::Unreadable)?;
        if clear.menpai_packet != FORMAT {
            return Err(PacketError::Unreadable);
        }
        Ok(Packet {
            clear,
            line: &bytes[..end],
            sealed: &bytes[end + 1..],
        })
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn open(&self, keys: &CourierKeys) -> Result<Vec<u8>, PacketError> {
        let key = keys.named(&self.clear.key).ok_or(PacketError::Elsewhere)?;
        open_with(key, &info(&self.clear), self.sealed, self.line)
    }
}

fn open_with(key: &Signer, info: &[u8], sealed: &[u8], bound: &[u8]) -> Result<Vec<u8>, PacketError> {
    let (encapsulated, sealed) = sealed
        .split_at_checked(ENCAPSULATED_BYTES)
        .ok_or(PacketError::Unreadable)?;
    let open = || {
        let secret = <DhP256HkdfSha256 as Kem>::PrivateKey::from_bytes(&key.to_bytes())?;
        let encapsulated = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)?;
        single_shot_open::<AesGcm128, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            info,
            sealed,
            bound,
        )
    };
    open().map_err(|_| PacketError::Unreadable)
}

fn seal_to(key: &PublicKey, info: &[u8], plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, PacketError> {
    let seal = || {
        let key = <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(key.as_bytes())?;
        single_shot_seal::<AesGcm128, HkdfSha256, DhP256HkdfSha256>(&OpModeS::Base, &key, info, plain, bound)
    };
    let (encapsulated, sealed) = seal().map_err(|_| PacketError::Unreadable)?;
    Ok([&encapsulated.to_bytes()[..], &sealed].concat())
}

/// Seals content as a phone does; its line says the key's name.
///
/// # Errors
/// [`PacketError::Unreadable`] if the key is none.
pub fn seal(clear: &ClearLine, key: &PublicKey, content: &[u8]) -> Result<Vec<u8>, PacketError> {
    let line = serde_json::to_vec(clear).map_err(|_| PacketError::Unreadable)?;
    let sealed = seal_to(key, &info(clear), content, &line)?;
    Ok([&line, &b"\n"[..], &sealed].concat())
}

fn info(clear: &ClearLine) -> Vec<u8> {
    let key = unhex(&clear.key.to_string()).unwrap_or_default();
    [
        b"menpai-packet-1\0",
        clear.community.to_string().as_bytes(),
        clear.device.as_bytes(),
        &key,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (CourierKeys, ClearLine) {
        let keys = [7, 8].map(|byte| Signer::from_bytes(&[byte; 32]).unwrap());
        let keys = CourierKeys::new(keys.to_vec()).unwrap();
        let clear = ClearLine {
            menpai_packet: FORMAT,
            community: "410102002005".parse().unwrap(),
            key: key_name(&keys.newest()),
            device: DeviceId::from_bytes([6; 16]),
            count: 3,
            clock: Instant::utc(1_795_483_801_250),
        };
        (keys, clear)
    }

    #[test]
    fn what_was_sealed_is_opened_with_the_newest_key_and_with_an_older_one() {
        let (keys, clear) = keys();
        let sealed = seal(&clear, &keys.newest(), b"entries").unwrap();
        let packet = Packet::read(&sealed).unwrap();
        assert_eq!((&packet.clear, packet.open(&keys)), (&clear, Ok(b"entries".to_vec())));
        assert!(!sealed.windows(7).any(|seven| seven == b"entries"));

        let first = keys.0[0].public_key();
        let older = ClearLine {
            key: key_name(&first),
            ..clear
        };
        let sealed = seal(&older, &first, b"older").unwrap();
        assert_eq!(Packet::read(&sealed).unwrap().open(&keys), Ok(b"older".to_vec()));
    }

    #[test]
    fn a_packet_for_another_home_says_so() {
        let (keys, clear) = keys();
        let other = Signer::from_bytes(&[9; 32]).unwrap().public_key();
        let clear = ClearLine {
            key: key_name(&other),
            ..clear
        };
        let sealed = seal(&clear, &other, b"entries").unwrap();
        assert_eq!(Packet::read(&sealed).unwrap().open(&keys), Err(PacketError::Elsewhere));
    }

    #[test]
    fn no_byte_of_it_can_be_another() {
        let (keys, clear) = keys();
        let sealed = seal(&clear, &keys.newest(), b"entries").unwrap();
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            let opened = Packet::read(&other).and_then(|packet| packet.open(&keys));
            assert!(opened.is_err(), "byte {at}");
            assert!(
                Packet::read(&sealed[..at])
                    .and_then(|packet| packet.open(&keys))
                    .is_err()
            );
        }
    }
}
