//! An answer that holds something until its last byte has left, or its client.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// An answer's body, and what is dropped with it.
pub(crate) struct Holding<T> {
    body: BoxBody,
    _held: T,
}

impl<T: Unpin + 'static> Holding<T> {
    /// The body, holding.
    pub(crate) fn boxed(body: impl MessageBody + 'static, held: T) -> BoxBody {
        BoxBody::new(Holding {
            body: body.boxed(),
            _held: held,
        })
    }
}

impl<T: Unpin> MessageBody for Holding<T> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
