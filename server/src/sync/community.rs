//! One open community: its file, its one writer thread, a few readers. Whatever writes goes
//! through [`Community::ingest`] or [`Community::write_as_office`]; both answer when it is
//! durable. Closing (drop) waits for the writer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;

use menpai_sync_core::clock::LastContact;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, LogId, Lsn, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::part::Part;
use menpai_sync_core::replica::DigestLines;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::wire::PartDigestAt;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use super::directory::Directory;
use super::document_budget::{DocumentBudget, LetGo};
use super::handover;
use super::ingest::{Contact, SliceOutcome, Taken, chain_at, ingest};
use super::rebuild::rebuild;
use super::refill::{Refilled, ShownReceipt, stated};
use super::scribe::Scribe;
use super::slice::{CheckedSlice, Refusal, Slice};
use super::state::{State, Work};
use super::unfinished::Unfinished;
use super::writer::{self, Job, QUEUE_LENGTH, task};
use crate::clock;
use crate::signing::HomeKey;
use crate::store::community::identity::{self, Founder, Identity};
use crate::store::community::projection::{self, Projection};
use crate::store::community::{
    BodyCodec, StoreError, device_logs, heard, moments, open_reader, open_writer, parts::Parts,
};

/// Idle read connections kept.
const READERS_KEPT: usize = 4;
/// Entries of one slice that an office device writes.
const OFFICE_SLICE: usize = 512;

/// How a community is opened.
#[derive(Clone)]
pub struct Settings {
    /// The kind files.
    pub kinds: Arc<Kinds>,
    /// Signs receipts and log heads.
    pub receipt_key: Signer,
}

/// What the communities of a home have in common.
pub(super) struct Shared {
    pub(super) documents: Arc<DocumentBudget>,
    pub(super) projection: Arc<Projection>,
}

impl Shared {
    pub(super) fn new(settings: &Settings) -> Shared {
        Shared {
            documents: Arc::default(),
            projection: Arc::new(Projection::new(Arc::clone(&settings.kinds))),
        }
    }
}

/// A device of the office, with its key: only the server has both.
#[derive(Clone)]
pub struct OfficeDevice {
    /// The device.
    pub device: DeviceId,
    /// Its key.
    pub key: Signer,
}

/// An open community.
pub struct Community {
    path: PathBuf,
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

/// A read connection with its codec.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) codec: BodyCodec,
}

