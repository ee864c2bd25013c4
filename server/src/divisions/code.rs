//! Division codes: which unit one names, and to which street a community belongs. Street, community and
//! grid are levels 1, 2 and 3, and each code begins with that of the level above it.

use std::str::FromStr;

use menpai_sync_core::ids::CommunityCode;
use serde::{Deserialize, Serialize};

/// The first nine digits of its communities' codes: 1–2 province, 3–4 prefecture, 5–6 county, 7–9 street,
/// town or township.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreetCode(String);

/// Not a street's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a street has 9 digits")]
pub struct NoStreetCode;

impl StreetCode {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreetCode {
    type Err = NoStreetCode;

    fn from_str(text: &str) -> Result<StreetCode, NoStreetCode> {
        let fits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits {
            Ok(StreetCode(text.to_owned()))
        } else {
            Err(NoStreetCode)
        }
    }
}

impl TryFrom<String> for StreetCode {
    type Error = NoStreetCode;

    fn try_from(text: String) -> Result<StreetCode, NoStreetCode> {
        text.parse()
    }
}

impl From<StreetCode> for String {
    fn from(code: StreetCode) -> String {
        code.0
    }
}

/// The street that a community belongs to.
#[must_use]
pub fn street_of(community: CommunityCode) -> StreetCode {
    StreetCode(community.as_str().chars().take(9).collect())
}

/// What a code names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 省
    Province,
    /// 市
    Prefecture,
    /// 区、县
    County,
    /// 街道: 001–099
    Street,
    /// 镇: 100–199
    Town,
    /// 乡: 200–399
    Township,
    /// What is like a street or a town: 400 and up.
    LikeStreet,
    /// 社区: 001–199
    Community,
    /// 村: 200–399
    Village,
    /// What is like a community or a village: 400 and up.
    LikeCommunity,
}

impl Unit {
    /// What a code of 2, 4, 6, 9 or 12 digits names; nothing where it skips a level, as one of a community
    /// right under a county does.
    #[must_use]
    pub fn of(code: &str) -> Option<Unit> {
        let levels: &[usize] = match code.len() {
            2 => &[2],
            4 => &[2, 2],
            6 => &[2, 2, 2],
            9 => &[2, 2, 2, 3],
            12 => &[2, 2, 2, 3, 3],
            _ => return None,
        };
        let mut rest = code;
        let mut last = 0;
        for digits in levels {
            let (number, after) = rest.split_at_checked(*digits)?;
            last = number.parse().ok().filter(|number| *number > 0)?;
            rest = after;
        }
        Some(match (code.len(), last) {
            (2, _) => Unit::Province,
            (4, _) => Unit::Prefecture,
            (6, _) => Unit::County,
            (9, ..100) => Unit::Street,
            (9, ..200) => Unit::Town,
            (9, ..400) => Unit::Township,
            (9, _) => Unit::LikeStreet,
            (_, ..200) => Unit::Community,
            (_, ..400) => Unit::Village,
            _ => Unit::LikeCommunity,
        })
    }
}

/// A code without the zeros that tables fill it up with: 410102000000 is 410102.
#[must_use]
pub(super) fn unfilled(code: &str) -> &str {
    let mut code = code;
    for (length, filling) in [(12, "000"), (9, "000"), (6, "00"), (4, "00")] {
        if code.len() == length {
            code = code.strip_suffix(filling).unwrap_or(code);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_it_names() {
        for (code, unit) in [
            ("41", Some(Unit::Province)),
            ("4101", Some(Unit::Prefecture)),
            ("410102", Some(Unit::County)),
            ("410102002", Some(Unit::Street)),
            ("410102100", Some(Unit::Town)),
            ("410102201", Some(Unit::Township)),
            ("410102401", Some(Unit::LikeStreet)),
            ("410102002005", Some(Unit::Community)),
            ("410102002205", Some(Unit::Village)),
            ("410102002498", Some(Unit::LikeCommunity)),
            // A level is skipped.
            ("410102000005", None),
            ("410102002000", None),
            ("00", None),
            ("4101020", None),
            ("41010200200x", None),
            ("", None),
            ("四一", None),
        ] {
            assert_eq!(Unit::of(code), unit, "{code}");
        }
    }

    #[test]
    fn what_tables_fill_up_is_taken_off() {
        for (filled, code) in [
            ("410000000000", "41"),
            ("410100000000", "4101"),
            ("410102000000", "410102"),
            ("410102002000", "410102002"),
            ("410102002005", "410102002005"),
            ("410100", "4101"),
            ("110000", "11"),
            ("410102", "410102"),
            ("410102100", "410102100"),
        ] {
            assert_eq!(unfilled(filled), code);
        }
    }
}
