//! The open communities of a home: opened on demand, at most so many at once, the one unused
//! for longest closed first. A community is open at most once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Lsn, WorkerId};
use tokio::sync::watch;

use super::community::{Community, Settings, Shared};
use super::document_budget::DocumentBudget;
use super::erase::{EraseError, Erasure, Target};
use super::news::News;
use super::office_device::OfficeDevice;
use super::scribe::Scribe;
use crate::clock;
use crate::erasures::Ledger;
use crate::open_files;
use crate::store::community::StoreError;
use crate::store::community::identity::Founder;

/// Open at once, if the process may have so many files open.
const MOST_OPEN: usize = 1_000;
/// The writer's database, log and index, and database and log of each reader.
const FILES_OF_ONE: u64 = 11;
/// Connections and the node's own.
const FILES_BESIDE: u64 = 256;

/// The open communities.
pub struct Communities {
    folder: PathBuf,
    settings: Settings,
    shared: Shared,
    open: Mutex<Open>,
    news: News,
    erasures: Option<Erasures>,
}

/// What brings a file that was put back from a copy up to the ledger of erasures.
struct Erasures {
    ledger: Arc<Ledger>,
    office: FindOffice,
}

/// Finds the device with which the home itself writes in a community, and in whose name.
pub type FindOffice = Box<dyn Fn(CommunityCode) -> Result<Option<(OfficeDevice, WorkerId)>, StoreError> + Send + Sync>;

struct Open {
    most: usize,
    by_code: HashMap<CommunityCode, (Arc<Community>, u64)>,
    uses: u64,
}

impl Communities {
    /// Communities whose files lie in `folder`, named `<code>.sqlite`.
    #[must_use]
    pub fn new(folder: &Path, settings: Settings) -> Communities {
        Communities {
            folder: folder.to_owned(),
            shared: Shared::new(&settings),
            settings,
            open: Mutex::new(Open {
                most: most_open(open_files::raise_limit()),
                by_code: HashMap::new(),
                uses: 0,
            }),
            news: News::default(),
            erasures: None,
        }
    }

    /// The same, with another budget than 1 GiB for the loaded documents of all of them.
    #[must_use]
    pub fn with_document_bytes(self, most_bytes: usize) -> Communities {
        let shared = Shared {
            documents: Arc::new(DocumentBudget::of(most_bytes)),
            ..self.shared
        };
        Communities { shared, ..self }
    }

    /// Every file is brought up to the ledger before it is served.
    #[must_use]
    pub fn with_erasures(mut self, ledger: Arc<Ledger>, office: FindOffice) -> Communities {
        self.shared.ledger = Some(Arc::clone(&ledger));
        self.erasures = Some(Erasures { ledger, office });
        self
    }

    /// The file of a community.
    #[must_use]
    pub fn path(&self, code: CommunityCode) -> PathBuf {
        self.folder.join(format!("{code}.sqlite"))
    }

    /// Changes after every commit of a community's writer, and says where its log then ended.
    /// Listening keeps no file open.
    #[must_use]
    pub fn news(&self, code: CommunityCode) -> watch::Receiver<Lsn> {
        self.news.of(code).subscribe()
    }

