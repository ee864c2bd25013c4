//! Phone numbers: mobiles and landlines with their area code, one or several in a cell.
//! Blanks and dashes inside a number are dropped from mobiles and set in one way in landlines,
//! +86 is left out; anything else is no phone number.

use menpai_sync_core::kinds::Rule;

use super::number;

/// The numbers in a cell in its order, each once; `None` if something in it is none.
pub(crate) fn parse_all(text: &str) -> Option<Vec<String>> {
    let mut numbers: Vec<String> = Vec::new();
    for piece in text.split(['/', '、', ',', '，', ';', '；', '|', '或']) {
        if piece.trim().is_empty() {
            continue;
        }
        // Blanks stand inside a number or between two of them.
        let found = match parse(piece) {
            Some(one) => vec![one],
            None => piece.split_whitespace().map(parse).collect::<Option<Vec<_>>>()?,
        };
        for one in found {
            if !numbers.contains(&one) {
                numbers.push(one);
            }
        }
    }
    (!numbers.is_empty()).then_some(numbers)
}

/// One number, written in the one way in which it is kept.
fn parse(text: &str) -> Option<String> {
    let compact: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| {
            if matches!(letter, '(' | ')' | '－' | '—' | '–') {
                '-'
            } else {
                letter
            }
        })
        .collect();
    let text = number::plain(compact.trim_matches('-'));
    let text = ["+86", "0086"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim_start_matches('-');
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let number = match digits.as_bytes() {
        // 86 and 0 in front of a mobile are for dialling.
        [b'8', b'6', b'1', ..] if digits.len() == 13 => digits[2..].to_owned(),
        [b'0', b'1', b'3'..=b'9', ..] if digits.len() == 12 => digits[1..].to_owned(),
        [b'0', ..] => landline(text, &digits)?,
        _ => digits,
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
            ("154 0000 1234", "15400001234"),
            ("15400001234.0", "15400001234"),
            ("+8615400001234", "15400001234"),
            ("+86 154 0000 1234", "15400001234"),
            ("8615400001234", "15400001234"),
            ("015400001234", "15400001234"),
            ("0371-61234567", "0371-61234567"),
            ("(0371)61234567", "0371-61234567"),
            ("0371 61234567", "0371-61234567"),
            ("037161234567", "0371-61234567"),
            ("010-61234567", "010-61234567"),
            ("02561234567", "025-61234567"),
        ] {
            assert_eq!(parse_all(text), Some(vec![kept.to_owned()]), "{text}");
        }
    }

    #[test]
    fn several_numbers_in_a_cell_are_several() {
        let both = Some(vec!["15400001234".to_owned(), "0371-61234567".to_owned()]);
        for text in [
            "15400001234/0371-61234567",
            "15400001234、0371-61234567",
            "15400001234 0371-61234567",
            "15400001234； 0371-61234567/15400001234",
        ] {
            assert_eq!(parse_all(text), both, "{text}");
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
            "15400001234/1540000123",
            "1.54E+10",
            "15400001234(女儿)",
            "",
            "-",
            "张三",
        ] {
            assert_eq!(parse_all(text), None, "{text}");
        }
    }
}
