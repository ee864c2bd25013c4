//! The normalised text of a door's address, by which a door is found again however its row
//! is spelled: no spaces, one width, one case. Grids are not in it: grids split, doors stay.

use menpai_roster::{NO_UNIT, Row};

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
    fn spellings_of_one_name_are_one() {
        assert_eq!(fold(" Ａ座 ３号楼 "), "a座3号楼");
        assert_eq!(fold("1—2/3"), "1-2-3");
    }
}
