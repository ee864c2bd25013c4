//! Reads concatenated gzip members from a body that arrives in pieces. Both limits of a
//! member, as it travels and inflated, hold before memory is taken: a bomb costs no more
//! than an honest slice.

use flate2::{Decompress, FlushDecompress, Status};

/// Limits of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes as it travels.
    pub compressed: usize,
    /// Most bytes inflated.
    pub inflated: usize,
}

/// Why a member cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// Over a limit.
    #[error("the member is over its limit")]
    TooLarge,
    /// Not gzip.
    #[error("the member is not gzip")]
    NotGzip,
}

/// The state of reading one body.
pub struct Members {
    inflate: Decompress,
    limits: Limits,
    member: Vec<u8>,
    compressed: usize,
}

/// Output taken at a time.
const STEP: usize = 16 * 1024;

impl Members {
    /// Reads members under these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Members {
        Members {
            inflate: Decompress::new_gzip(15),
            limits,
            member: Vec::new(),
            compressed: 0,
        }
    }

    /// Changes the limits for the members to come.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether the body may end here.
    #[must_use]
    pub fn between_members(&self) -> bool {
        self.compressed == 0
    }

    /// What is inflated of a member that is not complete yet.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.member
    }

    /// Takes bytes from the front of `input`. Returns a member when one is complete; call
    /// again while `input` has bytes left.
    ///
    /// # Errors
    /// [`MemberError`]; nothing more can be read of this body.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, MemberError> {
        while !input.is_empty() {
            let before_in = self.inflate.total_in();
            let start = self.member.len();
            // One byte more than allowed is enough to know.
            let room = (self.limits.inflated + 1 - start).min(STEP);
            self.member.resize(start + room, 0);
            let before_out = self.inflate.total_out();
            let status = self
                .inflate
                .decompress(input, &mut self.member[start..], FlushDecompress::None)
                .map_err(|_| MemberError::NotGzip)?;
            let taken = as_size(self.inflate.total_in() - before_in);
            let given = as_size(self.inflate.total_out() - before_out);
            self.member.truncate(start + given);
            *input = &input[taken..];
            self.compressed += taken;
            if self.compressed > self.limits.compressed || self.member.len() > self.limits.inflated {
                return Err(MemberError::TooLarge);
            }
            if status == Status::StreamEnd {
                self.inflate = Decompress::new_gzip(15);
                self.compressed = 0;
                return Ok(Some(std::mem::take(&mut self.member)));
            }
            if taken == 0 && given == 0 {
                return Err(MemberError::NotGzip);
            }
        }
        Ok(None)
    }
}

fn as_size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use menpai_sync_core::wire::deflate;

    use super::*;

    const LIMITS: Limits = Limits {
        compressed: 1_000,
        inflated: 10_000,
    };

    fn read_all(body: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, MemberError> {
        let mut members = Members::new(LIMITS);
        let mut found = Vec::new();
        for mut input in body.chunks(piece) {
            while !input.is_empty() {
                found.extend(members.read(&mut input)?);
            }
        }
        Ok(found)
    }

    #[test]
    fn members_come_out_however_the_body_is_cut() {
        let body = [deflate(b"one\n"), deflate(b""), deflate(&[b'x'; 9_999])].concat();
        for piece in [1, 2, 7, body.len()] {
            let found = read_all(&body, piece).unwrap();
            assert_eq!(found, [b"one\n".to_vec(), Vec::new(), vec![b'x'; 9_999]]);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = deflate(&vec![0; 50 << 20]);
        assert_eq!(read_all(&bomb, bomb.len()), Err(MemberError::TooLarge));
        assert_eq!(read_all(&deflate(&[0; 10_001]), 64), Err(MemberError::TooLarge));
        assert_eq!(read_all(&deflate(&[0; 10_000]), 64).unwrap().len(), 1);
    }

    #[test]
    fn a_member_that_does_not_shrink_has_a_limit_too() {
        let noise: Vec<u8> = (0..5_000_u32)
            .flat_map(|n| menpai_sync_core::ids::Hash::of(&n.to_be_bytes()).0)
            .collect();
        assert_eq!(read_all(&deflate(&noise), 100), Err(MemberError::TooLarge));
    }

    #[test]
    fn what_is_not_gzip_is_refused_and_a_cut_member_gives_nothing() {
        assert_eq!(read_all(b"{\"menpai\":1}", 100), Err(MemberError::NotGzip));
        let member = deflate(b"whole");
        assert_eq!(read_all(&member[..member.len() - 1], 5).unwrap(), Vec::<Vec<u8>>::new());
        let mut damaged = member;
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        assert_eq!(read_all(&damaged, 100), Err(MemberError::NotGzip));
    }
}
