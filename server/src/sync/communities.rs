//! The open communities of a home: opened on demand, at most so many at once, the one unused
//! for longest closed first. A community is open at most once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use menpai_sync_core::ids::{CommunityCode, Lsn};
use tokio::sync::watch;

use super::community::{Community, Settings};
use super::news::News;
use crate::store::community::StoreError;
use crate::store::community::identity::Founder;

/// Files open at once. Each costs three descriptors and a thread.
const MOST_OPEN: usize = 1_000;

/// The open communities.
pub struct Communities {
    folder: PathBuf,
    settings: Settings,
    open: Mutex<Open>,
    news: News,
}

#[derive(Default)]
struct Open {
    by_code: HashMap<CommunityCode, (Arc<Community>, u64)>,
    uses: u64,
}

impl Communities {
    /// Communities whose files lie in `folder`, named `<code>.sqlite`.
    #[must_use]
    pub fn new(folder: &Path, settings: Settings) -> Communities {
        Communities {
            folder: folder.to_owned(),
            settings,
            open: Mutex::default(),
            news: News::default(),
        }
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
        open.uses += 1;
        let now = open.uses;
        if let Some((community, used)) = open.by_code.get_mut(&code)
            && !community.has_stopped()
        {
            *used = now;
            return Ok(Some(Arc::clone(community)));
        }
        // One that stopped closes before its file is opened again.
        open.by_code.remove(&code);
        let path = self.path(code);
        if !path.exists() {
            return Ok(None);
        }
        let community = match Community::open(&path, code, &self.settings) {
            Ok(community) => Arc::new(community),
            Err(StoreError::NotBegun) => return Ok(None),
            Err(error) => return Err(error),
        };
        community.announce_to(self.news.of(code));
        open.keep(code, &community, now);
        Ok(Some(community))
    }

    /// Begins a community.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is one of that code already.
    pub fn create(&self, code: CommunityCode, founder: Founder) -> Result<Arc<Community>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let now = open.uses;
        let community = Arc::new(Community::create(&self.path(code), code, founder, &self.settings)?);
        community.announce_to(self.news.of(code));
        open.keep(code, &community, now);
        Ok(community)
    }
}

impl Open {
    fn keep(&mut self, code: CommunityCode, community: &Arc<Community>, now: u64) {
        if self.by_code.len() >= MOST_OPEN {
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
