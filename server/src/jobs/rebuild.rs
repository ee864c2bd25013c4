//! Drops every derived table and document of a community and makes them again from its log.
//! Verdicts are repeated, never judged again; the digests before and after must be equal.

use std::collections::BTreeMap;

use menpai_sync_core::ids::Hash;
use menpai_sync_core::part::Part;

use crate::store::community::StoreError;
use crate::store::community::digest;
use crate::store::community::parts::Parts;
use crate::sync::{Community, Reader};

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Digest of each part before.
    pub before: BTreeMap<Part, Hash>,
    /// Digest of each part after.
    pub after: BTreeMap<Part, Hash>,
}

impl Rebuilt {
    /// Whether the tables were what the log says.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.before == self.after
    }
}

/// Rebuilds one community. Its writer does nothing else meanwhile.
///
/// # Errors
/// [`StoreError`]; then everything is as it was.
pub fn rebuild(community: &Community) -> Result<Rebuilt, StoreError> {
    let before = community.read(|reader| {
        // This begins the reading: what is read beside the rebuild is of before it.
        let parts = Parts::load(&reader.connection)?;
        std::thread::scope(|scope| {
            let rebuilding = scope.spawn(|| community.rebuild());
            let before = digests_of(reader, &parts);
            rebuilding
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            before
        })
    })?;
    Ok(Rebuilt {
        before,
        after: digests(community)?,
    })
}

/// The digest of every part, as the tables show it.
///
/// # Errors
/// [`StoreError`].
pub fn digests(community: &Community) -> Result<BTreeMap<Part, Hash>, StoreError> {
    community.read(|reader| {
        let parts = Parts::load(&reader.connection)?;
        digests_of(reader, &parts)
    })
}

fn digests_of(reader: &mut Reader, parts: &Parts) -> Result<BTreeMap<Part, Hash>, StoreError> {
    let mut digests = BTreeMap::new();
    for part in parts.all() {
        let Some(number) = parts.find(part) else { continue };
        digests.insert(part, digest::of_part(&reader.connection, &mut reader.codec, number)?);
    }
    Ok(digests)
}
