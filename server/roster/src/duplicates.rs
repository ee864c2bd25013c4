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
    by_name: HashMap<String, Vec<Seen>>,
}

/// What is remembered of a person besides the name.
struct Seen {
    row: u32,
    has_id_number: bool,
    door: Door,
    birth_date: Option<NaiveDate>,
    phone: Option<String>,
}

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
        self.by_name.entry(row.name.clone()).or_default().push(Seen {
            row: row.number,
            has_id_number: row.has_id_number,
            door: door(row),
            birth_date: row.birth_date,
            phone: row.phone.clone(),
        });
        if let Some(number) = id_number {
            self.by_id_number.insert(number, row.number);
        }
        None
    }

    fn same_without_number(&self, row: &Row) -> Option<u32> {
        let here = door(row);
        self.by_name
            .get(&row.name)?
            .iter()
            .filter(|seen| !(seen.has_id_number && row.has_id_number))
            .find(|seen| {
                let births_differ = matches!(
                    (seen.birth_date, row.birth_date),
                    (Some(one), Some(other)) if one != other
                );
                let same_birth = seen.birth_date.is_some() && seen.birth_date == row.birth_date;
                let same_phone = seen.phone.is_some() && seen.phone == row.phone;
                !births_differ && (seen.door == here || (same_birth && same_phone))
            })
            .map(|seen| seen.row)
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
