//! Power cuts of the real server, replayed: it works under `strace`, its writes and fsyncs are
//! played onto a disk that forgets, and what that disk would have kept is opened with the real
//! recovery and held against what phones had been told by then.

mod disk;
mod trace;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use menpai_server::simulate::{Client, Dice, read_logins};
use menpai_sync_core::ids::EntryId;

use crate::acknowledged::{Fault, hold};
use crate::data_folder;
use crate::process::{How, Server};
use crate::workload::{Acknowledgement, Worker};

pub use disk::{Crash, Disk, Luck};
pub use trace::{Call, Event, events};

/// Contacts of which one brings a whole day, edits included.
const CONTACTS_A_DAY: usize = 20;
/// Workers at once.
const WORKERS: usize = 3;
/// Longest until strace has written the end of its trace.
/// How much after the first thread's end the other threads may still have to say.
const TAIL_BYTES: u64 = 4 << 20;
const TRACE_TIME: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a server did, and what it said to whom.
pub struct Recording {
    /// The folder's files before.
    before: Crash,
    data: PathBuf,
    events: Vec<Event>,
    /// What was acknowledged, and by which event the answer began to leave.
    told: Vec<(usize, Vec<EntryId>)>,
    /// The folder itself.
    _folder: tempfile::TempDir,
}

/// What became of the states.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many were opened.
    pub states: usize,
    /// Acknowledged entries in them.
    pub acknowledged: usize,
    /// States that lost what was acknowledged, each with the seed that makes it again.
    pub lost: Vec<(u64, usize)>,
    /// States that do not agree with themselves.
    pub damaged: Vec<(u64, String)>,
}

impl Recording {
    /// Lets workers make so many contacts with a server under strace, with these fail points.
    #[must_use]
    pub fn make(contacts: usize, seed: u64, points: &str) -> Recording {
        let folder = tempfile::tempdir().unwrap();
        // strace names files as the kernel does.
        let data = folder.path().canonicalize().unwrap().join("data");
        let logins = read_logins(&data_folder::make(&data)).unwrap();
        let mut server = Server::start(&data);
        let client = Client::new(server.http(), None).unwrap();
        let mut workers: Vec<Worker> = (0..WORKERS)
            .map(|number| {
                let mut worker = Worker::enrol(&client, &logins[number], seed + number as u64);
                worker.sync();
                worker.check_a_door();
                worker.sync();
                worker.forget_acknowledged();
                worker
            })
            .collect();
        server.kill();
        let before = read_folder(&data);

        let trace = folder.path().join("trace");
        server.restart_as(How {
            under: under_strace(&trace),
            points: points.to_owned(),
            ..How::default()
        });
        std::thread::scope(|scope| {
            for worker in &mut workers {
                scope.spawn(move || {
                    // A connection from before the restart is dead, and is found to be once.
                    while worker.try_sync().is_err() {}
                    for contact in 1..=contacts / WORKERS {
                        if contact.is_multiple_of(CONTACTS_A_DAY) {
                            worker.work_a_day();
                        } else {
                            worker.check_a_door();
                        }
                        worker.sync();
                    }
                });
            }
        });
        let pid = server.pid();
        server.kill();
        wait_for_end(&trace, pid);
        let events = events(BufReader::new(fs::File::open(&trace).unwrap()));
        let told = workers
            .into_iter()
            .flat_map(Worker::into_acknowledged)
            .map(|told| (place_of(&told, &events), told.entries))
            .collect();
        Recording {
            before,
            data,
            events,
            told,
            _folder: folder,
        }
    }

    /// How many commits and other syncs of files it holds.
    #[must_use]
    pub fn syncs(&self) -> usize {
        let is_sync = |event: &&Event| matches!(event, Event::Begun(_, Call::Sync(_)));
        self.events.iter().filter(is_sync).count()
    }

