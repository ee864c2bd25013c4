//! Signs the heads of audit logs while a server runs, ten minutes after the last one at the latest.

use std::sync::Arc;

use super::ticker::Ticker;
use crate::clock;
use crate::home::Home;

/// Starts it.
///
/// # Errors
/// The operating system's, if it gives no thread.
pub fn start(home: Arc<Home>) -> std::io::Result<Ticker> {
    Ticker::start("audit heads", move || {
        for community in home.communities.all_open() {
            if let Err(error) = community.sign_audit(clock::now_ms()) {
                tracing::error!(community = %community.identity().code, %error, "an audit head is not signed");
            }
        }
    })
}
