//! Reads JSON under the rules of [`super::strict`], by hand: every entry passes here, and a
//! general reader takes three times as long. Tests hold it against one. The first fault ends it.

use std::borrow::Cow;

use super::strict::{MAX_DEPTH, MAX_INTEGER, Read, is_entry_text};

/// What is wrong, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct StrictError {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

/// Reads one JSON value; the error says what was wrong.
pub(super) fn parse(bytes: &[u8]) -> Result<Read<'_>, StrictError> {
    let text = std::str::from_utf8(bytes).map_err(|error| StrictError {
        what: "not UTF-8",
        at: error.valid_up_to(),
    })?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    match reader.next_token() {
        None => Ok(value),
        Some(_) => Err(reader.fault("something after the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, what: &'static str) -> StrictError {
        StrictError { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space; it stays.
    fn next_token(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.peek()
    }

    fn value(&mut self, depth: usize) -> Result<Read<'a>, StrictError> {
        match self.next_token() {
            Some(b'"') => self.string().map(Read::Text),
            Some(b'{') => self.object(self.inner(depth)?),
            Some(b'[') => self.array(self.inner(depth)?),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'n') => self.word("null", Read::Null),
            Some(b't') => self.word("true", Read::Boolean(true)),
            Some(b'f') => self.word("false", Read::Boolean(false)),
            _ => Err(self.fault("no value")),
        }
    }

    fn inner(&self, depth: usize) -> Result<usize, StrictError> {
        if depth == MAX_DEPTH {
            return Err(self.fault("nested too deep"));
        }
        Ok(depth + 1)
    }

    fn word(&mut self, word: &str, value: Read<'a>) -> Result<Read<'a>, StrictError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("no value"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// An integer as JSON writes it; what follows it must not make it another number.
    fn integer(&mut self) -> Result<Read<'a>, StrictError> {
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value * 10 + i64::from(digit - b'0');
            if value > MAX_INTEGER {
                return Err(self.fault("an integer at or beyond 2^53"));
            }
            self.at += 1;
        }
        let leads_with_zero = self.text.as_bytes().get(first) == Some(&b'0');
        let plain = match self.at - first {
            0 => false,
            1 => !(leads_with_zero && negative),
            _ => !leads_with_zero,
        };
        if !plain || matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.fault("a number that is not a plain integer"));
        }
        Ok(Read::Integer(if negative { -value } else { value }))
    }

    fn array(&mut self, depth: usize) -> Result<Read<'a>, StrictError> {
        let mut array = Vec::new();
        let mut more = self.begin(b']');
        while more {
            array.push(self.value(depth)?);
            more = self.goes_on(b']')?;
        }
        Ok(Read::Array(array))
    }

    fn object(&mut self, depth: usize) -> Result<Read<'a>, StrictError> {
        let mut object = Vec::with_capacity(8);
        let mut more = self.begin(b'}');
        while more {
            if self.next_token() != Some(b'"') {
                return Err(self.fault("a key that is no text"));
            }
            let key = self.string()?;
            if self.next_token() != Some(b':') {
                return Err(self.fault("a key without a value"));
            }
            self.at += 1;
            object.push((key, self.value(depth)?));
            more = self.goes_on(b'}')?;
        }
        object.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if object.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(self.fault("a key twice in one object"));
        }
        Ok(Read::Object(object))
    }

    /// Past the bracket that begins a list of things; whether there is one.
    fn begin(&mut self, end: u8) -> bool {
        self.at += 1;
        let is_empty = self.next_token() == Some(end);
        self.at += usize::from(is_empty);
        !is_empty
    }

    /// Past what follows one of them; whether another must.
    fn goes_on(&mut self, end: u8) -> Result<bool, StrictError> {
        let goes_on = match self.next_token() {
            Some(b',') => true,
            Some(byte) if byte == end => false,
            _ => return Err(self.fault("a list that does not go on")),
        };
        self.at += 1;
        Ok(goes_on)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, StrictError> {
        self.at += 1;
        let plain = self.run()?;
        let text = if self.peek() == Some(b'"') {
            Cow::Borrowed(plain)
        } else {
            let mut text = plain.to_owned();
            while self.peek() != Some(b'"') {
                text.push(self.escaped()?);
                text.push_str(self.run()?);
            }
            Cow::Owned(text)
        };
        if !is_entry_text(&text) {
            return Err(self.fault("text that is not NFC or holds a NUL"));
        }
        self.at += 1;
        Ok(text)
    }

    /// The text up to a quote or a backslash.
    fn run(&mut self) -> Result<&'a str, StrictError> {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let run = &self.text[self.at..self.at + length];
        self.at += length;
        match self.peek() {
            Some(b'"' | b'\\') => Ok(run),
            Some(_) => Err(self.fault("a control character in a text")),
            None => Err(self.fault("a text without an end")),
        }
    }

    fn escaped(&mut self) -> Result<char, StrictError> {
        self.at += 1;
        let escape = self.peek();
        self.at += 1;
        Ok(match escape {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return Err(self.fault("an escape that JSON does not have")),
        })
    }

    /// Four hexadecimal digits, or eight for what lies beyond them.
    fn code_point(&mut self) -> Result<char, StrictError> {
        let first = self.four_digits()?;
        let code = match first {
            0xd800..0xdc00 if self.text.as_bytes()[self.at..].starts_with(b"\\u") => {
                self.at += 2;
                match self.four_digits()? {
                    second @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => first,
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.fault("half a character"))
    }

    fn four_digits(&mut self) -> Result<u32, StrictError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.fault("an escape that JSON does not have"))?;
            self.at += 1;
        }
        Ok(code)
    }
}
