//! Citizen id numbers (GB 11643-1999): checked, used for birth date and sex, compared within
//! one sheet, and dropped. Fifteen-digit numbers of the old kind are converted before they
//! are compared. Nothing here prints a number.

use chrono::{Datelike, NaiveDate};

use crate::codes::Sex;

/// A valid id number: what it says about its holder, and the number for comparing.
pub(crate) struct CitizenId {
    /// Birth date in the number.
    pub(crate) birth_date: NaiveDate,
    /// Sex in the number.
    pub(crate) sex: Sex,
    /// Eighteen characters; lives as long as one reading of one sheet.
    pub(crate) number: String,
}

/// Why a text is no id number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdFault {
    /// Neither eighteen nor fifteen characters.
    Length,
    /// A character that cannot stand there.
    Character,
    /// The date in it does not exist or lies in the future.
    BirthDate,
    /// The last character does not follow from the others.
    CheckDigit,
}

/// Checks an id number from which blanks have been removed.
pub(crate) fn check(text: &str, today: NaiveDate) -> Result<CitizenId, IdFault> {
    let number = text.to_ascii_uppercase();
    if !number.is_ascii() {
        return Err(IdFault::Character);
    }
    match number.len() {
        18 => check_full(number, today),
        15 => check_full(from_fifteen(&number)?, today),
        _ => Err(IdFault::Length),
    }
}

/// The check character that belongs to seventeen digits.
pub(crate) fn check_character(digits: &[u8]) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHARACTERS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit.saturating_sub(b'0')) * weight)
        .sum();
    CHARACTERS[(sum % 11) as usize]
}

fn check_full(number: String, today: NaiveDate) -> Result<CitizenId, IdFault> {
    let (body, last) = number.split_at(17);
    if !body.bytes().all(|byte| byte.is_ascii_digit())
        || !last
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'X')
    {
        return Err(IdFault::Character);
    }
    let birth_date =
        NaiveDate::parse_from_str(&body[6..14], "%Y%m%d").map_err(|_| IdFault::BirthDate)?;
    if birth_date > today || birth_date.year() < 1850 {
        return Err(IdFault::BirthDate);
    }
    if !last.starts_with(check_character(body.as_bytes())) {
        return Err(IdFault::CheckDigit);
    }
    let sex = if body.as_bytes()[16] % 2 == 1 {
        Sex::Male
    } else {
        Sex::Female
    };
    Ok(CitizenId {
        birth_date,
        sex,
        number,
    })
}

/// The number of the present kind for one of the old kind, whose holders were all born in the
/// twentieth century.
fn from_fifteen(old: &str) -> Result<String, IdFault> {
    if !old.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IdFault::Character);
    }
    let mut number = format!("{}19{}", &old[..6], &old[6..]);
    number.push(check_character(number.as_bytes()));
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
    }

    fn fault(text: &str) -> Option<IdFault> {
        check(text, today()).err()
    }

    #[test]
    fn the_standards_own_numbers_are_valid() {
        let woman = check("11010519491231002X", today()).ok().unwrap();
        assert_eq!(woman.birth_date.to_string(), "1949-12-31");
        assert_eq!(woman.sex, Sex::Female);
        let man = check("440524188001010014", today()).ok().unwrap();
        assert_eq!(man.birth_date.to_string(), "1880-01-01");
        assert_eq!(man.sex, Sex::Male);
        assert_eq!(fault("34052419800101001X"), None);
        assert_eq!(fault("34052419800101001x"), None);
    }

    #[test]
    fn a_wrong_number_is_wrong_for_its_own_reason() {
        assert_eq!(fault("110105194912310020"), Some(IdFault::CheckDigit));
        assert_eq!(fault("11010519490230002X"), Some(IdFault::BirthDate));
        assert_eq!(fault("11010519491231002Y"), Some(IdFault::Character));
        assert_eq!(fault("1101051949123100X2"), Some(IdFault::Character));
        assert_eq!(fault("1101051949123100"), Some(IdFault::Length));
        assert_eq!(fault("11010520491231002X"), Some(IdFault::BirthDate));
        assert_eq!(fault("一二三四五六"), Some(IdFault::Character));
        assert_eq!(fault(""), Some(IdFault::Length));
    }

    #[test]
    fn an_old_number_becomes_one_of_the_present_kind() {
        let woman = check("110105491231002", today()).ok().unwrap();
        assert_eq!(woman.number, "11010519491231002X");
        assert_eq!(fault("11010549123100X"), Some(IdFault::Character));
    }
}