    /// Cuts the power so many times, every second time just as an answer began to leave, and
    /// opens what is left.
    #[must_use]
    pub fn states(&self, count: u64, first_seed: u64) -> Outcome {
        let mut cuts: Vec<(usize, u64)> = (first_seed..first_seed + count)
            .map(|seed| (self.place_of_cut(seed), seed))
            .collect();
        cuts.sort_unstable();
        let mut disk = Disk::of(self.before.clone(), &self.data);
        let mut at = 0;
        let mut outcome = Outcome::default();
        for (cut, seed) in cuts {
            self.events[at..cut].iter().for_each(|event| disk.take(event));
            at = cut;
            let mut dice = Dice::of(seed, 1);
            let luck = [Luck::None, Luck::Some, Luck::Some, Luck::All][dice.below(4)];
            let crash = disk.cut(luck, &mut dice);
            let told: BTreeSet<EntryId> = self
                .told
                .iter()
                .filter(|(begun, _)| *begun < cut)
                .flat_map(|(_, entries)| entries.iter().copied())
                .collect();
            outcome.states += 1;
            outcome.acknowledged += told.len();
            match open(&crash, &told) {
                Ok(()) => {}
                Err(Fault::Lost(lost)) => outcome.lost.push((seed, lost.len())),
                Err(Fault::Damaged(why)) => outcome.damaged.push((seed, format!("{luck:?} at event {cut}: {why}"))),
            }
        }
        outcome
    }

    fn place_of_cut(&self, seed: u64) -> usize {
        let mut dice = Dice::of(seed, 0);
        match dice.pick(&self.told).filter(|_| seed.is_multiple_of(2)) {
            Some((begun, _)) => begun + 1,
            None => dice.below(self.events.len() + 1),
        }
    }
}

fn open(crash: &Crash, told: &BTreeSet<EntryId>) -> Result<(), Fault> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in crash {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    hold(folder.path(), data_folder::code(), told)
}

/// The command line that runs a program under strace. strace steps aside: the process that is
/// started becomes the program.
fn under_strace(trace: &Path) -> Vec<String> {
    let mut command: Vec<String> = ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-xx", "-o"]
        .map(str::to_owned)
        .to_vec();
    command.push(trace.to_str().unwrap().to_owned());
    command.extend(["-s".to_owned(), trace::MOST_BYTES.to_string()]);
    command.push(format!("--trace={}", trace::CALLS));
    command
}

/// strace writes the end of a process when it is through with everything before.
fn wait_for_end(trace: &Path, pid: u32) {
    let since = Instant::now();
    // strace pads short process numbers.
    let end = format!("\n{pid:<5} +++ killed by SIGKILL +++");
    loop {
        let mut file = fs::File::open(trace).unwrap();
        let length = file.metadata().unwrap().len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).unwrap();
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).unwrap();
        if String::from_utf8_lossy(&tail).contains(&end) {
            return;
        }
        assert!(since.elapsed() < TRACE_TIME, "the trace has no end");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The event with which an answer began to leave.
fn place_of(told: &Acknowledgement, events: &[Event]) -> usize {
    // The end of a gzip member is its checksum and length: no other answer has it.
    let end = &told.answer[told.answer.len() - 12..];
    let is_answer = |event: &Event| matches!(event, Event::Begun(_, Call::Send { bytes, .. }) if bytes.ends_with(end));
    let place = events.iter().position(is_answer);
    place.expect("the trace shows every answer that arrived")
}

/// The files of a folder that a crash may leave. The index of the write-ahead log is memory,
/// the server's own log and its socket are nobody's truth.
fn read_folder(root: &Path) -> Crash {
    let mut files = Crash::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let (path, kind) = (file.path(), file.file_type().unwrap());
            let name = path.to_string_lossy().into_owned();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !name.ends_with("-shm") && !name.ends_with(".log") {
                let content = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(root).unwrap().to_owned(), content);
            }
        }
    }
    files
}
