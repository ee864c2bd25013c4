//! Lets go of connections on which the other side does nothing. The HTTP library waits for ever
//! where an answer is not read, and where a second request on a connection begins and does not
//! go on. So each connection says here whose turn it is, and one that is the client's for too long is
//! shut. What we ourselves take time for, a handler or a stream of events, has no limit here.

use std::any::Any;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream as AsyncStream;
use actix_web::rt::time::interval;
use actix_web::web::{Buf, Bytes};
use socket2::SockRef;

/// Answers leave in pieces of so many bytes at most, so that a reader's progress shows, and one who
/// does not read holds three of them and what all readers of a file share.
const PIECE: usize = 16 * 1_024;
/// Least and longest time between two looks.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long a client may take where it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// From one answer's end to the next request's last header.
    pub asking: Duration,
    /// For each 16 KiB of an answer.
    pub reading: Duration,
}

/// The open connections.
#[derive(Default)]
pub struct Connections {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_number: HashMap<u64, Weak<Connection>>,
    opened: u64,
}

/// One connection. The library drops it with its socket.
struct Connection {
    /// A second handle to the same socket: it closes with the first, and can be shut from outside.
    socket: TcpStream,
    number: u64,
    all: Weak<Connections>,
    /// Requests that we are working on.
    ours: AtomicUsize,
    /// Answers of which the client is to take the next piece.
    theirs: AtomicUsize,
    /// When somebody last did something.
    moved_ms: AtomicU64,
}

impl Connections {
    /// Notes a new connection; for `HttpServer::on_connect`.
    pub fn note(self: &Arc<Self>, io: &dyn Any, data: &mut Extensions) {
        let stream = io
            .downcast_ref::<AsyncStream>()
            .or_else(|| Some(io.downcast_ref::<TlsStream<AsyncStream>>()?.get_ref().0));
        let Some(socket) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) else {
            tracing::warn!("a connection cannot be watched: no file is left for it");
            return;
        };
        let mut open = self.lock();
        open.opened += 1;
        let connection = Arc::new(Connection {
            socket: TcpStream::from(socket),
            number: open.opened,
            all: Arc::downgrade(self),
            ours: AtomicUsize::new(0),
            theirs: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(running_ms()),
        });
        open.by_number.insert(connection.number, Arc::downgrade(&connection));
        data.insert(connection);
    }

    /// Looks for ever.
    pub async fn watch(self: Arc<Self>, turns: Turns) {
        let mut look = interval((turns.asking.min(turns.reading) / 4).clamp(LOOK.0, LOOK.1));
        loop {
            look.tick().await;
            let open: Vec<_> = self.lock().by_number.values().filter_map(Weak::upgrade).collect();
            for connection in open {
                if connection.is_late(turns) {
                    connection.shut();
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn is_late(&self, turns: Turns) -> bool {
        let limit = match (self.ours.load(Ordering::Acquire), self.theirs.load(Ordering::Acquire)) {
            (0, 0) => turns.asking,
            (_, 0) => return false,
            (..) => turns.reading,
        };
        let since_ms = running_ms().saturating_sub(self.moved_ms.load(Ordering::Acquire));
        u128::from(since_ms) > limit.as_millis()
    }

    /// What is still unread goes too: the system would keep offering it for minutes.
    fn shut(&self) {
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        // Already closed: the library is about to drop it.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn moved(&self) {
        self.moved_ms.store(running_ms(), Ordering::Release);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(all) = self.all.upgrade() {
            all.lock().by_number.remove(&self.number);
        }
    }
}

fn running_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Wraps the app: says on the request's connection whose turn it is.
///
/// # Errors
/// Those of what it wraps.
pub async fn take_turns(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let turn = connection.map(Turn::ours);
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| {
        BoxBody::new(Leaving {
            body: body.boxed(),
            piece: Bytes::new(),
            turn,
        })
    }))
}

/// Whose turn it is in one request.
struct Turn {
    connection: Arc<Connection>,
    is_ours: bool,
}

impl Turn {
    fn ours(connection: Arc<Connection>) -> Turn {
        connection.ours.fetch_add(1, Ordering::AcqRel);
        connection.moved();
        Turn {
            connection,
            is_ours: true,
        }
    }

    fn pass(&mut self, to_us: bool) {
        self.connection.moved();
        if self.is_ours != to_us {
            // The new one first: in between it is both's, which is never the idle limit's.
            self.counter(to_us).fetch_add(1, Ordering::AcqRel);
            self.counter(self.is_ours).fetch_sub(1, Ordering::AcqRel);
            self.is_ours = to_us;
        }
    }

    fn counter(&self, ours: bool) -> &AtomicUsize {
        if ours {
            &self.connection.ours
        } else {
            &self.connection.theirs
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.connection.moved();
        self.counter(self.is_ours).fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer on its way.
struct Leaving {
    body: BoxBody,
    /// What is left of the body's last piece.
    piece: Bytes,
    turn: Option<Turn>,
}

impl MessageBody for Leaving {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    /// Asked only while there is room to write: the client has read on.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if !self.piece.has_remaining() {
            if let Some(turn) = &mut self.turn {
                turn.pass(true);
            }
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(piece))) => self.piece = piece,
                other => return other,
            }
        }
        if let Some(turn) = &mut self.turn {
            turn.pass(false);
        }
        let most = self.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(self.piece.split_to(most))))
    }
}
