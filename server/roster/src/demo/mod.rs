//! The demonstration roster: an invented community that looks like an old part of a real
//! town, the same for a seed for ever. Sixteen compounds with 46 buildings in four grids, 62
//! places as offices count them (compounds and buildings together); 2,400 inhabited flats
//! with about 6,000 people, and shops. Nobody in it exists: names, ids and phones are made
//! so that they belong to no one.

mod care;
mod dice;
mod households;
mod names;
mod people;
mod places;
mod summary;
mod workbook;

use chrono::NaiveDate;
use menpai_sync_core::kinds::citizen_id;

pub use places::{COMMUNITY, COMMUNITY_CODE, GRIDS, STREET};
pub use summary::DemoSummary;
pub use workbook::{WriteError, write_xlsx};

use crate::codes::{CareCategory, RelationToHead};
use crate::parse::door;
use crate::row::{CarePlan, NO_UNIT, Row};
use care::Care;
use dice::Dice;
use households::Kind;
use people::{People, Person};
use places::{Building, Flat};

/// The seed of the roster that `menpai` shows around with.
pub const SEED: u64 = 20_261_101;

/// How many flats are inhabited.
pub(crate) const HOUSEHOLDS: usize = 2_400;

/// A roster that was made up.
pub struct DemoRoster {
    people: Vec<Listed>,
    flats: usize,
    shops: usize,
}

/// One line of the roster: what is to be read from it, and what the sheet shows besides.
struct Listed {
    row: Row,
    id_number: Option<String>,
    states_birth_date: bool,
    states_sex: bool,
}

/// A household before it is listed.
pub(crate) struct Household {
    kind: Kind,
    people: Vec<Person>,
    /// One for each person.
    care: Vec<Care>,
}

/// The day on which the people of the demonstration have their ages: 1 November 2026.
#[must_use]
pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default()
}

/// Makes the roster that belongs to a seed.
#[must_use]
pub fn roster(seed: u64) -> DemoRoster {
    let mut dice = Dice::new(seed);
    let mut people = People::new(day(), &mut dice);
    let mut households = households(&mut people, &mut dice);
    care::assign(&mut households, &mut dice);

    let buildings = places::buildings();
    let flats: usize = buildings.iter().map(|building| building.flats().len()).sum();
    let mut inhabited: Vec<bool> = (0..flats).map(|flat| flat < HOUSEHOLDS).collect();
    dice.shuffle(&mut inhabited);

    let mut roster = DemoRoster {
        people: Vec::new(),
        flats,
        shops: 0,
    };
    let mut inhabited = inhabited.into_iter();
    let mut households = households.into_iter();
    for building in &buildings {
        for flat in building.flats() {
            if inhabited.next() == Some(true)
                && let Some(household) = households.next()
            {
                roster.list_household(building, &flat, household);
            }
        }
        for number in 1..=building.shops {
            roster.shops += 1;
            // A shop whose keeper the office does not know stands in no roster.
            if dice.percent(80) {
                let keeper = people.shopkeeper(&mut dice);
                let note = format!("{},负责人", shop_name(&mut dice));
                roster.list_shop(building, number, keeper, note);
            }
        }
    }
    roster
}

impl DemoRoster {
    /// The rows exactly as reading the workbook gives them.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.people.iter().map(|listed| &listed.row)
    }

    /// Counts of what is in it.
    #[must_use]
    pub fn summary(&self) -> DemoSummary {
        DemoSummary::of(self)
    }

    fn list_household(&mut self, building: &Building, flat: &Flat, household: Household) {
        let unit = flat.unit.map_or_else(|| NO_UNIT.to_owned(), |unit| unit.to_string());
        for (person, care) in household.people.into_iter().zip(household.care) {
            self.list(building, &unit, &flat.door, person, care);
        }
    }

    fn list_shop(&mut self, building: &Building, number: u32, keeper: Person, note: String) {
        let care = Care {
            note: Some(note),
            ..Care::default()
        };
        self.list(building, NO_UNIT, &format!("门面{number}"), keeper, care);
    }

    fn list(&mut self, building: &Building, unit: &str, door: &str, person: Person, care: Care) {
        let mut care_categories: Vec<CareCategory> = care
            .categories
            .iter()
            .filter_map(|value| CareCategory::from_value(value))
            .collect();
        care_categories.sort_unstable();
        let id_number = person.id_number.as_deref();
        let id_number = id_number.and_then(|number| citizen_id::check(number, NaiveDate::MAX).ok());
        let row = Row {
            sheet: 0,
            // The headings stand in row 1.
            number: u32::try_from(self.people.len() + 2).unwrap_or(u32::MAX),
            grid: Some(building.grid.to_owned()),
            compound: Some(building.compound.to_owned()),
            building: building.name.clone(),
            unit: unit.to_owned(),
            door: door.to_owned(),
            floor: door::floor(door),
            dwelling_use: door::dwelling_use(door),
            name: person.name,
            sex: Some(person.sex),
            birth_date: (id_number.is_some() || person.states_birth_date).then_some(person.birth_date),
            phone: person.phone,
            second_phone: None,
            relation_to_head: person.relation.and_then(RelationToHead::from_code),
            care_categories,
            note: care.note,
            care_plan: care.interval_days.map(|interval_days| CarePlan { interval_days }),
            id_number,
        };
        self.people.push(Listed {
            row,
            id_number: person.id_number,
            states_birth_date: person.states_birth_date,
            states_sex: person.states_sex,
        });
    }
}

fn households(people: &mut People, dice: &mut Dice) -> Vec<Household> {
    let mut kinds: Vec<Kind> = households::COUNTS
        .iter()
        .flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count))
        .collect();
    dice.shuffle(&mut kinds);
    kinds
        .into_iter()
        .map(|kind| {
            let members = households::compose(kind, dice);
            let people = people.household(&members, dice);
            let care = people.iter().map(|_| Care::default()).collect();
            Household { kind, people, care }
        })
        .collect()
}

fn shop_name(dice: &mut Dice) -> String {
    let sign = dice.pick(&["便民", "惠邻", "顺心", "和顺", "家家", "常青", "同福", "四季"]);
    let trade = dice.pick(&[
        "超市",
        "面馆",
        "早餐店",
        "理发店",
        "药房",
        "五金店",
        "干洗店",
        "水果店",
        "裁缝铺",
        "文具店",
    ]);
    format!("{sign}{trade}")
}