impl Community {
    /// Begins a community: its file must not exist. The founder is the office device that
    /// will write the first entries.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create(
        path: &Path,
        code: CommunityCode,
        founder: Founder,
        settings: &Settings,
    ) -> Result<Community, StoreError> {
        Community::create_within(path, code, founder, settings, &Shared::new(settings))
    }

    /// The same, with what it has in common with other communities.
    pub(super) fn create_within(
        path: &Path,
        code: CommunityCode,
        founder: Founder,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Community, StoreError> {
        let mut connection = open_writer(path)?;
        // A file whose making was cut short is nobody's yet.
        if identity::read(&connection)?.is_some() {
            return Err(StoreError::Other("the community exists already"));
        }
        let log = new_log();
        let identity = Identity {
            code,
            log,
            first_log: log,
            receipt_key: settings.receipt_key.public_key(),
            founder,
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        identity::begin(&transaction, &identity, clock::now_ms())?;
        transaction.commit()?;
        Community::start(path, connection, code, settings, shared)
    }

    /// Opens a community's file. One put back from a copy begins a new life of its log first. Where its derived tables are of other kind files, they are
    /// made again from the log first.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is served from it then.
    pub fn open(path: &Path, code: CommunityCode, settings: &Settings) -> Result<Community, StoreError> {
        Community::open_within(path, code, settings, &Shared::new(settings))
    }

    /// The same, with what it has in common with other communities.
    pub(super) fn open_within(
        path: &Path,
        code: CommunityCode,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Community, StoreError> {
        if !path.exists() {
            return Err(StoreError::Other("the community does not exist"));
        }
        Community::start(path, open_writer(path)?, code, settings, shared)
    }

    fn start(
        path: &Path,
        mut connection: Connection,
        code: CommunityCode,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Community, StoreError> {
        let mut identity = identity::read(&connection)?.ok_or(StoreError::NotBegun)?;
        if identity.code != code {
            return Err(StoreError::Other("the file is another community's"));
        }
        if identity.receipt_key != settings.receipt_key.public_key() {
            return Err(StoreError::Other("the file was made with another receipt key"));
        }
        if identity::is_copy(&connection)? {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            identity::begin_life(&transaction, &identity, new_log(), &settings.receipt_key)?;
            transaction.commit()?;
            identity = identity::read(&connection)?.ok_or(StoreError::NotBegun)?;
            tracing::warn!(community = %code, log = %identity.log, "put back from a copy: a new life of its log begins");
        }
        let projection = Arc::clone(&shared.projection);
        let current = projection.is_current(&connection)?;
        if !current {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            projection.reset(&transaction)?;
            transaction.commit()?;
        }
        let receipt_key = Arc::new(HomeKey::new(&settings.receipt_key));
        let (queue, jobs) = sync_channel(QUEUE_LENGTH);
        let queue = Arc::new(queue);
        let readers: Arc<Mutex<Vec<Reader>>> = Arc::default();
        let let_go = letting_go(Arc::downgrade(&queue), Arc::clone(&readers));
        let mut state = State::load(
            &connection,
            identity.clone(),
            Arc::clone(&receipt_key),
            projection,
            shared.documents.share(&let_go),
        )?;
        if !current && state.head.lsn > 0 {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            rebuild(&mut Work::new(&transaction, &mut state))?;
            transaction.commit()?;
        }
        if !state.erased.is_empty() {
            // A crash may have come between an erasure and this.
            moments::truncate_journal(&connection)?;
        }
        let directory = Arc::new(RwLock::new(Arc::clone(&state.directory)));
        let published = Arc::clone(&directory);
        let news: Arc<OnceLock<watch::Sender<Lsn>>> = Arc::default();
        let told = Arc::clone(&news);
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let writer = std::thread::Builder::new()
            .name(format!("writer {code}"))
            .spawn(move || {
                writer::run(connection, state, &jobs, &stop, |state| {
                    *published.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&state.directory);
                    if let Some(news) = told.get() {
                        news.send_replace(state.head.lsn);
                    }
                });
            })
            .map_err(StoreError::Body)?;
        Ok(Community {
            path: path.to_owned(),
            identity,
            receipt_key,
            kinds: Arc::clone(&settings.kinds),
            queue: Some(queue),
            writer: Some(writer),
            directory,
            readers,
            _let_go: let_go,
            digests: Mutex::new(HashMap::new()),
            making: Mutex::new(()),
            unfinished: Unfinished::default(),
            stopped,
            news,
            own: OnceLock::new(),
        })
    }

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

    /// A slice with its beginning, where that came before and it left it out.
    #[must_use]
    pub fn with_beginning(&self, device: DeviceId, slice: Slice) -> Slice {
        match self.unfinished.take(device) {
            Some(beginning) if slice.line.previous.is_none() => slice.after(&beginning),
            _ => slice,
        }
    }

    /// Takes up one slice of a device's log and notes the contact; when this returns it is
    /// durable.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the slice is stored.
    pub fn ingest(&self, device: DeviceId, slice: Slice, contact: Contact) -> Result<SliceOutcome, StoreError> {
        let directory = self.directory();
        let Some(known) = directory.device(device) else {
            return Ok(SliceOutcome::Refused(Refusal::BadSignature));
        };
        let code = self.identity.code;
        let previous = match slice.line.previous {
            Some(previous) => Some(previous),
            None => self.read(|reader| chain_at(reader, code, device, slice.line.first - 1))?,
        };
        let Some(previous) = previous else {
            return Ok(SliceOutcome::Refused(Refusal::PreviousUnknown));
        };
        match slice.check(code, device, &known.public_key, previous) {
            Ok(slice) => {
                let slice = Arc::new(slice);
                self.write_repeatable(move |work| {
                    let outcome = ingest(work, &slice, contact, &[])?;
                    if let SliceOutcome::Taken { .. } = &outcome {
                        note(work, device, contact)?;
                    }
                    Ok(outcome)
                })
            }
            Err(refusal) => Ok(SliceOutcome::Refused(refusal)),
        }
    }

    /// Takes up slices that the home once acknowledged, with the receipts that say so: it repeats
    /// what it decided. All or none, unless one does not continue the log.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of them is stored.
    pub fn refill(
        &self,
        device: DeviceId,
        receipts: Vec<ShownReceipt>,
        slices: Vec<Slice>,
        contact: Contact,
    ) -> Result<Refilled, StoreError> {
        let mut refilled = Refilled::default();
        let directory = self.directory();
        let Some(known) = directory.device(device) else {
            refilled.refused = Some((1, Refusal::BadSignature));
            return Ok(refilled);
        };
        let code = self.identity.code;
        let mut checked: Vec<CheckedSlice> = Vec::new();
        for slice in slices {
            let before = match (slice.line.previous, checked.last()) {
                (Some(previous), _) => Some(previous),
                (None, Some(last)) => Some(last.last_h()),
                (None, None) => self.read(|reader| chain_at(reader, code, device, slice.line.first - 1))?,
            };
            let before = before.ok_or(Refusal::PreviousUnknown);
            match before.and_then(|before| slice.check(code, device, &known.public_key, before)) {
                Ok(slice) => checked.push(slice),
                Err(refusal) => {
                    refilled.refused = Some((checked.len() + 1, refusal));
                    break;
                }
            }
        }
        let stated = stated(receipts, (code, device), &self.identity.receipt_key, &checked);
        let (checked, stated) = (Arc::new(checked), Arc::new(stated));
        self.write_repeatable(move |work| {
            let mut refilled = refilled;
            for (number, slice) in (1..).zip(&*checked) {
                match ingest(work, slice, contact, &stated)? {
                    SliceOutcome::Taken { end, is_new, .. } => {
                        refilled.taken = Some(Taken::after(refilled.taken, slice.line.first, end, is_new));
                    }
                    SliceOutcome::Refused(refusal) => {
                        refilled.refused = Some((number, refusal));
                        break;
                    }
                }
            }
            if refilled.taken.is_some() {
                note(work, device, contact)?;
            }
            Ok(refilled)
        })
    }

    /// Appends entries to the log of a device whose key this server holds, all or none; when
    /// this returns they are durable. What became of them is in their lines, as for phones.
    ///
    /// # Errors
    /// [`StoreError`]; then none is stored.
    pub fn write_as_office(&self, office: &OfficeDevice, entries: Vec<Vec<u8>>) -> Result<LogHead, StoreError> {
        self.decide_as_office(office, clock::now_ms(), |_| Ok(entries))
    }

    /// The same, received at `received_ms`; which entries, `decide` says from what the file
    /// holds, and nobody else writes between its look and its entries.
    ///
    /// # Errors
    /// [`StoreError`], also that of `decide`; then none is stored.
    pub fn decide_as_office(
        &self,
        office: &OfficeDevice,
        received_ms: i64,
        decide: impl FnOnce(&Connection) -> Result<Vec<Vec<u8>>, StoreError> + Send + 'static,
    ) -> Result<LogHead, StoreError> {
        let office = office.clone();
        self.write(move |work| {
            let entries = decide(work.transaction)?;
            append_as_office(work, &office, received_ms, entries)
        })
    }

    /// Notes that a device was heard from that brought no slice. Nobody waits: it shares a
    /// later commit.
    pub fn note_contact(&self, device: DeviceId, contact: Contact) {
        let (job, _) = task(move |work: &mut Work<'_>| note(work, device, contact));
        if let Some(queue) = &self.queue {
            // A full queue costs precision: of made-times, and of when a phone was heard from.
            let _ = queue.try_send(job);
        }
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
                connection: open_reader(&self.path)?,
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

    /// Waits until no snapshot is being made; none is while the guard lives.
    pub(super) fn making_snapshot(&self) -> MutexGuard<'_, ()> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for what may be done again: where changes of a registry document could not be
    /// taken up together it is done once more, each by itself, so that the one at fault is held.
    fn write_repeatable<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Work<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.write(work.clone()) {
            Err(StoreError::Registry { .. }) => self.write(work),
            other => other,
        }
    }

    /// Hands work to the writer and waits until it is durable.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let own = self.own.get().cloned();
        let (job, answer) = task(move |given: &mut Work<'_>| {
            let done = work(given)?;
            if let Some((office, worker)) = own.filter(|_| !given.state.untold.is_empty()) {
                let at = clock::now();
                handover::tell(given, &Scribe { office, worker, at })?;
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

fn new_log() -> LogId {
    let random = uuid::Builder::from_random_bytes(clock::random());
    LogId::from_bytes(random.into_uuid().into_bytes())
}

/// Appends entries to the log of an office device, inside the caller's transaction.
pub(super) fn append_as_office(
    work: &mut Work<'_>,
    office: &OfficeDevice,
    received_ms: i64,
    entries: Vec<Vec<u8>>,
) -> Result<LogHead, StoreError> {
    let contact = Contact {
        received_ms,
        offset_ms: 0,
        last: None,
    };
    let code = work.state.identity.code;
    let mut head = match device_logs::find(work.transaction, office.device)? {
        Some(log) => log.head,
        None => LogHead::empty(code, office.device),
    };
    let mut rest = entries.into_iter().peekable();
    while rest.peek().is_some() {
        let piece = rest.by_ref().take(OFFICE_SLICE).collect();
        let slice = CheckedSlice::of_office(code, office.device, &office.key, head, piece);
        match ingest(work, &slice, contact, &[])? {
            SliceOutcome::Taken { end, .. } => head = end,
            SliceOutcome::Refused(refusal) => return Err(StoreError::damaged(refusal.to_string())),
        }
    }
    Ok(head)
}

/// Lets documents, cached pages and idle readers go. A writer whose queue is full is at work, and
/// says again what it holds.
fn letting_go(queue: Weak<SyncSender<Box<dyn Job>>>, readers: Arc<Mutex<Vec<Reader>>>) -> Arc<LetGo> {
    Arc::new(move || {
        readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let (job, _) = task(|work: &mut Work<'_>| {
            work.state.documents.clear();
            moments::give_memory_back(work.transaction)
        });
        if let Some(queue) = queue.upgrade() {
            let _ = queue.try_send(job);
        }
    })
}

fn note(work: &mut Work<'_>, device: DeviceId, contact: Contact) -> Result<(), StoreError> {
    let Some(last) = contact.last else {
        return Ok(());
    };
    let clocks = LastContact {
        at_ms: contact.received_ms,
        offset_ms: Some(contact.offset_ms),
    };
    // Also of a device that has sent nothing yet: what it makes next was made after this.
    let log = device_logs::find_or_begin(work.transaction, work.state.identity.code, device)?;
    device_logs::add_contact(work.transaction, log.number, last, clocks, log.head.seq)?;
    let complete = last <= log.head.seq;
    heard::note(work.transaction, device, clocks.at_ms, complete)
}
