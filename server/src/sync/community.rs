//! One open community: its file, its one writer thread, a few readers. Whatever writes goes
//! through [`Community::ingest`] or [`Community::write_as_office`]; both answer when it is
//! durable. Closing (drop) waits for the writer.

mod opening;
mod reading;
mod taking;

pub use opening::Settings;
pub(super) use opening::Shared;
pub(crate) use reading::Reader;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

use menpai_sync_core::ids::{Lsn, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::wire::PartDigestAt;
use tokio::sync::watch;

use super::directory::Directory;
use super::document_budget::LetGo;
use super::office_device::OfficeDevice;
use super::rebuild::rebuild;
use super::scribe::Scribe;
use super::state::Work;
use super::unfinished::Unfinished;
use super::writer::{Job, task};
use super::{erase, handover};
use crate::clock;
use crate::signing::HomeKey;
use crate::store::community::StoreError;
use crate::store::community::identity::Identity;
use crate::store::database_key::DatabaseKey;

/// An open community.
pub struct Community {
    path: PathBuf,
    key: Option<DatabaseKey>,
    identity: Identity,
    receipt_key: Arc<HomeKey>,
    kinds: Arc<Kinds>,
    queue: Option<Arc<SyncSender<Box<dyn Job>>>>,
    writer: Option<JoinHandle<()>>,
    directory: Arc<RwLock<Arc<Directory>>>,
    readers: Arc<Mutex<Vec<Reader>>>,
    /// Kept for the budget of documents, which asks for it.
    _let_go: Arc<LetGo>,
    digests: Mutex<HashMap<Part, PartDigestAt>>,
    /// Held while a snapshot is made.
    making: Mutex<()>,
    unfinished: Unfinished,
    stopped: Arc<AtomicBool>,
    news: Arc<OnceLock<watch::Sender<Lsn>>>,
    /// The device with which the home itself writes, and in whose name.
    own: OnceLock<(OfficeDevice, WorkerId)>,
}

impl Community {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The kinds it goes by.
    #[must_use]
    pub fn kinds(&self) -> &Arc<Kinds> {
        &self.kinds
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says after every commit where the log ends; the first one told stays the one.
    pub(super) fn announce_to(&self, news: watch::Sender<Lsn>) {
        let _ = self.news.set(news);
    }

    /// Gives it the home's own device; what follows from what arrives is written with that.
    pub(super) fn write_itself_as(&self, office: OfficeDevice, worker: WorkerId) {
        let _ = self.own.set((office, worker));
    }

    /// Whether its writer has stopped after a failure: it must be opened again.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn receipt_key(&self) -> &HomeKey {
        &self.receipt_key
    }

    /// Who is who, as of the last commit.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is here of slices whose end has not come.
    #[must_use]
    pub fn unfinished(&self) -> &Unfinished {
        &self.unfinished
    }

    /// Drops everything derived and makes it again from the log.
    ///
    /// # Errors
    /// [`StoreError`]; then everything is as it was.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        self.write(|work| {
            work.state.projection.reset(work.transaction)?;
            rebuild(work)
        })
    }

    /// Waits until no snapshot is being made; none is while the guard lives.
    pub(super) fn making_snapshot(&self) -> MutexGuard<'_, ()> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands work to the writer and waits until it is durable.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let own = self.own.get().cloned();
        let (job, answer) = task(move |given: &mut Work<'_>| {
            let done = work(given)?;
            let owes = !(given.state.untold.is_empty() && given.state.unsaid.is_empty());
            if let Some((office, worker)) = own.filter(|_| owes) {
                let at = clock::now();
                let scribe = Scribe { office, worker, at };
                handover::tell(given, &scribe)?;
                erase::later::tell(given, &scribe)?;
            }
            Ok(done)
        });
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(job).map_err(|_| StoreError::Stopped)?;
        answer.recv().map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Community {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has answered nobody; there is nothing to add.
            let _ = writer.join();
        }
    }
}
