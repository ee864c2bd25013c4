//! What the commands do to an open home, in the server or in the command's own process.

use super::{Answer, Request};
use crate::home::Home;
use crate::office::import;

/// Does it; a failure is an answer too.
pub(super) fn perform(home: &Home, request: &Request, progress: &mut dyn FnMut(u64, u64)) -> Answer {
    let done = match request {
        Request::ImportRoster { file, community, apply } => {
            import::import_roster(home, file, *community, *apply, progress)
                .map(Answer::Imported)
                .map_err(|error| error.to_string())
        }
        Request::Verify => home.verify().map(|(lines, clean)| Answer::Maintained { lines, clean }),
        Request::Rebuild => home.rebuild().map(|(lines, clean)| Answer::Maintained { lines, clean }),
    };
    done.unwrap_or_else(|message| Answer::Failed { message })
}
