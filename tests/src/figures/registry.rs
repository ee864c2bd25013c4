//! What one edit costs on a whole grid's registry: every worker edits what he saw in the morning,
//! so that all edits are concurrent with those of the others. And what that registry weighs.

use std::path::Path;
use std::time::Instant;

use menpai_server::clock;
use menpai_server::simulate::Dice;
use menpai_sync_core::entry::{Draft, Edit, Entry, Made, Scalar, SetItem};
use menpai_sync_core::ids::{DeviceId, EntityId, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use menpai_sync_core::verdict::Derived;
use serde_json::{Map, json};

use super::{Figure, median};
use crate::data_folder;
use crate::process::command;
use crate::workload::{PERSONS, SEED, found};

const WORKERS: usize = 16;
const EDITS_A_WORKER: usize = 5;
const RUNS: usize = 25;

/// An edit of a day, as everyone but the home gets it.
pub(super) struct Decided {
    pub(super) entry: Entry,
    pub(super) bytes: Vec<u8>,
    pub(super) device: DeviceId,
    pub(super) derived: Derived,
}

/// Microseconds to derive one edit and apply it.
#[must_use]
pub fn measure_derive(folder: &Path) -> Vec<Figure> {
    let data = folder.join("derive");
    let _ = found(&data);
    let morning = open_document(&data);
    let edits = a_day(&morning);
    let took = (0..RUNS)
        .map(|_| {
            let mut document = morning.clone();
            let started = Instant::now();
            for edit in &edits {
                let plan = document.derive(&edit.entry, edit.device, &edit.derived).unwrap();
                document.apply(&plan).unwrap();
            }
            let took = started.elapsed().as_secs_f64() * 1e6 / edits.len() as f64;
            assert_eq!(document.heads().len(), WORKERS, "edits that are not concurrent");
            took
        })
        .collect();
    let count = RUNS * edits.len();
    vec![Figure::new("derive_us_per_edit_native", median(took), "us", count)]
}

/// Bytes of all documents of a home's registry, as they are saved, for each person in it.
pub(super) fn bytes_per_person(data: &Path) -> Figure {
    let bytes: usize = documents(data).iter().map(|(_, bytes)| bytes.len()).sum();
    Figure::new(
        "registry_bytes_per_person",
        bytes as f64 / PERSONS as f64,
        "bytes",
        PERSONS,
    )
}

/// The grid's open document.
pub(super) fn open_document(data: &Path) -> Document {
    let documents = documents(data);
    let of_grid = |name: &str| name.ends_with("/open") && !name.starts_with("community");
    let (name, bytes) = documents.iter().find(|(name, _)| of_grid(name)).unwrap();
    let part: Part = name.parse().unwrap();
    Document::load(bytes, data_folder::code(), part, 1).unwrap()
}

/// Part → saved document, as the program exports them.
fn documents(data: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = data.join("documents");
    let (code, output) = (data_folder::code().to_string(), folder.display().to_string());
    let exported = command(&["export", "registry", "--community", &code, "--output", &output], data);
    assert!(
        exported.status.success(),
        "{}",
        String::from_utf8_lossy(&exported.stderr)
    );
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let (place, class) = stem.strip_prefix("menpai-registry-").unwrap().rsplit_once('-').unwrap();
            (format!("{place}/{class}"), std::fs::read(&path).unwrap())
        })
        .collect()
}

/// A day of all workers, one after the other as their phones come home, decided on a copy.
pub(super) fn a_day(morning: &Document) -> Vec<Decided> {
    let mut dice = Dice::new(SEED);
    let base = morning.heads();
    let persons = morning.entities().filter(|(_, of_type)| *of_type == "person");
    let persons: Vec<EntityId> = persons.map(|(id, _)| id).collect();
    assert_eq!(persons.len(), PERSONS);
    let mut home = morning.clone();
    let mut edits = Vec::new();
    for _ in 0..WORKERS {
        let (device, worker) = (DeviceId::from_bytes(dice.bytes()), WorkerId::from_bytes(dice.bytes()));
        for _ in 0..EDITS_A_WORKER {
            let set = SetItem {
                entity_type: "person".to_owned(),
                id: persons[dice.below(persons.len())],
                field: "phone".to_owned(),
                value: Scalar::Text(format!("199{:08}", dice.below(100_000_000))),
            };
            let edit = Edit {
                base: base.clone(),
                set: vec![set],
            };
            let body = Map::from_iter([("source".to_owned(), json!("asked_in_person"))]);
            let grid = morning.part().grid;
            let draft = Draft::edit(clock::new_entry_id(), 1, grid, worker, clock::now(), edit, body);
            let Made { entry, bytes } = draft.make().unwrap();
            let plan = home.decide(&entry, device, false).unwrap();
            home.apply(&plan).unwrap();
            let derived = plan.derived().clone();
            edits.push(Decided {
                entry,
                bytes,
                device,
                derived,
            });
        }
    }
    edits
}
