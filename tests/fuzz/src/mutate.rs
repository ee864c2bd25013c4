//! Inputs one step beside well-formed ones, thrown with dice: bytes flipped, cut, doubled,
//! exchanged between inputs, and numbers and texts that decoders stumble over.

use menpai_server::simulate::Dice;

/// Most changes of one input.
const MOST_CHANGES: usize = 6;
/// Longest piece that is moved at once.
const LONGEST_PIECE: usize = 64;

/// What decoders stumble over.
const DICTIONARY: [&[u8]; 24] = [
    b"0",
    b"-1",
    b"9007199254740991",
    b"9007199254740992",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"1e999",
    b"-0.0",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\0",
    b"\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"e\xcc\x81",
    b"[[[[[[[[[[",
    b"9999-12-31T23:59:59.999+23:59",
    b"00000000-0000-0000-0000-000000000000",
];

/// One of the seeds, changed; the same for the same number.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut dice = Dice::of(number, 1);
    let mut bytes = dice.pick(seeds).cloned().unwrap_or_default();
    for _ in 0..=dice.below(MOST_CHANGES) {
        change(&mut bytes, seeds, &mut dice);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + dice.below(LONGEST_PIECE)).min(bytes.len());
    match dice.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = dice.bytes::<1>()[0],
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let piece = bytes[at..end].to_vec();
            let times = 1 << dice.below(8);
            bytes.splice(at..at, piece.repeat(times));
        }
        5 => {
            let other = dice.pick(seeds).cloned().unwrap_or_default();
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(4 * LONGEST_PIECE)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        6 => number(bytes, at, dice),
        _ => {
            let word = dice.pick(&DICTIONARY).copied().unwrap_or_default();
            bytes.splice(at..end, word.iter().copied());
        }
    }
}

/// Another number where the next one stands.
fn number(bytes: &mut Vec<u8>, at: usize, dice: &mut Dice) {
    let Some(first) = bytes[at..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let first = at + first;
    let length = bytes[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let numbers = &DICTIONARY[..8];
    let other = dice.pick(numbers).copied().unwrap_or_default();
    bytes.splice(first..first + length, other.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_makes_the_same_input_again_and_another_number_another() {
        let seeds = [b"{\"a\":12}".to_vec(), b"[1,2,3]".to_vec()];
        let inputs: std::collections::BTreeSet<Vec<u8>> = (0..500).map(|number| mutated(&seeds, number)).collect();
        assert!(inputs.len() > 400, "{}", inputs.len());
        assert_eq!(mutated(&seeds, 7), mutated(&seeds, 7));
    }
}
