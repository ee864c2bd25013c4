//! The demonstration's randomness: SplitMix64, a dozen lines that never change, so that a
//! seed gives the same roster for as long as the repository lives. Not for secrets.

/// A sequence of numbers that follows from its seed alone.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if there is none. The bias of the remainder is far below
    /// anything a roster shows.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let bound = u64::from(bound.max(1));
        u32::try_from(self.next() % bound).unwrap_or(0)
    }

    /// A number from `first` to `last`, both included.
    pub(super) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of the things; they must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(len(things)) as usize]
    }

    /// One of the things, the heavier the likelier.
    pub(super) fn weighted<T: Copy>(&mut self, things: &[(T, u32)]) -> T {
        let total = things.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total);
        for (thing, weight) in things {
            if left < *weight {
                return *thing;
            }
            left -= weight;
        }
        things[0].0
    }

    /// Puts the things into a random order.
    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = self.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
            things.swap(last, other);
        }
    }
}

fn len<T>(things: &[T]) -> u32 {
    u32::try_from(things.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64() {
        // First outputs of the published reference for seed 1234567.
        let mut dice = Dice::new(1_234_567);
        assert_eq!(dice.next(), 6_457_827_717_110_365_317);
        assert_eq!(dice.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn bounds_are_kept() {
        let mut dice = Dice::new(7);
        for _ in 0..1000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
            assert!(dice.weighted(&[(1, 0), (2, 5)]) == 2);
        }
        assert_eq!(dice.below(0), 0);
    }
}
