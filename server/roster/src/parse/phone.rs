//! Phone numbers: one mobile or one landline number with its area code. Blanks and dashes
//! inside a number are dropped from mobiles and set in one way in landlines; anything else is
//! no phone number.

use menpai_sync_core::kinds::Rule;

/// The phone number that a text states, written in the one way in which it is kept.
pub(crate) fn parse(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let number = if digits.starts_with('0') {
        landline(text, &digits)?
    } else {
        digits
    };
    Rule::Phone.accepts(&number).then_some(number)
}

/// Area code, dash, line. Without a dash the length of the code is known from its second
/// digit: 010 and 02x have three.
fn landline(text: &str, digits: &str) -> Option<String> {
    let code_length = match text.split_once('-') {
        Some((code, _)) => code.len(),
        None if matches!(digits.as_bytes().get(1), Some(b'1' | b'2')) => 3,
        None => 4,
    };
    let (code, line) = digits.split_at_checked(code_length)?;
    Some(format!("{code}-{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mobiles_and_landlines_are_kept_in_one_way_each() {
        for (text, kept) in [
            ("15400001234", "15400001234"),
            ("154-0000-1234", "15400001234"),
            ("0371-61234567", "0371-61234567"),
            ("037161234567", "0371-61234567"),
            ("010-61234567", "010-61234567"),
            ("02561234567", "025-61234567"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(kept), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_phone_number() {
        for text in [
            "12345678901",
            "1540000123",
            "154000012345",
            "61234567",
            "0371-612345",
            "15400001234/15400001235",
            "+8615400001234",
            "",
            "-",
            "张三",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