    /// The communities that have a file, in order of code.
    ///
    /// # Errors
    /// The operating system's.
    pub fn list(&self) -> std::io::Result<Vec<CommunityCode>> {
        let mut codes = Vec::new();
        for file in std::fs::read_dir(&self.folder)? {
            let name = file?.file_name();
            codes.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".sqlite")?.parse::<CommunityCode>().ok()),
            );
        }
        codes.sort_unstable();
        Ok(codes)
    }

    /// An open community; `None` if this home has none of that code.
    ///
    /// # Errors
    /// [`StoreError`] if its file cannot be served.
    pub fn get(&self, code: CommunityCode) -> Result<Option<Arc<Community>>, StoreError> {
        // Held while a file is opened: two writers of one file must never be.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match open.used_now(code) {
            Ok(community) => return Ok(Some(community)),
            Err(now) => now,
        };
        // One that stopped closes before its file is opened again.
        open.by_code.remove(&code);
        let path = self.path(code);
        if !path.exists() {
            return Ok(None);
        }
        let community = match Community::open_within(&path, code, &self.settings, &self.shared) {
            Ok(community) => Arc::new(community),
            Err(StoreError::NotBegun) => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(erasures) = &self.erasures {
            erasures.apply(&community)?;
        }
        self.lend_device(&community)?;
        community.announce_to(self.news.of(code));
        open.keep(code, &community, now);
        Ok(Some(community))
    }

    /// A community if it is open already; `None` also while another one is being opened, so that
    /// nobody waits here.
    #[must_use]
    pub fn get_open(&self, code: CommunityCode) -> Option<Arc<Community>> {
        self.open.try_lock().ok()?.used_now(code).ok()
    }

    /// Those that are open, for what is done to each now and then.
    #[must_use]
    pub fn all_open(&self) -> Vec<Arc<Community>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_code
            .values()
            .map(|(community, _)| Arc::clone(community))
            .collect()
    }

    /// How many are open.
    #[must_use]
    pub fn open_now(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).by_code.len()
    }

    /// Begins a community.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is one of that code already.
    pub fn create(&self, code: CommunityCode, founder: Founder) -> Result<Arc<Community>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let now = open.uses;
        let community = Arc::new(Community::create_within(
            &self.path(code),
            code,
            founder,
            &self.settings,
            &self.shared,
        )?);
        community.announce_to(self.news.of(code));
        self.lend_device(&community)?;
        open.keep(code, &community, now);
        Ok(community)
    }

    /// A community without the home's device (founded elsewhere) tells nobody what came late.
    fn lend_device(&self, community: &Community) -> Result<(), StoreError> {
        if let Some(erasures) = &self.erasures
            && let Some((office, worker)) = (erasures.office)(community.identity().code)?
        {
            community.write_itself_as(office, worker);
        }
        Ok(())
    }
}

fn most_open(files: u64) -> usize {
    let some = files.saturating_sub(FILES_BESIDE) / FILES_OF_ONE;
    usize::try_from(some).unwrap_or(MOST_OPEN).clamp(1, MOST_OPEN)
}

impl Erasures {
    /// Erases again what this file still has.
    fn apply(&self, community: &Community) -> Result<(), StoreError> {
        let code = community.identity().code;
        let missing = community.not_erased_yet(self.ledger.of(code).map_err(StoreError::Ledger)?)?;
        if missing.is_empty() {
            return Ok(());
        }
        let office = (self.office)(code)?;
        let (office, worker) = office.ok_or(StoreError::Other("erased data cannot be erased again here"))?;
        for noted in missing {
            let scribe = Scribe {
                office: office.clone(),
                worker,
                at: clock::now(),
            };
            let erasure = Erasure {
                target: Target::Again(noted.subjects),
                basis: noted.basis,
                requested_on: noted.requested_on,
            };
            let erased = community
                .erase(&scribe, erasure, &self.ledger)
                .map_err(|error| match error {
                    EraseError::Store(error) => error,
                    other => StoreError::NotErased(Box::new(other)),
                })?;
            tracing::warn!(community = %code, entries = erased.entries, "erased again what an older copy still had");
        }
        Ok(())
    }
}

impl Open {
    /// Notes a use of a community that is open and serves; the number of the use if it is not.
    fn used_now(&mut self, code: CommunityCode) -> Result<Arc<Community>, u64> {
        self.uses += 1;
        match self.by_code.get_mut(&code) {
            Some((community, used)) if !community.has_stopped() => {
                *used = self.uses;
                Ok(Arc::clone(community))
            }
            _ => Err(self.uses),
        }
    }

    fn keep(&mut self, code: CommunityCode, community: &Arc<Community>, now: u64) {
        if self.by_code.len() >= self.most {
            let idle = self
                .by_code
                .iter()
                .filter(|(_, (community, _))| Arc::strong_count(community) == 1);
            if let Some(oldest) = idle.min_by_key(|(_, (_, used))| *used).map(|(code, _)| *code) {
                self.by_code.remove(&oldest);
            }
        }
        self.by_code.insert(code, (Arc::clone(community), now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_open_as_files_may_be() {
        assert_eq!(most_open(1_048_576), MOST_OPEN);
        assert_eq!(most_open(1_024), 69);
        assert_eq!(most_open(0), 1);
    }
}
