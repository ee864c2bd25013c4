//! Citizen id numbers (公民身份号码, GB 11643): county, birth date, sequence, check character.
//! Checked as they are typed or imported, then sealed; never a field of any kind.
//! Refuses 15-digit numbers, which can only be converted. `Debug` shows the masked form.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::ids::{CommunityCode, EntityId};

/// What a number is bound to when it is sealed to its home: whose it is, and where. With another's it
/// does not open (docs/protocol.md section 19).
#[must_use]
pub fn sealed_info(community: CommunityCode, person: EntityId) -> Vec<u8> {
    [
        b"menpai-id-number-1\0",
        community.to_string().as_bytes(),
        person.as_bytes(),
    ]
    .concat()
}

/// A number that is well-formed; whether it was ever issued nobody here can know.
#[derive(Clone, PartialEq, Eq)]
pub struct CitizenId {
    number: String,
    /// The birth date in it.
    pub birth_date: NaiveDate,
    /// The sex in it.
    pub sex: Sex,
}

/// Sex as far as the number says it (GB/T 2261.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CitizenIdError {
    /// Not 18 characters.
    #[error("not 18 characters")]
    Length,
    /// 15 digits, as issued before 1999: convert it.
    #[error("a number of 15 digits")]
    FifteenDigits,
    /// Not 17 digits and a digit or X.
    #[error("not digits, with a digit or X at the end")]
    Characters,
    /// The birth date in it is not a day of the calendar.
    #[error("its birth date is not a date")]
    BirthDate,
    /// The birth date in it is after today.
    #[error("its birth date is in the future")]
    InFuture,
    /// The last character does not follow from the others: somewhere is a slip.
    #[error("its check character does not fit")]
    CheckCharacter,
}

/// Checks a number of 18 characters; a small x counts as X.
pub fn check(text: &str, today: NaiveDate) -> Result<CitizenId, CitizenIdError> {
    let digits = text.as_bytes();
    if digits.len() == 15 && digits.iter().all(u8::is_ascii_digit) {
        return Err(CitizenIdError::FifteenDigits);
    }
    if text.chars().count() != 18 {
        return Err(CitizenIdError::Length);
    }
    let number = text.to_ascii_uppercase();
    let (Some(body), Some(last)) = (number.get(..17), number.get(17..)) else {
        return Err(CitizenIdError::Characters);
    };
    if !body.bytes().all(|b| b.is_ascii_digit()) || !matches!(last.as_bytes(), [b'0'..=b'9' | b'X']) {
        return Err(CitizenIdError::Characters);
    }
    let birth_date = birth_date(&body[6..14]).ok_or(CitizenIdError::BirthDate)?;
    if birth_date > today {
        return Err(CitizenIdError::InFuture);
    }
    if last.as_bytes() != [check_character(body)] {
        return Err(CitizenIdError::CheckCharacter);
    }
    let odd = body.ends_with(['1', '3', '5', '7', '9']);
    Ok(CitizenId {
        number,
        birth_date,
        sex: if odd { Sex::Male } else { Sex::Female },
    })
}

/// Makes the number of 18 characters from one of 15 digits; all of those were born in 19xx.
pub fn convert_fifteen(text: &str, today: NaiveDate) -> Result<CitizenId, CitizenIdError> {
    if text.len() != 15 {
        return Err(CitizenIdError::Length);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CitizenIdError::Characters);
    }
    let body = format!("{}19{}", &text[..6], &text[6..]);
    let last = char::from(check_character(&body));
    check(&format!("{body}{last}"), today)
}

impl CitizenIdError {
    /// Stable, for programs and word lists.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            CitizenIdError::Length => "length",
            CitizenIdError::FifteenDigits => "fifteen_digits",
            CitizenIdError::Characters => "characters",
            CitizenIdError::BirthDate => "birth_date",
            CitizenIdError::InFuture => "in_future",
            CitizenIdError::CheckCharacter => "check_character",
        }
    }
}

