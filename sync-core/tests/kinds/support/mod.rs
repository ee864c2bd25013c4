//! What the tests of kinds share: the examples on disk, one verdict for bodies and
//! entities alike, and random values that are often almost right.

pub(crate) mod random;

use std::path::{Path, PathBuf};

use menpai_sync_core::kinds::{BodyError, Family, Kind, Kinds, Problem};
use serde_json::{Map, Value};

/// One example file.
pub(crate) struct Example {
    /// Without `.json`.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) body: Map<String, Value>,
}

/// The folder of examples of a kind.
pub(crate) fn folder(kind: &Kind, sort: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../schemas/examples")
        .join(kind.name.as_str())
        .join(sort)
}

/// The examples of a kind, `valid` or `invalid`, by name.
pub(crate) fn examples(kind: &Kind, sort: &str) -> Vec<Example> {
    let folder = folder(kind, sort);
    let listed = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| Example {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        body: serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
    };
    paths.iter().map(read).collect()
}

/// What our checker finds: of a body, or of an entity for a registry type.
pub(crate) fn problems(kinds: &Kinds, kind: &Kind, body: &Map<String, Value>) -> Vec<Problem> {
    let checked = match kind.family {
        Family::Registry => kinds.check_entity(kind.name.as_str(), body),
        _ => kinds.check_body(kind.name.as_str(), kind.schema, body),
    };
    match checked {
        Ok(()) => Vec::new(),
        Err(BodyError::Problems(problems)) => problems,
        Err(other) => panic!("{}: {other}", kind.name),
    }
}
