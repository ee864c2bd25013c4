//! Finds the same person twice in one sheet. Two rows with id numbers are the same person if
//! the numbers are equal and never otherwise. Where a number lacks, the name has to agree and
//! with it the door, or the birth date and the phone. Rejected rows are not remembered, so
//! that mending one never turns a good row into a duplicate.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::row::Row;

/// The people seen so far in a sheet.
#[derive(Default)]
pub(crate) struct SeenPeople {
    by_id_number: HashMap<String, u32>,
    /// The first row with a clue, rows with and without an id number apart.
    by_clue: [HashMap<Clue, u32>; 2],
}

/// Something by which a person without an id number is recognised. Looked up, never searched
/// for: a sheet may hold one name a hundred thousand times.
#[derive(PartialEq, Eq, Hash)]
enum Clue {
    /// This name at this door.
    AtDoor(String, Door),
    /// This name at this door, with this birth date or expressly without one.
    AtDoorBorn(String, Door, Option<NaiveDate>),
    /// This name with this birth date and phone.
    BornWithPhone(String, NaiveDate, String),
}

/// Compound, building, unit, door.
type Door = (Option<String>, String, String, String);

impl SeenPeople {
    /// The earlier row with the same person; a person not seen before is remembered.
    pub(crate) fn earlier_row(&mut self, row: &Row, id_number: Option<String>) -> Option<u32> {
        let earlier = id_number
            .as_ref()
            .and_then(|number| self.by_id_number.get(number).copied())
            .or_else(|| self.same_without_number(row));
        if earlier.is_some() {
            return earlier;
        }
        for clue in clues_left(row) {
            self.by_clue[usize::from(row.has_id_number)]
                .entry(clue)
                .or_insert(row.number);
        }
        if let Some(number) = id_number {
            self.by_id_number.insert(number, row.number);
        }
        None
    }

    /// Where both rows have a number, the numbers have spoken.
    fn same_without_number(&self, row: &Row) -> Option<u32> {
        let comparable = if row.has_id_number {
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
    let mut clues = vec![
        Clue::AtDoor(row.name.clone(), door(row)),
        Clue::AtDoorBorn(row.name.clone(), door(row), row.birth_date),
    ];
    clues.extend(born_with_phone(row));
    clues
}

/// Two birth dates must not differ, one may be missing.
fn clues_looked_for(row: &Row) -> Vec<Clue> {
    let mut clues = match row.birth_date {
        None => vec![Clue::AtDoor(row.name.clone(), door(row))],
        Some(_) => vec![
            Clue::AtDoorBorn(row.name.clone(), door(row), row.birth_date),
            Clue::AtDoorBorn(row.name.clone(), door(row), None),
        ],
    };
    clues.extend(born_with_phone(row));
    clues
}

fn born_with_phone(row: &Row) -> Option<Clue> {
    Some(Clue::BornWithPhone(
        row.name.clone(),
        row.birth_date?,
        row.phone.clone()?,
    ))
}

fn door(row: &Row) -> Door {
    (
        row.compound.clone(),
        row.building.clone(),
        row.unit.clone(),
        row.door.clone(),
    )
}
