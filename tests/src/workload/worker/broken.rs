//! Connections that break in the middle: of a request so many bytes reach the server, or of its
//! answer so many come back. Plain TCP, so that it is known which bytes travelled.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use menpai_server::auth::signed_request::first_member;
use menpai_server::clock;
use menpai_sync_core::phone::ReceiveError;

use super::Worker;
use crate::hostile;

/// A request that broke off.
#[derive(Debug, Clone, Copy)]
pub struct BrokenOff {
    /// Bytes of its body that were sent.
    pub sent: usize,
    /// Bytes that it has.
    pub length: usize,
}

impl Worker {
    /// Sends the next request as far as `at` of its body says. When this returns, the server
    /// knows that no more comes.
    pub fn break_off(&mut self, at: impl FnOnce(&[u8]) -> usize) -> BrokenOff {
        let (mut stream, broken) = self.stall(at);
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        broken
    }

    /// Sends it so far and leaves the connection as it is, as it is when the signal is gone.
    pub fn stall(&mut self, at: impl FnOnce(&[u8]) -> usize) -> (TcpStream, BrokenOff) {
        let body = self.body();
        let sent = at(&body);
        let mut stream = self.begin(&body);
        stream.write_all(&body[..sent]).unwrap();
        let length = body.len();
        (stream, BrokenOff { sent, length })
    }

    /// Sends the next request; its answer, as far as `at` says of its length, and no more of it.
    pub fn ask(&mut self, at: impl FnOnce(usize) -> usize) -> Vec<u8> {
        let body = self.body();
        let mut stream = self.begin(&body);
        stream.write_all(&body).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut answer = vec![0; at(length.unwrap().parse().unwrap())];
        stream.read_exact(&mut answer).unwrap();
        answer
    }

    /// Takes up what came of an answer: whether there is more.
    ///
    /// # Errors
    /// [`ReceiveError`] if it is nothing that counts.
    pub fn hear(&mut self, answer: Vec<u8>) -> Result<bool, ReceiveError> {
        let unsent: Vec<_> = self.unsent().collect();
        let received = self.phone.verify_and_receive(&answer)?;
        self.keep(received.writes);
        self.note_acknowledged(answer, unsent);
        Ok(received.more)
    }

    fn begin(&self, body: &[u8]) -> TcpStream {
        let (time_ms, nonce) = (clock::now_ms(), clock::random());
        let header = Some(first_member(body));
        let signed = self.signer.authorise("POST", "/api/v1/sync", header, time_ms, nonce);
        let length = body.len();
        let address = self.client.url().split_once("//").unwrap().1;
        let mut stream = hostile::connect(address);
        let head = format!(
            "POST /api/v1/sync HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/gzip\r\n\
             Authorization: {signed}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }
}
