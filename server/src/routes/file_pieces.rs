//! An open file as an answer's body, from where it stands, read off the workers piece by piece.

use std::fs::File;
use std::io::{self, Read};

use actix_web::web::{self, Bytes};
use futures_util::Stream;
use futures_util::stream::unfold;

/// What is read of the file at a time.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) fn pieces(file: File) -> impl Stream<Item = io::Result<Bytes>> {
    unfold(file, |mut file| async {
        let piece = web::block(move || {
            let mut bytes = vec![0; PIECE_BYTES];
            let count = file.read(&mut bytes)?;
            bytes.truncate(count);
            Ok::<_, io::Error>((Bytes::from(bytes), file))
        });
        match piece.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((bytes, _)) if bytes.is_empty() => None,
            Ok((bytes, file)) => Some((Ok(bytes), file)),
            // The length was promised: the client sees that the file is cut.
            Err(error) => {
                tracing::error!(%error, "a file could not be sent");
                None
            }
        }
    })
}
