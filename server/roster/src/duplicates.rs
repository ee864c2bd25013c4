//! Finds the same person twice in one roster. Two rows with id numbers are the same person if
//! the numbers are equal and never otherwise. Where a number lacks, the name has to agree and
//! with it the birth date, or the door where a birth date is not known. Rejected rows are not remembered, so
//! that mending one never turns a good row into a duplicate.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::row::Row;

/// The people seen so far in a roster.
#[derive(Default)]
pub(crate) struct SeenPeople {
    by_id_number: HashMap<String, SeenAt>,
    /// The first row with a clue, rows with and without an id number apart.
    by_clue: [HashMap<Clue, SeenAt>; 2],
}

/// Where somebody was seen first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeenAt {
    /// Which sheet of the roster.
    pub(crate) sheet: usize,
    /// The row as the sheet numbers it.
    pub(crate) row: u32,
}

/// Something by which a person without an id number is recognised. Looked up, never searched
/// for: a sheet may hold one name a hundred thousand times.
#[derive(PartialEq, Eq, Hash)]
enum Clue {
    /// This name at this door.
    AtDoor(String, Door),
    /// This name at this door, expressly without a birth date.
    AtDoorUnborn(String, Door),
    /// This name with this birth date.
    Born(String, NaiveDate),
}

/// Compound, building, unit, door.
type Door = (Option<String>, String, String, String);

impl SeenPeople {
    /// Where the same person stands earlier; a person not seen before is remembered.
    pub(crate) fn earlier(&mut self, row: &Row) -> Option<SeenAt> {
        let id_number = row.id_number.as_ref().map(|number| number.as_str().to_owned());
        let here = SeenAt {
            sheet: row.sheet,
            row: row.number,
        };
        let earlier = id_number
            .as_ref()
            .and_then(|number| self.by_id_number.get(number).copied())
            .or_else(|| self.same_without_number(row));
        if earlier.is_some() {
            return earlier;
        }
        for clue in clues_left(row) {
            self.by_clue[usize::from(row.id_number.is_some())]
                .entry(clue)
                .or_insert(here);
        }
        if let Some(number) = id_number {
            self.by_id_number.insert(number, here);
        }
        None
    }

    /// Where both rows have a number, the numbers have spoken.
    fn same_without_number(&self, row: &Row) -> Option<SeenAt> {
        let comparable = if row.id_number.is_some() {
            &self.by_clue[..1]
        } else {
            &self.by_clue[..]
        };
        let clues = clues_looked_for(row);
        comparable
            .iter()
            .flat_map(|seen| clues.iter().filter_map(|clue| seen.get(clue).copied()))
            .min()
    }
}

fn clues_left(row: &Row) -> Vec<Clue> {
    let mut clues = vec![Clue::AtDoor(row.name.clone(), door(row))];
    clues.push(match row.birth_date {
        Some(date) => Clue::Born(row.name.clone(), date),
        None => Clue::AtDoorUnborn(row.name.clone(), door(row)),
    });
    clues
}

/// Two birth dates must not differ, one may be missing.
fn clues_looked_for(row: &Row) -> Vec<Clue> {
    match row.birth_date {
        None => vec![Clue::AtDoor(row.name.clone(), door(row))],
        Some(date) => vec![
            Clue::Born(row.name.clone(), date),
            Clue::AtDoorUnborn(row.name.clone(), door(row)),
        ],
    }
}

fn door(row: &Row) -> Door {
    (
        row.compound.clone(),
        row.building.clone(),
        row.unit.clone(),
        row.door.clone(),
    )
}
