//! A part's document as a replica has it: at hand, or as it was stored, with what it shows, until
//! somebody needs more than that. Loading one is most of what opening a phone would cost.

use std::sync::OnceLock;

use super::rows::{Row, new_row};
use super::shown;
use crate::ids::{CommunityCode, EntityId, Hash};
use crate::part::Part;
use crate::registry::Document;

/// A stored document: what is known of it before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its epoch.
    pub epoch: u64,
    /// Its heads.
    pub heads: Vec<Hash>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it shows, as [`Replica::take_shown`](super::Replica::take_shown) gave it.
    pub shown: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Held {
    part: Part,
    community: CommunityCode,
    stored: Option<StoredDocument>,
    /// Whether what it shows is stored.
    pub(super) kept: bool,
    /// Empty inside: the stored bytes are damaged.
    loaded: OnceLock<Option<Document>>,
}

impl Held {
    /// One at hand.
    pub(super) fn at_hand(community: CommunityCode, document: Document) -> Held {
        Held {
            part: document.part(),
            community,
            stored: None,
            kept: false,
            loaded: OnceLock::from(Some(document)),
        }
    }

    /// One as it was stored.
    pub(super) fn stored(community: CommunityCode, part: Part, stored: StoredDocument) -> Held {
        Held {
            part,
            community,
            stored: Some(stored),
            kept: true,
            loaded: OnceLock::new(),
        }
    }

    /// The document; `None` if what was stored is damaged.
    pub(super) fn document(&self) -> Option<&Document> {
        let load = || {
            let stored = self.stored.as_ref()?;
            let loaded = Document::load(&stored.bytes, self.community, self.part, stored.epoch).ok()?;
            Some(loaded).filter(|document| document.heads() == stored.heads)
        };
        self.loaded.get_or_init(load).as_ref()
    }

    /// The document, to be changed: what is stored is no longer what it shows.
    pub(super) fn document_mut(&mut self) -> Option<&mut Document> {
        self.document()?;
        self.stored = None;
        self.kept = false;
        self.loaded.get_mut()?.as_mut()
    }

    pub(super) fn epoch(&self) -> u64 {
        let stored = self.stored.as_ref().map(|stored| stored.epoch);
        stored.unwrap_or_else(|| self.document().map_or(0, Document::epoch))
    }

    pub(super) fn heads(&self) -> Vec<Hash> {
        let stored = self.stored.as_ref().map(|stored| stored.heads.clone());
        stored.unwrap_or_else(|| self.document().map(Document::heads).unwrap_or_default())
    }

    /// Everything that it shows.
    pub(super) fn rows(&self) -> Option<Vec<(EntityId, Row)>> {
        if let Some(stored) = &self.stored {
            return shown::read(&stored.shown, self.part);
        }
        let document = self.document()?;
        let row = |(id, entity_type)| {
            let mut row = new_row(entity_type, self.part);
            row.fields.extend(document.all_values(id));
            (id, row)
        };
        Some(document.entities().map(row).collect())
    }
}
