//! Named rules for text, as a function and as the pattern that says the same in the
//! generated JSON Schema. A test compares the two; change both or neither.

use super::name::Name;
use super::problem::Code;
use crate::json::json_words;

/// A rule that a field names in `validate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A mobile or landline number of mainland China.
    Phone,
    /// A date that no draft may put in the future.
    BirthDate,
    /// 12 digits: a community (统计用区划代码).
    DivisionCode,
    /// 6 digits: a county (GB/T 2260).
    CountyCode,
    /// 16 digits: community, grid, sub-grid.
    GridCode,
    /// Digits only.
    Digits,
    /// The name of a kind.
    KindName,
    /// An uncompressed P-256 point in lower-case hexadecimal.
    P256PublicKey,
    /// 18 bytes sealed to the home (docs/protocol.md section 19), as base64. Never a column, never shown.
    Sealed,
}

/// Of a key of 65 bytes, what was sealed and a tag of 16.
const SEALED_LENGTH: usize = (65 + 18 + 16) / 3 * 4;

json_words! {
    Rule {
        Phone = "phone",
        BirthDate = "birth_date",
        DivisionCode = "division_code",
        CountyCode = "county_code",
        GridCode = "grid_code",
        Digits = "digits",
        KindName = "kind_name",
        P256PublicKey = "p256_public_key",
        Sealed = "sealed",
    }
}

impl Rule {
    /// Whether a rule is about dates rather than text.
    #[must_use]
    pub fn is_for_dates(self) -> bool {
        self == Rule::BirthDate
    }

    /// Whether `text` keeps the rule. Dates are checked as dates.
    #[must_use]
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Rule::Phone => is_mobile(text) || is_landline(text),
            Rule::BirthDate => true,
            Rule::DivisionCode => text.len() == 12 && all_digits(text),
            Rule::CountyCode => text.len() == 6 && all_digits(text),
            Rule::GridCode => text.len() == 16 && all_digits(text),
            Rule::Digits => !text.is_empty() && all_digits(text),
            Rule::KindName => Name::accepts(text),
            Rule::P256PublicKey => {
                text.len() == 130
                    && text.starts_with("04")
                    && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            }
            Rule::Sealed => {
                text.len() == SEALED_LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
            }
        }
    }

    /// The same as a regular expression; `None` where the type says it all.
    #[must_use]
    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Rule::Phone => Some("^(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})$"),
            Rule::BirthDate => None,
            Rule::DivisionCode => Some("^[0-9]{12}$"),
            Rule::CountyCode => Some("^[0-9]{6}$"),
            Rule::GridCode => Some("^[0-9]{16}$"),
            Rule::Digits => Some("^[0-9]+$"),
            Rule::KindName => Some("^[a-z][a-z0-9_]{0,39}$"),
            Rule::P256PublicKey => Some("^04[0-9a-f]{128}$"),
            Rule::Sealed => Some("^[A-Za-z0-9+/]{132}$"),
        }
    }

    /// What a text that breaks the rule is told.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Rule::Phone => Code::BadPhone,
            Rule::BirthDate => Code::BadDate,
            Rule::DivisionCode | Rule::CountyCode | Rule::GridCode | Rule::Digits | Rule::KindName | Rule::Sealed => {
                Code::BadCode
            }
            Rule::P256PublicKey => Code::BadKey,
        }
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_mobile(text: &str) -> bool {
    text.len() == 11 && all_digits(text) && text.starts_with('1') && text.as_bytes()[1] >= b'3'
}

fn is_landline(text: &str) -> bool {
    if !text.starts_with('0') {
        return false;
    }
    match text.split_once('-') {
        Some((area, number)) => {
            matches!(area.len(), 3 | 4) && matches!(number.len(), 7 | 8) && all_digits(area) && all_digits(number)
        }
        None => matches!(text.len(), 10..=12) && all_digits(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_mobile_or_landline() {
        for good in [
            "13800138000",
            "010-12345678",
            "01012345678",
            "0371-1234567",
            "037112345678",
        ] {
            assert!(Rule::Phone.accepts(good), "{good}");
        }
        for bad in [
            "12345678901",
            "1380013800",
            "138001380000",
            "10-12345678",
            "0-12345678",
            "010-123456",
            "010--1234567",
            "",
            "１３８００１３８０００",
        ] {
            assert!(!Rule::Phone.accepts(bad), "{bad}");
        }
    }

    #[test]
    fn codes_have_their_length() {
        assert!(Rule::DivisionCode.accepts("370202013014"));
        assert!(!Rule::DivisionCode.accepts("370202013"));
        assert!(Rule::GridCode.accepts("4101020020050100"));
        assert!(!Rule::CountyCode.accepts("41010a"));
    }
}
