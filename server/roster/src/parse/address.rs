//! An address in one text (桐柏路61号院16号楼2单元301室, 61号院16-2-301): compound, building,
//! unit and door. Province, city, district, street and community in front of it say nothing
//! that the community does not know of itself, and are left out.

use super::building::{building, unit};
use super::door::{self, Door, Unclear};
use super::number;

/// What an address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// What stands in front of the building.
    pub(crate) compound: Option<String>,
    pub(crate) building: String,
    pub(crate) unit: Option<String>,
    pub(crate) door: String,
}

/// Where reading an address ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// No building that is one for certain.
    Building,
    /// A building, but no door that is one for certain.
    Door(Unclear),
}

/// What marks the end of a building's number inside an address.
const MARKERS: &[&str] = &["号楼", "#楼", "栋", "幢", "座", "#"];

/// What a building cell says: the building, and what some offices write around it
/// (桐柏路61号院16号楼, 16号楼2单元).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Building {
    pub(crate) compound: Option<String>,
    pub(crate) building: String,
    pub(crate) unit: Option<String>,
}

/// Reads an address whose blanks are single and whose digits are plain: a blank still parts
/// a number from the next.
pub(crate) fn read(text: &str) -> Result<Address, Lacks> {
    let text = text.replace(['－', '—', '–', '−'], "-").replace(['，', ',', '。'], " ");
    let text = text.trim();
    match around_marker(text)? {
        Some((found, rest)) => behind(found.compound, found.building, rest),
        None => in_dashes(text),
    }
}

/// Reads a building cell; a name that is not a number and a marker stays as it is.
pub(crate) fn read_building(text: &str) -> Building {
    let text = text.replace(['－', '—', '–', '−'], "-");
    let as_it_is = || Building {
        compound: None,
        building: building(&text),
        unit: None,
    };
    let Ok(Some((found, rest))) = around_marker(&text) else {
        return as_it_is();
    };
    let rest = rest.trim_start_matches(['-', ' ']);
    let unit = rest.strip_suffix("单元").and_then(known_unit);
    if rest.is_empty() || unit.is_some() {
        Building { unit, ..found }
    } else {
        as_it_is()
    }
}

/// A building, and what stands behind it.
type Found<'t> = (Building, &'t str);

/// The building with its compound, and what stands behind it, around the only marker of a
/// building; nothing where no marker stands.
fn around_marker(text: &str) -> Result<Option<Found<'_>>, Lacks> {
    let mut markers: Vec<(usize, &str)> = MARKERS.iter().flat_map(|marker| text.match_indices(marker)).collect();
    // 16#楼 has two markers in one place, the longer one first.
    markers.sort_by_key(|(position, marker)| (*position, std::cmp::Reverse(marker.len())));
    markers.dedup_by_key(|(position, _)| *position);
    match markers.as_slice() {
        [] => Ok(None),
        [(position, marker)] => {
            let (before, rest) = text.split_at(*position);
            let stem = stem_of(before).ok_or(Lacks::Building)?;
            let found = Building {
                compound: compound(&before[..before.len() - stem.len()]),
                building: building(&format!("{stem}{marker}")),
                unit: None,
            };
            Ok(Some((found, &rest[marker.len()..])))
        }
        // 3号楼B座: nothing says which of them is the building.
        _ => Err(Lacks::Building),
    }
}

/// A door cell that says its unit in so many words (2单元301室), in a building known otherwise.
pub(crate) fn read_door(text: &str, building: &str) -> Result<Door, Unclear> {
    match behind(None, building.to_owned(), text) {
        Ok(Address { unit, door, .. }) => Ok(Door {
            building: None,
            unit,
            door,
        }),
        Err(Lacks::Door(why)) => Err(why),
        Err(Lacks::Building) => Err(Unclear::Parts),
    }
}

/// The number or letter right before a marker.
fn stem_of(before: &str) -> Option<&str> {
    let by_digits = before.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
    let by_words = before.trim_end_matches(number::is_word);
    let stem = if by_digits.len() < before.len() {
        &before[by_digits.len()..]
    } else {
        &before[by_words.len()..]
    };
    let is_one = number::whole(stem).is_some()
        || (stem.len() <= 4 && stem.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !stem.is_empty());
    is_one.then_some(stem)
}

/// What stands behind the building: a unit, perhaps a floor, and the door.
fn behind(compound: Option<String>, building: String, rest: &str) -> Result<Address, Lacks> {
    let rest: String = rest.chars().filter(|letter| !letter.is_whitespace()).collect();
    let rest = rest.trim_start_matches('-');
    let (said_unit, rest) = match rest.split_once("单元") {
        Some((stem, rest)) => (Some(known_unit(stem).ok_or(Lacks::Door(Unclear::Parts))?), rest),
        None => (None, rest),
    };
    let rest = rest.trim_start_matches('-');
    let found = door::read(rest, Some(&building), said_unit.as_deref()).map_err(Lacks::Door)?;
    if !is_door(&found.door) {
        return Err(Lacks::Door(Unclear::Parts));
    }
    Ok(Address {
        compound,
        building,
        unit: said_unit.or(found.unit),
        door: found.door,
    })
}

fn known_unit(stem: &str) -> Option<String> {
    let is_side = matches!(stem, "东" | "西" | "南" | "北" | "中" | "甲" | "乙" | "丙" | "丁");
    let is_letter = stem.len() == 1 && stem.bytes().all(|byte| byte.is_ascii_alphabetic());
    let number = stem.strip_prefix('第').unwrap_or(stem);
    (is_side || is_letter || number::whole(number).is_some()).then(|| unit(Some(stem)))
}