impl CitizenId {
    /// The number, with a capital X.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.number
    }

    /// The county it was first issued in (GB/T 2260, perhaps long abolished).
    #[must_use]
    pub fn county(&self) -> &str {
        &self.number[..6]
    }

    /// Whether its first two digits are those of a province. Fixtures are not; a strict
    /// importer asks.
    #[must_use]
    pub fn is_of_a_province(&self) -> bool {
        const PROVINCES: [&str; 36] = [
            "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
            "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83", "91",
        ];
        PROVINCES.contains(&&self.number[..2])
    }

    /// The number as lists show it: `1101**********002X`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}**********{}", &self.number[..4], self.last_four())
    }

    /// What a phone may see of it.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.number[14..]
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CitizenId({})", self.masked())
    }
}

impl Sex {
    /// The code of GB/T 2261.1.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Sex::Male => "1",
            Sex::Female => "2",
        }
    }
}

fn birth_date(digits: &str) -> Option<NaiveDate> {
    let year = digits[..4].parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, digits[4..6].parse().ok()?, digits[6..].parse().ok()?)?;
    (date.year() >= 1800).then_some(date)
}

/// ISO 7064, MOD 11-2, over 17 digits.
fn check_character(body: &str) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    b"10X98765432"[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
    }

    #[test]
    fn the_standards_examples_pass() {
        let first = check("11010519491231002X", today()).unwrap();
        assert_eq!(first.birth_date, NaiveDate::from_ymd_opt(1949, 12, 31).unwrap());
        assert_eq!(
            (first.sex, first.sex.code(), first.county()),
            (Sex::Female, "2", "110105")
        );
        let second = check("440524188001010014", today()).unwrap();
        assert_eq!((second.sex, second.birth_date.year()), (Sex::Male, 1880));
        assert!(check("34052419800101001X", today()).is_ok());
    }

    #[test]
    fn a_small_x_counts_as_a_capital_one() {
        assert_eq!(
            check("11010519491231002x", today()).unwrap().as_str(),
            "11010519491231002X"
        );
    }

    #[test]
    fn slips_are_told_apart() {
        for (number, error) in [
            ("110105194912310020", CitizenIdError::CheckCharacter),
            ("11010519490230002X", CitizenIdError::BirthDate),
            ("11010519491231002Y", CitizenIdError::Characters),
            ("1101051949123100XX", CitizenIdError::Characters),
            ("1101051949123100２X", CitizenIdError::Characters),
            ("11010519491231002", CitizenIdError::Length),
            ("", CitizenIdError::Length),
            ("110105491231002", CitizenIdError::FifteenDigits),
            ("99000120261125001X", CitizenIdError::InFuture),
            ("99000117000101001X", CitizenIdError::BirthDate),
        ] {
            assert_eq!(check(number, today()), Err(error), "{number}");
        }
    }

    #[test]
    fn today_itself_is_not_in_the_future() {
        let body = "99000120261124001";
        let number = format!("{body}{}", char::from(check_character(body)));
        assert_eq!(check(&number, today()).unwrap().birth_date, today());
        assert_eq!(
            check(&number, today().pred_opt().unwrap()),
            Err(CitizenIdError::InFuture)
        );
    }

    #[test]
    fn fifteen_digits_convert() {
        assert_eq!(
            convert_fifteen("110105491231002", today()).unwrap().as_str(),
            "11010519491231002X"
        );
        assert_eq!(convert_fifteen("11010549123100", today()), Err(CitizenIdError::Length));
        assert_eq!(
            convert_fifteen("110105490230002", today()),
            Err(CitizenIdError::BirthDate)
        );
    }

    #[test]
    fn one_wrong_or_two_swapped_digits_never_pass() {
        let number = b"11010519491231002X";
        for at in 0..17 {
            for digit in b'0'..=b'9' {
                let mut slip = number.to_vec();
                slip[at] = digit;
                let slip = String::from_utf8(slip).unwrap();
                assert_eq!(check(&slip, today()).is_ok(), slip.as_bytes() == number, "{slip}");
            }
            let mut swapped = number.to_vec();
            swapped.swap(at, at + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            assert_eq!(
                check(&swapped, today()).is_ok(),
                swapped.as_bytes() == number,
                "{swapped}"
            );
        }
    }

    #[test]
    fn only_the_masked_form_is_printed() {
        let id = check("11010519491231002X", today()).unwrap();
        assert_eq!(format!("{id:?}"), "CitizenId(1101**********002X)");
        assert!(id.is_of_a_province());
        assert!(!convert_fifteen("990001491231002", today()).unwrap().is_of_a_province());
    }
}
