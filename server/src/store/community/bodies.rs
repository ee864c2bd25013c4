//! How entries' bytes are kept: each compressed by itself with a preset dictionary, so that
//! one can be erased and small ones stay small. What does not shrink is kept as it is.

use std::sync::LazyLock;

use menpai_sync_core::entry::MAX_ENTRY_BYTES;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

/// Version that new bodies are compressed with; `server/dictionaries/` holds them all.
const CURRENT: i64 = 1;
/// Stored without compression.
const PLAIN: i64 = 0;
/// Bodies this small, with a dictionary, come out the same at 3, which costs half as much again.
const LEVEL: i32 = 1;

const DICTIONARY_1: &[u8] = include_bytes!("../../../dictionaries/1.zdict");
static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

/// Compresses and inflates bodies; one for each thread that reads or writes.
pub struct BodyCodec {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
}

/// A body as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// Version of the dictionary, 0 for none.
    pub dictionary: i64,
    /// The bytes in the file.
    pub bytes: Vec<u8>,
}

impl BodyCodec {
    /// A codec that knows every dictionary there has been.
    ///
    /// # Errors
    /// Only if memory is short.
    pub fn new() -> std::io::Result<BodyCodec> {
        let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
        // The row says which dictionary, the chain is the checksum, the limit is the size.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        compressor.set_parameter(CParameter::ChecksumFlag(false))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
        Ok(BodyCodec {
            compressor,
            decompressor: Decompressor::with_prepared_dictionary(&DECODER)?,
        })
    }

    /// Compresses one entry.
    ///
    /// # Errors
    /// Only if memory is short.
    pub fn store(&mut self, bytes: &[u8]) -> std::io::Result<StoredBody> {
        let compressed = self.compressor.compress(bytes)?;
        Ok(if compressed.len() < bytes.len() {
            StoredBody {
                dictionary: CURRENT,
                bytes: compressed,
            }
        } else {
            StoredBody {
                dictionary: PLAIN,
                bytes: bytes.to_vec(),
            }
        })
    }

    /// The entry's exact bytes again.
    ///
    /// # Errors
    /// If the row is damaged or names a dictionary this program does not have.
    pub fn read(&mut self, dictionary: i64, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match dictionary {
            PLAIN => Ok(bytes.to_vec()),
            CURRENT => self.decompressor.decompress(bytes, MAX_ENTRY_BYTES),
            unknown => Err(std::io::Error::other(format!("dictionary {unknown} is not known"))),
        }
    }
}

impl std::fmt::Debug for BodyCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BodyCodec")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_exactly() {
        let mut codec = BodyCodec::new().unwrap();
        for bytes in [
            &b""[..],
            b"{}",
            b"\xff\xfe not text",
            &[b' '; MAX_ENTRY_BYTES],
            DICTIONARY_1,
        ] {
            let stored = codec.store(bytes).unwrap();
            assert_eq!(codec.read(stored.dictionary, &stored.bytes).unwrap(), bytes);
        }
    }

    #[test]
    fn a_day_entry_is_stored_in_a_third() {
        let entry = br#"{"id":"01a2219e-fc23-7c0b-9c3a-0a0505e19948","kind":"door_check","schema":1,"grid":"9531985d-5d9d-49f8-9818-e811892f902b","worker":"0cb1e29c-658c-4a14-95e6-0af593bd04cf","made_at":"2026-12-20T17:50:12.171+08:00","body":{"dwelling_id":"77c9d2ef-4411-8a4a-956c-18d786baeaeb","mode":"door","outcome":"met","people_present":1}}"#;
        let stored = BodyCodec::new().unwrap().store(entry).unwrap();
        assert!(stored.bytes.len() * 5 < entry.len() * 2, "{}", stored.bytes.len());
    }

    #[test]
    fn an_unknown_dictionary_is_refused() {
        assert!(BodyCodec::new().unwrap().read(99, b"x").is_err());
    }

    #[test]
    fn dictionary_1_never_changes() {
        let hash = menpai_sync_core::ids::Hash::of(DICTIONARY_1).to_string();
        assert_eq!(hash, "6c99bea4b7e3290a7cc935d27d80f8d38ee84eba3064c7efdcfd677437c0550b");
    }
}
