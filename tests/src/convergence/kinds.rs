//! Kind files for a phone that is ahead of its home: one kind more, and one field wider. What
//! it records with them is held there.

use std::sync::{Arc, OnceLock};

use menpai_sync_core::kinds::Kinds;

/// A kind that no home knows.
pub(super) const KIND_OF_TOMORROW: &str = "lantern_check";

/// The kinds of the home, and of most phones.
pub(super) fn builtin() -> Arc<Kinds> {
    static KINDS: OnceLock<Arc<Kinds>> = OnceLock::new();
    Arc::clone(KINDS.get_or_init(|| Arc::new(Kinds::builtin().unwrap())))
}

/// The kinds of a phone whose app is newer than its home.
pub(super) fn of_tomorrow() -> Arc<Kinds> {
    static KINDS: OnceLock<Arc<Kinds>> = OnceLock::new();
    Arc::clone(KINDS.get_or_init(|| Arc::new(make())))
}

fn make() -> Kinds {
    let files: Vec<(&str, String)> = Kinds::builtin_files()
        .iter()
        .map(|(name, text)| {
            // Home says 99 at most: more is held with failed_rule.
            let widened = if *name == "door_check" {
                text.replace(r#""max":99"#, r#""max":999"#)
            } else {
                (*text).to_owned()
            };
            (*name, widened)
        })
        .collect();
    let check = &files.iter().find(|(name, _)| *name == "door_check").unwrap().1;
    let tomorrow = check.replacen(r#""kind":"door_check""#, &format!(r#""kind":"{KIND_OF_TOMORROW}""#), 1);
    let all = files.iter().map(|(name, text)| (*name, text.as_str()));
    Kinds::from_files(all.chain([(KIND_OF_TOMORROW, tomorrow.as_str())])).unwrap()
}
