//! Gives the members of households what a roster says of a person: name, birth date, id
//! number, phone. Id numbers begin with 9900, a region that is assigned to nobody, and have
//! the right check digit. Mobile numbers are 154 0000 xxxx: of the ranges that number-range
//! lists name as not given out (142, 143, 154, 161, 164, 194) the one that looks least odd;
//! landline numbers begin with 0 behind the area code, which no real one does.

use std::collections::HashSet;

use chrono::{Datelike, Days, Months, NaiveDate};
use menpai_sync_core::kinds::citizen_id;

use super::dice::Dice;
use super::households::Member;
use super::names;
use crate::codes::Sex;

/// Hands out what must not be given twice.
pub(super) struct People {
    day: NaiveDate,
    id_numbers: HashSet<String>,
    phones: Vec<u32>,
    landlines: u32,
}

/// A person of the demonstration.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) sex: Sex,
    pub(super) age: u32,
    pub(super) birth_date: NaiveDate,
    pub(super) id_number: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) relation: Option<&'static str>,
    /// Whether the sheet's own column states it, too; the id number does.
    pub(super) states_birth_date: bool,
    pub(super) states_sex: bool,
}

impl People {
    /// People as they are on one day.
    pub(super) fn new(day: NaiveDate, dice: &mut Dice) -> Self {
        let mut phones: Vec<u32> = (0..10_000).collect();
        dice.shuffle(&mut phones);
        Self {
            day,
            id_numbers: HashSet::new(),
            phones,
            landlines: 0,
        }
    }

    /// The people of one household, no two of one name.
    pub(super) fn household(&mut self, members: &[Member], dice: &mut Dice) -> Vec<Person> {
        let mut surnames: Vec<&'static str> = Vec::new();
        while surnames.len() < 4 {
            let surname = names::surname(dice);
            if !surnames.contains(&surname) {
                surnames.push(surname);
            }
        }
        let mut people: Vec<Person> = Vec::new();
        for member in members {
            let birth_date = self.birth_date(member.age, dice);
            let name = loop {
                let given = names::given_name(dice, member.sex, birth_date.year());
                let name = format!("{}{given}", surnames[member.line]);
                if people.iter().all(|other| other.name != name) {
                    break name;
                }
            };
            people.push(self.person(member, name, birth_date, dice));
        }
        people
    }

    /// Somebody who keeps a shop: an office knows a name and a phone.
    pub(super) fn shopkeeper(&mut self, dice: &mut Dice) -> Person {
        let age = dice.between(26, 58);
        let birth_date = self.birth_date(age, dice);
        let sex = if dice.percent(45) { Sex::Female } else { Sex::Male };
        let given = names::given_name(dice, sex, birth_date.year());
        Person {
            name: format!("{}{given}", names::surname(dice)),
            sex,
            age,
            birth_date,
            id_number: None,
            phone: self.mobile(),
            relation: None,
            states_birth_date: false,
            states_sex: true,
        }
    }

    fn person(&mut self, member: &Member, name: String, birth_date: NaiveDate, dice: &mut Dice) -> Person {
        let lacks_number = if member.age < 6 { 15 } else { 2 };
        let id_number = (!dice.percent(lacks_number)).then(|| self.id_number(birth_date, member.sex, dice));
        let known = id_number.is_some();
        Person {
            name,
            sex: member.sex,
            age: member.age,
            birth_date,
            id_number,
            phone: self.phone(member.age, dice),
            relation: Some(member.relation),
            states_birth_date: !(known && dice.percent(4)),
            states_sex: !(known && dice.percent(1)),
        }
    }

    /// A date on which somebody was born who is of that age today.
    fn birth_date(&self, age: u32, dice: &mut Dice) -> NaiveDate {
        self.day
            .checked_sub_months(Months::new(12 * age))
            .and_then(|birthday| birthday.checked_sub_days(Days::new(dice.below(364).into())))
            .unwrap_or(self.day)
    }

    fn id_number(&mut self, birth_date: NaiveDate, sex: Sex, dice: &mut Dice) -> String {
        loop {
            let region = 990_000 + dice.between(1, 30);
            let sequence = 2 * dice.below(500) + u32::from(sex == Sex::Male);
            let body = format!("{region}{}{sequence:03}", birth_date.format("%Y%m%d"));
            // The checker does not give the last character away, but there are only eleven.
            let number = "0123456789X"
                .chars()
                .map(|last| format!("{body}{last}"))
                .find(|number| citizen_id::check(number, self.day).is_ok());
            if let Some(number) = number
                && self.id_numbers.insert(number.clone())
            {
                return number;
            }
        }
    }

    fn phone(&mut self, age: u32, dice: &mut Dice) -> Option<String> {
        let has_mobile = match age {
            0..=11 => 0,
            12..=17 => 40,
            18..=69 => 88,
            70..=79 => 70,
            _ => 35,
        };
        if dice.percent(has_mobile) {
            self.mobile()
        } else if age >= 70 && dice.percent(40) {
            self.landlines += 1;
            Some(format!("0371-0000{:04}", self.landlines))
        } else {
            None
        }
    }

    fn mobile(&mut self) -> Option<String> {
        self.phones.pop().map(|line| format!("1540000{line:04}"))
    }
}
