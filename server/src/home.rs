//! Everything a running home holds: its folder, its own store, the open communities, the
//! keys. Handlers get it as `web::Data<Home>`; what blocks leaves the workers here.

use std::path::Path;
use std::sync::{Arc, Mutex};

use actix_web::web;
use menpai_sync_core::ids::CommunityCode;
use menpai_sync_core::kinds::{Kinds, KindsError};
use menpai_sync_core::signature::Signer;
use tokio::sync::watch;

use crate::age::Recipient;
use crate::auth::ceremonies::Ceremonies;
use crate::auth::replays::Replays;
use crate::auth::{Invitations, Passwords, SignInLimits};
use crate::clock;
use crate::config::DEFAULT_LEASE_HOURS;
use crate::data_folder::{DataFolder, DataFolderError};
use crate::erasures::Ledger;
use crate::error::{ApiError, ApiResult};
use crate::id_numbers::IdNumbers;
use crate::limits::{Limiter, Limits};
use crate::office;
use crate::packet::CourierKeys;
use crate::sealing::SealingKey;
use crate::seen_lately::SeenLately;
use crate::store::community::StoreError;
use crate::store::database_key::{DatabaseKey, DatabaseKeyError};
use crate::store::node::{NodeStore, NodeStoreError};
use crate::sync::{Communities, Community, Settings};

/// Why a home cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] NodeStoreError),
    /// The key of the databases.
    #[error(transparent)]
    DatabaseKey(#[from] DatabaseKeyError),
    /// The kind files compiled in.
    #[error(transparent)]
    Kinds(#[from] KindsError),
}

/// An open home. One process has it at a time.
pub struct Home {
    /// The communities it decides about.
    pub communities: Communities,
    /// Signs receipts and log heads.
    pub receipt_key: Signer,
    /// Opens what couriers bring.
    pub courier_keys: CourierKeys,
    /// Opens id numbers and tells whether two are the same.
    pub id_numbers: Arc<IdNumbers>,
    /// Checks passwords, two at a time.
    pub passwords: Passwords,
    /// Slows guessing down.
    pub sign_in_limits: SignInLimits,
    /// Who may ask how much.
    pub limiter: Limiter,
    /// Passkeys and authenticator apps that are being made or shown.
    pub ceremonies: Ceremonies,
    /// Seals what is read again here alone.
    pub sealing_key: SealingKey,
    /// For how long a phone opens its records without asking.
    pub lease_hours: u16,
    /// Slows the guessing of codes down.
    pub invitations: Invitations,
    /// Which requests of phones were answered.
    pub replays: Replays,
    /// Moves whenever a session is ended by hand: what is bound to one looks again.
    pub session_ends: watch::Sender<u64>,
    /// What the audit logs have been told a moment ago.
    pub seen_lately: SeenLately,
    /// Whom the nights' copies are sealed for; none: they are not sealed.
    pub backup_recipients: Vec<Recipient>,
    /// What the databases are encrypted with; `None`: they are plain.
    pub database_key: Option<DatabaseKey>,
    /// Held by the night that is running: there is one at a time.
    pub night: Mutex<()>,
    /// What was erased, outside the files and their copies.
    pub erasures: Arc<Ledger>,
    node: Arc<NodeStore>,
    /// The data folder. Last, so that its lock is given back when all files are closed.
    pub folder: DataFolder,
}

impl Home {
    /// Opens a data folder, making what is missing, with the key that the environment has.
    ///
    /// # Errors
    /// [`HomeError`]; with [`DataFolderError::InUse`] while another process has it.
    pub fn open(path: &Path) -> Result<Home, HomeError> {
        Home::open_with_key(path, DatabaseKey::from_environment()?)
    }

    /// The same, with the key of its databases, or none, whatever the environment says.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn open_with_key(path: &Path, database_key: Option<DatabaseKey>) -> Result<Home, HomeError> {
        let folder = DataFolder::open(path)?;
        let receipt_key = folder.receipt_key()?;
        let courier_keys = folder.courier_keys()?;
        let sealing_key = folder.sealing_key()?;
        let backup_recipients = folder.backup_recipients()?;
        let kinds = Arc::new(Kinds::builtin()?);
        let id_numbers = Arc::new(IdNumbers::new(courier_keys.clone(), &sealing_key));
        let settings = Settings {
            kinds,
            receipt_key: receipt_key.clone(),
            id_numbers: Some(Arc::clone(&id_numbers)),
            database_key: database_key.clone(),
        };
        let node = Arc::new(NodeStore::open(&folder.node_file(), database_key.as_ref())?);
        let erasures = Arc::new(Ledger::new(folder.path(), receipt_key.clone()));
        let communities = Communities::new(&folder.communities(), settings)
            .with_erasures(Arc::clone(&erasures), office::finds_home_device(Arc::clone(&node)));
        Ok(Home {
            communities,
            erasures,
            receipt_key,
            courier_keys,
            id_numbers,
            passwords: Passwords::new(),
            sign_in_limits: SignInLimits::new(),
            limiter: Limiter::new(Limits::DEFAULT),
            ceremonies: Ceremonies::default(),
            sealing_key,
            lease_hours: DEFAULT_LEASE_HOURS,
            invitations: Invitations::default(),
            replays: Replays::new(clock::now_ms(), Limits::DEFAULT.device_per_minute),
            seen_lately: SeenLately::default(),
            backup_recipients,
            database_key,
            night: Mutex::new(()),
            session_ends: watch::Sender::new(0),
            node,
            folder,
        })
    }

    /// The same, with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Home {
        Home {
            limiter: Limiter::new(limits),
            replays: Replays::new(clock::now_ms(), limits.device_per_minute),
            ..self
        }
    }

    /// The same, with phones that may stay away for so long.
    #[must_use]
    pub fn with_lease_hours(self, lease_hours: u16) -> Home {
        Home { lease_hours, ..self }
    }

    /// The same, with another budget than 1 GiB for the loaded documents of all communities.
    #[must_use]
    pub fn with_document_bytes(self, most_bytes: usize) -> Home {
        Home {
            communities: self.communities.with_document_bytes(most_bytes),
            ..self
        }
    }

    /// The node's own store, for callers that may block.
    #[must_use]
    pub fn node_store(&self) -> &NodeStore {
        &self.node
    }

    /// Runs something on the node's own store, off the workers.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if SQLite fails.
    pub async fn node<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeStore) -> rusqlite::Result<T> + Send + 'static,
    ) -> ApiResult<T> {
        let node = Arc::clone(&self.node);
        web::block(move || work(&node)).await?.map_err(ApiError::internal)
    }
}

/// An open community, for handlers: opening one may take a while, so off the workers.
///
/// # Errors
/// [`ApiError::UnknownCommunity`].
pub async fn community(home: &web::Data<Home>, code: CommunityCode) -> ApiResult<Arc<Community>> {
    if let Some(open) = home.communities.get_open(code) {
        return Ok(open);
    }
    let home = home.clone();
    web::block(move || home.communities.get(code))
        .await??
        .ok_or(ApiError::UnknownCommunity)
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        ApiError::internal(error)
    }
}
