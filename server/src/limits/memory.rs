//! Room for the bodies of requests, counted in bytes over the whole home before anything of a body is
//! read. A request asks for as much as the limits of what it is about to read allow, and for more
//! only when it comes to that. Strangers have a small room of their own: however many of them
//! send their bodies slowly, those who are known are read.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::time::timeout;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::come_back;
use crate::error::{ApiError, ApiResult};

/// Memory is counted in pieces of so many bytes.
const PIECE: usize = 1_024;
/// Share of the room that is the strangers'.
const STRANGERS_SHARE: usize = 8;
/// So long a request waits for room; then its client is to come back.
const WAIT: Duration = Duration::from_secs(5);
/// How soon there may be room again.
const SOON_SECONDS: u64 = 5;

/// The room for bodies.
pub struct BodyMemory {
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    wait: Duration,
}

/// Whose room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Somebody with a session.
    Known,
    /// Anybody.
    Stranger,
}

/// What one request has of it; given back when dropped.
pub struct Room {
    all: Arc<Semaphore>,
    wait: Duration,
    taken: Vec<OwnedSemaphorePermit>,
    bytes: usize,
}

impl BodyMemory {
    pub(super) fn new(mib: NonZeroU32) -> BodyMemory {
        let pieces = mib.get() as usize * (1 << 20) / PIECE;
        let strangers = pieces / STRANGERS_SHARE;
        BodyMemory {
            known: Arc::new(Semaphore::new(pieces - strangers)),
            strangers: Arc::new(Semaphore::new(strangers)),
            wait: WAIT,
        }
    }

    /// No room yet.
    #[must_use]
    pub fn room(&self, whose: Whose) -> Room {
        let all = match whose {
            Whose::Known => &self.known,
            Whose::Stranger => &self.strangers,
        };
        Room {
            all: Arc::clone(all),
            wait: self.wait,
            taken: Vec::new(),
            bytes: 0,
        }
    }
}

impl Room {
    /// Room for so many bytes in all, with what is there already.
    ///
    /// # Errors
    /// [`ApiError::Busy`] where there is none for some seconds.
    pub async fn grow_to(&mut self, bytes: usize) -> ApiResult<()> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let pieces = u32::try_from(more.div_ceil(PIECE)).map_err(ApiError::internal)?;
        let permit = timeout(self.wait, Arc::clone(&self.all).acquire_many_owned(pieces)).await;
        let permit = permit.map_err(|_| ApiError::Busy(come_back(SOON_SECONDS)))?;
        self.taken.push(permit.map_err(ApiError::internal)?);
        self.bytes = bytes;
        Ok(())
    }

    /// Room for so many bytes more.
    ///
    /// # Errors
    /// [`ApiError::Busy`].
    pub async fn grow_by(&mut self, bytes: usize) -> ApiResult<()> {
        self.grow_to(self.bytes + bytes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn memory() -> BodyMemory {
        BodyMemory {
            wait: Duration::from_millis(20),
            ..BodyMemory::new(NonZeroU32::new(64).unwrap())
        }
    }

    #[actix_web::test]
    async fn bodies_have_no_more_room_than_there_is_and_give_it_back() {
        let memory = memory();
        let mut first = memory.room(Whose::Known);
        first.grow_to(40 * MIB).await.unwrap();
        first.grow_to(30 * MIB).await.unwrap();
        let mut second = memory.room(Whose::Known);
        second.grow_to(16 * MIB).await.unwrap();
        let refused = second.grow_by(1).await;
        assert!(
            matches!(refused, Err(ApiError::Busy(seconds)) if seconds >= SOON_SECONDS),
            "{refused:?}"
        );
        drop(first);
        second.grow_by(40 * MIB).await.unwrap();
    }

    #[actix_web::test]
    async fn strangers_take_nothing_from_those_who_are_known() {
        let memory = memory();
        let mut stranger = memory.room(Whose::Stranger);
        stranger.grow_to(8 * MIB).await.unwrap();
        assert!(memory.room(Whose::Stranger).grow_to(1).await.is_err());
        memory.room(Whose::Known).grow_to(56 * MIB).await.unwrap();
    }
}
