//! The normalised text of a door's address, by which a door is found again however its row
//! is spelled: no spaces, one width, one case. Grids are not in it: grids split, doors stay.

use menpai_roster::{NO_UNIT, Row, whole_number};

/// The `address_key` of a row's door.
pub(super) fn address_key(row: &Row) -> String {
    let unit = if row.unit == NO_UNIT { "" } else { row.unit.as_str() };
    [
        row.compound.as_deref().unwrap_or_default(),
        &row.building,
        unit,
        &row.door,
    ]
    .map(fold)
    .join("/")
}

/// The part of an `address_key` that says the building.
pub(super) fn building_of(address_key: &str) -> &str {
    let mut slashes = address_key.match_indices('/').map(|(position, _)| position);
    slashes.nth(1).map_or(address_key, |second| &address_key[..second])
}

/// One spelling of a grid's name: 第1网格, 第一网格, 1网格, 网格1 and 1 are one grid.
pub(super) fn fold_grid(name: &str) -> String {
    let folded = fold(name);
    let stem = folded.replacen("网格", "", 1);
    match whole_number(stem.trim_start_matches('第').trim_end_matches('号')) {
        Some(number) => format!("第{number}网格"),
        None => folded,
    }
}

/// One spelling of a name that people write in several.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            // Full-width forms of ASCII.
            '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            c => c,
        })
        .map(|c| {
            if matches!(c, '/' | '\\' | '－' | '—' | '–') {
                '-'
            } else {
                c
            }
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_makes_the_grid_however_it_is_written() {
        for name in ["第1网格", "第一网格", "1网格", "网格1", "1", "1号网格", "第 １ 网格"] {
            assert_eq!(fold_grid(name), "第1网格", "{name}");
        }
        assert_eq!(fold_grid("东关网格"), "东关网格");
        assert_eq!(building_of("61号院/16号楼/2/301"), "61号院/16号楼");
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        assert_eq!(fold(" Ａ座 ３号楼 "), "a座3号楼");
        assert_eq!(fold("1—2/3"), "1-2-3");
    }
}
