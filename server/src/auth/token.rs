//! Session tokens: 256 random bits that only the client keeps. The server stores their
//! SHA-256, so its file signs nobody in.

use menpai_sync_core::ids::{Hash, hex, unhex};

use crate::clock;

/// A token as the client holds it.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// A fresh one.
    #[must_use]
    pub fn new_random() -> Token {
        Token(clock::random())
    }

    /// From the 64 hexadecimal digits a client sends.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Token> {
        unhex(text)?.try_into().ok().map(Token)
    }

    /// What the client gets.
    #[must_use]
    pub fn to_text(&self) -> String {
        hex(&self.0)
    }

    /// What the server keeps.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Hash::of(&self.0).0
    }
}
