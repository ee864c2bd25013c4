//! The server's end of the control socket: one thread, one command at a time. A client that
//! stops reading does not stop the work: it is finished and the answer dropped.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Answer, Request, SOCKET, work};
use crate::home::Home;

/// A request names a file and a community: longer lines are not ours.
const MAX_REQUEST_BYTES: u64 = 16 * 1024;
const REQUEST_TIME: Duration = Duration::from_secs(5);

/// Listens until dropped.
pub struct Listener {
    path: PathBuf,
}

impl Listener {
    /// Starts listening in the home's data folder. The folder's lock is held, so a socket
    /// that lies there is a dead server's.
    ///
    /// # Errors
    /// The operating system's.
    pub fn start(home: Arc<Home>) -> io::Result<Listener> {
        let path = home.folder.path().join(SOCKET);
        if path.exists() {
            fs::remove_file(&path)?;
        }
        let socket = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        thread::Builder::new().name("control".to_owned()).spawn(move || {
            for stream in socket.incoming().flatten() {
                if let Err(error) = answer(&home, &stream) {
                    tracing::warn!(%error, "control socket");
                }
            }
        })?;
        Ok(Listener { path })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The thread ends with the process; new commands must not find the address.
        let _ = fs::remove_file(&self.path);
    }
}

fn answer(home: &Home, stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(REQUEST_TIME))?;
    stream.set_write_timeout(Some(REQUEST_TIME))?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_REQUEST_BYTES)).read_line(&mut line)?;
    let send = |answer: &Answer| {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        let mut stream = stream;
        stream.write_all(&line)
    };
    let last = match serde_json::from_str::<Request>(&line) {
        Ok(request) => work::perform(home, &request, &mut |done, total| {
            let _ = send(&Answer::Progress { done, total });
        }),
        Err(error) => Answer::Failed {
            message: format!("unreadable request: {error}"),
        },
    };
    send(&last)
}
