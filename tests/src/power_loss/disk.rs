//! A disk that forgets: what a program wrote after its last fsync of a file may be there, in
//! part or in any mixture of 512-byte sectors, or not at all; a name made, changed or removed
//! after the last fsync of its folder may be as it was. Names of one folder change in order.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use menpai_server::simulate::Dice;

use super::trace::{Call, Event};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The files of one folder as they would be found after a power cut.
pub type Crash = BTreeMap<PathBuf, Vec<u8>>;

/// How much of what is not synced a cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    /// Nothing.
    None,
    /// Some of it, sector by sector.
    Some,
    /// All of it.
    All,
}

/// One folder's disk, between two events.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    files: Vec<File>,
    /// What names say to the running program, and what they would say after a cut.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<(usize, NameChange)>,
    /// Where bytes without a place go.
    ends: HashMap<PathBuf, u64>,
    /// Calls that have begun: what their end means.
    syncs: HashMap<usize, (PathBuf, usize)>,
    /// Numbers changes.
    clock: usize,
}

#[derive(Debug, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<(usize, Change)>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Debug, Clone)]
enum NameChange {
    Made(PathBuf, usize),
    Gone(PathBuf),
    Renamed(PathBuf, PathBuf),
}

impl NameChange {
    fn folder(&self) -> Option<&Path> {
        match self {
            NameChange::Made(path, _) | NameChange::Gone(path) | NameChange::Renamed(_, path) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            NameChange::Made(path, file) => {
                names.insert(path.clone(), *file);
            }
            NameChange::Gone(path) => {
                names.remove(path);
            }
            NameChange::Renamed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Write { offset, bytes } => put(content, *offset, bytes),
            Change::Truncate(size) => content.resize(*size, 0),
        }
    }

