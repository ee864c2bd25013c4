//! Begins and opens a community: its file, checked and brought up to date, its writer's thread,
//! and what it has in common with the home's others.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};

use menpai_sync_core::ids::{CommunityCode, LogId, Lsn};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::signature::Signer;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use super::{Community, Reader};
use crate::clock;
use crate::erasures::Ledger;
use crate::id_numbers::IdNumbers;
use crate::signing::HomeKey;
use crate::store::community::identity::{self, Founder, Identity};
use crate::store::community::projection::Projection;
use crate::store::community::{StoreError, moments, open_writer};
use crate::store::database_key::DatabaseKey;
use crate::sync::document_budget::{DocumentBudget, LetGo};
use crate::sync::rebuild::rebuild;
use crate::sync::state::{State, Work};
use crate::sync::unfinished::Unfinished;
use crate::sync::writer::{self, Job, QUEUE_LENGTH, task};

/// How a community is opened.
#[derive(Clone)]
pub struct Settings {
    /// The kind files.
    pub kinds: Arc<Kinds>,
    /// Signs receipts and log heads.
    pub receipt_key: Signer,
    /// Opens id numbers; `None`: nobody here can, and new ones are held.
    pub id_numbers: Option<Arc<IdNumbers>>,
    /// What the file is encrypted with; `None`: it is plain.
    pub database_key: Option<DatabaseKey>,
}

/// What the communities of a home have in common.
pub(in crate::sync) struct Shared {
    pub(in crate::sync) documents: Arc<DocumentBudget>,
    pub(in crate::sync) projection: Arc<Projection>,
    pub(in crate::sync) ledger: Option<Arc<Ledger>>,
}

impl Shared {
    pub(in crate::sync) fn new(settings: &Settings) -> Shared {
        Shared {
            documents: Arc::default(),
            projection: Arc::new(Projection::new(Arc::clone(&settings.kinds))),
            ledger: None,
        }
    }
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
    pub(in crate::sync) fn create_within(
        path: &Path,
        code: CommunityCode,
        founder: Founder,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Community, StoreError> {
        let mut connection = open_writer(path, settings.database_key.as_ref())?;
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
    pub(in crate::sync) fn open_within(
        path: &Path,
        code: CommunityCode,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Community, StoreError> {
        if !path.exists() {
            return Err(StoreError::Other("the community does not exist"));
        }
        Community::start(
            path,
            open_writer(path, settings.database_key.as_ref())?,
            code,
            settings,
            shared,
        )
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
            settings.id_numbers.clone(),
            shared.ledger.clone(),
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
        let (file, key) = (path.to_owned(), settings.database_key.clone());
        let writer = std::thread::Builder::new()
            .name(format!("writer {code}"))
            .spawn(move || {
                writer::run(
                    connection,
                    || open_writer(&file, key.as_ref()),
                    state,
                    &jobs,
                    &stop,
                    |state| {
                        *published.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&state.directory);
                        if let Some(news) = told.get() {
                            news.send_replace(state.head.lsn);
                        }
                    },
                );
            })
            .map_err(StoreError::Body)?;
        Ok(Community {
            path: path.to_owned(),
            key: settings.database_key.clone(),
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
}

fn new_log() -> LogId {
    let random = uuid::Builder::from_random_bytes(clock::random());
    LogId::from_bytes(random.into_uuid().into_bytes())
}
/// Lets documents and all connections go. A writer whose queue is full is at work, and
/// says again what it holds.
fn letting_go(queue: Weak<SyncSender<Box<dyn Job>>>, readers: Arc<Mutex<Vec<Reader>>>) -> Arc<LetGo> {
    Arc::new(move || {
        readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let (job, _) = task(|work: &mut Work<'_>| {
            work.state.documents.clear();
            work.state.rests = true;
            Ok(())
        });
        if let Some(queue) = queue.upgrade() {
            let _ = queue.try_send(job);
        }
    })
}
