//! Whole numbers as offices write them: 16, 016, 16.0 (from a program that knows no whole
//! numbers), 十六, 一百零二.

/// The number that a text is, up to 999 in words; nothing else may stand in it.
#[must_use]
pub fn whole(text: &str) -> Option<u32> {
    let text = plain(text);
    if !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    in_words(text)
}

/// The text without the `.0` that a program wrote behind a whole number.
pub(crate) fn plain(text: &str) -> &str {
    match text.split_once('.') {
        Some((digits, zeros))
            if !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && !zeros.is_empty()
                && zeros.bytes().all(|byte| byte == b'0') =>
        {
            digits
        }
        _ => text,
    }
}

/// Whether a letter can stand in a number in words.
pub(crate) fn is_word(letter: char) -> bool {
    matches!(letter, '两' | '十' | '百' | '零' | '〇') || DIGITS.contains(letter)
}

const DIGITS: &str = "一二三四五六七八九";

fn in_words(text: &str) -> Option<u32> {
    let (hundreds, rest) = match text.split_once('百') {
        Some((hundreds, rest)) => (digit(hundreds)? * 100, rest),
        None => (0, text),
    };
    let rest = rest.strip_prefix(['零', '〇']).unwrap_or(rest);
    if rest.is_empty() {
        return (hundreds > 0).then_some(hundreds);
    }
    let Some((tens, ones)) = rest.split_once('十') else {
        return Some(hundreds + digit(rest)?);
    };
    let tens = if tens.is_empty() { 1 } else { digit(tens)? };
    let ones = if ones.is_empty() { 0 } else { digit(ones)? };
    Some(hundreds + tens * 10 + ones)
}

fn digit(text: &str) -> Option<u32> {
    let text = if text == "两" { "二" } else { text };
    let mut letters = text.chars();
    let (only, None) = (letters.next()?, letters.next()) else {
        return None;
    };
    let position = DIGITS.chars().position(|known| known == only)?;
    u32::try_from(position + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_digits_and_in_words() {
        for (text, number) in [
            ("16", 16),
            ("016", 16),
            ("16.0", 16),
            ("十六", 16),
            ("二十", 20),
            ("九十九", 99),
            ("两", 2),
            ("一百零二", 102),
            ("一百一十六", 116),
            ("一百", 100),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in ["", "零", "十百", "16号", "-1", "1.5", "二三", "第一", "9999999"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
