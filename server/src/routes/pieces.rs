//! A body piece by piece, as it arrives. A client that sends nothing for too long is let go.

use std::time::Duration;

use actix_web::web;
use futures_util::StreamExt;

use crate::error::{ApiError, ApiResult};

/// What is left of a body.
pub(super) struct Pieces {
    payload: web::Payload,
    ended: bool,
    /// A client that sends nothing for so long has lost its signal.
    patience: Duration,
}

impl Pieces {
    pub(super) fn new(payload: web::Payload, patience: Duration) -> Pieces {
        Pieces {
            payload,
            ended: false,
            patience,
        }
    }

    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> ApiResult<Option<web::Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let next = actix_web::rt::time::timeout(self.patience, self.payload.next());
        let piece = next
            .await
            .map_err(|_| ApiError::unreadable("body: nothing came for too long"))?;
        self.ended = piece.is_none();
        // The connection broke: there is nobody to answer.
        piece
            .transpose()
            .map_err(|error| ApiError::unreadable(format!("body: {error}")))
    }

    /// All of it, at most `most` bytes.
    pub(super) async fn all(&mut self, most: usize) -> ApiResult<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            if body.len() + piece.len() > most {
                return Err(ApiError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}
