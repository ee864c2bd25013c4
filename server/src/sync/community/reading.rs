//! What is read of a community, each time from one snapshot of its file.

use std::sync::PoisonError;

use menpai_sync_core::ids::{Hash, Lsn};
use menpai_sync_core::part::Part;
use menpai_sync_core::replica::DigestLines;
use menpai_sync_core::wire::PartDigestAt;
use rusqlite::Connection;

use super::Community;
use crate::store::community::parts::Parts;
use crate::store::community::{BodyCodec, StoreError, moments, open_reader, projection};

/// Idle read connections kept.
const READERS_KEPT: usize = 4;

/// A read connection with its codec.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) codec: BodyCodec,
}

impl Community {
    /// The heads of a part's document: what an edit made now states as its base.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn heads(&self, part: Part) -> Result<Vec<Hash>, StoreError> {
        self.read(|reader| match Parts::load(&reader.connection)?.find(part) {
            Some(number) => projection::heads(&reader.connection, number),
            None => Ok(Vec::new()),
        })
    }

    /// Runs queries on a read connection, in one snapshot.
    ///
    /// # Errors
    /// [`StoreError`], also those of `query`.
    pub fn query<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.read(|reader| query(&reader.connection))
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader {
                connection: open_reader(&self.path, self.key.as_ref())?,
                codec: BodyCodec::new()?,
            },
        };
        moments::begin_reading(&reader.connection)?;
        let result = read(&mut reader);
        moments::end_reading(&reader.connection)?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(reader);
        }
        result
    }

    /// The digest of a part at a line, made once.
    pub(crate) fn digest_at(
        &self,
        part: Part,
        lsn: Lsn,
        make: impl FnOnce() -> Result<DigestLines, StoreError>,
    ) -> Result<PartDigestAt, StoreError> {
        let known = || self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let here = known().get(&part).copied();
        if let Some(digest) = here.filter(|digest| digest.lsn == lsn) {
            return Ok(digest);
        }
        let lines = make()?;
        let digest = PartDigestAt {
            lsn,
            sum: Some(lines.sum()),
            digest: lines.digest(),
        };
        known().insert(part, digest);
        Ok(digest)
    }
}
