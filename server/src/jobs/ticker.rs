//! Something that is looked at every so often, on a thread of its own, so that listening waits for
//! nothing. Ends when dropped.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How often: machines sleep, and clocks are set.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Looks until dropped.
pub struct Ticker {
    _stop: SyncSender<()>,
}

impl Ticker {
    /// Starts it; the first look is at once.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub fn start(name: &str, mut look: impl FnMut() + Send + 'static) -> std::io::Result<Ticker> {
        let (stop, stopped) = sync_channel::<()>(0);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                look();
                if stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Ticker { _stop: stop })
    }
}
