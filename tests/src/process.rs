//! The real `menpai serve`, killed and started again on the same folder and ports. Nothing
//! here sleeps to wait: a start is over when the server says so, or it is dead.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde::Deserialize;

/// Longest a start may take.
const START_TIME: Duration = Duration::from_secs(60);

/// What `--announce-json` prints.
#[derive(Debug, Clone, Deserialize)]
struct Announced {
    http: String,
    https: String,
}

/// A server process. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    more: Vec<String>,
    child: Child,
    announced: Announced,
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
    Command::new(program())
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
        let more: Vec<String> = more.iter().map(|argument| (*argument).to_owned()).collect();
        let (child, announced) = spawn(data, "127.0.0.1:0", "127.0.0.1:0", &more);
        Server {
            data: data.to_owned(),
            more,
            child,
            announced,
        }
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

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        let address = |url: &str| url.split_once("//").unwrap().1.to_owned();
        let (http, https) = (address(&self.announced.http), address(&self.announced.https));
        (self.child, self.announced) = spawn(&self.data, &http, &https, &self.more);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(data: &Path, http: &str, https: &str, more: &[String]) -> (Child, Announced) {
    let log = data.join("server.log");
    let stderr = File::options().create(true).append(true).open(&log).unwrap();
    let mut child = Command::new(program())
        .args(["serve", "--announce-json", "--http", http, "--https", https])
        .args(more)
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
