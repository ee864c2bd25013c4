//! The office's devices: what this server writes, it writes as entries of a device like any
//! other, with a key and a log of its own. One for the home itself (which founds communities
//! and registers the others), one for the importer, one for the night, one for each account at the desk, so
//! that two people never share an actor.

pub mod chain_labels;
pub mod decisions;
pub mod duplicates;
pub mod erasures;
pub mod grids;
pub mod held;
pub mod import;
pub mod invitations;
pub mod records;
pub mod roles;
pub mod settlement;
pub mod staff;
pub mod undoing;

use std::sync::Arc;

use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::entry::{Draft, MakeError};
use menpai_sync_core::ids::{CommunityCode, DeviceId, GridId, WorkerId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::signature::Signer;
use menpai_sync_core::time::Instant;
use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::clock;
use crate::data_folder::new_secret_key;
use crate::home::Home;
use crate::store::community::StoreError;
use crate::store::community::identity::Founder;
use crate::store::node::{self, NodeStore, OfficeDeviceRow};
use crate::sync::scribe::Scribe;
use crate::sync::{Community, FindOffice, OfficeDevice};

/// Holder of the home's own device.
const HOME: &str = ":home";
/// Holder of the importer's.
const IMPORTER: &str = ":importer";
/// Holder of the night's.
const NIGHT: &str = ":night";

/// Why the office could not write.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
    /// The community's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was to be written is no entry.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The key in the node's file is none.
    #[error("the key of an office device is damaged")]
    Key,
    /// This home has no such community.
    #[error("this home has no community {0}")]
    UnknownCommunity(CommunityCode),
    /// The community was founded by another home's device, whose key is not here.
    #[error("community {0} was founded elsewhere: the key of its founding device is not in this data folder")]
    FoundedElsewhere(CommunityCode),
}

/// An office device and the community it writes in. Everything here blocks.
pub struct Office {
    /// Where it writes.
    pub community: Arc<Community>,
    /// Whose name its entries carry.
    pub worker: WorkerId,
    /// The device with its key.
    pub device: OfficeDevice,
}

