//! Dice of a simulation: one seed gives the same throws on every machine and for ever, so that
//! a run can be repeated. Never a source of keys or ids.

/// A sequence of throws (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The throws of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Dice of their own for something numbered, so that it does not depend on the others.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Dice {
        let mut dice = Dice(seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
        dice.throw();
        dice
    }

    /// 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        // The tiny preference for small numbers is of no concern here.
        usize::try_from(self.throw() % (end.max(1) as u64)).unwrap_or(0)
    }

    /// A number of the range, ends included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let width = last.saturating_sub(first).unsigned_abs().saturating_add(1);
        first.saturating_add_unsigned(self.throw() % width)
    }

    /// Whether something of that chance happens.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.throw() % 100 < chance
    }

    /// One of them, if there is one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.throw().to_le_bytes()[0])
    }

    /// Another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_seeds_differ() {
        let throws = |seed| (0..4).map(|number| Dice::of(seed, number).throw()).collect::<Vec<_>>();
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
        assert_eq!(throws(1).iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }

    #[test]
    fn throws_stay_in_their_range() {
        let mut dice = Dice::new(7);
        for _ in 0..1_000 {
            assert!(dice.below(3) < 3);
            assert!((-2..=2).contains(&dice.between(-2, 2)));
        }
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
