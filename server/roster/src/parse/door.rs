//! Doors: unit and door number in the one way in which they are kept, and what a door number
//! states beyond itself, its floor and whether it is a shop. What it does not state stays
//! open.

use crate::row::{DwellingUse, NO_UNIT};

/// The unit that a text states: 2单元 and 2 are the same one; nothing is 无.
pub(crate) fn unit(text: Option<&str>) -> String {
    text.map(|text| text.strip_suffix("单元").unwrap_or(text))
        .filter(|text| !text.is_empty())
        .unwrap_or(NO_UNIT)
        .to_owned()
}

/// The door that a text states: 301室 and 301 are the same one.
pub(crate) fn door(text: &str) -> String {
    ["室", "号", "户"]
        .into_iter()
        .find_map(|suffix| text.strip_suffix(suffix))
        .filter(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(text)
        .to_owned()
}

/// The floor that a door number of three or four digits states: 301 → 3, 1204 → 12.
pub(crate) fn floor(door: &str) -> Option<u16> {
    if !(3..=4).contains(&door.len()) || !door.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u16 = door.parse().ok()?;
    let (floor, flat) = (number / 100, number % 100);
    (floor > 0 && flat > 0).then_some(floor)
}

/// What the door's own wording says it is used for.
pub(crate) fn dwelling_use(door: &str) -> Option<DwellingUse> {
    ["门面", "商铺", "门店", "底商"]
        .into_iter()
        .any(|word| door.starts_with(word))
        .then_some(DwellingUse::Shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_read_only_where_the_number_states_it() {
        for (door, stated) in [
            ("301", Some(3)),
            ("1204", Some(12)),
            ("0102", Some(1)),
            ("3308", Some(33)),
            ("12", None),
            ("300", None),
            ("0012", None),
            ("12004", None),
            ("B101", None),
            ("门面3", None),
        ] {
            assert_eq!(floor(door), stated, "{door}");
        }
    }

    #[test]
    fn a_building_without_units_says_so() {
        assert_eq!(unit(None), "无");
        assert_eq!(unit(Some("2单元")), "2");
        assert_eq!(unit(Some("2")), "2");
        assert_eq!(unit(Some("东单元")), "东");
    }

    #[test]
    fn one_door_written_in_two_ways_is_one_door() {
        assert_eq!(door("301室"), "301");
        assert_eq!(door("301"), "301");
        assert_eq!(door("3号"), "3");
        assert_eq!(door("东户"), "东户");
    }

    #[test]
    fn a_shop_is_a_shop_only_by_its_own_wording() {
        assert_eq!(dwelling_use("门面3"), Some(DwellingUse::Shop));
        assert_eq!(dwelling_use("301"), None);
    }
}