fn is_door(text: &str) -> bool {
    let short = text.chars().count() <= 8;
    let plain = text.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
    short && plain && (text.ends_with('户') || text.ends_with(|letter: char| letter.is_ascii_digit()))
}

/// 61号院16-2-301: building, unit, door. With two numbers nothing says which two they are.
fn in_dashes(text: &str) -> Result<Address, Lacks> {
    let trimmed = text.trim_end_matches(['室', '号', '户']);
    let start = trimmed
        .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-')
        .len();
    let (before, code) = trimmed.split_at(start);
    if code.split('-').count() != 3 {
        return Err(Lacks::Building);
    }
    let found = door::read(code, None, None).map_err(|_| Lacks::Building)?;
    Ok(Address {
        compound: compound(before),
        building: found.building.ok_or(Lacks::Building)?,
        unit: found.unit,
        door: found.door,
    })
}

/// The compound without what lies around the community.
fn compound(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut rest = text.as_str();
    for (suffixes, not) in SURROUNDINGS {
        if let Some(end) = suffixes
            .iter()
            .filter_map(|suffix| Some((rest.find(suffix)?, suffix)))
            .map(|(position, suffix)| position + suffix.len())
            .min()
            && !not.iter().any(|word| rest[..end].ends_with(word))
            && rest[..end].chars().count() <= 12
        {
            rest = &rest[end..];
        }
    }
    let rest = rest.trim_matches(['-', '/']);
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// From the outside in, and words in which the same syllable means something else.
const SURROUNDINGS: &[(&[&str], &[&str])] = &[
    (&["省", "自治区"], &[]),
    (&["市"], &["门市", "超市", "城市", "都市"]),
    (
        &["区", "县"],
        &[
            "小区",
            "社区",
            "园区",
            "院区",
            "住宅区",
            "家属区",
            "生活区",
            "新区",
            "东区",
            "西区",
            "南区",
            "北区",
        ],
    ),
    (&["街道办事处", "街道办", "街道", "办事处"], &[]),
    (&["社区居委会", "社区"], &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, String, Option<String>, String) {
        let address = read(text).unwrap_or_else(|lacks| panic!("{text}: {lacks:?}"));
        (address.compound, address.building, address.unit, address.door)
    }

    fn expected(compound: &str, unit: Option<&str>, door: &str) -> (Option<String>, String, Option<String>, String) {
        (
            Some(compound.into()),
            "16号楼".into(),
            unit.map(str::to_owned),
            door.into(),
        )
    }

    #[test]
    fn an_address_is_taken_apart() {
        for text in [
            "桐柏路61号院16号楼2单元301室",
            "桐柏路61号院16栋二单元301",
            "桐柏路61号院 十六号楼 2单元 301室",
            "桐柏路61号院16#楼2单元3楼301室",
            "桐柏路61号院16-2-301",
            "桐柏路61号院16幢2-301",
            "郑州市中原区桐柏路61号院16号楼2单元301",
            "河南省郑州市中原区建设路街道协作路社区桐柏路61号院16号楼2单元301室",
        ] {
            assert_eq!(parts(text), expected("桐柏路61号院", Some("2"), "301"), "{text}");
        }
        assert_eq!(parts("阳光小区16号楼301"), expected("阳光小区", None, "301"));
        assert_eq!(
            parts("阳光2000 16号楼东单元东户"),
            expected("阳光2000", Some("东"), "东户")
        );
        assert_eq!(parts("协作路3号院16号楼商铺3"), expected("协作路3号院", None, "商铺3"));
        assert_eq!(parts("16号楼3-1").0, None);
    }

    #[test]
    fn a_building_cell_may_say_compound_and_unit_too() {
        let read = |text| {
            let read = read_building(text);
            (read.compound, read.building, read.unit)
        };
        let (compound, unit) = (Some("桐柏路61号院".to_owned()), Some("2".to_owned()));
        assert_eq!(read("16号楼2单元"), (None, "16号楼".into(), unit.clone()));
        assert_eq!(read("16栋-二单元"), (None, "16号楼".into(), unit.clone()));
        assert_eq!(read("桐柏路61号院16号楼"), (compound.clone(), "16号楼".into(), None));
        assert_eq!(read("桐柏路61号院16幢2单元"), (compound, "16号楼".into(), unit));
        for name in ["综合楼", "16号楼东侧", "3号楼B座", "A座"] {
            assert_eq!(read(name), (None, name.into(), None));
        }
        assert_eq!(read("16").1, "16号楼");
    }

    #[test]
    fn what_is_not_certain_is_not_read() {
        for text in [
            "",
            "桐柏路61号院",
            "桐柏路61号院301",
            "61号院16-301",
            "3号楼B座301",
            "综合楼301",
        ] {
            assert_eq!(read(text), Err(Lacks::Building), "{text}");
        }
        for text in [
            "61号院16号楼",
            "61号院16号楼2单元",
            "16号楼左边第三家",
            "16号楼老王家单元301",
        ] {
            assert_eq!(read(text), Err(Lacks::Door(Unclear::Parts)), "{text}");
        }
        assert_eq!(read("16号楼2单元3O1"), Err(Lacks::Door(Unclear::LookAlike)));
    }
}
