//! A disk that fails: from a call on, every one of a sort that touches the named files gives an
//! error, until it is told to stop. The program is the real one, under strace.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longest until strace holds every thread.
const ATTACH_TIME: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// What fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// The call.
    pub call: &'static str,
    /// The error's name.
    pub error: &'static str,
}

/// Every sort of trouble that a database's files can be in.
pub const TROUBLES: [Trouble; 4] = [
    Trouble {
        call: "pwrite64",
        error: "ENOSPC",
    },
    Trouble {
        call: "pwrite64",
        error: "EIO",
    },
    Trouble {
        call: "fsync,fdatasync",
        error: "EIO",
    },
    Trouble {
        call: "pread64",
        error: "EIO",
    },
];

/// A database in trouble. Dropping it makes it whole again.
#[derive(Debug)]
pub struct Failing {
    strace: Child,
}

impl Failing {
    /// Lets each thread's calls about a database fail from its `from`th on.
    #[must_use]
    pub fn begin(pid: u32, database: &Path, trouble: Trouble, from: u64) -> Failing {
        let Trouble { call, error } = trouble;
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-p", &pid.to_string()]);
        for beside in BESIDE {
            command.arg("-P").arg(format!("{}{beside}", database.display()));
        }
        command
            .arg(format!("--trace={call}"))
            .arg(format!("--inject={call}:error={error}:when={from}+"))
            .stderr(Stdio::null());
        let mut failing = Failing {
            strace: command.spawn().unwrap(),
        };
        let since = Instant::now();
        while !is_traced(pid) {
            assert!(failing.strace.try_wait().unwrap().is_none(), "strace may not attach");
            assert!(since.elapsed() < ATTACH_TIME, "strace does not attach");
            std::thread::sleep(LOOK_EVERY);
        }
        failing
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // It lets go of every thread, then ends.
        let pid = Pid::from_raw(self.strace.id().try_into().unwrap());
        let _ = kill(pid, Signal::SIGTERM);
        let _ = self.strace.wait();
    }
}

/// Whether every thread is held.
fn is_traced(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.flatten().all(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_none_or(|tracer| tracer.trim() != "0")
    })
}
