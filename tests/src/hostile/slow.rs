//! Connections that take their time, for ever: each kind holds something of a server that a home must
//! not give away. [`Crowd`] keeps many of them going at once, a byte at a time.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Attacker;

/// How often each says another byte.
const EVERY: Duration = Duration::from_millis(200);

/// What is slow about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// Headers come byte by byte.
    Headers,
    /// A whole request, then another one's headers byte by byte.
    HeadersAfterAnAnswer,
    /// A body comes byte by byte, of somebody who has no session.
    StrangersBody,
    /// A body comes byte by byte, of a phone.
    PhonesBody,
    /// A large answer is never read.
    Answer,
    /// Bytes come one by one where TLS is to begin.
    Handshake,
}

impl Slow {
    /// All of them.
    pub const ALL: [Slow; 6] = [
        Slow::Headers,
        Slow::HeadersAfterAnAnswer,
        Slow::StrangersBody,
        Slow::PhonesBody,
        Slow::Answer,
        Slow::Handshake,
    ];

    /// What is said at once, and what is said byte by byte afterwards, over and over.
    fn says(self, who: &Attacker) -> (Vec<u8>, &'static [u8]) {
        let never_ends: &[u8] = b"x";
        match self {
            Slow::Headers => (
                b"POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\nX-A: ".to_vec(),
                never_ends,
            ),
            Slow::HeadersAfterAnAnswer => (
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nX-A: ".to_vec(),
                never_ends,
            ),
            Slow::StrangersBody => (
                b"POST /api/v1/desk/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                  Content-Length: 8000\r\n\r\n{\"account\":\""
                    .to_vec(),
                never_ends,
            ),
            Slow::PhonesBody => {
                let body = who.body(&[]);
                let head = format!("{}Content-Length: 60000\r\n\r\n", who.http_head_for(&body));
                // A gzip member's name may be as long as it likes.
                (
                    [head.as_bytes(), &body, b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"].concat(),
                    never_ends,
                )
            }
            Slow::Answer => (
                format!("GET /{LARGE_FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(),
                b"",
            ),
            Slow::Handshake => (b"\x16\x03\x01\x40\x00".to_vec(), never_ends),
        }
    }
}

/// Name of a file in the web folder that no socket's buffers hold.
pub const LARGE_FILE: &str = "large.bin";
/// Its length.
pub const LARGE_BYTES: usize = 24 << 20;

/// Many slow connections, of all sorts in turn.
pub struct Crowd {
    streams: Vec<(Slow, TcpStream, &'static [u8])>,
}

impl Crowd {
    /// Opens so many; `tls` is where those go that never finish a handshake.
    #[must_use]
    pub fn open(count: usize, plain: &str, tls: &str, who: &Attacker) -> Crowd {
        let streams = (0..count).map(|number| {
            let slow = Slow::ALL[number % Slow::ALL.len()];
            let mut stream = super::connect(if slow == Slow::Handshake { tls } else { plain });
            let (first, then) = slow.says(who);
            stream.write_all(&first).unwrap();
            stream.set_nonblocking(true).unwrap();
            (slow, stream, then)
        });
        Crowd {
            streams: streams.collect(),
        }
    }

    /// Goes on until told that it is over; says how many the server has let go, of each sort.
    pub fn go_on(&mut self, over: &AtomicBool) -> Vec<(Slow, usize, usize)> {
        let mut gone = vec![false; self.streams.len()];
        while !over.load(Ordering::Relaxed) {
            for ((_, stream, then), gone) in self.streams.iter_mut().zip(&mut gone) {
                *gone = *gone || !says(stream, then);
            }
            std::thread::sleep(EVERY);
        }
        let count = |slow: Slow, only_gone: bool| {
            let of = self.streams.iter().zip(&gone).filter(|((sort, ..), _)| *sort == slow);
            of.filter(|(_, gone)| **gone || !only_gone).count()
        };
        Slow::ALL
            .map(|slow| (slow, count(slow, true), count(slow, false)))
            .to_vec()
    }
}

/// Whether the connection stands. One that never reads its answer notices by writing alone.
fn says(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let stands = |result: std::io::Result<usize>| match result {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    if bytes.is_empty() {
        // An error that waits here, such as a reset, and nothing of the answer.
        return stream.take_error().is_ok_and(|error| error.is_none()) && stands(stream.peek(&mut [0]));
    }
    stands(stream.write(bytes)) && {
        let mut answer = [0; 4_096];
        loop {
            match stream.read(&mut answer) {
                Ok(0) => break false,
                Ok(_) => {}
                Err(error) => break error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
