//! What the registry's kind files say that a roster has to keep to: the choices of coded
//! fields and how long texts may be. Nothing of it is written down a second time here: a
//! category added to the person kind is a category that rosters may use.

use std::sync::LazyLock;

use menpai_sync_core::kinds::{Field, Kinds, Members, Shape};

/// One value a field may have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Choice {
    /// Where it stands in the file: the order of lists.
    position: usize,
    /// What the registry holds.
    pub(crate) value: String,
    /// The Chinese label: the standard's own word.
    pub(crate) word: String,
}

/// The choices of a coded field, in the file's order.
pub(crate) fn choices(kind: &str, field: &str) -> Vec<Choice> {
    let choices = match self::field(kind, field).map(|field| &field.shape) {
        Some(Shape::Choice { choices, .. } | Shape::Set(Members::Choices(choices))) => choices.as_slice(),
        _ => &[],
    };
    choices
        .iter()
        .enumerate()
        .map(|(position, choice)| Choice {
            position,
            value: choice.value.clone(),
            word: choice.labels.zh.clone(),
        })
        .collect()
}

/// How many characters a text field takes; none if there is no such field.
pub(crate) fn longest(kind: &str, field: &str) -> usize {
    match self::field(kind, field).map(|field| &field.shape) {
        Some(Shape::Text { max_length, .. }) => *max_length as usize,
        _ => 0,
    }
}

fn field(kind: &str, field: &str) -> Option<&'static Field> {
    KINDS.as_ref()?.get(kind)?.field(field)
}

/// `None` only in a build whose kind files are wrong, which the core's own tests forbid.
static KINDS: LazyLock<Option<Kinds>> = LazyLock::new(|| Kinds::builtin().ok());