    fn apply_torn(&self, content: &mut Vec<u8>, dice: &mut Dice, percent: u64) {
        match self {
            Change::Write { offset, bytes } => {
                let mut done = 0;
                while done < bytes.len() {
                    let at = offset + done;
                    let length = (SECTOR - at % SECTOR).min(bytes.len() - done);
                    if dice.percent(percent) {
                        put(content, at, &bytes[done..done + length]);
                    }
                    done += length;
                }
            }
            Change::Truncate(_) if dice.percent(percent) => self.apply(content),
            Change::Truncate(_) => {}
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl Disk {
    /// A folder, all of it durable, which the program knows under `root`.
    #[must_use]
    pub fn of(files: Crash, root: &Path) -> Disk {
        let names: BTreeMap<PathBuf, usize> = files.keys().map(|name| root.join(name)).zip(0..).collect();
        let files = files.into_values().map(|durable| File {
            durable,
            pending: Vec::new(),
        });
        Disk {
            root: root.to_owned(),
            files: files.collect(),
            durable_names: names.clone(),
            names,
            pending_names: Vec::new(),
            ends: HashMap::new(),
            syncs: HashMap::new(),
            clock: 0,
        }
    }

    /// One more event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Begun(number, call) => self.begin(*number, call),
            Event::Done(number, _) => {
                if let Some((path, until)) = self.syncs.remove(number) {
                    self.synced(&path, until);
                }
            }
        }
    }

    fn begin(&mut self, number: usize, call: &Call) {
        self.clock += 1;
        match call {
            Call::Make { path, truncate } if self.is_ours(path) => {
                self.ends.remove(path);
                let file = match self.names.get(path) {
                    Some(file) => *file,
                    None => {
                        self.files.push(File::default());
                        self.rename(NameChange::Made(path.clone(), self.files.len() - 1));
                        self.files.len() - 1
                    }
                };
                if *truncate {
                    self.files[file].pending.push((self.clock, Change::Truncate(0)));
                }
            }
            Call::Write { path, offset, bytes } => {
                let end = self.ends.entry(path.clone()).or_default();
                let at = offset.unwrap_or(*end);
                *end = at + bytes.len() as u64;
                let offset = usize::try_from(at).unwrap();
                let bytes = bytes.clone();
                self.change(path, Change::Write { offset, bytes });
            }
            Call::Truncate { path, size } => self.change(path, Change::Truncate(usize::try_from(*size).unwrap())),
            Call::Sync(path) => {
                self.syncs.insert(number, (path.clone(), self.clock));
            }
            Call::Unlink(path) => self.rename(NameChange::Gone(path.clone())),
            Call::Rename(from, to) => self.rename(NameChange::Renamed(from.clone(), to.clone())),
            Call::Make { .. } | Call::MakeFolder(_) | Call::Send { .. } => {}
        }
    }

    fn is_ours(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(file) = self.names.get(path) {
            self.files[*file].pending.push((self.clock, change));
        }
    }

    fn rename(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push((self.clock, change));
    }

    fn synced(&mut self, path: &Path, until: usize) {
        if let Some(file) = self.names.get(path) {
            let File { durable, pending } = &mut self.files[*file];
            let rest = pending.partition_point(|(at, _)| *at < until);
            pending.drain(..rest).for_each(|(_, change)| change.apply(durable));
        }
        let durable_names = &mut self.durable_names;
        self.pending_names.retain(|(at, change)| {
            let is_durable = *at < until && change.folder() == Some(path);
            if is_durable {
                change.apply(durable_names);
            }
            !is_durable
        });
    }

    /// What a cut now would leave.
    #[must_use]
    pub fn cut(&self, luck: Luck, dice: &mut Dice) -> Crash {
        let mut names = self.durable_names.clone();
        let reached = match luck {
            Luck::None => 0,
            Luck::Some => dice.below(self.pending_names.len() + 1),
            Luck::All => self.pending_names.len(),
        };
        for (_, change) in &self.pending_names[..reached] {
            change.apply(&mut names);
        }
        let percent = u64::try_from(dice.below(99)).unwrap() + 1;
        let mut crash = Crash::new();
        for (path, file) in names {
            let File { durable, pending } = &self.files[file];
            let mut content = durable.clone();
            for (_, change) in pending {
                match luck {
                    Luck::None => {}
                    Luck::Some => change.apply_torn(&mut content, dice, percent),
                    Luck::All => change.apply(&mut content),
                }
            }
            let name = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
            crash.insert(name, content);
        }
        crash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(events: &[(Call, bool)]) -> Disk {
        let files = Crash::from([("a".into(), b"old".to_vec())]);
        let mut disk = Disk::of(files, Path::new("/d"));
        for (number, (call, is_done)) in events.iter().enumerate() {
            disk.take(&Event::Begun(number, call.clone()));
            if *is_done {
                disk.take(&Event::Done(number, 0));
            }
        }
        disk
    }

    fn write(path: &str, bytes: &[u8]) -> (Call, bool) {
        let call = Call::Write {
            path: path.into(),
            offset: Some(0),
            bytes: bytes.to_vec(),
        };
        (call, true)
    }

    fn content(disk: &Disk, luck: Luck, name: &str) -> Option<Vec<u8>> {
        disk.cut(luck, &mut Dice::new(1)).get(Path::new(name)).cloned()
    }

    #[test]
    fn what_is_synced_stays_and_the_rest_may_not() {
        let sync = |is_done| (Call::Sync("/d/a".into()), is_done);
        let synced = disk(&[write("/d/a", b"new"), sync(true), write("/d/a", b"NEW")]);
        assert_eq!(content(&synced, Luck::None, "a").unwrap(), b"new");
        assert_eq!(content(&synced, Luck::All, "a").unwrap(), b"NEW");
        let syncing = disk(&[write("/d/a", b"new"), sync(false)]);
        assert_eq!(content(&syncing, Luck::None, "a").unwrap(), b"old");
    }

    #[test]
    fn a_name_is_there_when_its_folder_is_synced() {
        let make = Call::Make {
            path: "/d/b".into(),
            truncate: false,
        };
        let made = [(make, true), write("/d/b", b"b"), (Call::Sync("/d/b".into()), true)];
        assert_eq!(content(&disk(&made), Luck::None, "b"), None);
        assert_eq!(content(&disk(&made), Luck::All, "b").unwrap(), b"b");
        let mut synced = made.to_vec();
        synced.push((Call::Sync("/d".into()), true));
        synced.push((Call::Unlink("/d/b".into()), true));
        assert_eq!(content(&disk(&synced), Luck::None, "b").unwrap(), b"b");
        assert_eq!(content(&disk(&synced), Luck::All, "b"), None);
    }

    #[test]
    fn a_write_tears_between_sectors_only() {
        let torn = disk(&[write("/d/a", &[b'x'; 4 * SECTOR])]);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let crash = torn.cut(Luck::Some, &mut Dice::new(seed));
            let content = &crash[Path::new("a")];
            let sectors = content.chunks(SECTOR).map(|sector| {
                let first = sector[0];
                assert!(sector.iter().all(|byte| *byte == first || first == b'o'));
                first
            });
            seen.insert(sectors.collect::<Vec<u8>>());
        }
        assert!(seen.len() > 10, "{seen:?}");
    }
}
