//! Buildings and units in the one way in which they are kept: 16号楼, 16栋, 16幢, 十六号楼 and
//! 16 are one building, 2单元, 二单元 and 2 one unit. What is written otherwise stays as it is.

use super::number;
use crate::row::NO_UNIT;

/// What stands behind the number of a building. Longer ones first.
pub(super) const BUILDING_SUFFIXES: &[&str] = &["号楼", "#楼", "栋楼", "栋", "幢", "楼", "#", "号"];

/// The building that a text states.
#[must_use]
pub fn building(text: &str) -> String {
    let compact = crate::normalise::compact(text);
    let (stem, suffixed) = BUILDING_SUFFIXES
        .iter()
        .find_map(|suffix| compact.strip_suffix(suffix))
        .map_or((compact.as_str(), false), |stem| (stem, true));
    let stem = stem.strip_prefix('第').unwrap_or(stem);
    if let Some(number) = number::whole(stem) {
        return format!("{number}号楼");
    }
    // 16-1栋 and 16A幢; A座 and A楼 keep their own word.
    let with_digit = stem.bytes().any(|byte| byte.is_ascii_digit());
    let plain = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let own_word = compact.ends_with('楼') && !compact.ends_with("号楼") && !compact.ends_with("#楼");
    if plain && !stem.is_empty() && suffixed && (with_digit || !own_word) {
        return format!("{}号楼", stem.to_ascii_uppercase());
    }
    compact
}

/// The unit that a text states: 2单元, 二单元 and 2 are the same one; nothing is 无.
pub(crate) fn unit(text: Option<&str>) -> String {
    let Some(text) = text else {
        return NO_UNIT.to_owned();
    };
    let stem = text.strip_suffix("单元").unwrap_or(text);
    let stem = stem.strip_prefix('第').unwrap_or(stem);
    match (stem, number::whole(stem)) {
        ("" | "无", _) => NO_UNIT.to_owned(),
        (_, Some(number)) => number.to_string(),
        (other, None) => other.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_building_written_in_many_ways_is_one_building() {
        for text in [
            "16号楼",
            "16栋",
            "16幢",
            "十六号楼",
            "16#",
            "16#楼",
            "１６号楼",
            "第16栋",
            "16",
            "16.0",
            "16 号楼",
            "016号楼",
            "16楼",
            "16号",
        ] {
            assert_eq!(building(text), "16号楼", "{text}");
        }
        assert_eq!(building("16-1栋"), "16-1号楼");
        assert_eq!(building("a栋"), "A号楼");
    }

    #[test]
    fn other_names_stay_as_they_are() {
        for text in ["A座", "综合楼", "甲1号楼", "东楼", "门面房", "16号楼东侧"] {
            assert_eq!(building(text), text);
        }
    }

    #[test]
    fn a_building_without_units_says_so() {
        for text in [None, Some(""), Some("无"), Some("无单元")] {
            assert_eq!(unit(text), "无", "{text:?}");
        }
        for text in ["2单元", "2", "二单元", "第二单元", "02单元", "2.0"] {
            assert_eq!(unit(Some(text)), "2", "{text}");
        }
        assert_eq!(unit(Some("东单元")), "东");
        assert_eq!(unit(Some("b单元")), "B");
    }
}
