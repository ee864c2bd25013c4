//! Entries and values in words, in both languages, from the kind files: nothing here knows a
//! kind by name, so a new kind file needs no change.

mod entries;
mod values;

use menpai_sync_core::kinds::Labels;
use serde::Serialize;

pub(super) use entries::{address, contents, mentioned, summary, unreadable};
pub(super) use values::{body_value, field_value, registry_field, registry_value};

/// One labelled value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RecordsContent)]
pub(super) struct Content {
    /// What the form calls it.
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) label: Labels,
    /// What was answered.
    #[schema(value_type = crate::openapi::Labels)]
    pub(super) text: Labels,
}

pub(super) fn labels(zh: impl Into<String>, en: impl Into<String>) -> Labels {
    Labels {
        zh: zh.into(),
        en: en.into(),
    }
}

/// A text that is the same in every language.
pub(super) fn same(text: impl Into<String>) -> Labels {
    let text = text.into();
    Labels {
        zh: text.clone(),
        en: text,
    }
}

fn joined(parts: &[Labels], zh: &str, en: &str) -> Labels {
    let of = |pick: fn(&Labels) -> &str, with: &str| parts.iter().map(pick).collect::<Vec<_>>().join(with);
    labels(of(|part| &part.zh, zh), of(|part| &part.en, en))
}
