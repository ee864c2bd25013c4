//! Numbers and texts as bytes, for what one side writes and reads again: seven bits a byte, the low
//! ones first. Reading stops with `None` where there is less than was promised.

/// Writes a number.
pub(crate) fn put_unsigned(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

/// Writes a number that may be negative: 0, -1, 1, -2 … as 0, 1, 2, 3 …
pub(crate) fn put_signed(packed: &mut Vec<u8>, number: i64) {
    put_unsigned(packed, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Writes a text, or bytes, after their length.
pub(crate) fn put_bytes(packed: &mut Vec<u8>, bytes: &[u8]) {
    put_unsigned(packed, bytes.len() as u64);
    packed.extend_from_slice(bytes);
}

/// What is left to read.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number that points to something.
    pub(crate) fn number(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned()?).ok()
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// How many of something follow: never more than there are bytes.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let length = self.number()?;
        (length <= self.0.len()).then_some(length)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 0..1u64 << 63, signed in -(1i64 << 61)..1i64 << 61, text in ".{0,40}") {
            let mut packed = Vec::new();
            put_unsigned(&mut packed, number);
            put_signed(&mut packed, signed);
            put_bytes(&mut packed, text.as_bytes());
            let mut input = Input(&packed);
            prop_assert_eq!(input.unsigned(), Some(number));
            prop_assert_eq!(input.signed(), Some(signed));
            prop_assert_eq!(input.text(), Some(text.as_str()));
            prop_assert!(input.0.is_empty());
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut input = Input(&bytes);
            let _ = (input.signed(), input.bytes(), input.array::<4>(), input.length());
        }
    }
}
