//! The real `menpai serve`, killed and started again on the same folder and ports. Nothing
//! here sleeps to wait: a start is over when the server says so, or it is dead.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde::Deserialize;

/// Longest a start may take.
const START_TIME: Duration = Duration::from_secs(60);
/// How often a look at a process is worth it.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// A whole town at once, from one machine: more than a home of that size is asked.
const HAMMERED: [&str; 6] = [
    "--device-requests",
    "1000000",
    "--community-requests",
    "1000000",
    "--address-requests",
    "1000000",
];
/// What kill -9 ends a process with.
const SIGKILL: i32 = 9;

/// What `--announce-json` prints.
#[derive(Debug, Clone, Deserialize)]
struct Announced {
    http: String,
    https: String,
    copies: Option<String>,
}

/// A server process. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    how: How,
    child: Child,
    announced: Announced,
}

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// More arguments.
    pub more: Vec<String>,
    /// A program that runs it, with its arguments, and is replaced by it.
    pub under: Vec<String>,
    /// Fail points, as `FAILPOINTS` names them.
    pub points: String,
    /// What else its environment has.
    pub environment: Vec<(String, String)>,
    /// With the limits on requests that a home has by itself, or those among `more`.
    pub limits: bool,
}

/// The program under test: `MENPAI_BIN`, or the workspace's debug build.
#[must_use]
pub fn program() -> PathBuf {
    let path = std::env::var_os("MENPAI_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/menpai"),
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: cargo build -p menpai-server",
        path.display()
    );
    path
}

/// Runs a command of the program to its end.
#[must_use]
pub fn command(arguments: &[&str], data: &Path) -> Output {
    command_in(&[], arguments, data)
}

/// The same, with more in its environment.
#[must_use]
pub fn command_in(environment: &[(&str, &str)], arguments: &[&str], data: &Path) -> Output {
    Command::new(program())
        .envs(environment.iter().copied())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap()
}

/// User and system CPU of a process so far, its dead threads included.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let pid = Pid::from_raw(pid.try_into().unwrap());
    Duration::from(clock_getcpuclockid(pid).unwrap().now().unwrap()).as_secs_f64()
}

impl Server {
    /// Starts a server on free ports.
    #[must_use]
    pub fn start(data: &Path) -> Server {
        Server::start_with(data, &[])
    }

    /// Starts a server on free ports, with more arguments.
    #[must_use]
    pub fn start_with(data: &Path, more: &[&str]) -> Server {
        let how = How {
            more: more.iter().map(|argument| (*argument).to_owned()).collect(),
            ..How::default()
        };
        Server::start_as(data, how)
    }

    /// Starts a server on free ports.
    #[must_use]
    pub fn start_as(data: &Path, how: How) -> Server {
        Server::start_at(data, 0, how)
    }

    /// Starts a server whose TLS is at this port, which others have to know before it runs.
    #[must_use]
    pub fn start_at(data: &Path, https_port: u16, how: How) -> Server {
        let (child, announced) = spawn(data, "127.0.0.1:0", &format!("127.0.0.1:{https_port}"), &how);
        Server {
            data: data.to_owned(),
            how,
            child,
            announced,
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address, plain.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.announced.http
    }

    /// Its address over TLS, and the authority to trust.
    #[must_use]
    pub fn https(&self) -> (&str, PathBuf) {
        (&self.announced.https, self.data.join("tls/authority.pem"))
    }

    /// Where known machines carry copies away, if it was told to let them.
    #[must_use]
    pub fn copies(&self) -> Option<&str> {
        self.announced.copies.as_deref()
    }

    /// User and system CPU of the server so far.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(self.child.id())
    }

    /// Most memory the server ever had, in KiB.
    #[must_use]
    pub fn peak_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Whether the process that was started still runs.
    #[must_use]
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it kills itself, as at a fail point, within a time.
    #[must_use]
    pub fn is_killed_within(&mut self, time: Duration) -> bool {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.signal() == Some(SIGKILL);
            }
            if since.elapsed() > time {
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        let address = |url: &str| url.split_once("//").unwrap().1.to_owned();
        let (http, https) = (address(&self.announced.http), address(&self.announced.https));
        (self.child, self.announced) = spawn(&self.data, &http, &https, &self.how);
    }

    /// Starts it again where it was, in another way.
    pub fn restart_as(&mut self, how: How) {
        self.how = how;
        self.restart();
    }

    /// Starts it again where it was, with other fail points.
    pub fn restart_with(&mut self, points: &str) {
        points.clone_into(&mut self.how.points);
        self.restart();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(data: &Path, http: &str, https: &str, how: &How) -> (Child, Announced) {
    let log = data.join("server.log");
    let stderr = File::options().create(true).append(true).open(&log).unwrap();
    let program = program();
    let mut command = match how.under.split_first() {
        Some((first, arguments)) => {
            let mut command = Command::new(first);
            command.args(arguments).arg(program);
            command
        }
        None => Command::new(program),
    };
    let mut child = command
        .args([
            "serve",
            "--announce-json",
            "--standing-invitations",
            "--http",
            http,
            "--https",
            https,
        ])
        .args(if how.limits { &[][..] } else { &HAMMERED })
        .args(&how.more)
        .env("FAILPOINTS", &how.points)
        .envs(how.environment.iter().map(|(name, value)| (name, value)))
        .arg("--data")
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (send, lines) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // An empty line: the server is dead.
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = send.send(line);
    });
    let line = lines.recv_timeout(START_TIME).unwrap_or_default();
    if let Ok(announced) = serde_json::from_str(&line) {
        return (child, announced);
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!(
        "the server did not start: {}",
        std::fs::read_to_string(&log).unwrap_or_default()
    );
}
