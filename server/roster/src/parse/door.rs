//! Doors: the door number in the one way in which it is kept, the unit and building that some
//! offices write in front of it, and what a door number states beyond itself, its floor and
//! whether it is a shop. What can be read in two ways is not read.

use super::{building, number};
use crate::row::DwellingUse;

/// What a door cell says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Door {
    /// The building, only where the cell itself says it (16-2-301).
    pub(crate) building: Option<String>,
    /// The unit, likewise.
    pub(crate) unit: Option<String>,
    /// The door.
    pub(crate) door: String,
}

/// Why a door cell cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// A letter that may be meant as a digit, or the other way round: 3O1.
    LookAlike,
    /// More than one reading, or one that contradicts the building or the unit beside it.
    Parts,
}

/// Reads a door cell beside a building and a unit as they are kept; `None` where nothing
/// stands. Without a building nothing can be told apart from it.
pub(crate) fn read(text: &str, building: Option<&str>, unit: Option<&str>) -> Result<Door, Unclear> {
    // 301、302 are two doors.
    if text.contains(['、', '，', ',', '；', ';', '/', '\\']) {
        return Err(Unclear::Parts);
    }
    if has_look_alike(text) {
        return Err(Unclear::LookAlike);
    }
    let text = plain(text);
    let parts: Vec<&str> = text.split('-').collect();
    let found = match parts.as_slice() {
        [one, two, door] if [one, two, door].iter().all(|part| is_code(part)) => Door {
            building: Some(building::building(one)),
            unit: Some(building::unit(Some(two))),
            door: (*door).to_owned(),
        },
        [one, door] if is_short_number(one) && is_room_number(door) => {
            let same_as_building = building.is_some_and(|known| known == building::building(one));
            match (unit, same_as_building) {
                // 16-301 in building 16 and unit 16: either way it is door 301.
                (None, false) | (Some(_), _) => Door {
                    building: None,
                    unit: Some(building::unit(Some(one))),
                    door: (*door).to_owned(),
                },
                // No building has that many units beside one another.
                (None, true) if number::whole(one).is_some_and(|number| number > MOST_UNITS) => Door {
                    building: Some(building::building(one)),
                    unit: None,
                    door: (*door).to_owned(),
                },
                (None, true) => return Err(Unclear::Parts),
            }
        }
        _ => Door {
            door: text,
            ..Door::default()
        },
    };
    let differs = |said: &Option<String>, known: Option<&str>| matches!((said, known), (Some(said), Some(known)) if said != known);
    if differs(&found.building, building) || differs(&found.unit, unit) {
        return Err(Unclear::Parts);
    }
    Ok(found)
}

/// A higher number before a door is its building's, not its unit's.
const MOST_UNITS: u32 = 12;

/// 301室, 301 and 301.0 are the same door; 商铺3号 and 商铺3.
fn plain(text: &str) -> String {
    let text = number::plain(without_floor(text))
        .replace(['－', '—', '–', '−'], "-")
        .to_ascii_uppercase();
    ["室", "号", "户"]
        .into_iter()
        .find_map(|suffix| text.strip_suffix(suffix))
        .filter(|stem| stem.ends_with(|letter: char| letter.is_ascii_digit()))
        .unwrap_or(&text)
        .to_owned()
}

/// 3楼301 is 301, if 301 is on floor 3.
fn without_floor(rest: &str) -> &str {
    let Some((storey, door)) = ["层", "楼"].iter().find_map(|word| rest.split_once(word)) else {
        return rest;
    };
    let digits = door.trim_end_matches(['室', '号', '户']);
    let agrees = number::whole(storey).is_some_and(|storey| floor(digits).map(u32::from) == Some(storey));
    if agrees { door } else { rest }
}

/// An O beside a digit is a 0 mistyped or a letter meant; so are l and I behind one.
fn has_look_alike(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let is_digit = |letter: Option<&char>| letter.is_some_and(char::is_ascii_digit);
    letters.iter().enumerate().any(|(position, letter)| {
        let behind_digit = is_digit(position.checked_sub(1).and_then(|before| letters.get(before)));
        match letter {
            'O' | 'o' => behind_digit || is_digit(letters.get(position + 1)),
            'l' | 'I' => behind_digit,
            _ => false,
        }
    })
}

fn is_code(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_short_number(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_room_number(text: &str) -> bool {
    (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The floor that a door number of three or four digits states: 301 → 3, 1204 → 12.
pub(crate) fn floor(door: &str) -> Option<u16> {
    if !is_room_number(door) {
        return None;
    }
    let number: u16 = door.parse().ok()?;
    let (floor, flat) = (number / 100, number % 100);
    (floor > 0 && flat > 0).then_some(floor)
}

/// What the door's own wording says it is used for.
pub(crate) fn dwelling_use(door: &str) -> Option<DwellingUse> {
    ["门面", "商铺", "门店", "底商", "门市"]
        .into_iter()
        .any(|word| door.starts_with(word))
        .then_some(DwellingUse::Shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(text: &str) -> String {
        let found = read(text, Some("16号楼"), None).unwrap();
        assert_eq!((found.building, found.unit), (None, None), "{text}");
        found.door
    }

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
    fn one_door_written_in_two_ways_is_one_door() {
        for text in ["301室", "301", "301.0", "301号", "301户", "3楼301", "三层301室"] {
            assert_eq!(door(text), "301", "{text}");
        }
        assert_eq!(door("b101室"), "B101");
        assert_eq!(door("3-1"), "3-1");
        assert_eq!(door("3—1号"), "3-1");
        assert_eq!(door("商铺3号"), "商铺3");
        assert_eq!(door("东户"), "东户");
        // Floor 4 has no door 301; nothing is left out.
        assert_eq!(door("4楼301"), "4楼301");
    }

    #[test]
    fn a_unit_in_front_of_the_door_is_read_where_it_cannot_be_anything_else() {
        let found = read("2-301", Some("16号楼"), None).unwrap();
        assert_eq!((found.unit.as_deref(), found.door.as_str()), (Some("2"), "301"));
        assert_eq!(read("2-301", Some("2号楼"), Some("2")).unwrap().door, "301");
        let found = read("16-301", Some("16号楼"), None).unwrap();
        assert_eq!((found.unit, found.door.as_str()), (None, "301"));
        let found = read("16-2-301室", None, None).unwrap();
        assert_eq!(found.building.as_deref(), Some("16号楼"));
        assert_eq!((found.unit.as_deref(), found.door.as_str()), (Some("2"), "301"));
    }

    #[test]
    fn what_has_two_readings_is_not_read() {
        for (text, unit) in [
            ("2-301", None),
            ("3-301", Some("2")),
            ("3-2-301", None),
            ("2-3-301", Some("2")),
        ] {
            assert_eq!(read(text, Some("2号楼"), unit), Err(Unclear::Parts), "{text}");
        }
        for text in ["3O1", "3o1室", "B1O1", "30l", "O01"] {
            assert_eq!(read(text, Some("2号楼"), None), Err(Unclear::LookAlike), "{text}");
        }
    }

    #[test]
    fn a_shop_is_a_shop_only_by_its_own_wording() {
        assert_eq!(dwelling_use("门面3"), Some(DwellingUse::Shop));
        assert_eq!(dwelling_use("301"), None);
    }
}