impl Office {
    /// The home's own device.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn of_home(home: &Home, code: CommunityCode) -> Result<Office, OfficeError> {
        let community = open(home, code)?;
        let row = home
            .node_store()
            .read(|connection| node::find_office_device(connection, HOME, code))?;
        match row {
            Some(row) if row.device == community.identity().founder.device => Office::from_row(community, &row),
            _ => Err(OfficeError::FoundedElsewhere(code)),
        }
    }

    /// The importer's device; registered at first use. It writes in the home's name.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn of_importer(home: &Home, code: CommunityCode) -> Result<Office, OfficeError> {
        let of_home = Office::of_home(home, code)?;
        Office::registered(home, &of_home, IMPORTER, of_home.worker, "名册导入")
    }

    /// The importer's device, if it has ever written; asking registers nothing.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn importer_device(home: &Home, code: CommunityCode) -> Result<Option<DeviceId>, OfficeError> {
        let row = home
            .node_store()
            .read(|connection| node::find_office_device(connection, IMPORTER, code))?;
        Ok(row.map(|row| row.device))
    }

    /// The night's device; registered at first use. It writes in the home's name.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn of_night(home: &Home, code: CommunityCode) -> Result<Office, OfficeError> {
        let of_home = Office::of_home(home, code)?;
        Office::registered(home, &of_home, NIGHT, of_home.worker, "夜间任务")
    }

    /// The device of an account at the desk; registered at first use.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn of_account(
        home: &Home,
        code: CommunityCode,
        account: &str,
        worker: WorkerId,
    ) -> Result<Office, OfficeError> {
        let of_home = Office::of_home(home, code)?;
        Office::registered(home, &of_home, account, worker, "办公电脑")
    }

    /// A further device of an account, the second, third …: whoever writes several values of
    /// one field beside each other needs as many devices. Registered at first use.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn further_of_account(
        home: &Home,
        code: CommunityCode,
        account: &str,
        worker: WorkerId,
        number: usize,
    ) -> Result<Office, OfficeError> {
        let of_home = Office::of_home(home, code)?;
        // No account's name has a colon.
        let holder = format!("{account}:{number}");
        Office::registered(home, &of_home, &holder, worker, "办公电脑")
    }

    /// Founds a community with the home's device, or opens it if it is there.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub fn found(home: &Home, code: CommunityCode) -> Result<Office, OfficeError> {
        // The key is durable before the file that names it.
        let row = find_or_make(home, HOME, code, clock::new_worker_id())?;
        if home.communities.get(code)?.is_none() {
            let founder = Founder {
                device: row.device,
                worker: row.worker,
                public_key: signer(&row)?.public_key(),
            };
            home.communities.create(code, founder)?;
        }
        Office::of_home(home, code)
    }

    fn registered(
        home: &Home,
        of_home: &Office,
        holder: &str,
        worker: WorkerId,
        name: &str,
    ) -> Result<Office, OfficeError> {
        let row = find_or_make(home, holder, of_home.community.identity().code, worker)?;
        if of_home.community.directory().device(row.device).is_none() {
            let public_key = signer(&row)?.public_key();
            let body = records::device(row.device, row.worker, records::OFFICE, &public_key, name);
            of_home.write(&[of_home.record(records::DEVICE, None, body)])?;
        }
        Office::from_row(Arc::clone(&of_home.community), &row)
    }

    fn from_row(community: Arc<Community>, row: &OfficeDeviceRow) -> Result<Office, OfficeError> {
        let device = OfficeDevice {
            device: row.device,
            key: signer(row)?,
        };
        Ok(Office {
            community,
            worker: row.worker,
            device,
        })
    }

    /// A record of now, to be handed to [`Office::write`].
    #[must_use]
    pub fn record(&self, kind: &str, grid: Option<GridId>, body: Map<String, Value>) -> Draft {
        self.record_at(clock::now(), kind, grid, body)
    }

    /// A record of another moment, to be handed to [`Office::decide`].
    #[must_use]
    pub fn record_at(&self, at: Instant, kind: &str, grid: Option<GridId>, body: Map<String, Value>) -> Draft {
        let schema = schema_of(self.community.kinds(), kind);
        let id = clock::entry_id_at(at.unix_ms);
        Draft::record(id, kind, schema, grid, self.worker, at, body)
    }

    /// Writes entries, all or none; durable when it returns. What became of them is in their
    /// lines: an entry of the office can be held like any other.
    ///
    /// # Errors
    /// [`OfficeError`]; then none is written.
    pub fn write(&self, drafts: &[Draft]) -> Result<LogHead, OfficeError> {
        Ok(self.community.write_as_office(&self.device, bytes_of(drafts)?)?)
    }

    /// Its pen inside the writer, at this moment.
    #[must_use]
    pub fn scribe(&self) -> Scribe {
        Scribe {
            office: self.device.clone(),
            worker: self.worker,
            at: clock::now(),
        }
    }

    /// Writes entries made at `at`, all or none, unless `is_there` says that what they say is in
    /// the file already; nobody else writes in between.
    ///
    /// # Errors
    /// [`OfficeError`]; then none is written.
    pub fn decide(
        &self,
        at: Instant,
        drafts: &[Draft],
        is_there: impl FnOnce(&Connection) -> Result<bool, StoreError> + Send + 'static,
    ) -> Result<LogHead, OfficeError> {
        let entries = bytes_of(drafts)?;
        let decide = move |connection: &Connection| Ok(if is_there(connection)? { Vec::new() } else { entries });
        Ok(self.community.decide_as_office(&self.device, at.unix_ms, decide)?)
    }
}

/// Finds the home's own device of a community, for what must be written before it is served.
pub(crate) fn finds_home_device(node: Arc<NodeStore>) -> FindOffice {
    Box::new(move |code| {
        let row = node.read(|connection| node::find_office_device(connection, HOME, code))?;
        let Some(row) = row else { return Ok(None) };
        let key = signer(&row).map_err(|_| StoreError::Other("the key of the home's device is damaged"))?;
        let device = OfficeDevice {
            device: row.device,
            key,
        };
        Ok(Some((device, row.worker)))
    })
}

fn bytes_of(drafts: &[Draft]) -> Result<Vec<Vec<u8>>, MakeError> {
    drafts.iter().map(|draft| draft.make().map(|made| made.bytes)).collect()
}

/// The schema version entries of a kind are made with; 0 for kinds that do not exist, whose
/// entries the home then holds.
pub(crate) fn schema_of(kinds: &Kinds, kind: &str) -> u32 {
    kinds.get(kind).map_or(0, |kind| kind.schema)
}

fn open(home: &Home, code: CommunityCode) -> Result<Arc<Community>, OfficeError> {
    home.communities.get(code)?.ok_or(OfficeError::UnknownCommunity(code))
}

fn signer(row: &OfficeDeviceRow) -> Result<Signer, OfficeError> {
    Signer::from_bytes(&row.secret_key).map_err(|_| OfficeError::Key)
}

fn find_or_make(
    home: &Home,
    holder: &str,
    community: CommunityCode,
    worker: WorkerId,
) -> Result<OfficeDeviceRow, OfficeError> {
    Ok(home.node_store().write(|transaction| {
        if let Some(row) = node::find_office_device(transaction, holder, community)? {
            return Ok(row);
        }
        let row = OfficeDeviceRow {
            holder: holder.to_owned(),
            community,
            device: clock::new_device_id(),
            worker,
            secret_key: new_secret_key(),
        };
        node::insert_office_device(transaction, &row, clock::now_ms())?;
        Ok(row)
    })?)
}
