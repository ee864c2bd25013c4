//! What a demonstration roster contains, counted from its rows: for tests, for the first
//! screen of a demonstration, and for whoever writes about it.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::{DemoRoster, day, places};
use crate::codes::CareCategory;
use crate::row::{DwellingUse, Row};

/// Counts of a demonstration roster. Ages are those on [`super::day`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DemoSummary {
    /// Rows of the sheet: residents and shopkeepers.
    pub rows: usize,
    /// Grids.
    pub grids: usize,
    /// Compounds.
    pub compounds: usize,
    /// Buildings.
    pub buildings: usize,
    /// Compounds and buildings together, as offices count them.
    pub compounds_and_buildings: usize,
    /// Flats, inhabited or not.
    pub flats: usize,
    /// Households, each at a flat of its own.
    pub households: usize,
    /// People who live in the flats.
    pub residents: usize,
    /// Doors of shops, listed or not.
    pub shops: usize,
    /// Shops with somebody in charge in the roster.
    pub shops_listed: usize,
    /// Residents under 15.
    pub aged_under_15: usize,
    /// Residents of 60 or more.
    pub aged_60_or_more: usize,
    /// Residents of 80 or more.
    pub aged_80_or_more: usize,
    /// Residents with the category 独居.
    pub living_alone: usize,
    /// Residents with any care category.
    pub with_care_category: usize,
    /// Residents with a care plan.
    pub care_plans: usize,
    /// Of them to be visited every two days.
    pub every_two_days: usize,
    /// Of them weekly.
    pub weekly: usize,
    /// Of them monthly.
    pub monthly: usize,
    /// Of them quarterly.
    pub quarterly: usize,
}

impl DemoSummary {
    pub(super) fn of(roster: &DemoRoster) -> Self {
        let residents: Vec<&Row> = roster
            .rows()
            .filter(|row| row.dwelling_use != Some(DwellingUse::Shop))
            .collect();
        let count = |test: &dyn Fn(&Row) -> bool| residents.iter().filter(|row| test(row)).count();
        let aged = |first: u32, last: u32| {
            count(&|row| {
                row.birth_date
                    .and_then(age)
                    .is_some_and(|age| (first..=last).contains(&age))
            })
        };
        let every = |days: u16| count(&|row| row.care_plan.is_some_and(|plan| plan.interval_days == days));
        let households: HashSet<_> = residents
            .iter()
            .map(|row| (&row.compound, &row.building, &row.unit, &row.door))
            .collect();
        let alone = CareCategory::from_value("living_alone");
        let buildings = places::buildings().len();
        Self {
            rows: roster.rows().count(),
            grids: places::GRIDS.len(),
            compounds: places::compound_count(),
            buildings,
            compounds_and_buildings: places::compound_count() + buildings,
            flats: roster.flats,
            households: households.len(),
            residents: residents.len(),
            shops: roster.shops,
            shops_listed: roster.rows().count() - residents.len(),
            aged_under_15: aged(0, 14),
            aged_60_or_more: aged(60, u32::MAX),
            aged_80_or_more: aged(80, u32::MAX),
            living_alone: count(&|row| row.care_categories.iter().any(|category| Some(*category) == alone)),
            with_care_category: count(&|row| !row.care_categories.is_empty()),
            care_plans: count(&|row| row.care_plan.is_some()),
            every_two_days: every(2),
            weekly: every(7),
            monthly: every(30),
            quarterly: every(90),
        }
    }
}

fn age(birth_date: NaiveDate) -> Option<u32> {
    day().years_since(birth_date)
}
