//! Bodies and connections that no phone makes, and what the server must say to each. The four
//! tables are the corpus: a new case is a line in one of them.

mod attacker;
mod entries;
mod packets;
mod requests;
mod slices;
mod slow;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use menpai_sync_core::wire::{DownHeader, MAX_ANSWER_INFLATED, SliceRefusal, inflate_members, lines};

pub use attacker::Attacker;
pub use entries::{ENTRIES, EntryCase};
pub use packets::{PACKETS, PacketCase};
pub use requests::{REQUESTS, RequestCase};
pub use slices::{SLICES, SliceCase};
pub use slow::{Crowd, LARGE_BYTES, LARGE_FILE, Slow};

/// Longest that an answer is waited for: far beyond the server's patience, so that a server
/// that hangs fails the test.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What came back over one connection.
#[derive(Debug)]
pub struct Answer {
    /// 0: the connection was closed without one.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Writes a request as it is, as far as the server takes it, and reads until it closes.
    #[must_use]
    pub fn to(address: &str, request: &[u8]) -> Answer {
        let mut stream = connect(address);
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(request);
        Answer::read(&mut stream)
    }

    /// Reads until the server closes.
    #[must_use]
    pub fn read(stream: &mut TcpStream) -> Answer {
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            let slow = matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            );
            assert!(!slow, "the server neither answers nor closes");
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let status = bytes
            .get(9..12)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        Answer {
            status: status.unwrap_or(0),
            body: end.map_or_else(Vec::new, |end| bytes[end + 4..].to_vec()),
        }
    }

    /// The refusal of a request: code, message and what to do next.
    #[must_use]
    pub fn refusal(&self) -> SliceRefusal {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The lines of a sync's answer.
    #[must_use]
    pub fn lines(&self) -> Vec<Vec<u8>> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let answers = inflate_members(&self.body, MAX_ANSWER_INFLATED).unwrap();
        lines(&answers.concat()).unwrap().map(<[u8]>::to_vec).collect()
    }

    /// The header of a sync's answer.
    #[must_use]
    pub fn header(&self) -> DownHeader {
        serde_json::from_slice(&self.lines()[0]).unwrap()
    }
}

/// A connection that reads for a while at most.
#[must_use]
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER_TIME)).unwrap();
    stream.set_write_timeout(Some(ANSWER_TIME)).unwrap();
    stream
}
