//! Which app a phone runs: that of its home; an older one that speaks version 1 and knows nothing
//! of what came since; or one ahead of its home, with a kind more and a field wider, whose
//! entries are held there.

use std::sync::{Arc, OnceLock};

use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::Kinds;
use menpai_sync_core::wire::{MAX_ANSWER_INFLATED, OLDEST_PROTOCOL, PROTOCOL, inflate_member};
use serde_json::Value;

/// A kind that no home knows.
pub(super) const KIND_OF_TOMORROW: &str = "lantern_check";

/// The kinds that came with version 2 or later, and the effects that kinds got then.
const NEW_KINDS: [&str; 8] = [
    "clock_jump",
    "erasure",
    "handover",
    "held_decision",
    "id_number",
    "not_duplicate",
    "registry_epoch",
    "settlement",
];
const NEW_EFFECTS: [&str; 4] = ["closes_period", "erasable", "hands_over", "merges"];

/// What verdicts and reasons cannot be in version 1.
const NEW_WORDS: [&str; 3] = [
    r#""verdict":"released""#,
    r#""verdict":"set_aside""#,
    r#""reason":"erased""#,
];

/// An app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum App {
    Yesterday,
    Today,
    Tomorrow,
}

impl App {
    pub(super) fn kinds(self) -> Arc<Kinds> {
        static KINDS: [OnceLock<Arc<Kinds>>; 3] = [const { OnceLock::new() }; 3];
        let make = || match self {
            App::Yesterday => of_yesterday(),
            App::Today => Kinds::builtin().unwrap(),
            App::Tomorrow => of_tomorrow(),
        };
        Arc::clone(KINDS[self as usize].get_or_init(|| Arc::new(make())))
    }

    pub(super) fn protocol(self) -> u32 {
        match self {
            App::Yesterday => OLDEST_PROTOCOL,
            App::Today | App::Tomorrow => PROTOCOL,
        }
    }

    /// Whether it compares its clock with one that nobody sets.
    pub(super) fn notices_clocks(self) -> bool {
        self != App::Yesterday
    }

    /// A word of an answer that it cannot read: it would believe nothing of all that.
    pub(super) fn unknown_word(self, mut answer: &[u8]) -> Option<&'static str> {
        let of_home = |line: &&str| line.starts_with(r#"{"lsn":"#) || line.starts_with(r#"{"receipt":"#);
        while self == App::Yesterday
            && let Ok((text, rest)) = inflate_member(answer, MAX_ANSWER_INFLATED)
        {
            answer = rest;
            let text = String::from_utf8_lossy(&text);
            let mut said = text.lines().filter(of_home);
            let found = said.find_map(|line| NEW_WORDS.iter().find(|word| line.contains(**word)));
            if found.is_some() {
                return found.copied();
            }
        }
        None
    }

    /// The id of what an edit of it makes.
    pub(super) fn made_by(self, entry: EntryId, index: u64) -> EntityId {
        match self {
            App::Yesterday => EntityId::made_by_in_version_1(entry, index),
            App::Today | App::Tomorrow => EntityId::made_by(entry, index),
        }
    }
}

/// The kinds of the home.
pub(super) fn builtin() -> Arc<Kinds> {
    App::Today.kinds()
}

fn of_yesterday() -> Kinds {
    let old = |(name, text): &(&'static str, &str)| {
        let mut kind: Value = serde_json::from_str(text).unwrap();
        kind["schema"] = 1.into();
        let fields = kind["fields"].as_array_mut().unwrap();
        fields.retain(|field| field.get("since").is_none());
        if let Some(effects) = kind["effects"].as_object_mut() {
            effects.retain(|effect, _| !NEW_EFFECTS.contains(&effect.as_str()));
        }
        (*name, kind.to_string())
    };
    let files = Kinds::builtin_files()
        .iter()
        .filter(|(name, _)| !NEW_KINDS.contains(name));
    let files: Vec<(&str, String)> = files.map(old).collect();
    Kinds::from_files(files.iter().map(|(name, text)| (*name, text.as_str()))).unwrap()
}

fn of_tomorrow() -> Kinds {
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
